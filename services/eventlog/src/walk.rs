//! Reading a range of a partition to its end. Comes in: a partition and a range of offsets. Goes
//! out: its records in order. Whoever must have every record takes [`LogWalk::batch`], which stops
//! at damage; whoever must go on behind damage takes [`LogWalk::step`], which names the places that
//! cannot be read. The invariant: damage in one place hides no other record, and a walk ends where
//! it was told to, however much is appended meanwhile.

use std::ops::{Deref, Range};
use std::sync::Arc;
use std::time::Duration;

use crate::cause::DamagedRecord;
use crate::error::{LogReadError, LogStepError, OffsetReadError};
use crate::log::Log;
use crate::topic::{RecordBatch, Topic};

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 4 << 20;

/// A walk through one partition of a topic, on a log that it shares or borrows.
pub struct LogWalk<L = Arc<dyn Log>> {
    log: L,
    topic: Topic,
    partition: u32,
    left: Range<u64>,
    /// Up to here one record at a time, because a read together with what is damaged fails.
    careful_until: u64,
}

/// A step of a [`LogWalk`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogStep {
    /// Records that could be read, and how many offsets between them were erased.
    Records {
        /// In the order of their offsets; `next` is where the next step begins.
        batch: RecordBatch,
        /// Offsets of this step that hold nothing any more.
        erased: u64,
    },
    /// One that could not.
    Damaged {
        /// The offset in the partition.
        offset: u64,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl<L: Deref<Target: Log>> LogWalk<L> {
    /// Through what the partition holds now, from its beginning on.
    ///
    /// # Errors
    /// As [`Log::end`].
    pub async fn whole(log: L, topic: Topic, partition: u32) -> Result<Self, OffsetReadError> {
        let end = log.end(topic, partition).await?;
        Ok(Self::through(log, topic, partition, 0..end))
    }

    /// Through these offsets, which must be there.
    pub fn through(log: L, topic: Topic, partition: u32, range: Range<u64>) -> Self {
        Self {
            log,
            topic,
            partition,
            careful_until: range.start,
            left: range,
        }
    }

    /// Where the walk ends.
    pub fn end(&self) -> u64 {
        self.left.end
    }

    /// Some records, or one place that is damaged; none at the end.
    ///
    /// # Errors
    /// As [`Log::read`], but for damage.
    pub async fn step(&mut self) -> Result<Option<LogStep>, LogStepError> {
        while !self.left.is_empty() {
            let from = self.left.start;
            let careful = from < self.careful_until;
            let bytes = if careful { 1 } else { READ_BYTES };
            let read = self
                .log
                .read(self.topic, self.partition, from, bytes, Duration::ZERO);
            match read.await {
                Ok(batch) => {
                    let admitted = self.admit(batch);
                    return Ok(admitted.map(|batch| LogStep::of(batch, from)));
                }
                Err(LogReadError::Damaged(damage)) if damage.offset > from && !careful => {
                    self.careful_until = damage.offset;
                }
                Err(LogReadError::Damaged(DamagedRecord { what, .. })) => {
                    self.left.start += 1;
                    return Ok(Some(LogStep::Damaged { offset: from, what }));
                }
                Err(LogReadError::NoPartition(error)) => return Err(error.into()),
                Err(LogReadError::BeyondEnd(error)) => return Err(error.into()),
                Err(LogReadError::Unavailable(error)) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// The next records; none at the end. Damage ends the walk.
    ///
    /// # Errors
    /// As [`Log::read`].
    pub async fn batch(&mut self) -> Result<Option<RecordBatch>, LogReadError> {
        if self.left.is_empty() {
            return Ok(None);
        }
        let (topic, partition, from) = (self.topic, self.partition, self.left.start);
        let read = self
            .log
            .read(topic, partition, from, READ_BYTES, Duration::ZERO);
        let batch = read.await?;
        Ok(self.admit(batch))
    }

    /// What was read, as far as the walk goes.
    fn admit(&mut self, mut batch: RecordBatch) -> Option<RecordBatch> {
        let from = self.left.start;
        batch.next = batch.next.min(self.left.end);
        batch.records.retain(|stored| stored.offset < batch.next);
        self.left.start = batch.next;
        if batch.next == from {
            // A log that gives nothing where there must be something has ended.
            self.left.start = self.left.end;
            return None;
        }
        Some(batch)
    }
}

impl LogStep {
    fn of(batch: RecordBatch, from: u64) -> Self {
        let erased = batch.next - from - batch.records.len() as u64;
        Self::Records { batch, erased }
    }
}

/// Reads every record of every topic once and returns how many there are. Each read checks
/// checksums and offsets, so this finds damage that nobody has met yet. To go on behind damage,
/// take the steps of a [`LogWalk`].
///
/// # Errors
/// As [`Log::read`].
pub async fn verify(log: &dyn Log) -> Result<u64, LogReadError> {
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
