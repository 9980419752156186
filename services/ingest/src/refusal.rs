//! Refusals. Comes in: why a submission was not taken. Goes out: a gRPC status, or an entry of a
//! batch's results (over HTTP, `fhir.rs` makes an outcome of it). The invariant: no text here holds anything that was sent.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use medvirk_domain::catalogue::FormViolation;
use medvirk_eventlog::LogAppendError;
use medvirk_proto::feedback::v1::RefusalCode;
use medvirk_runtime::auth::{self, RoleDenied};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use crate::admission::ViolationKind;

/// When to try again after "wait".
const RETRY_SOON: Duration = Duration::from_millis(500);
/// When to try again after the attempts at codes were used up.
const RETRY_CODE: Duration = Duration::from_secs(10);
/// Whose codes stand in the error information of a status.
const DOMAIN: &str = "medvirk";
/// Details travel in a header, and clients take 8 KiB of those.
const DETAILS_BYTES: usize = 4_096;

/// Why a submission was not taken.
#[derive(Clone)]
pub(crate) enum SubmissionRefusal {
    /// Nobody knows who sends.
    Unauthenticated(String),
    /// The token lacks the role.
    Role(RoleDenied),
    /// The token is not for the unit that this field names.
    Unit {
        /// Path of the field.
        field: String,
    },
    /// These fields are wrong.
    Invalid {
        /// What is wrong with each.
        violations: Vec<FormViolation>,
        /// In which ways they are wrong.
        kinds: BTreeSet<ViolationKind>,
    },
    /// Too many wrong survey codes have come.
    Attempts,
    /// The log has too much waiting; nothing was taken.
    LogFull,
    /// The log may or may not have it.
    LogUnknown,
    /// The log does not have it.
    LogUnavailable,
    /// No catalogue is in force.
    NoCatalogue,
    /// A fault of ours.
    Internal,
}

impl SubmissionRefusal {
    /// One field is wrong.
    pub(crate) fn field(field: &str, rule: &str) -> Self {
        Self::invalid(vec![FormViolation {
            field: field.to_owned(),
            rule: rule.to_owned(),
        }])
    }

    /// These fields are wrong, in no way that a client can tell from others.
    pub(crate) fn invalid(violations: Vec<FormViolation>) -> Self {
        Self::Invalid {
            violations,
            kinds: BTreeSet::from([ViolationKind::Field]),
        }
    }

    /// What a client decides by. A kind of violation is told where all of them are of it: with any
    /// other field wrong as well, the fields are what is to be mended first.
    pub(crate) fn reason(&self) -> RefusalCode {
        match self {
            Self::Unauthenticated(_) => RefusalCode::Unauthenticated,
            Self::Role(_) => RefusalCode::RoleMissing,
            Self::Unit { .. } => RefusalCode::OtherUnit,
            Self::Invalid { kinds, .. } => {
                let mut kinds = kinds.iter();
                match (kinds.next(), kinds.next()) {
                    (Some(ViolationKind::WrongCode), None) => RefusalCode::WrongSurveyCode,
                    (Some(ViolationKind::CodeIsOver), None) => RefusalCode::SurveyCodeOver,
                    (Some(ViolationKind::TooEarly), None) => RefusalCode::TooEarly,
                    (Some(ViolationKind::OtherCatalogue), None) => RefusalCode::OtherCatalogue,
                    _ => RefusalCode::WrongFields,
                }
            }
            Self::Attempts => RefusalCode::TooManyWrongCodes,
            Self::LogFull => RefusalCode::LogFull,
            Self::LogUnknown => RefusalCode::LogUnknown,
            Self::LogUnavailable => RefusalCode::LogUnavailable,
            Self::NoCatalogue => RefusalCode::NoCatalogue,
            Self::Internal => RefusalCode::Internal,
        }
    }

