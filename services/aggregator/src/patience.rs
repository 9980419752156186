//! Waiting for a log that does not answer. Comes in: an attempt on the log. Goes out: what it gave
//! once it went well, or a reason that does not pass.

use std::fmt::Display;
use std::time::Duration;

use medvirk_eventlog::{PassingError, RETRY_PAUSE, repeat_while_passing};
use medvirk_runtime::StopToken;

/// How long after the stop a loop may go on with what it has begun.
const GRACE: Duration = Duration::from_secs(5);

/// Repeats an attempt on the log until it succeeds, or fails for a reason that does not pass, and
/// warns of each failure.
pub(crate) async fn patiently<T, E, A>(
    what: &'static str,
    attempt: impl FnMut() -> A,
) -> Result<T, E>
where
    E: PassingError + Display,
    A: Future<Output = Result<T, E>>,
{
    repeat_while_passing(attempt, |error| warn(what, error)).await
}

/// Warns of a failure that passes, and waits before the next attempt. For attempts between which
/// the log is read.
pub(crate) async fn pause(what: &'static str, error: &impl Display) {
    warn(what, error);
    tokio::time::sleep(RETRY_PAUSE).await;
}

fn warn(what: &'static str, error: &impl Display) {
    tracing::warn!(what, %error, "the log fails; trying again");
}

/// Waits for the stop, and then for as long as a loop may take to finish what it has begun. A log
/// or tables that do not answer must not keep the process.
pub(crate) async fn given_up(stop: &StopToken) {
    stop.stopped().await;
    tokio::time::sleep(GRACE).await;
}
