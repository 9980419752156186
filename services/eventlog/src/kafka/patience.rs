//! Waiting for brokers that do not answer. Comes in: a question to them. Goes out: their answer, or
//! why they will never give it. The invariant: a broker that is away is waited for, and whoever looks
//! at the log of the process learns of it.
//!
//! It is the same loop as above the log, and no loop within another: whatever an attempt asks the
//! brokers, it asks once.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::cause::UnavailableLog;
use crate::retry::{PassingError, repeat_while_passing};

/// Of so many failed attempts one is in the log of the process.
const WARN_EVERY: u32 = 25;

/// Why an attempt at the brokers failed.
#[derive(Debug)]
pub(super) enum BrokerFailure<E = UnavailableLog> {
    /// The brokers may answer when they are asked again.
    Passing(UnavailableLog),
    /// Asking again would change nothing until a person has.
    Lasting(E),
}

impl BrokerFailure {
    /// What the client says of an attempt.
    pub(super) fn of(action: &'static str, error: KafkaError) -> Self {
        if is_for_good(&error) {
            Self::Lasting(UnavailableLog::because(action, error))
        } else {
            Self::Passing(UnavailableLog::because(action, error))
        }
    }

    /// The same as a failure of an operation that can fail for other reasons too.
    pub(super) fn widen<E: From<UnavailableLog>>(self) -> BrokerFailure<E> {
        match self {
            Self::Passing(error) => BrokerFailure::Passing(error),
            Self::Lasting(error) => BrokerFailure::Lasting(error.into()),
        }
    }
}

impl<E> PassingError for BrokerFailure<E> {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Passing(_))
    }
}

/// Repeats until the brokers answer. Warns once in a while. Safe to drop at any moment.
pub(super) async fn wait_for_brokers<T, E, A>(attempt: impl FnMut() -> A) -> Result<T, E>
where
    E: From<UnavailableLog>,
    A: Future<Output = Result<T, BrokerFailure<E>>>,
{
    let mut failures = 0;
    let warn = |failure: &BrokerFailure<E>| {
        if let BrokerFailure::Passing(UnavailableLog { action, source }) = failure {
            if failures % WARN_EVERY == 1 {
                let why = source.as_ref().map(ToString::to_string);
                tracing::warn!(action, why, "the log does not answer; trying on");
            }
            failures += 1;
        }
    };
    let answered = repeat_while_passing(attempt, warn).await;
    answered.map_err(|failure| match failure {
        BrokerFailure::Passing(error) => error.into(),
        BrokerFailure::Lasting(error) => error,
    })
}

/// True where asking again would change nothing until a person has.
fn is_for_good(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::Fatal
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::LogReadError;

    #[tokio::test(start_paused = true)]
    async fn brokers_that_are_away_are_asked_again_and_a_refusal_is_given_back() {
        let away = KafkaError::Global(RDKafkaErrorCode::AllBrokersDown);
        let refused = KafkaError::Global(RDKafkaErrorCode::TopicAuthorizationFailed);
        let failed = |error| BrokerFailure::of("read log", error).widen::<LogReadError>();
        let mut answers = vec![
            Err(failed(refused)),
            Ok(7),
            Err(failed(away.clone())),
            Err(failed(away)),
        ];
        let mut attempt = || std::future::ready(answers.pop().expect("an answer is left"));
        assert_eq!(wait_for_brokers(&mut attempt).await.ok(), Some(7));
        let given_back = wait_for_brokers(&mut attempt).await;
        assert!(matches!(given_back, Err(LogReadError::Unavailable(_))));
    }
}
