//! What librdkafka says. Comes in: its log, its errors, its statistics, its delivery reports. Goes
//! out: our log, our metrics, answers to whoever appended. The invariant: a message is never
//! formatted, and never owned: of a failed one only the code is kept.

use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::ProducerContext;
use rdkafka::statistics::Statistics;
use tokio::sync::oneshot;

use super::metrics;

/// Where a record has come to lie, or why not.
pub(super) type DeliveryReport = Result<i64, RDKafkaErrorCode>;

/// The same for every client.
pub(super) struct BrokerContext;

impl ClientContext for BrokerContext {
    /// Trouble with a broker is the library's to mend, and whoever needs the broker warns; so what
    /// it says of that is for those who want to know.
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::warn!(facility, message, "the kafka client warns");
            }
            RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => {
                tracing::info!(facility, message, "the kafka client warns");
            }
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                tracing::debug!(facility, message, "the kafka client notes");
            }
        }
    }

    fn stats(&self, statistics: Statistics) {
        metrics::producer(&statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "the kafka client failed");
    }
}

impl ConsumerContext for BrokerContext {}

/// The same for a member of a group, and whether the group has dealt. It also deals nothing, to who
/// is one too many: no list of partitions tells that apart from not having dealt yet.
#[derive(Default)]
pub(super) struct AssignmentContext(AtomicBool);

impl AssignmentContext {
    pub(super) fn is_dealt(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl ClientContext for AssignmentContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        BrokerContext.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        BrokerContext.error(error, reason);
    }
}

impl ConsumerContext for AssignmentContext {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if matches!(rebalance, Rebalance::Assign(_)) {
            self.0.store(true, Ordering::Release);
        }
    }
}

impl ProducerContext for BrokerContext {
    type DeliveryOpaque = Box<oneshot::Sender<DeliveryReport>>;

    fn delivery(&self, result: &DeliveryResult<'_>, sender: Self::DeliveryOpaque) {
        let report = match result {
            Ok(message) => Ok(message.offset()),
            Err((error, _)) => Err(error
                .rdkafka_error_code()
                .unwrap_or(RDKafkaErrorCode::Unknown)),
        };
        // Whoever asked may have given up.
        sender.send(report).ok();
    }
}
