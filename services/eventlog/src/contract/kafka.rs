//! The sandbox of the Kafka backend: topics of its own on a broker that others use too.

use std::time::Duration;

use async_trait::async_trait;

use super::sandbox::{LogSandbox, PARTITIONS};
use crate::kafka::{KafkaConfig, create_with};
use crate::{Log, NewRecord, Topic, TopicCreationError};

/// So that a tombstone takes effect while a test waits for it. Files stay for their usual minute:
/// with `file.delete.delay.ms` at 0 a broker now and then flushes a file that it has just closed,
/// takes its disk for broken, and ends.
const QUICK: [(&str, &str); 3] = [
    ("segment.ms", "50"),
    ("max.compaction.lag.ms", "50"),
    ("min.cleanable.dirty.ratio", "0.001"),
];

/// The same where the bytes are looked for: as they are, and gone from the disk soon.
pub const SOON_GONE: [(&str, &str); 5] = [
    ("segment.ms", "50"),
    ("max.compaction.lag.ms", "50"),
    ("min.cleanable.dirty.ratio", "0.001"),
    ("compression.type", "uncompressed"),
    ("file.delete.delay.ms", "5000"),
];

/// A fresh log on Kafka.
pub struct KafkaSandbox {
    url: String,
    config: KafkaConfig,
}

impl KafkaSandbox {
    /// An empty one on these brokers, `HOST:PORT` with commas between them. With less than three,
    /// each record is on one.
    pub async fn fresh(brokers: &str) -> Self {
        let sandbox = Self::without_topics(brokers);
        let created = sandbox.create(&QUICK).await;
        created.expect("the topics are created");
        sandbox
    }

    /// One whose topics are not created yet.
    pub fn without_topics(brokers: &str) -> Self {
        let replication = if brokers.matches(',').count() < 2 {
            1
        } else {
            3
        };
        let prefix = format!("t{:016x}.", rand::random::<u64>());
        let url = format!("kafka://{brokers}/{prefix}?replication={replication}");
        let config = KafkaConfig::from_url(&url).expect("the address is one");
        Self { url, config }
    }

    /// Creates the topics, the compacted ones with these settings.
    pub async fn create(
        &self,
        of_compacted: &[(&str, &str)],
    ) -> Result<Vec<Topic>, TopicCreationError> {
        let patient = KafkaConfig {
            // Many tests start at once on a machine with few cores.
            request_timeout: Duration::from_secs(60),
            ..self.config.clone()
        };
        create_with(&patient, PARTITIONS, of_compacted).await
    }

    /// How it is reached, to be changed and given to [`crate::open_kafka`].
    pub fn config(&self) -> KafkaConfig {
        self.config.clone()
    }
}

#[async_trait]
impl LogSandbox for KafkaSandbox {
    fn url(&self) -> String {
        self.url.clone()
    }

    /// A segment is compacted when it is full or old and something comes after it: another
    /// tombstone, which is no value.
    async fn settle(&self, log: &dyn Log) {
        for partition in 0..PARTITIONS {
            let nobody = NewRecord::tombstone(b"nobody".to_vec());
            let appended = log.append(Topic::Events, partition, nobody).await;
            appended.expect("a tombstone is appended");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
