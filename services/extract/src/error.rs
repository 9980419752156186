//! What can go wrong, and how gRPC says it. The invariant: no message has an answer or a pseudonym;
//! what only an operator can mend is logged here, once, and told without its cause.

use medvirk_records::PlansReadError;
use medvirk_runtime::auth::TokenRefusal;

use crate::audit::AuditError;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The token is missing, does not count, or lacks the role.
    #[error(transparent)]
    Token(#[from] TokenRefusal),
    /// A field of the request is not well formed.
    #[error("{field}: {rule}")]
    Malformed {
        /// The field of the request.
        field: &'static str,
        /// What is allowed in that field.
        rule: String,
    },
    /// There is no such dataset.
    #[error("there is no dataset of that name; `medvirk pull --list` names all")]
    UnknownDataset,
    /// The catalogue in force has no such form.
    #[error("the catalogue in force has no {0}")]
    NoInstrument(String),
    /// No catalogue is in force, or not the one of the snapshot.
    #[error("the catalogue is not known yet")]
    NoCatalogue,
    /// What was pulled before is not there any more.
    #[error(
        "the register has changed since this pull began, as it does when somebody withdraws: \
         throw away what was pulled and begin anew"
    )]
    Changed,
    /// Too much is pulled at once.
    #[error("too many pulls are under way; try again later")]
    Busy,
    /// The tables do not answer.
    #[error("the tables cannot be read now; try again")]
    Store(#[from] medvirk_store::Error),
    /// The log does not answer.
    #[error("the log cannot be read now; try again")]
    Plans(#[from] PlansReadError),
    /// The audit log cannot be written, so nothing may leave.
    #[error("the audit log cannot be written, so nothing is given out")]
    Audit(#[from] AuditError),
    /// There is no audit log, or it was changed; what is wrong was logged at the start.
    #[error("there is no audit log that can be trusted, so nothing is given out")]
    NoAudit,
    /// Text could not be written.
    #[error("a file could not be made")]
    Text(#[from] csv::Error),
    /// Parquet could not be written.
    #[error("a file could not be made")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// A workbook could not be written.
    #[error("a file could not be made")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
}

impl Error {
    /// The gRPC status code of this error.
    pub(crate) const fn code(&self) -> tonic::Code {
        match self {
            Self::Token(TokenRefusal::Unauthenticated(_)) => tonic::Code::Unauthenticated,
            Self::Token(TokenRefusal::Denied(_)) => tonic::Code::PermissionDenied,
            Self::Malformed { .. } => tonic::Code::InvalidArgument,
            Self::UnknownDataset | Self::NoInstrument(_) => tonic::Code::NotFound,
            Self::Changed => tonic::Code::Aborted,
            Self::Busy => tonic::Code::ResourceExhausted,
            Self::NoCatalogue | Self::Store(_) | Self::Plans(_) => tonic::Code::Unavailable,
            Self::Audit(_)
            | Self::NoAudit
            | Self::Text(_)
            | Self::Parquet(_)
            | Self::Workbook(_) => tonic::Code::Internal,
        }
    }

    /// What the client is told; what an operator has to mend is logged.
    pub(crate) fn status(&self) -> tonic::Status {
        let cause = std::error::Error::source(self);
        if matches!(
            self.code(),
            tonic::Code::Internal | tonic::Code::Unavailable
        ) {
            let cause = cause.map(ToString::to_string).unwrap_or_default();
            tracing::error!(error = %self, cause, "no extract");
        }
        let told = match (self, cause) {
            (Self::Token(TokenRefusal::Unauthenticated(error)), _) => error.to_string(),
            _ => self.to_string(),
        };
        tonic::Status::new(self.code(), told)
    }

    /// Label of metrics, and the outcome in the audit log.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Token(_) => "refused",
            Self::Malformed { .. } | Self::UnknownDataset | Self::NoInstrument(_) => "invalid",
            Self::Changed => "changed",
            Self::Busy => "busy",
            Self::NoCatalogue | Self::Store(_) | Self::Plans(_) => "unavailable",
            Self::Audit(_)
            | Self::NoAudit
            | Self::Text(_)
            | Self::Parquet(_)
            | Self::Workbook(_) => "failed",
        }
    }
}

pub(crate) fn malformed(field: &'static str, rule: impl Into<String>) -> Error {
    Error::Malformed {
        field,
        rule: rule.into(),
    }
}
