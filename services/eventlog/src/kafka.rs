//! The log on Kafka: one topic for each of ours, replicated, with the same contract as the
//! embedded one.
//!
//! Comes in: appends from many tasks. Goes out: batches to many readers. The invariants: an append
//! is answered only when all replicas in sync have the record; a payload is in no message of ours
//! and in none of librdkafka's; settings of a topic on which a promise rests are read back when
//! the log is opened, and unsafe ones are refused.
//!
//! ```text
//! append ──▶ producer (idempotent, acks=all) ──▶ partition ──▶ cursors, one thread and one
//!                │ delivery report                   │          consumer for each place that is read
//!                ▼                                   └─▶ offsets: ends, and what groups committed
//!             offset
//! ```
//!
//! Reading and asking wait for brokers that do not answer, as long as it takes: whoever reads is
//! a loop that could do nothing better. An append does not: whoever sent it waits for an answer.

// What can be configured, and what topics must be like.
mod config;
mod rules;
mod security;
mod topics;

// What librdkafka says, and how long brokers are waited for.
mod context;
mod metrics;
mod patience;
mod refusal;

// Who writes, who reads, who remembers, who works on what.
mod membership;
mod offsets;
mod producer;
mod quorum;
mod reader;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::try_join_all;

use crate::append_rules::check_append;
use crate::cause::{DamagedRecord, OffsetBeyondEnd, UnavailableLog, UnknownPartition};
use crate::error::{
    CompactionError, LogAppendError, LogOpenError, LogReadError, LogSettingsError,
    OffsetCommitError, OffsetReadError, QuorumError,
};
use crate::log::Log;
use crate::membership::GroupMembership;
use crate::topic::{CompactionResult, NewRecord, RecordBatch, Topic};
use offsets::CommittedOffsets;
use patience::{BrokerFailure, wait_for_brokers};
use producer::RecordProducer;
use quorum::ClusterState;
use reader::{CursorPool, ReadPlace, ReadRequest};
use refusal::unreachable;

pub use config::KafkaConfig;
pub use metrics::describe as describe_metrics;
pub use security::{HAS_TLS, KafkaSasl, KafkaSecurity, KafkaTls, ScramHash};
pub use topics::create as create_topics;
#[cfg(feature = "test-util")]
pub(crate) use topics::create_with;

/// The log on Kafka. Dropped, it sends what waits, if the brokers take it.
pub(crate) struct KafkaLog {
    config: Arc<KafkaConfig>,
    partitions: u32,
    producer: RecordProducer,
    readers: CursorPool,
    offsets: CommittedOffsets,
    /// By the settings of the topics when the log was opened.
    erased_within: Duration,
    /// How many brokers there were when they last answered.
    brokers: AtomicUsize,
}

impl KafkaLog {
    /// Opens the log, whose topics must be there and safe.
    pub(crate) async fn open(config: KafkaConfig, partitions: u32) -> Result<Self, LogOpenError> {
        config.check()?;
        let erased_within = topics::check(&config, partitions).await?;
        let config = Arc::new(config);
        Ok(Self {
            producer: RecordProducer::new(config.clone())?,
            readers: CursorPool::new(config.clone()),
            offsets: CommittedOffsets::new(config.clone())?,
            config,
            partitions,
            erased_within,
            brokers: AtomicUsize::new(0),
        })
    }

    fn check_partition(&self, topic: Topic, partition: u32) -> Result<(), UnknownPartition> {
        if partition < self.partitions(topic) {
            Ok(())
        } else {
            Err(UnknownPartition { topic, partition })
        }
    }

    /// First and next offset of a partition, asked once.
    async fn range(&self, topic: Topic, partition: u32) -> Result<(u64, u64), BrokerFailure> {
        let range = self.offsets.range(topic, partition).await;
        range.map_err(|error| BrokerFailure::of("find the end of the log", error))
    }

