//! Admission: what may become an event. Comes in: one submission as it was sent, who sent it, and
//! the catalogue in force. Goes out: the same with every field checked and every form scored, or
//! everything that is wrong with it. The invariant: pure, with no clock and no I/O; what is
//! refused is told by field and rule, never by what was sent.

mod rules;
mod violation;

mod asking;
mod check;
mod form;

pub use asking::{NextQuestions, ask};
pub use form::CheckedForm;
pub use rules::{AdmissionRules, WrittenReferences};
pub use violation::{RefusedSubmission, ViolationKind};

use medvirk_domain::catalogue::AlertContext;
use medvirk_domain::ids::{TrustId, UnitId};
use medvirk_domain::limits::MAX_REVISION;
use medvirk_domain::record::EpisodeEnding;
use medvirk_domain::time::{Day, Month};
use medvirk_proto::feedback::v1 as wire;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_runtime::auth::TokenRole;

use crate::code::CodeClaim;
use check::{FieldChecks, ReferencesAt};
use form::FormPath;
use rules::UnitPlace;

/// The highest number of a session.
pub const MAX_SESSION: u32 = 10_000;

/// What kind of submission it is; a closed list, so that it can be a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubmissionKind {
    /// An episode of care begins.
    EpisodeOpened,
    /// Forms of a session.
    Session,
    /// A correction of a session.
    Correction,
    /// An episode of care ends.
    EpisodeClosed,
    /// A survey code is asked for.
    Invitation,
    /// The answers of a discharge survey.
    DischargeSurvey,
    /// A form of the quality register.
    RegistryForm,
    /// A submission without any of these.
    Nothing,
}

/// One submission as it was sent.
pub struct SentSubmission {
    /// The client's id of it.
    pub id: String,
    /// Which kind the sender called.
    pub what: SubmissionKind,
    /// Path of the body in the request, for violations.
    pub root: &'static str,
    /// The body, if there is one; of the kind `what`.
    pub body: Option<Kind>,
}

/// A submission that may become an event.
pub struct AdmittedSubmission<'a> {
    /// The client's id of it.
    pub submission_id: [u8; 16],
    /// The unit that it names.
    pub unit: &'a UnitId,
    /// The trust of the unit.
    pub trust: &'a TrustId,
    /// What the submission says.
    pub body: AdmittedBody<'a>,
    /// Its forms: at least one where the body has any, exactly one but for sessions.
    pub filled: Vec<CheckedForm<'a>>,
}

/// What an admitted submission says, forms apart.
pub enum AdmittedBody<'a> {
    /// An episode of care begins.
    EpisodeOpened {
        /// Patient and episode it is about.
        who: WrittenReferences<'a>,
        /// The day on which it happened.
        day: Day,
        /// With which therapist, where one is named.
        therapist: Option<&'a str>,
    },
    /// A session (revision 0), or the whole session again.
    Session {
        /// Patient and episode it is about.
        who: WrittenReferences<'a>,
        /// The day on which it happened.
        day: Day,
        /// Number of the session.
        number: u32,
        /// Of several revisions the highest counts.
        revision: u32,
    },
    /// An episode of care ends.
    EpisodeClosed {
        /// Patient and episode it is about.
        who: WrittenReferences<'a>,
        /// The day on which it happened.
        day: Day,
        /// How the episode ended.
        ending: EpisodeEnding,
    },
    /// A survey code is asked for.
    Invitation {
        /// Number of the unit in codes.
        unit_number: u32,
        /// The month of the discharge.
        month: Month,
    },
    /// The answers of a discharge survey.
    Survey(CodeClaim),
    /// A form of the quality register.
    RegistryForm {
        /// Patient and episode it is about.
        who: WrittenReferences<'a>,
        /// The day that it is about.
        day: Day,
        /// Of several revisions the highest counts.
        revision: u32,
    },
}

