//! A log that behaves oddly in one way, for tests. Comes in: a log, and what is odd. Goes out: a
//! log. The invariant: what is not said to be odd is as it was below.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::{
    CompactionError, CompactionResult, GroupMembership, Log, LogAppendError, LogReadError,
    LogSettingsError, NewRecord, OffsetCommitError, OffsetReadError, QuorumError, RecordBatch,
    Topic, UnavailableLog,
};

/// Something on top of a log. Every method goes through unless it is written anew.
#[async_trait]
pub trait LogLayer: Send + Sync + 'static {
    /// The log that is below this layer.
    fn below(&self) -> &Arc<dyn Log>;

    /// The same as [`Log::append_all`] of the log.
    async fn append_all(
        &self,
        topic: Topic,
        partition: u32,
        records: Vec<NewRecord>,
    ) -> Result<Vec<u64>, LogAppendError> {
        self.below().append_all(topic, partition, records).await
    }

    /// The same as [`Log::end`] of the log.
    async fn end(&self, topic: Topic, partition: u32) -> Result<u64, OffsetReadError> {
        self.below().end(topic, partition).await
    }

    /// The same as [`Log::join`] of the log.
    fn join(&self, group: &str) -> Result<GroupMembership, UnavailableLog> {
        self.below().join(group)
    }

    /// The same as [`Log::check_quorum`] of the log.
    async fn check_quorum(&self) -> Result<(), QuorumError> {
        self.below().check_quorum().await
    }

    /// The same as [`Log::check_settings`] of the log.
    async fn check_settings(&self) -> Result<(), LogSettingsError> {
        self.below().check_settings().await
    }
}

/// A layer as a log.
pub struct LayeredLog<L>(pub L);

impl<L> Deref for LayeredLog<L> {
    type Target = L;

    fn deref(&self) -> &L {
        &self.0
    }
}

#[async_trait]
impl<L: LogLayer> Log for LayeredLog<L> {
    fn partitions(&self, topic: Topic) -> u32 {
        self.0.below().partitions(topic)
    }

    async fn append_all(
        &self,
        topic: Topic,
        partition: u32,
        records: Vec<NewRecord>,
    ) -> Result<Vec<u64>, LogAppendError> {
        self.0.append_all(topic, partition, records).await
    }

    async fn read(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<RecordBatch, LogReadError> {
        let below = self.0.below();
        below.read(topic, partition, from, max_bytes, wait).await
    }

    async fn check_quorum(&self) -> Result<(), QuorumError> {
        self.0.check_quorum().await
    }

    async fn check_settings(&self) -> Result<(), LogSettingsError> {
        self.0.check_settings().await
    }

    async fn end(&self, topic: Topic, partition: u32) -> Result<u64, OffsetReadError> {
        self.0.end(topic, partition).await
    }

    async fn committed(
        &self,
        group: &str,
        topic: Topic,
        partition: u32,
    ) -> Result<Option<u64>, OffsetReadError> {
        self.0.below().committed(group, topic, partition).await
    }

    async fn commit(
        &self,
        group: &str,
        topic: Topic,
        partition: u32,
        next: u64,
    ) -> Result<(), OffsetCommitError> {
        self.0.below().commit(group, topic, partition, next).await
    }

    fn join(&self, group: &str) -> Result<GroupMembership, UnavailableLog> {
        self.0.join(group)
    }

    async fn compact(&self) -> Result<CompactionResult, CompactionError> {
        self.0.below().compact().await
    }

    fn erased_within(&self) -> Duration {
        self.0.below().erased_within()
    }

    async fn roll(&self, topic: Topic, partition: u32) -> Result<(), LogAppendError> {
        self.0.below().roll(topic, partition).await
    }
}