    /// One attempt at a read: asks where the partition ends, then reads what must be there or waits
    /// for what may come. `waited` says whether an earlier attempt has waited at the end.
    async fn read_once(
        &self,
        place: ReadPlace,
        want: ReadRequest,
        waited: &AtomicBool,
    ) -> Result<RecordBatch, BrokerFailure<LogReadError>> {
        let (topic, partition) = place;
        let ReadRequest { from, wait, .. } = want;
        let range = self.range(topic, partition).await;
        let (low, end) = range.map_err(BrokerFailure::widen)?;
        if from > end {
            let offset = from;
            let beyond = OffsetBeyondEnd {
                topic,
                partition,
                offset,
                end,
            };
            return Err(BrokerFailure::Lasting(beyond.into()));
        }
        let start = self.start_of(topic, partition, from, low);
        let start = start.map_err(|damage| BrokerFailure::Lasting(damage.into()))?;
        let is_at_end = start == end;
        if is_at_end && (waited.load(Ordering::Relaxed) || wait.is_zero() || start > from) {
            let records = Vec::new();
            return Ok(RecordBatch { records, next: end });
        }
        waited.store(is_at_end, Ordering::Relaxed);
        // Before the end there is something, and it comes.
        let wait = if is_at_end {
            wait
        } else {
            self.config.request_timeout
        };
        let cursor = self.readers.any(place);
        let cursor = cursor.map_err(|error| BrokerFailure::Lasting(error.into()))?;
        let request = ReadRequest {
            from: start,
            wait,
            ..want
        };
        // Whatever stopped the cursor, the next one starts anew.
        let again = |why| BrokerFailure::Passing(why);
        let read = cursor.read(request).await;
        let batch = read.map_err(|error| again(UnavailableLog::because("read log", error)))?;
        if batch.records.is_empty() && !is_at_end {
            return Err(again(UnavailableLog::because("read log", "nothing came")));
        }
        Ok(batch)
    }

    /// What lies before the log's start was erased where records have an age limit; elsewhere
    /// somebody has deleted it.
    fn start_of(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        low: u64,
    ) -> Result<u64, DamagedRecord> {
        if from >= low || topic == Topic::DeadLetter {
            return Ok(from.max(low));
        }
        Err(DamagedRecord {
            topic,
            partition,
            offset: from,
            what: "the records before the log's present start were deleted",
        })
    }
}

#[async_trait]
impl Log for KafkaLog {
    fn partitions(&self, topic: Topic) -> u32 {
        if topic.is_partitioned() {
            self.partitions
        } else {
            1
        }
    }

    /// All records go to one partition in this order; they may arrive in several batches.
    async fn append_all(
        &self,
        topic: Topic,
        partition: u32,
        records: Vec<NewRecord>,
    ) -> Result<Vec<u64>, LogAppendError> {
        self.check_partition(topic, partition)?;
        check_append(topic, &records)?;
        let name = self.config.topic_name(topic);
        let mut reports = Vec::with_capacity(records.len());
        for record in &records {
            reports.push(self.producer.send(&name, partition, record)?);
        }
        match tokio::time::timeout(self.config.delivery_timeout, try_join_all(reports)).await {
            Ok(reported) => reported,
            Err(_) => Err(LogAppendError::Unknown),
        }
    }

