//! Errors as gRPC statuses. The invariant: a caller is told whether repeating helps.

use medvirk_eventlog::Error as LogError;
use tonic::Status;

/// What a caller is told where the log does not do what it should.
pub(crate) fn status(error: &LogError) -> Status {
    match error {
        LogError::Full => Status::resource_exhausted("the log has too much waiting; try again"),
        LogError::Unknown | LogError::Unavailable { .. } => {
            Status::unavailable("it may or may not be done; repeating it is harmless")
        }
        LogError::Refused(_) => Status::invalid_argument(error.to_string()),
        LogError::MonthTaken { .. } | LogError::MonthClosed { .. } | LogError::NoPlan { .. } => {
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
