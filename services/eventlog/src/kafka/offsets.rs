//! Offsets: where a partition ends, and where groups read on. Comes in: a place. Goes out: what
//! the brokers know of it. The invariant: an end is that of all replicas in sync, so a record that
//! was acknowledged before is below it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::config::KafkaConfig;
use super::context::BrokerContext;
use super::refusal::unusable;
use crate::error::ClientStartError;
use crate::topic::Topic;

/// How often a client is looked after: the library's log and errors are taken from it.
const UPKEEP: Duration = Duration::from_millis(100);

/// Asks the brokers for the offsets of partitions.
pub(super) struct CommittedOffsets {
    config: Arc<KafkaConfig>,
    ends: Arc<OffsetQuestion>,
    groups: Mutex<BTreeMap<String, Arc<OffsetQuestion>>>,
}

impl CommittedOffsets {
    pub(super) fn new(config: Arc<KafkaConfig>) -> Result<Self, ClientStartError> {
        let ends = OffsetQuestion::new(&config.asking()).map_err(unusable)?;
        Ok(Self {
            config,
            ends: Arc::new(ends),
            groups: Mutex::default(),
        })
    }

    /// The first offset and the one after the last.
    pub(super) async fn range(
        &self,
        topic: Topic,
        partition: u32,
    ) -> Result<(u64, u64), KafkaError> {
        let (name, timeout) = (self.config.topic_name(topic), self.config.request_timeout);
        let partition = partition.cast_signed();
        let (low, high) = blocking(self.ends.clone(), move |consumer| {
            let asked = consumer.fetch_watermarks(&name, partition, timeout);
            if asked.is_err() {
                // Of a topic that it does not read the library never learns by itself that the
                // partition has another leader now. Whatever comes of it, it is asked again.
                consumer.client().fetch_metadata(None, timeout).ok();
            }
            asked
        })
        .await?;
        Ok((low.max(0).cast_unsigned(), high.max(0).cast_unsigned()))
    }

    /// What the brokers say of themselves and of all topics.
    pub(super) async fn metadata(&self) -> Result<Metadata, KafkaError> {
        let timeout = self.config.request_timeout;
        blocking(self.ends.clone(), move |consumer| {
            consumer.fetch_metadata(None, timeout)
        })
        .await
    }

    /// Where the group reads on.
    pub(super) async fn committed(
        &self,
        group: &str,
        topic: Topic,
        partition: u32,
    ) -> Result<Option<u64>, KafkaError> {
        let asking = self.group(group)?;
        let list = self.list(topic, partition, None)?;
        let timeout = self.config.request_timeout;
        let found = blocking(asking, move |consumer| {
            consumer.committed_offsets(list, timeout)
        })
        .await?;
        let elements = found.elements();
        let element = elements.first().ok_or(KafkaError::NoMessageReceived)?;
        element.error()?;
        Ok(match element.offset() {
            Offset::Offset(next) => Some(next.max(0).cast_unsigned()),
            _ => None,
        })
    }

    /// Remembers where the group reads on.
    pub(super) async fn commit(
        &self,
        group: &str,
        topic: Topic,
        partition: u32,
        next: u64,
    ) -> Result<(), KafkaError> {
        let asking = self.group(group)?;
        let list = self.list(topic, partition, Some(next))?;
        blocking(asking, move |consumer| {
            consumer.commit(&list, CommitMode::Sync)
        })
        .await
    }

    fn list(
        &self,
        topic: Topic,
        partition: u32,
        next: Option<u64>,
    ) -> Result<TopicPartitionList, KafkaError> {
        let mut list = TopicPartitionList::new();
        let (name, partition) = (self.config.topic_name(topic), partition.cast_signed());
        match next {
            Some(next) => {
                let next = Offset::Offset(next.cast_signed());
                list.add_partition_offset(&name, partition, next)?;
            }
            None => {
                list.add_partition(&name, partition);
            }
        }
        Ok(list)
    }

    /// Nobody joins the group: partitions are given out otherwise, and the brokers only remember.
    fn group(&self, group: &str) -> Result<Arc<OffsetQuestion>, KafkaError> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = groups.get(group) {
            return Ok(known.clone());
        }
        let mut config = self.config.asking();
        config.set("group.id", self.config.group_name(group));
        config.set("session.timeout.ms", "10000");
        let made = Arc::new(OffsetQuestion::new(&config)?);
        groups.insert(group.to_owned(), made.clone());
        Ok(made)
    }
}

/// A client that reads nothing, and the thread that looks after it.
struct OffsetQuestion {
    consumer: Arc<BaseConsumer<BrokerContext>>,
    stop: Arc<AtomicBool>,
    upkeep: Option<JoinHandle<()>>,
}

impl OffsetQuestion {
    fn new(config: &ClientConfig) -> Result<Self, KafkaError> {
        let consumer = Arc::new(BaseConsumer::from_config_and_context(
            config,
            BrokerContext,
        )?);
        let stop = Arc::new(AtomicBool::new(false));
        let (looked_after, stopped) = (consumer.clone(), stop.clone());
        let upkeep = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                // It reads nothing, so nothing comes; errors are told where something is asked.
                looked_after.poll(UPKEEP);
            }
        });
        Ok(Self {
            consumer,
            stop,
            upkeep: Some(upkeep),
        })
    }
}

impl Drop for OffsetQuestion {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.upkeep.take().map(JoinHandle::join);
    }
}

/// The library's questions block, each for a bounded time.
async fn blocking<T: Send + 'static>(
    asking: Arc<OffsetQuestion>,
    ask: impl FnOnce(&BaseConsumer<BrokerContext>) -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, KafkaError> {
    let asked = tokio::task::spawn_blocking(move || ask(&asking.consumer)).await;
    asked.unwrap_or(Err(KafkaError::Global(RDKafkaErrorCode::Fail)))
}
