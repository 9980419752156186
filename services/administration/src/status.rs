//! Errors as gRPC statuses. The invariant: a caller is told whether repeating helps.

use medvirk_aggregator::MonthCloseError;
use medvirk_eventlog::{LogAppendError, LogStepError, OffsetReadError, PassingError};
use medvirk_records::{ActivationError, GenesisReadError, PlanWriteError, PlansReadError};
use tonic::{Code, Status};

/// An error of the log, or of its records, with which a call ends.
pub(crate) trait CallError: std::error::Error + 'static {
    /// What the caller can do about it; [`Code::Internal`] where only an operator can.
    fn code(&self) -> Code;
}

/// What a caller is told where the log does not do what it should.
pub(crate) fn status(error: impl CallError) -> Status {
    match error.code() {
        Code::ResourceExhausted => {
            Status::resource_exhausted("the log has too much waiting; try again")
        }
        Code::Unavailable => {
            Status::unavailable("it may or may not be done; repeating it is harmless")
        }
        Code::Internal => internal("use the log", &error),
        code => Status::new(code, error.to_string()),
    }
}

/// What a caller is told of a fault that only an operator can mend; the cause is logged.
pub(crate) fn internal(attempt: &str, error: &(dyn std::error::Error + 'static)) -> Status {
    tracing::error!(error, "cannot {attempt}");
    Status::internal(format!("cannot {attempt}; the log of the service says why"))
}

fn code_of_read(error: &impl PassingError) -> Code {
    if error.is_passing() {
        Code::Unavailable
    } else {
        Code::Internal
    }
}

impl CallError for OffsetReadError {
    fn code(&self) -> Code {
        code_of_read(self)
    }
}

impl CallError for LogStepError {
    fn code(&self) -> Code {
        code_of_read(self)
    }
}

impl CallError for PlansReadError {
    fn code(&self) -> Code {
        code_of_read(self)
    }
}

impl CallError for GenesisReadError {
    fn code(&self) -> Code {
        code_of_read(self)
    }
}

impl CallError for LogAppendError {
    fn code(&self) -> Code {
        match self {
            Self::Full => Code::ResourceExhausted,
            Self::Unknown | Self::Unavailable(_) => Code::Unavailable,
            Self::NoPartition(_)
            | Self::Keyless { .. }
            | Self::KeptForEver { .. }
            | Self::TooLarge { .. } => Code::Internal,
        }
    }
}

impl CallError for PlanWriteError {
    fn code(&self) -> Code {
        match self {
            Self::Plans(error) => error.code(),
            Self::Append(error) => error.code(),
            Self::NoPlan(_) => Code::FailedPrecondition,
        }
    }
}

impl CallError for ActivationError {
    fn code(&self) -> Code {
        match self {
            Self::Plans(error) => error.code(),
            Self::Append(error) => error.code(),
            Self::Refused(_) => Code::InvalidArgument,
            Self::MonthTaken { .. } | Self::MonthClosed { .. } | Self::NoPlan(_) => {
                Code::FailedPrecondition
            }
        }
    }
}

impl CallError for MonthCloseError {
    fn code(&self) -> Code {
        match self {
            Self::Plan(error) => error.code(),
            Self::Append(error) => error.code(),
        }
    }
}