/// Judges a submission.
///
/// # Errors
/// When the sender may not send for the unit, or with everything that is wrong.
pub fn admit<'a>(
    sent: &'a SentSubmission,
    rules: &AdmissionRules<'a>,
) -> Result<AdmittedSubmission<'a>, RefusedSubmission> {
    let mut check = FieldChecks::new(rules);
    let submission_id = check.submission_id(&sent.id);
    let judged = match &sent.body {
        None => check.missing(sent.root),
        Some(Kind::EpisodeOpened(body)) => opening(&mut check, sent.root, body),
        Some(Kind::Session(body)) => session(&mut check, sent.root, body, 0),
        Some(Kind::Correction(body)) => correction(&mut check, sent.root, body),
        Some(Kind::EpisodeClosed(body)) => closing(&mut check, sent.root, body),
        Some(Kind::Invitation(body)) => invitation(&mut check, sent.root, body),
        Some(Kind::DischargeSurvey(body)) => survey(&mut check, sent.root, body),
        Some(Kind::RegistryForm(body)) => registry_form(&mut check, sent.root, body),
    };
    check.done()?;
    let (submission_id, judged) = submission_id
        .zip(judged)
        .expect("whatever is missing has been noted as a violation");
    Ok(AdmittedSubmission {
        submission_id,
        unit: judged.place.unit,
        trust: judged.place.trust,
        body: judged.body,
        filled: judged.filled,
    })
}

struct JudgedSubmission<'a> {
    place: UnitPlace<'a>,
    body: AdmittedBody<'a>,
    filled: Vec<CheckedForm<'a>>,
}

type AdmissionResult<'a> = Option<JudgedSubmission<'a>>;

fn opening<'a>(
    check: &mut FieldChecks<'a, '_>,
    root: &str,
    sent: &'a wire::EpisodeOpening,
) -> AdmissionResult<'a> {
    let place = check.unit(root, &sent.unit);
    let who = check.who(ReferencesAt { root, place }, &sent.patient, &sent.episode);
    let day = check.day(root, &sent.date);
    let therapist = check.therapist(ReferencesAt { root, place }, &sent.therapist);
    let (who, day, therapist) = (who?, day?, therapist?);
    Some(JudgedSubmission {
        place: place?,
        body: AdmittedBody::EpisodeOpened {
            who,
            day,
            therapist,
        },
        filled: Vec::new(),
    })
}

fn session<'a>(
    check: &mut FieldChecks<'a, '_>,
    root: &str,
    sent: &'a wire::Session,
    revision: u32,
) -> AdmissionResult<'a> {
    let place = check.unit(root, &sent.unit);
    let who = check.who(ReferencesAt { root, place }, &sent.patient, &sent.episode);
    let day = check.day(root, &sent.date);
    let number = check.between(format_args!("{root}.number"), sent.number, 1..=MAX_SESSION);
    let filled = check.forms(root, &sent.forms);
    let filled = check.look_back(root, sent, filled);
    let (who, day, number) = (who?, day?, number?);
    Some(JudgedSubmission {
        place: place?,
        body: AdmittedBody::Session {
            who,
            day,
            number,
            revision,
        },
        filled: filled?,
    })
}

fn correction<'a>(
    check: &mut FieldChecks<'a, '_>,
    root: &str,
    sent: &'a wire::Correction,
) -> AdmissionResult<'a> {
    let revision = check.between(
        format_args!("{root}.revision"),
        sent.revision,
        1..=MAX_REVISION,
    );
    let root = format!("{root}.session");
    let Some(again) = &sent.session else {
        return check.missing(&root);
    };
    let judged = session(check, &root, again, sent.revision);
    revision.and(judged)
}

fn closing<'a>(
    check: &mut FieldChecks<'a, '_>,
    root: &str,
    sent: &'a wire::EpisodeClosing,
) -> AdmissionResult<'a> {
    let place = check.unit(root, &sent.unit);
    let who = check.who(ReferencesAt { root, place }, &sent.patient, &sent.episode);
    let day = check.day(root, &sent.date);
    let ending = check.ending(root, sent.ending);
    let (who, day, ending) = (who?, day?, ending?);
    Some(JudgedSubmission {
        place: place?,
        body: AdmittedBody::EpisodeClosed { who, day, ending },
        filled: Vec::new(),
    })
}

