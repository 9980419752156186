//! What a client of Kafka says before it has worked at all: it cannot be started, or nobody answers.
//! The invariant: a message of the library is not shown where it may have a secret in it.

use rdkafka::error::KafkaError;

use super::config::KafkaConfig;
use crate::cause::{UnavailableLog, UnreachableBrokers, UnusableSetting};
use crate::error::ClientStartError;

/// The library refused the configuration. Its message may show a secret, so it is told by name.
pub(super) fn unusable(error: KafkaError) -> ClientStartError {
    match error {
        KafkaError::ClientConfig(_, _, name, _) => UnusableSetting { name }.into(),
        other => UnavailableLog::because("start kafka client", other).into(),
    }
}

/// Nobody answers, or nobody that this client may talk to.
pub(super) fn unreachable(config: &KafkaConfig, error: KafkaError) -> UnreachableBrokers {
    let code = error.rdkafka_error_code().map(|code| code.to_string());
    UnreachableBrokers {
        brokers: config.brokers.join(", "),
        why: code.unwrap_or_else(|| error.to_string()),
    }
}
