//! Records of the topic `feedback.events`, as the fold reads them. Comes in: decoded envelopes.
//! Goes out: the same, typed. The invariant: what could be decoded into one of these is well
//! formed, whatever the catalogue says of it.

use std::fmt;

use crate::form::Form;
use crate::ids::{CatalogueHash, Pseudonym, UnitId};
use crate::time::{Day, Month};

/// One record of the event log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogRecord {
    /// Something that a clinic or a patient sent.
    Event(Event),
    /// Something that steers the fold; every partition has it.
    Control(ControlRecord),
}

/// Something that a clinic or a patient sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    /// Subject of the sender's token: its credential.
    pub sender: String,
    /// The catalogue that admitted it.
    pub catalogue: CatalogueHash,
    /// The client's id of the submission.
    pub submission_id: [u8; 16],
    /// Milliseconds since 1970, UTC: when ingest took it.
    pub ingested_at: i64,
    /// Id of the unit that it names; its trust decides the partition.
    pub unit: UnitId,
    /// What happened to whom.
    pub body: EventBody,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Event(redacted)")
    }
}

impl Event {
    /// Whose it is: a patient's, or that of whoever holds a survey code.
    pub const fn subject(&self) -> Pseudonym {
        match &self.body {
            EventBody::EpisodeOpened { episode, .. }
            | EventBody::Session { episode, .. }
            | EventBody::EpisodeClosed { episode, .. }
            | EventBody::RegistryForm { episode, .. } => episode.person,
            EventBody::InvitationIssued { code, .. } | EventBody::DischargeSurvey { code, .. } => {
                *code
            }
        }
    }
}

/// What an event says that happened.
#[derive(Clone, PartialEq, Eq)]
pub enum EventBody {
    /// An episode of care began.
    EpisodeOpened {
        /// The episode that it is about.
        episode: EpisodeKey,
        /// The day on which it happened.
        day: Day,
        /// With which therapist, where one was named.
        therapist: Option<Pseudonym>,
    },
    /// The forms of a session (revision 0), or the whole session again (revision 1 or more).
    Session {
        /// The episode that it is about.
        episode: EpisodeKey,
        /// The day on which it happened.
        day: Day,
        /// Number of the session within the episode.
        number: u32,
        /// Of several revisions the highest counts.
        revision: u32,
        /// One per instrument and respondent.
        forms: Vec<Form>,
    },
    /// An episode of care ended.
    EpisodeClosed {
        /// The episode that it is about.
        episode: EpisodeKey,
        /// The day on which it happened.
        day: Day,
        /// How the episode ended.
        ending: EpisodeEnding,
    },
    /// A survey code was issued.
    InvitationIssued {
        /// HMAC of the code's nonce.
        code: Pseudonym,
        /// The month of the discharge.
        month: Month,
    },
    /// A discharge survey came.
    DischargeSurvey {
        /// HMAC of the code's nonce.
        code: Pseudonym,
        /// The month of the discharge.
        month: Month,
        /// The survey as it was filled in.
        form: Form,
    },
    /// A form of the quality register came.
    RegistryForm {
        /// The episode that it is about.
        episode: EpisodeKey,
        /// The day that the form is about.
        day: Day,
        /// Of one kind of form about one day the highest counts.
        revision: u32,
        /// The form as it was filled in.
        form: Form,
    },
}

impl EventBody {
    /// Its forms; none where it is not about forms.
    pub fn forms(&self) -> &[Form] {
        match self {
            Self::Session { forms, .. } => forms,
            Self::DischargeSurvey { form, .. } | Self::RegistryForm { form, .. } => {
                std::slice::from_ref(form)
            }
            Self::EpisodeOpened { .. }
            | Self::EpisodeClosed { .. }
            | Self::InvitationIssued { .. } => &[],
        }
    }

    /// True for a form of the quality register, which a withdrawal from the register erases.
    pub const fn is_of_register(&self) -> bool {
        matches!(self, Self::RegistryForm { .. })
    }

    /// The month that it is about.
    pub fn month(&self) -> Month {
        match self {
            Self::EpisodeOpened { day, .. }
            | Self::Session { day, .. }
            | Self::EpisodeClosed { day, .. }
            | Self::RegistryForm { day, .. } => day.month(),
            Self::InvitationIssued { month, .. } | Self::DischargeSurvey { month, .. } => *month,
        }
    }
}

impl fmt::Debug for EventBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventBody(redacted)")
    }
}

/// What stands for an episode of care: the pair of person and episode.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct EpisodeKey {
    /// The patient's keyed pseudonym.
    pub person: Pseudonym,
    /// The episode's keyed pseudonym.
    pub episode: Pseudonym,
}

/// How an episode ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum EpisodeEnding {
    /// Nobody said how it ended.
    Unknown,
    /// It ended by mutual agreement.
    Planned,
    /// Broken off by the patient.
    Unplanned,
    /// Taken over by another service.
    Transfer,
}

/// What steers the fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlRecord {
    /// A month is closed.
    PeriodClose {
        /// The month that is closed.
        month: Month,
        /// Milliseconds since 1970, UTC: when it was broadcast. Too early is refused.
        ingested_at: i64,
    },
    /// Somebody withdraws from everything or from the register.
    Withdrawal {
        /// The patient or code that withdraws.
        subject: WithdrawalSubject,
        /// What the withdrawal erases.
        scope: WithdrawalScope,
    },
    /// A withdrawn person takes part again.
    Renewal {
        /// The patient who takes part again.
        person: Pseudonym,
    },
}

/// Whose records a withdrawal erases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithdrawalSubject {
    /// A patient, by pseudonym.
    Person(Pseudonym),
    /// Whoever holds a survey code.
    Code(Pseudonym),
}

/// What a withdrawal erases.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum WithdrawalScope {
    /// The register's forms only.
    Registry,
    /// Everything that the log has.
    All,
}

impl WithdrawalScope {
    /// True if a withdrawal of this scope erases such an event.
    pub const fn covers(self, body: &EventBody) -> bool {
        match self {
            Self::Registry => body.is_of_register(),
            Self::All => true,
        }
    }
}