fn invitation<'a>(
    check: &mut FieldChecks<'a, '_>,
    root: &str,
    sent: &'a wire::Invitation,
) -> AdmissionResult<'a> {
    let place = check.unit(root, &sent.unit);
    let month = check.invitation_month(root, &sent.month);
    let (place, month) = (place?, month?);
    Some(JudgedSubmission {
        place,
        body: AdmittedBody::Invitation {
            unit_number: place.number,
            month,
        },
        filled: Vec::new(),
    })
}

fn survey<'a>(
    check: &mut FieldChecks<'a, '_>,
    root: &str,
    sent: &'a wire::DischargeSurvey,
) -> AdmissionResult<'a> {
    let claimed = check.code(root, &sent.code);
    let filled = one_form(check, root, sent.form.as_ref());
    let (place, claim) = claimed?;
    Some(JudgedSubmission {
        place,
        body: AdmittedBody::Survey(claim),
        filled: filled?,
    })
}

fn registry_form<'a>(
    check: &mut FieldChecks<'a, '_>,
    root: &str,
    sent: &'a wire::RegistryForm,
) -> AdmissionResult<'a> {
    let place = check.unit(root, &sent.unit);
    let who = check.who(ReferencesAt { root, place }, &sent.patient, &sent.episode);
    let day = check.day(root, &sent.date);
    let filled = one_form(check, root, sent.form.as_ref());
    let revision = check.between(
        format_args!("{root}.revision"),
        sent.revision,
        0..=MAX_REVISION,
    );
    let (who, day, revision) = (who?, day?, revision?);
    Some(JudgedSubmission {
        place: place?,
        body: AdmittedBody::RegistryForm { who, day, revision },
        filled: filled?,
    })
}

fn one_form<'a>(
    check: &mut FieldChecks<'a, '_>,
    root: &str,
    sent: Option<&wire::Form>,
) -> Option<Vec<CheckedForm<'a>>> {
    let at = FormPath {
        root,
        list: "form",
        index: None,
    };
    match sent {
        Some(sent) => {
            let mut filled = check.form(at, sent)?;
            // Nothing is said of what was before it.
            filled.alerts =
                filled
                    .instrument
                    .alerts(&filled.form, &filled.scored, AlertContext::default());
            Some(vec![filled])
        }
        None => check.missing(&at.to_string()),
    }
}

// === impl What ===

impl SubmissionKind {
    /// The kind of a body.
    pub const fn of(kind: Option<&Kind>) -> Self {
        match kind {
            None => Self::Nothing,
            Some(Kind::EpisodeOpened(_)) => Self::EpisodeOpened,
            Some(Kind::Session(_)) => Self::Session,
            Some(Kind::Correction(_)) => Self::Correction,
            Some(Kind::EpisodeClosed(_)) => Self::EpisodeClosed,
            Some(Kind::Invitation(_)) => Self::Invitation,
            Some(Kind::DischargeSurvey(_)) => Self::DischargeSurvey,
            Some(Kind::RegistryForm(_)) => Self::RegistryForm,
        }
    }

    /// The label in metrics, which is also its name in a `Submission`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EpisodeOpened => "episode_opened",
            Self::Session => "session",
            Self::Correction => "correction",
            Self::EpisodeClosed => "episode_closed",
            Self::Invitation => "invitation",
            Self::DischargeSurvey => "discharge_survey",
            Self::RegistryForm => "registry_form",
            Self::Nothing => "kind",
        }
    }

    /// The role that its sender needs; none where a survey code does.
    pub fn role(self) -> Option<TokenRole> {
        match self {
            Self::EpisodeOpened | Self::EpisodeClosed => Some(TokenRole::EpisodeManage),
            Self::Session | Self::Correction | Self::RegistryForm | Self::Nothing => {
                Some(TokenRole::FeedbackSubmit)
            }
            Self::Invitation => Some(TokenRole::SurveyInvite),
            Self::DischargeSurvey => None,
        }
    }
}
