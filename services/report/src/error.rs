//! What can go wrong, and how each protocol says it. The invariant: a client never sees what a
//! source said; that is logged here, once.

use medvirk_runtime::auth::TokenRefusal;

use crate::figures::QueryRefusal;
use crate::source::SourceFailure;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The token is missing, does not count, or lacks the role.
    #[error(transparent)]
    Token(#[from] TokenRefusal),
    /// A field of the question is not well formed.
    #[error("{field}: {rule}")]
    Malformed {
        /// Name of the wrong field.
        field: &'static str,
        /// What is allowed in the field.
        rule: String,
    },
    /// The question names something that does not exist, or an impossible span.
    #[error(transparent)]
    Refused(#[from] QueryRefusal),
    /// No catalogue was ever activated.
    #[error("no catalogue is in force yet")]
    NoCatalogue,
    /// A source does not answer.
    #[error("cannot {attempt}")]
    Source {
        /// What was attempted, as a verb and its object.
        attempt: &'static str,
        /// Why the source did not answer.
        #[source]
        source: SourceFailure,
    },
}

/// The kinds of errors that clients can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    Unauthenticated,
    Denied,
    Invalid,
    NotFound,
    Unavailable,
}

impl Error {
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Token(TokenRefusal::Unauthenticated(_)) => ErrorKind::Unauthenticated,
            Self::Token(TokenRefusal::Denied(_)) => ErrorKind::Denied,
            Self::Malformed { .. }
            | Self::Refused(
                QueryRefusal::OtherLevel { .. }
                | QueryRefusal::EmptySpan { .. }
                | QueryRefusal::LongSpan,
            ) => ErrorKind::Invalid,
            Self::Refused(
                QueryRefusal::UnknownMeasure(_)
                | QueryRefusal::UnknownIndicator(_)
                | QueryRefusal::UnknownPart(_)
                | QueryRefusal::UnknownOrganisation(_),
            ) => ErrorKind::NotFound,
            Self::NoCatalogue | Self::Source { .. } => ErrorKind::Unavailable,
        }
    }

    /// What the client is told.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Token(TokenRefusal::Unauthenticated(error)) => error.to_string(),
            Self::Source { .. } => "the indicators cannot be read now; try again".to_owned(),
            other => other.to_string(),
        }
    }

    /// Logs what only an operator can mend.
    pub(crate) fn log(&self) {
        if let Self::Source { attempt, source } = self {
            tracing::error!(attempt, error = %source, "no answer");
        }
    }
}

impl ErrorKind {
    /// The code that gRPC answers with.
    pub(crate) const fn grpc(self) -> tonic::Code {
        match self {
            Self::Unauthenticated => tonic::Code::Unauthenticated,
            Self::Denied => tonic::Code::PermissionDenied,
            Self::Invalid => tonic::Code::InvalidArgument,
            Self::NotFound => tonic::Code::NotFound,
            Self::Unavailable => tonic::Code::Unavailable,
        }
    }

    /// The status that HTTP answers with.
    pub(crate) const fn http(self) -> axum::http::StatusCode {
        use axum::http::StatusCode;
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Denied => StatusCode::FORBIDDEN,
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The label that metrics have.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::NotFound => "not_found",
            Self::Unavailable => "unavailable",
        }
    }
}
