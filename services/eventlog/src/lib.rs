//! The log: the one place where anything that was acknowledged is kept.
//!
//! Comes in: records for four topics. Goes out: the same records, in the order of their offsets,
//! to whoever follows. The invariant: an append returns only when the record is durable, offsets
//! of a partition only grow, and what was read once is read again the same, unless it was erased
//! by a tombstone. What the bytes mean is in
//! `medvirk-records`; the log itself looks at keys only.

#![warn(missing_docs)]

// What a log is.
mod error;
mod membership;
mod metrics;
mod retry;
mod topic;
mod walk;

// How it is kept, and what every backend must hold.
#[cfg(feature = "test-util")]
pub mod contract;
mod embedded;
#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "test-util")]
pub mod layer;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use error::{Error, UnsafeSetting};
pub use membership::GroupMembership;
pub use metrics::describe as describe_metrics;
pub use retry::{PassingError, RETRY_PAUSE, repeat_while_passing};
pub use topic::{CompactionResult, DEAD_LETTER_DAYS, NewRecord, RecordBatch, StoredRecord, Topic};
pub use walk::{LogStep, LogWalk};

/// The largest record: key and value together, in bytes. A close of a whole trust fits.
pub const MAX_RECORD_BYTES: usize = 32 * 1024 * 1024;

/// How often [`Log::check_settings`] is to be called.
pub const CHECK_SETTINGS_EVERY: Duration = Duration::from_secs(3_600);

/// How often [`Log::roll`] is to be called for a partition that has tombstones.
pub const ROLL_EVERY: Duration = Duration::from_secs(86_400);

