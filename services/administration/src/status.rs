//! Errors as gRPC statuses. The invariant: a caller is told whether repeating helps.

use medvirk_eventlog::Error as LogError;
use medvirk_records::Error;
use tonic::Status;

/// What a caller is told where the log does not do what it should.
pub(crate) fn status(error: impl Into<Error>) -> Status {
    let error = error.into();
    match &error {
        Error::Log(LogError::Full) => {
            Status::resource_exhausted("the log has too much waiting; try again")
        }
        Error::Log(LogError::Unknown | LogError::Unavailable { .. }) => {
            Status::unavailable("it may or may not be done; repeating it is harmless")
        }
        Error::Refused(_) => Status::invalid_argument(error.to_string()),
        Error::MonthTaken { .. } | Error::MonthClosed { .. } | Error::NoPlan { .. } => {
            Status::failed_precondition(error.to_string())
        }
        other => internal("use the log", other),
    }
}

/// What a caller is told of a fault that only an operator can mend; the cause is logged.
pub(crate) fn internal(attempt: &str, error: &(dyn std::error::Error + 'static)) -> Status {
    tracing::error!(error, "cannot {attempt}");
    Status::internal(format!("cannot {attempt}; the log of the service says why"))
}
