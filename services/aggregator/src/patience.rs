//! Waiting for a log that does not answer. Comes in: an attempt on the log. Goes out: what it gave
//! once it went well, or a reason that does not pass. The invariant: a full disk, a full queue or a
//! broker that is away stops no task; what is damaged or refused does.

use std::fmt::Display;
use std::time::Duration;

use medvirk_runtime::Stop;

/// How long to wait after a failed attempt.
const RETRY: Duration = Duration::from_millis(200);

/// How long after the stop a loop may go on with what it has begun.
const GRACE: Duration = Duration::from_secs(5);

/// Repeats an attempt on the log until it succeeds, or fails for a reason that does not pass. A
/// macro, since a function over async closures makes futures that cannot be spawned.
macro_rules! patiently {
    ($what:literal, $attempt:expr) => {
        loop {
            match $attempt.await {
                Err(error) if error.is_passing() => $crate::patience::pause($what, &error).await,
                done => break done,
            }
        }
    };
}

pub(crate) use patiently;

pub(crate) async fn pause(what: &'static str, error: &impl Display) {
    tracing::warn!(what, %error, "the log fails; trying again");
    tokio::time::sleep(RETRY).await;
}

/// Waits for the stop, and then for as long as a loop may take to finish what it has begun. A log
/// or tables that do not answer must not keep the process.
pub(crate) async fn given_up(stop: &Stop) {
    stop.stopped().await;
    tokio::time::sleep(GRACE).await;
}