    /// The label in metrics.
    pub(crate) const fn label(&self) -> &'static str {
        match self {
            Self::Unauthenticated(_) => "unauthenticated",
            Self::Role(_) => "role",
            Self::Unit { .. } => "unit",
            Self::Invalid { .. } => "invalid",
            Self::Attempts => "attempts",
            Self::LogFull => "log_full",
            Self::LogUnknown => "log_unknown",
            Self::LogUnavailable => "log_unavailable",
            Self::NoCatalogue => "no_catalogue",
            Self::Internal => "internal",
        }
    }

    /// The code that gRPC answers with.
    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::Unauthenticated(_) => Code::Unauthenticated,
            Self::Role(_) | Self::Unit { .. } => Code::PermissionDenied,
            Self::Invalid { .. } => Code::InvalidArgument,
            Self::Attempts | Self::LogFull => Code::ResourceExhausted,
            Self::LogUnknown | Self::LogUnavailable => Code::Unavailable,
            Self::NoCatalogue => Code::FailedPrecondition,
            Self::Internal => Code::Internal,
        }
    }

    /// One line for people.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Unauthenticated(why) => why.clone(),
            Self::Role(denied) => denied.to_string(),
            Self::Unit { field } => format!("{field}: the token is not for this unit"),
            Self::Invalid { violations, .. } => summary(violations),
            Self::Attempts => "too many wrong codes; wait and try again".to_owned(),
            Self::LogFull => "not taken: too much is waiting; send it again later".to_owned(),
            Self::LogUnknown => {
                "it is not known whether it was taken; send it again with the same id".to_owned()
            }
            Self::LogUnavailable => "not taken: the log is unavailable; send it again".to_owned(),
            Self::NoCatalogue => "no catalogue is in force; activate one".to_owned(),
            Self::Internal => "internal error".to_owned(),
        }
    }

    /// Which fields were wrong.
    pub(crate) fn violations(&self) -> Vec<FormViolation> {
        match self {
            Self::Invalid { violations, .. } => violations.clone(),
            Self::Unit { field } => vec![FormViolation {
                field: field.clone(),
                rule: "the token is not for this unit".to_owned(),
            }],
            _ => Vec::new(),
        }
    }

    /// The answer to a call.
    pub(crate) fn into_status(self) -> Status {
        let code = self.reason().as_str_name();
        let mut details = ErrorDetails::with_error_info(code, DOMAIN, HashMap::new());
        if let Some(after) = self.retry() {
            details.set_retry_info(Some(after));
        }
        let fields = fitting(self.violations());
        if !fields.is_empty() {
            details.set_bad_request(fields);
        }
        Status::with_error_details(self.code(), self.message(), details)
    }

    /// When to try again, where that may help.
    pub(crate) const fn retry(&self) -> Option<Duration> {
        match self {
            Self::Attempts => Some(RETRY_CODE),
            Self::LogFull | Self::LogUnknown | Self::LogUnavailable => Some(RETRY_SOON),
            _ => None,
        }
    }
}

impl From<auth::TokenError> for SubmissionRefusal {
    fn from(error: auth::TokenError) -> Self {
        Self::Unauthenticated(error.to_string())
    }
}

impl From<RoleDenied> for SubmissionRefusal {
    fn from(denied: RoleDenied) -> Self {
        Self::Role(denied)
    }
}

impl From<LogAppendError> for SubmissionRefusal {
    fn from(error: LogAppendError) -> Self {
        match error {
            LogAppendError::Full => Self::LogFull,
            LogAppendError::Unknown => Self::LogUnknown,
            LogAppendError::Unavailable(_) => Self::LogUnavailable,
            LogAppendError::NoPartition(_)
            | LogAppendError::Keyless { .. }
            | LogAppendError::KeptForEver { .. }
            | LogAppendError::TooLarge { .. } => Self::Internal,
        }
    }
}

fn summary(violations: &[FormViolation]) -> String {
    let Some((first, rest)) = violations.split_first() else {
        return "something is wrong".to_owned();
    };
    match rest.len() {
        0 => format!("{}: {}", first.field, first.rule),
        more => format!("{}: {} (and {more} more)", first.field, first.rule),
    }
}

/// As many as fit, and a last one that counts the rest.
fn fitting(violations: Vec<FormViolation>) -> Vec<FieldViolation> {
    let (total, mut room, mut fields) = (violations.len(), DETAILS_BYTES, Vec::new());
    for violation in violations {
        let size = violation.field.len() + violation.rule.len() + 8;
        if size > room {
            let rest = total - fields.len();
            fields.push(FieldViolation::new(
                "",
                format!("{rest} more fields are wrong"),
            ));
            break;
        }
        room -= size;
        fields.push(FieldViolation::new(violation.field, violation.rule));
    }
    fields
}
