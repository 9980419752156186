//! What a log is: the trait that both backends have. Comes in: records, places to read from. Goes
//! out: offsets, batches. The invariant: an append returns only when the record is durable, offsets
//! of a partition only grow, and what was read once is read again the same, unless a tombstone
//! erased it.

use std::time::Duration;

use async_trait::async_trait;

use crate::cause::UnavailableLog;
use crate::error::{
    CompactionError, LogAppendError, LogReadError, LogSettingsError, OffsetCommitError,
    OffsetReadError, QuorumError,
};
use crate::membership::GroupMembership;
use crate::topic::{CompactionResult, NewRecord, RecordBatch, Topic};

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
    /// After [`LogAppendError::Unknown`] the record may or may not be stored; after any other error it is
    /// not. Never call it again with the same key: a retry above the log takes a fresh one.
    ///
    /// # Errors
    /// As [`Log::append_all`].
    async fn append(
        &self,
        topic: Topic,
        partition: u32,
        record: NewRecord,
    ) -> Result<u64, LogAppendError> {
        let offsets = self.append_all(topic, partition, vec![record]).await?;
        Ok(offsets[0])
    }

    /// Appends records in this order and returns their offsets, which grow but need not be
    /// neighbours. Returns only when all are durable; after an error some may be stored. No
    /// records, no offsets.
    ///
    /// # Errors
    /// `Full`, `Unknown` and `Unavailable` pass; whatever else is refused, nothing of it is stored.
    async fn append_all(
        &self,
        topic: Topic,
        partition: u32,
        records: Vec<NewRecord>,
    ) -> Result<Vec<u64>, LogAppendError>;

    /// Reads from offset `from` on, about `max_bytes` of keys and values, but at least one record
    /// where there is one. Waits up to `wait` for something new when `from` is the end; an empty
    /// batch with `next == from` says that nothing came. Offsets that are left out were erased: a
    /// batch may be empty although `next` is greater than `from`.
    ///
    /// # Errors
    /// [`LogReadError::Damaged`] where a record is missing or is not what was written; it is never
    /// left out.
    #[allow(clippy::too_many_arguments)] // Where, how much, how long: each call names them all.
    async fn read(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<RecordBatch, LogReadError>;

    /// The offset after the last record; 0 where there is none.
    ///
    /// # Errors
    /// Where there is no such partition, or where the log does not answer.
    async fn end(&self, topic: Topic, partition: u32) -> Result<u64, OffsetReadError>;

    /// Where `group` reads on, as it said in its last [`Log::commit`].
    ///
    /// # Errors
    /// As [`Log::end`].
    async fn committed(
        &self,
        group: &str,
        topic: Topic,
        partition: u32,
    ) -> Result<Option<u64>, OffsetReadError>;

    /// Remembers that `group` reads on at `next`. May go back.
    ///
    /// # Errors
    /// Refused beyond the end; after every other error repeating it is harmless.
    async fn commit(
        &self,
        group: &str,
        topic: Topic,
        partition: u32,
        next: u64,
    ) -> Result<(), OffsetCommitError>;

    /// Takes a share in the work of `group` on the events. Whoever has the log alone has all of it.
    ///
    /// # Errors
    /// When the log's client cannot be started.
    fn join(&self, group: &str) -> Result<GroupMembership, UnavailableLog> {
        let _ = group;
        Ok(GroupMembership::alone(self.partitions(Topic::Events)))
    }

    /// Erases now what tombstones name, as far as the backend can be asked to. The embedded log
    /// does it by itself too, within a second of the tombstone; on return no erased byte is left
    /// in its files. Kafka does it in its own time and answers with nothing erased.
    ///
    /// # Errors
    /// When the log cannot write now; what is left is erased later.
    async fn compact(&self) -> Result<CompactionResult, CompactionError>;

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
    /// Where it would not, or where nobody says.
    async fn check_quorum(&self) -> Result<(), QuorumError> {
        Ok(())
    }

    /// Whether the settings on which promises rest are still what they were when the log was opened:
    /// somebody may have changed them since. Does not wait for brokers.
    ///
    /// # Errors
    /// Each setting that is not safe, what topics were deleted or changed, or that nobody says.
    async fn check_settings(&self) -> Result<(), LogSettingsError> {
        Ok(())
    }

    /// Makes sure that what tombstones name in the partition can be erased although nobody writes
    /// there any more. Nothing to do where erasing waits for nobody.
    ///
    /// # Errors
    /// Those of an append; repeating it is harmless.
    async fn roll(&self, topic: Topic, partition: u32) -> Result<(), LogAppendError> {
        let _ = (topic, partition);
        Ok(())
    }
}