/// A log. Cheap to share; every method may be called from many tasks at once.
#[async_trait]
pub trait Log: Send + Sync + 'static {
    /// How many partitions the topic has; fixed for the life of a deployment.
    fn partitions(&self, topic: Topic) -> u32;

    /// Appends one record and returns its offset. Returns only when the record is durable.
    ///
    /// After [`Error::Unknown`] the record may or may not be stored; after any other error it is
    /// not. Never call it again with the same key: a retry above the log takes a fresh one.
    ///
    /// # Errors
    /// As [`Log::append_all`].
    async fn append(&self, topic: Topic, partition: u32, record: NewRecord) -> Result<u64, Error> {
        let offsets = self.append_all(topic, partition, vec![record]).await?;
        Ok(offsets[0])
    }

    /// Appends records in this order and returns their offsets, which grow but need not be
    /// neighbours. Returns only when all are durable; after an error some may be stored. No
    /// records, no offsets.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Unknown`] and [`Error::Unavailable`], which pass;
    /// [`Error::NoPartition`], [`Error::Keyless`], [`Error::KeptForEver`] and [`Error::TooLarge`]
    /// for what is refused before anything is stored.
    async fn append_all(
        &self,
        topic: Topic,
        partition: u32,
        records: Vec<NewRecord>,
    ) -> Result<Vec<u64>, Error>;

    /// Reads from offset `from` on, about `max_bytes` of keys and values, but at least one record
    /// where there is one. Waits up to `wait` for something new when `from` is the end; an empty
    /// batch with `next == from` says that nothing came. Offsets that are left out were erased: a
    /// batch may be empty although `next` is greater than `from`.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a record is missing or is not what was written;
    /// [`Error::BeyondEnd`], [`Error::NoPartition`], [`Error::Unavailable`].
    #[allow(clippy::too_many_arguments)] // Where, how much, how long: each call names them all.
    async fn read(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<RecordBatch, Error>;

    /// The offset after the last record; 0 where there is none.
    ///
    /// # Errors
    /// [`Error::NoPartition`], [`Error::Unavailable`].
    async fn end(&self, topic: Topic, partition: u32) -> Result<u64, Error>;

    /// Where `group` reads on, as it said in its last [`Log::commit`].
    ///
    /// # Errors
    /// [`Error::NoPartition`], [`Error::Unavailable`].
    async fn committed(
        &self,
        group: &str,
        topic: Topic,
        partition: u32,
    ) -> Result<Option<u64>, Error>;

    /// Remembers that `group` reads on at `next`. May go back.
    ///
    /// # Errors
    /// [`Error::BeyondEnd`] and [`Error::NoPartition`]; [`Error::Full`], [`Error::Unknown`] and
    /// [`Error::Unavailable`], after which repeating it is harmless.
    async fn commit(
        &self,
        group: &str,
        topic: Topic,
        partition: u32,
        next: u64,
    ) -> Result<(), Error>;

    /// Takes a share in the work of `group` on the events. Whoever has the log alone has all of it.
    ///
    /// # Errors
    /// When the log's client cannot be started.
    fn join(&self, group: &str) -> Result<GroupMembership, Error> {
        let _ = group;
        Ok(GroupMembership::alone(self.partitions(Topic::Events)))
    }

    /// Erases now what tombstones name, as far as the backend can be asked to. The embedded log
    /// does it by itself too, within a second of the tombstone; on return no erased byte is left
    /// in its files. Kafka does it in its own time and answers with nothing erased.
    ///
    /// # Errors
    /// [`Error::Full`] and [`Error::Unavailable`]; what is left is erased later.
    async fn compact(&self) -> Result<CompactionResult, Error>;

    /// How long after its tombstone a record may still be in the files of the log, where
    /// [`Log::roll`] is called every [`ROLL_EVERY`]. Zero where nothing is left once
    /// [`Log::compact`] has returned.
    fn erased_within(&self) -> Duration {
        Duration::ZERO
    }

    /// Whether an append would be acknowledged now: of each partition so many copies are up to date
    /// as an acknowledgement takes. Does not wait for brokers.
    ///
    /// # Errors
    /// [`Error::NoQuorum`] or [`Error::Unreachable`] where it would not.
    async fn check_quorum(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Whether the settings on which promises rest are still what they were when the log was opened:
    /// somebody may have changed them since. Does not wait for brokers.
    ///
    /// # Errors
    /// [`Error::Unsafe`] with each setting that is not safe, [`Error::NoTopics`] and
    /// [`Error::Partitions`] where topics were deleted or changed, [`Error::Unreachable`] where nobody
    /// says.
    async fn check_settings(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Makes sure that what tombstones name in the partition can be erased although nobody writes
    /// there any more. Nothing to do where erasing waits for nobody.
    ///
    /// # Errors
    /// Those of an append; repeating it is harmless.
    async fn roll(&self, topic: Topic, partition: u32) -> Result<(), Error> {
        let _ = (topic, partition);
        Ok(())
    }
}

/// Opens the log at `url`: `file:DIR` is the embedded one, which is created where there is none;
/// `kafka://HOST:PORT[,HOST:PORT…][/PREFIX][?replication=N]` is Kafka, whose topics must be there.
/// `partitions` must be what it was created with.
///
/// # Errors
/// [`Error::Url`] for an address of neither. Of a folder: [`Error::Locked`],
/// [`Error::Partitions`], [`Error::Format`], [`Error::Corrupt`], [`Error::Unavailable`]. Of Kafka: as
/// `open_kafka`.
pub async fn open(url: &str, partitions: u32) -> Result<Arc<dyn Log>, Error> {
    match url.split_once(':') {
        Some(("file", dir)) if !dir.is_empty() => {
            let dir = std::path::PathBuf::from(dir);
            Ok(Arc::new(
                embedded::EmbeddedLog::open(dir, partitions).await?,
            ))
        }
        #[cfg(feature = "kafka")]
        Some(("kafka", _)) => open_kafka(kafka::KafkaConfig::from_url(url)?, partitions).await,
        _ => Err(Error::Url),
    }
}

/// Opens the log on Kafka, whose topics must be there and safe.
///
/// # Errors
/// [`Error::Unreachable`], [`Error::NoTopics`], [`Error::Unsafe`], [`Error::Partitions`],
/// [`Error::Setting`].
#[cfg(feature = "kafka")]
pub async fn open_kafka(
    config: kafka::KafkaConfig,
    partitions: u32,
) -> Result<Arc<dyn Log>, Error> {
    Ok(Arc::new(kafka::KafkaLog::open(config, partitions).await?))
}

/// Reads every record of every topic once and returns how many there are. Each read checks
/// checksums and offsets, so this finds damage that nobody has met yet. To go on behind damage,
/// take the steps of a [`LogWalk`].
pub async fn verify(log: &dyn Log) -> Result<u64, Error> {
    let mut records = 0;
    for topic in Topic::ALL {
        for partition in 0..log.partitions(topic) {
            let mut walk = LogWalk::whole(log, topic, partition).await?;
            while let Some(batch) = walk.batch().await? {
                records += batch.records.len() as u64;
            }
        }
    }
    Ok(records)
}
