//! The producer. Comes in: records with their partition. Goes out: a future of each one's offset.
//! The invariants: a full queue refuses at once; what the library cannot tell for sure is told as
//! unknown; a producer that has failed for good is replaced by a new one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};
use tokio::sync::oneshot;

use super::config::KafkaConfig;
use super::context::{BrokerContext, DeliveryReport};
use super::refusal::unusable;
use crate::cause::UnavailableLog;
use crate::error::{ClientStartError, LogAppendError};
use crate::topic::{MAX_RECORD_BYTES, NewRecord};

/// How long what waits may take when the log is dropped.
const LAST_WORDS: Duration = Duration::from_secs(5);

pub(super) type ProducerClient = ThreadedProducer<BrokerContext>;

/// Sends records, in the order in which it gets them.
pub(super) struct RecordProducer {
    config: Arc<KafkaConfig>,
    current: Mutex<Arc<ProducerClient>>,
}

impl RecordProducer {
    pub(super) fn new(config: Arc<KafkaConfig>) -> Result<Self, ClientStartError> {
        let current = Mutex::new(client(&config)?);
        Ok(Self { config, current })
    }

    /// Takes a record, or refuses it, at once.
    pub(super) fn send(
        &self,
        topic: &str,
        partition: u32,
        record: &NewRecord,
    ) -> Result<impl Future<Output = Result<u64, LogAppendError>> + use<>, LogAppendError> {
        let partition = partition.cast_signed();
        let mut producer = self.current();
        let report = match try_send(&producer, topic, partition, record) {
            Err(RDKafkaErrorCode::Fatal) => {
                producer = self.renew(&producer).map_err(UnavailableLog::from)?;
                try_send(&producer, topic, partition, record)
            }
            sent => sent,
        };
        let report = report.map_err(|code| refused(code, record))?;
        // Taken along, so that a producer that was replaced lives until it has told all.
        Ok(async move {
            let report = report.await;
            drop(producer);
            offset(report)
        })
    }

    pub(super) fn current(&self) -> Arc<ProducerClient> {
        let current = self.current.lock();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces a producer that has failed for good, once, whoever meets it.
    fn renew(&self, failed: &Arc<ProducerClient>) -> Result<Arc<ProducerClient>, ClientStartError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, failed) {
            let why = failed
                .client()
                .fatal_error()
                .map(|(code, _)| code.to_string());
            tracing::warn!(why, "the kafka producer failed for good; taking a new one");
            *current = client(&self.config)?;
        }
        Ok(current.clone())
    }
}

impl Drop for RecordProducer {
    /// Sends the records that still wait.
    fn drop(&mut self) {
        if let Err(error) = self.current().flush(LAST_WORDS) {
            tracing::warn!(%error, "the log was closed before the brokers had taken all");
        }
    }
}

fn client(config: &KafkaConfig) -> Result<Arc<ProducerClient>, ClientStartError> {
    let made = ThreadedProducer::from_config_and_context(&config.producer(), BrokerContext);
    made.map(Arc::new).map_err(unusable)
}

/// Gives the record to the library, which copies it.
fn try_send(
    producer: &ProducerClient,
    topic: &str,
    partition: i32,
    record: &NewRecord,
) -> Result<oneshot::Receiver<DeliveryReport>, RDKafkaErrorCode> {
    let (sender, report) = oneshot::channel();
    let mut message = BaseRecord::with_opaque_to(topic, Box::new(sender))
        .partition(partition)
        .key(&record.key);
    if let Some(value) = &record.value {
        message = message.payload(value);
    }
    // The record comes back with the error; of both only the code goes on.
    let sent = producer.send(message).map_err(|(error, _)| error);
    sent.map_err(|error| error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail))?;
    Ok(report)
}

/// The error for a record that no broker has taken.
fn refused(code: RDKafkaErrorCode, record: &NewRecord) -> LogAppendError {
    match code {
        RDKafkaErrorCode::QueueFull => LogAppendError::Full,
        RDKafkaErrorCode::MessageSizeTooLarge => too_large(record),
        code => {
            let cause = KafkaError::MessageProduction(code);
            UnavailableLog::because("append to log", cause).into()
        }
    }
}

fn too_large(record: &NewRecord) -> LogAppendError {
    LogAppendError::TooLarge {
        bytes: record.key.len() + record.value.as_ref().map_or(0, Vec::len),
        limit: MAX_RECORD_BYTES,
    }
}

/// What became of a record that was taken. Whatever is not a plain yes may be either: the library
/// does not say which of its failures have left nothing behind.
fn offset(
    report: Result<DeliveryReport, oneshot::error::RecvError>,
) -> Result<u64, LogAppendError> {
    match report {
        // A record that the broker knows already without knowing its place has no offset.
        Ok(Ok(offset)) => u64::try_from(offset).map_err(|_| LogAppendError::Unknown),
        Ok(Err(code)) => {
            tracing::debug!(%code, "no delivery report of success");
            Err(LogAppendError::Unknown)
        }
        Err(_) => Err(LogAppendError::Unknown),
    }
}