    async fn read(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<RecordBatch, LogReadError> {
        self.check_partition(topic, partition)?;
        let place = (topic, partition);
        let want = ReadRequest {
            from,
            max_bytes,
            wait,
        };
        // Who reads on from where it stopped is asked first: mostly there is something.
        let waited = AtomicBool::new(false);
        if let Some(cursor) = self.readers.standing_at(place, from) {
            let batch = cursor.read(want).await;
            if let Ok(batch) = batch
                && !batch.records.is_empty()
            {
                return Ok(batch);
            }
            waited.store(true, Ordering::Relaxed);
        }
        wait_for_brokers(|| self.read_once(place, want, &waited)).await
    }

    async fn end(&self, topic: Topic, partition: u32) -> Result<u64, OffsetReadError> {
        self.check_partition(topic, partition)?;
        let (_, end) = wait_for_brokers(|| self.range(topic, partition)).await?;
        Ok(end)
    }

    async fn committed(
        &self,
        group: &str,
        topic: Topic,
        partition: u32,
    ) -> Result<Option<u64>, OffsetReadError> {
        self.check_partition(topic, partition)?;
        let committed = || async {
            let found = self.offsets.committed(group, topic, partition).await;
            found.map_err(|error| BrokerFailure::of("read committed offset", error))
        };
        Ok(wait_for_brokers(committed).await?)
    }

    async fn commit(
        &self,
        group: &str,
        topic: Topic,
        partition: u32,
        next: u64,
    ) -> Result<(), OffsetCommitError> {
        let end = self.end(topic, partition).await?;
        if next > end {
            let offset = next;
            let beyond = OffsetBeyondEnd {
                topic,
                partition,
                offset,
                end,
            };
            return Err(beyond.into());
        }
        let commit = || async {
            let done = self.offsets.commit(group, topic, partition, next).await;
            done.map_err(|error| BrokerFailure::of("commit offset", error))
        };
        Ok(wait_for_brokers(commit).await?)
    }

    fn join(&self, group: &str) -> Result<GroupMembership, UnavailableLog> {
        membership::join(&self.config, group)
    }

    /// Nothing to be asked for: the brokers compact in their own time, at the latest
    /// `max.compaction.lag.ms` after a segment is full or `segment.ms` old.
    async fn compact(&self) -> Result<CompactionResult, CompactionError> {
        Ok(CompactionResult { erased: 0 })
    }

    fn erased_within(&self) -> Duration {
        self.erased_within
    }

    /// Also each leader is asked: what brokers say of one another may be old where most are away.
    async fn check_quorum(&self) -> Result<(), QuorumError> {
        let away = |error| unreachable(&self.config, error);
        let asked = async {
            let metadata = self.offsets.metadata().await.map_err(away)?;
            let state = ClusterState::of(&metadata, &self.config)?;
            self.brokers.store(state.known(), Ordering::Relaxed);
            metrics::brokers(state.up(), state.known());
            state.check(self.config.replication)?;
            for partition in 0..self.partitions {
                let range = self.offsets.range(Topic::Events, partition).await;
                range.map_err(away)?;
            }
            Ok(())
        };
        let checked = asked.await;
        if let Err(QuorumError::Unreachable(_)) = &checked {
            metrics::brokers(0, self.brokers.load(Ordering::Relaxed));
        }
        checked
    }

    async fn check_settings(&self) -> Result<(), LogSettingsError> {
        let checked = topics::check(&self.config, self.partitions).await;
        match &checked {
            Ok(_) => metrics::unsafe_settings(0),
            Err(LogSettingsError::Unsafe(settings)) => metrics::unsafe_settings(settings.0.len()),
            Err(LogSettingsError::NoTopics(missing)) => {
                metrics::unsafe_settings(missing.topics.len());
            }
            Err(LogSettingsError::Partitions(_)) => metrics::unsafe_settings(1),
            Err(LogSettingsError::Client(_) | LogSettingsError::Unreachable(_)) => {}
        }
        checked.map(drop)
    }

    /// A segment is closed by a record that comes when it is old enough; a tombstone that names
    /// nothing is such a record, and is soon gone itself.
    async fn roll(&self, topic: Topic, partition: u32) -> Result<(), LogAppendError> {
        let nobody = NewRecord::tombstone(nobody_key());
        self.append(topic, partition, nobody).await.map(|_| ())
    }
}

/// A key that no record has: 32 bytes as keys of events have, of which the last 16 are random.
fn nobody_key() -> Vec<u8> {
    let nonce: [u8; 16] = rand::random();
    [[0; 16], nonce].concat()
}

#[cfg(test)]
mod tests;
