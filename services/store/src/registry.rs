//! The registry database: pseudonymous forms, one row each (design §5, Registrar). The invariants:
//! of equal submissions the first in the log stays; readers get no row of a withdrawn person; of a
//! session they get its highest revision; what is erased leaves the disk.

mod erasure;
mod examiner;
mod extract;
mod reader;
mod wire;
mod writer;

pub use erasure::{ControlAction, ControlMark, PartitionErasure};
pub use examiner::{OddRow, RegistryExaminer, RowFault, StretchOfRows};
pub use extract::{ExtractedForm, FormQuery, FormSource, PseudonymSlice};
pub use reader::{RegistryReader, RegistryTable};
pub use writer::RegistryWriter;

use std::fmt;

use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::Form;
use medvirk_domain::ids::{CatalogueHash, Pseudonym, UnitId};
use medvirk_domain::record::{EpisodeEnding, EpisodeKey};
use medvirk_domain::time::{Day, Month};

use crate::migration::{SchemaMigration, migrations};

pub(crate) const MIGRATIONS: &[SchemaMigration] = migrations!["registry":
    1 "001_session_forms",
    2 "002_registry_forms",
    3 "003_survey_forms",
    4 "004_episodes",
    5 "005_invitations",
    6 "006_log_keys",
    7 "007_withdrawals",
    8 "008_period_closes",
    9 "009_withdrawn",
    10 "010_session_form_received",
    11 "011_session_form",
    12 "012_registry_form",
    13 "013_survey_form",
    14 "014_episode",
    15 "015_invitation",
    16 "016_registry_forms_revision",
    17 "017_registry_form_received",
    18 "018_registry_form",
    19 "019_session_forms_age",
    20 "020_session_form_received",
    21 "021_session_form",
    22 "022_deployments",
    23 "023_deployment",
];

/// What is inserted together. The caller keeps it until the insert has succeeded.
#[derive(Clone, Default)]
pub struct RegistryBatch {
    /// The forms that belong to sessions.
    pub session_forms: Vec<SessionForm>,
    /// Forms of the quality register.
    pub registry_forms: Vec<RegistryForm>,
    /// The forms of discharge surveys.
    pub survey_forms: Vec<SurveyForm>,
    /// The openings and closings of episodes.
    pub episodes: Vec<EpisodeEvent>,
    /// The survey codes that were issued.
    pub invitations: Vec<IssuedInvitation>,
    /// Every appended copy of the above.
    pub log_keys: Vec<LogKey>,
    /// Months that may be closed.
    pub period_closes: Vec<PeriodClosed>,
}

/// Where a row comes from.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordOrigin {
    /// Partition of the event log, below 65,536.
    pub partition: u32,
    /// The offset of the record in that partition.
    pub log_offset: u64,
    /// The id that the client gave the submission.
    pub submission_id: [u8; 16],
    /// Subject of the sender's token.
    pub sender: String,
    /// The catalogue that admitted it.
    pub catalogue: CatalogueHash,
    /// Milliseconds since 1970, UTC: when ingest took it.
    pub ingested_at: i64,
}

/// A form with its scores.
#[derive(Clone, PartialEq, Eq)]
pub struct FormWithScores {
    /// The form as the log has it.
    pub form: Form,
    /// Per scale; `None` when too few items were answered.
    pub scores: Vec<(String, Option<FixedPoint>)>,
}

/// A form of a session.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionForm {
    /// Where it comes from.
    pub origin: RecordOrigin,
    /// The episode that the form belongs to.
    pub episode: EpisodeKey,
    /// The unit of the session.
    pub unit: UnitId,
    /// Day of the session.
    pub day: Day,
    /// Number of the session.
    pub number: u32,
    /// Of a session the highest counts.
    pub revision: u32,
    /// Place in the submission, below 65,536.
    pub place: u32,
    /// The form with its scores.
    pub form: FormWithScores,
}

