//! Trying again. Comes in: an attempt on the log, on the brokers below it, or on what stands behind
//! it. Goes out: what it gave once it went well, or an error that does not pass. The invariant: a
//! full disk, a full queue or a broker that is away stops no task; what is damaged or refused does.
//!
//! It is the only loop of this kind. Tasks call it above the log; the Kafka backend calls it for its
//! questions to the brokers, so nobody above meets a failure that was waited for already.

use std::time::Duration;

use backon::{ConstantBuilder, Retryable as _};

/// How long to wait after an attempt that failed.
pub const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// An error that may go away without anybody's help.
pub trait PassingError {
    /// True if the same attempt may succeed later without anybody's help, as with a full queue, a
    /// broker that is away, or a disk that has no room.
    fn is_passing(&self) -> bool;
}

/// Repeats an attempt until it succeeds, or fails for a reason that does not pass. Each failure
/// that passes is shown to `on_failure`. Safe to drop at any moment.
///
/// # Errors
/// The first error that does not pass.
pub async fn repeat_while_passing<T, E, A>(
    attempt: impl FnMut() -> A,
    mut on_failure: impl FnMut(&E),
) -> Result<T, E>
where
    E: PassingError,
    A: Future<Output = Result<T, E>>,
{
    let for_ever = ConstantBuilder::default()
        .with_delay(RETRY_PAUSE)
        .without_max_times();
    attempt
        .retry(for_ever)
        .when(E::is_passing)
        .notify(|error, _| on_failure(error))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LogAppendError, Topic};

    const REFUSED: LogAppendError = LogAppendError::KeptForEver {
        topic: Topic::Ledger,
    };

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_tried_again_and_what_does_not_is_given_back() {
        let mut answers = vec![
            Err(REFUSED),
            Ok(7),
            Err(LogAppendError::Unknown),
            Err(LogAppendError::Full),
        ];
        let mut failures = 0;
        let done = repeat_while_passing(
            || std::future::ready(answers.pop().expect("an answer is left")),
            |_| failures += 1,
        );
        assert_eq!(done.await.ok(), Some(7));
        assert_eq!(failures, 2);
        let refused = repeat_while_passing(
            || std::future::ready(answers.pop().expect("an answer is left")),
            |_| unreachable!("it does not pass"),
        );
        assert!(matches!(
            refused.await,
            Err(LogAppendError::KeptForEver { .. })
        ));
        assert!(answers.is_empty());
    }
}
