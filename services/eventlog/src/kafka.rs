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

// What librdkafka says.
mod context;
mod metrics;

// Who writes, who reads, who remembers, who works on what.
mod membership;
mod offsets;
mod producer;
mod quorum;
mod reader;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::try_join_all;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::{CompactionResult, Error, GroupMembership, Log, NewRecord, RecordBatch, Topic, topic};
use offsets::CommittedOffsets;
use producer::RecordProducer;
use quorum::ClusterState;
use reader::{CursorPool, ReadRequest};

pub use config::KafkaConfig;
pub use metrics::describe as describe_metrics;
pub use security::{HAS_TLS, KafkaSasl, KafkaSecurity, KafkaTls, ScramHash};
pub use topics::create as create_topics;
#[cfg(feature = "test-util")]
pub(crate) use topics::create_with;

/// How long to wait before brokers that did not answer are asked again.
const PAUSE: Duration = Duration::from_millis(200);
/// How many failed attempts are told once.
const TOLD: u32 = 25;

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
    pub(crate) async fn open(config: KafkaConfig, partitions: u32) -> Result<Self, Error> {
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

    fn check_partition(&self, topic: Topic, partition: u32) -> Result<(), Error> {
        if partition < self.partitions(topic) {
            Ok(())
        } else {
            Err(Error::NoPartition { topic, partition })
        }
    }

    /// First and next offset of a partition.
    async fn range(&self, topic: Topic, partition: u32) -> Result<(u64, u64), Error> {
        patiently("find the end of the log", || {
            self.offsets.range(topic, partition)
        })
        .await
    }

    /// What lies before the log's start was erased where records have an age limit; elsewhere
    /// somebody has deleted it.
    fn start_of(&self, topic: Topic, partition: u32, from: u64, low: u64) -> Result<u64, Error> {
        if from >= low || topic == Topic::DeadLetter {
            return Ok(from.max(low));
        }
        Err(Error::Corrupt {
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
    ) -> Result<Vec<u64>, Error> {
        self.check_partition(topic, partition)?;
        topic::check(topic, &records)?;
        let name = self.config.topic_name(topic);
        let mut reports = Vec::with_capacity(records.len());
        for record in &records {
            reports.push(self.producer.send(&name, partition, record)?);
        }
        match tokio::time::timeout(self.config.delivery_timeout, try_join_all(reports)).await {
            Ok(reported) => reported,
            Err(_) => Err(Error::Unknown),
        }
    }

    async fn read(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<RecordBatch, Error> {
        self.check_partition(topic, partition)?;
        let place = (topic, partition);
        let want = |from, wait| ReadRequest {
            from,
            max_bytes,
            wait,
        };
        // Who reads on from where it stopped is asked first: mostly there is something.
        let mut waited = false;
        if let Some(cursor) = self.readers.standing_at(place, from) {
            let batch = cursor.read(want(from, wait)).await;
            if let Ok(batch) = batch
                && !batch.records.is_empty()
            {
                return Ok(batch);
            }
            waited = true;
        }
        let mut attempt = 0;
        loop {
            let (low, end) = self.range(topic, partition).await?;
            if from > end {
                let offset = from;
                return Err(Error::BeyondEnd {
                    topic,
                    partition,
                    offset,
                    end,
                });
            }
            let start = self.start_of(topic, partition, from, low)?;
            if start == end && (waited || wait.is_zero() || start > from) {
                let records = Vec::new();
                return Ok(RecordBatch { records, next: end });
            }
            // Before the end there is something, and it comes.
            let patience = if start == end {
                wait
            } else {
                self.config.request_timeout
            };
            waited = start == end;
            let read = self.readers.any(place)?.read(want(start, patience)).await;
            match read {
                Ok(batch) if waited || !batch.records.is_empty() => return Ok(batch),
                Ok(_) => tell(&mut attempt, "read log", "nothing came"),
                Err(error) => tell(&mut attempt, "read log", &error.to_string()),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn end(&self, topic: Topic, partition: u32) -> Result<u64, Error> {
        self.check_partition(topic, partition)?;
        Ok(self.range(topic, partition).await?.1)
    }

    async fn committed(
        &self,
        group: &str,
        topic: Topic,
        partition: u32,
    ) -> Result<Option<u64>, Error> {
        self.check_partition(topic, partition)?;
        patiently("read committed offset", || {
            self.offsets.committed(group, topic, partition)
        })
        .await
    }

    async fn commit(
        &self,
        group: &str,
        topic: Topic,
        partition: u32,
        next: u64,
    ) -> Result<(), Error> {
        let end = self.end(topic, partition).await?;
        if next > end {
            return Err(Error::BeyondEnd {
                topic,
                partition,
                offset: next,
                end,
            });
        }
        patiently("commit offset", || {
            self.offsets.commit(group, topic, partition, next)
        })
        .await
    }

    fn join(&self, group: &str) -> Result<GroupMembership, Error> {
        membership::join(&self.config, group)
    }

    /// Nothing to be asked for: the brokers compact in their own time, at the latest
    /// `max.compaction.lag.ms` after a segment is full or `segment.ms` old.
    async fn compact(&self) -> Result<CompactionResult, Error> {
        Ok(CompactionResult { erased: 0 })
    }

    fn erased_within(&self) -> Duration {
        self.erased_within
    }

    /// Also each leader is asked: what brokers say of one another may be old where most are away.
    async fn check_quorum(&self) -> Result<(), Error> {
        let away = |error| topics::unreachable(&self.config, error);
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
        if let Err(Error::Unreachable { .. }) = &checked {
            metrics::brokers(0, self.brokers.load(Ordering::Relaxed));
        }
        checked
    }

    async fn check_settings(&self) -> Result<(), Error> {
        let checked = topics::check(&self.config, self.partitions).await;
        match &checked {
            Ok(_) => metrics::unsafe_settings(0),
            Err(Error::Unsafe(settings)) => metrics::unsafe_settings(settings.len()),
            Err(Error::NoTopics { topics }) => metrics::unsafe_settings(topics.len()),
            Err(Error::Partitions { .. }) => metrics::unsafe_settings(1),
            Err(_) => {}
        }
        checked.map(drop)
    }

    /// A segment is closed by a record that comes when it is old enough; a tombstone that names
    /// nothing is such a record, and is soon gone itself.
    async fn roll(&self, topic: Topic, partition: u32) -> Result<(), Error> {
        let nobody = NewRecord::tombstone(nobody_key());
        self.append(topic, partition, nobody).await.map(|_| ())
    }
}

/// A key that no record has: 32 bytes as keys of events have, of which the last 16 are random.
fn nobody_key() -> Vec<u8> {
    let nonce: [u8; 16] = rand::random();
    [[0; 16], nonce].concat()
}

/// Repeats until the brokers answer. Says so once in a while. Safe to drop at any moment.
async fn patiently<T, F>(action: &'static str, mut ask: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, KafkaError>>,
{
    let mut attempt = 0;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) if is_for_good(&error) => return Err(Error::unavailable(action, error)),
            Err(error) => tell(&mut attempt, action, &error.to_string()),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn tell(attempt: &mut u32, action: &'static str, why: &str) {
    if *attempt % TOLD == 1 {
        tracing::warn!(action, why, "the log does not answer; trying on");
    }
    *attempt += 1;
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
mod tests;
