//! The sandbox: a fresh log that can be opened again, and how the cases read it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tempfile::TempDir;

use crate::log::Log;
use crate::opening::open;
use crate::topic::{StoredRecord, Topic};

/// How many partitions the logs of the suite have.
pub const PARTITIONS: u32 = 3;
/// Longer than anything takes on a slow machine; a case that needs it has failed.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);

/// A fresh log that can be opened again.
#[async_trait]
pub trait LogSandbox: Send + Sync {
    /// Its address; another process may open it when this one has dropped it.
    fn url(&self) -> String;

    /// Opens it; again, when all handles were dropped.
    async fn open(&self) -> Arc<dyn Log> {
        let opened = open(&self.url(), PARTITIONS).await;
        opened.expect("the log opens")
    }

    /// Brings about that what tombstones name is erased.
    async fn settle(&self, log: &dyn Log) {
        log.compact().await.expect("the log compacts");
    }
}

/// The embedded log in a temporary folder.
pub struct EmbeddedSandbox {
    dir: TempDir,
}

impl EmbeddedSandbox {
    /// A new log that is empty.
    pub fn fresh() -> Self {
        let dir = TempDir::new().expect("a temporary folder can be made");
        Self { dir }
    }

    /// The folder of the log.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }
}

#[async_trait]
impl LogSandbox for EmbeddedSandbox {
    fn url(&self) -> String {
        format!("file:{}", self.dir.path().display())
    }
}

/// Reads a partition from its start to its present end.
pub async fn read_all(log: &dyn Log, topic: Topic, partition: u32) -> Vec<StoredRecord> {
    let end = log.end(topic, partition).await.expect("the end is known");
    let (mut from, mut records) = (0, Vec::new());
    while from < end {
        let batch = log
            .read(topic, partition, from, 100_000, Duration::ZERO)
            .await
            .expect("the log is read");
        assert!(batch.next > from, "a read before the end goes on");
        for record in &batch.records {
            assert!((from..batch.next).contains(&record.offset));
        }
        records.extend(batch.records);
        from = batch.next;
    }
    assert!(records.is_sorted_by(|a, b| a.offset < b.offset));
    records
}