/// A form of the quality register.
#[derive(Clone, PartialEq, Eq)]
pub struct RegistryForm {
    /// Where it comes from.
    pub origin: RecordOrigin,
    /// The episode that the form belongs to.
    pub episode: EpisodeKey,
    /// The unit where the episode took place.
    pub unit: UnitId,
    /// The day that it is about.
    pub day: Day,
    /// Of one kind of form about one day the highest counts.
    pub revision: u32,
    /// The form with its scores.
    pub form: FormWithScores,
}

/// A form of a discharge survey, which names nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct SurveyForm {
    /// Where it comes from.
    pub origin: RecordOrigin,
    /// HMAC of the code's nonce.
    pub code: Pseudonym,
    /// The unit that the code is signed for.
    pub unit: UnitId,
    /// The month in which the patient was discharged.
    pub month: Month,
    /// The form with its scores.
    pub form: FormWithScores,
}

/// An episode that began or ended.
#[derive(Clone, PartialEq, Eq)]
pub struct EpisodeEvent {
    /// Where it comes from.
    pub origin: RecordOrigin,
    /// The episode that began or ended.
    pub episode: EpisodeKey,
    /// The unit where the episode took place.
    pub unit: UnitId,
    /// The day on which it happened.
    pub day: Day,
    /// Which of the two.
    pub kind: EpisodeKind,
}

/// Whether an episode began or ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum EpisodeKind {
    /// The episode began on that day.
    Opened {
        /// With whom, where a therapist was named.
        therapist: Option<Pseudonym>,
    },
    /// The episode ended on that day.
    Closed {
        /// How the episode came to its end.
        ending: EpisodeEnding,
    },
}

/// A survey code that was issued.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedInvitation {
    /// Where it comes from.
    pub origin: RecordOrigin,
    /// HMAC of the code's nonce.
    pub code: Pseudonym,
    /// The unit that issued the code.
    pub unit: UnitId,
    /// The month in which the patient was discharged.
    pub month: Month,
}

/// The key of one record of the event log: what a tombstone names.
#[derive(Clone, PartialEq, Eq)]
pub struct LogKey {
    /// Whose record: a patient or a survey code.
    pub subject: Pseudonym,
    /// Partition of the event log, below 65,536.
    pub partition: u32,
    /// The offset of the record in that partition.
    pub log_offset: u64,
    /// The key of the record in the log.
    pub key: Vec<u8>,
    /// It is a form of the quality register, which a withdrawal from the register erases.
    pub registry_form: bool,
}

/// A `PeriodClose` that the fold does not refuse as too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodClosed {
    /// Partition of the event log, below 65,536.
    pub partition: u32,
    /// The month that was closed.
    pub month: Month,
    /// The offset of the close in the partition.
    pub log_offset: u64,
}

/// One form of a patient's own curve.
#[derive(Clone, PartialEq, Eq)]
pub struct CurveForm {
    /// The catalogue that admitted the form.
    pub catalogue: CatalogueHash,
    /// Partition of the event log.
    pub partition: u32,
    /// The unit of the session.
    pub unit: UnitId,
    /// Day of the session.
    pub day: Day,
    /// Number of the session.
    pub number: u32,
    /// The form as the clinic sent it.
    pub form: Form,
}

impl RegistryBatch {
    /// Rows of all tables together.
    pub fn len(&self) -> usize {
        self.session_forms.len()
            + self.registry_forms.len()
            + self.survey_forms.len()
            + self.episodes.len()
            + self.invitations.len()
            + self.log_keys.len()
            + self.period_closes.len()
    }

    /// True if there is nothing to insert.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Types with answers, keys or pseudonyms show their name only.
macro_rules! redacted {
    ($($name:ident)*) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        })*
    };
}

redacted! {
    CurveForm EpisodeEvent EpisodeKind IssuedInvitation LogKey RecordOrigin RegistryBatch RegistryForm
    FormWithScores SessionForm SurveyForm
}
