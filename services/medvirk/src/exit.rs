//! Exit codes. Comes in: what went wrong. Goes out: a message and a code of `sysexits`.

use std::process::ExitCode;

use medvirk_client::connect::is_broken;
use medvirk_terminal::hint;
use medvirk_terminal::output::note;
use medvirk_terminal::{CodedError, CommandExit};

use crate::log_errors;

/// Says what went wrong and why, and gives the code.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if error.chain().any(is_closed_pipe) {
        return ExitCode::SUCCESS;
    }
    let told: Vec<String> = error.chain().map(tell).collect();
    note(&format!("medvirk: {}", hint::runnable(&told.join(": "))));
    ExitCode::from(code_of(error) as u8)
}

/// What a server says is told in its own words, without the name of its code.
fn tell(cause: &(dyn std::error::Error + 'static)) -> String {
    match cause.downcast_ref::<tonic::Status>() {
        Some(status) if status.code() == tonic::Code::Unimplemented && status.message().is_empty() => {
            "the role at that address does not have this service; name the address of the role that \
             has it (--target ROLE=URL)"
                .to_owned()
        }
        Some(status) if !status.message().is_empty() => status.message().to_owned(),
        _ => cause.to_string(),
    }
}

/// Whoever read our output has seen enough. Writers of formats wrap what the pipe said.
fn is_closed_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    let kind = if let Some(io) = cause.downcast_ref::<std::io::Error>() {
        Some(io.kind())
    } else if let Some(json) = cause.downcast_ref::<serde_json::Error>() {
        json.io_error_kind()
    } else if let Some(csv::ErrorKind::Io(io)) =
        cause.downcast_ref::<csv::Error>().map(csv::Error::kind)
    {
        Some(io.kind())
    } else {
        None
    };
    kind == Some(std::io::ErrorKind::BrokenPipe)
}

fn code_of(error: &anyhow::Error) -> CommandExit {
    // Whatever was attempted, with more room it may go well.
    if error.chain().any(is_full_disk) {
        return CommandExit::Temporary;
    }
    for cause in error.chain() {
        if let Some(CodedError(code, _)) = cause.downcast_ref() {
            return *code;
        }
        if is_configuration(cause) {
            return CommandExit::Config;
        }
        if let Some(status) = cause.downcast_ref::<tonic::Status>() {
            return code_of_status(status);
        }
        if is_temporary(cause) {
            return CommandExit::Temporary;
        }
    }
    CommandExit::Internal
}

/// Something that the configuration says does not fit this machine, this data or this program.
fn is_configuration(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.is::<medvirk_runtime::config::ConfigError>()
        || cause.is::<medvirk_runtime::secret::SecretError>()
        || cause.is::<medvirk_runtime::telemetry::TelemetryError>()
        || cause.is::<medvirk_domain::time::InvalidDate>()
        || is_of_another_deployment(cause)
        || log_errors::is_configuration(cause)
}

/// The tables are not those of the log.
fn is_of_another_deployment(cause: &(dyn std::error::Error + 'static)) -> bool {
    use medvirk_aggregator::AggregatorError;
    use medvirk_registrar::RegistrarError;
    use medvirk_store::Error as Store;
    matches!(cause.downcast_ref(), Some(Store::OtherDeployment { .. }))
        || matches!(
            cause.downcast_ref(),
            Some(AggregatorError::ForeignTables { .. })
        )
        || matches!(
            cause.downcast_ref(),
            Some(RegistrarError::ForeignTables { .. })
        )
}

/// There is no room on a disk.
fn is_full_disk(cause: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    let io = cause.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| matches!(error.kind(), StorageFull | QuotaExceeded))
}

/// Somebody else is in the way, or somebody is not there yet.
fn is_temporary(cause: &(dyn std::error::Error + 'static)) -> bool {
    use medvirk_store::Error as Store;
    let taken = |error: &std::io::Error| error.kind() == std::io::ErrorKind::AddrInUse;
    cause.is::<tonic::transport::Error>()
        || cause.downcast_ref().is_some_and(taken)
        || log_errors::is_passing(cause)
        || log_errors::is_not_there_yet(cause)
        || matches!(cause.downcast_ref(), Some(Store::Failed { .. }))
}

fn code_of_status(status: &tonic::Status) -> CommandExit {
    use tonic::Code as Grpc;
    match status.code() {
        _ if is_broken(status) => CommandExit::Temporary,
        Grpc::Unavailable | Grpc::DeadlineExceeded | Grpc::ResourceExhausted | Grpc::Aborted => {
            CommandExit::Temporary
        }
        Grpc::InvalidArgument
        | Grpc::NotFound
        | Grpc::FailedPrecondition
        | Grpc::PermissionDenied
        | Grpc::Unauthenticated
        // Another role, or no role at all, is at the address that was named.
        | Grpc::Unimplemented => CommandExit::Usage,
        _ => CommandExit::Internal,
    }
}
