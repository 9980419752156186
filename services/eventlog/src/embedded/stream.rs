//! Streams: one per topic and partition, each a table of its own.
//!
//! A table of its own is more than order. SQLite leaves stale copies of cells in the unused part
//! of a page when it splits or merges pages, and `secure_delete` does not overwrite them. A table
//! that only grows at its end never splits a page that holds records, so a record lies in one
//! place, and to overwrite it there is to erase it.

use std::time::Duration;

use tokio::sync::watch;

use crate::cause::{DamagedRecord, UnavailableLog, UnknownPartition};
use crate::topic::Topic;

/// The most partitions that a deployment may have.
const MAX_PARTITIONS: u32 = 1_024;

/// Index of a stream within [`LogStreams`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StreamId(pub(super) usize);

/// One partition of one topic.
pub(super) struct LogStream {
    pub(super) topic: Topic,
    pub(super) partition: u32,
    /// Its number in the tables `next_offset`, `pending_tombstone` and `committed`, and in
    /// checksums. Never changes.
    pub(super) number: i64,
    /// The table that holds its records.
    pub(super) table: String,
    pub(super) insert: String,
    pub(super) select: String,
}

impl LogStream {
    fn new(topic: Topic, partition: u32) -> Self {
        let (name, number) = match topic {
            Topic::Events => ("events", 0),
            Topic::Ledger => ("ledger", 1),
            Topic::DeadLetter => ("dead_letter", 2),
            Topic::Catalogue => ("catalogue", 3),
        };
        let table = format!("{name}_{partition}");
        Self {
            topic,
            partition,
            number: number << 32 | i64::from(partition),
            insert: format!("INSERT INTO {table} (record_offset, record) VALUES (?1, ?2)"),
            select: format!(
                "SELECT record_offset, record FROM {table} \
                 WHERE record_offset >= ?1 AND record_offset < ?2 ORDER BY record_offset"
            ),
            table,
        }
    }

    /// What to say when a record is missing or wrong.
    pub(super) fn damaged(&self, offset: u64, what: &'static str) -> DamagedRecord {
        DamagedRecord {
            topic: self.topic,
            partition: self.partition,
            offset,
            what,
        }
    }
}

/// All streams of a log.
pub(super) struct LogStreams {
    partitions: u32,
    all: Vec<LogStream>,
}

impl LogStreams {
    pub(super) fn new(partitions: u32) -> Result<Self, UnavailableLog> {
        if !(1..=MAX_PARTITIONS).contains(&partitions) {
            let action = "open log: partitions must be 1 to 1024";
            return Err(UnavailableLog::attempting(action));
        }
        let mut all = Vec::new();
        for topic in Topic::ALL {
            let count = if topic.is_partitioned() {
                partitions
            } else {
                1
            };
            all.extend((0..count).map(|partition| LogStream::new(topic, partition)));
        }
        Ok(Self { partitions, all })
    }

    pub(super) fn partitions(&self, topic: Topic) -> u32 {
        if topic.is_partitioned() {
            self.partitions
        } else {
            1
        }
    }

    pub(super) fn find(&self, topic: Topic, partition: u32) -> Result<StreamId, UnknownPartition> {
        let found = self
            .all
            .iter()
            .position(|stream| stream.topic == topic && stream.partition == partition);
        found
            .map(StreamId)
            .ok_or(UnknownPartition { topic, partition })
    }

    pub(super) fn get(&self, id: StreamId) -> &LogStream {
        &self.all[id.0]
    }

    /// The stream of that number.
    pub(super) fn numbered(&self, number: i64) -> Option<StreamId> {
        let found = self.all.iter().position(|stream| stream.number == number);
        found.map(StreamId)
    }

    pub(super) fn all(&self) -> &[LogStream] {
        &self.all
    }
}

/// The offset after the last durable record of each stream; readers wait on it.
pub(super) struct StreamEnds(Vec<watch::Sender<u64>>);

impl StreamEnds {
    pub(super) fn new(next: &[u64]) -> Self {
        Self(next.iter().map(|next| watch::Sender::new(*next)).collect())
    }

    pub(super) fn of(&self, stream: StreamId) -> u64 {
        *self.0[stream.0].borrow()
    }

    /// Says that all below `next` is durable, and wakes who waits for it.
    pub(super) fn advance(&self, next: &[u64]) {
        for (end, next) in self.0.iter().zip(next) {
            end.send_if_modified(|end| {
                let grown = *end != *next;
                *end = *next;
                grown
            });
        }
    }

    /// Waits until the end is beyond `offset`, at most for `wait`.
    pub(super) async fn wait_beyond(
        &self,
        stream: StreamId,
        offset: u64,
        wait: Duration,
    ) -> Option<u64> {
        let mut end = self.0[stream.0].subscribe();
        let grown = end.wait_for(|end| *end > offset);
        let grown = tokio::time::timeout(wait, grown).await.ok()?;
        grown.ok().map(|end| *end)
    }
}
