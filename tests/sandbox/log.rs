//! Looking into a log: of a system that has stopped, or of one on Kafka.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use medvirk_eventlog::{Log, NewRecord, StoredRecord, Topic};
use medvirk_records::codec::{self, LedgerRecord};

use crate::System;

/// The first close of each partition and month.
pub type Ledger = BTreeMap<(u32, Month), Close>;

impl System {
    /// The log; only a system that has stopped lets go of it.
    pub async fn log(&self, partitions: u32) -> Arc<dyn Log> {
        let url = format!("file:{}", self.data().join("log").display());
        medvirk_eventlog::open(&url, partitions)
            .await
            .expect("the log of a system that has stopped")
    }

    /// How many records each topic of a log of two partitions has.
    pub async fn log_records(&self) -> BTreeMap<&'static str, usize> {
        let log = self.log(2).await;
        let mut counts = BTreeMap::new();
        for topic in Topic::ALL {
            for partition in 0..log.partitions(topic) {
                let values = values(log.as_ref(), topic, partition).await;
                *counts.entry(topic.name()).or_default() += values.len();
            }
        }
        counts
    }

    /// Everything that a log of two partitions says of events.
    pub async fn log_events(&self) -> Vec<Vec<u8>> {
        events_in(self.log(2).await.as_ref()).await
    }

    /// What the ledger of a log of two partitions says.
    pub async fn ledger(&self) -> Ledger {
        ledger_in(self.log(2).await.as_ref()).await
    }

    /// Gives another system, which was never started, the events and catalogues of this log, and
    /// nothing of its ledger.
    pub async fn copy_log(&self, other: &Self) {
        let (log, copy) = (self.log(2).await, other.log(2).await);
        copy_log(log.as_ref(), copy.as_ref()).await;
    }
}

/// Everything that a log says of events.
pub async fn events_in(log: &dyn Log) -> Vec<Vec<u8>> {
    let mut events = Vec::new();
    for partition in 0..log.partitions(Topic::Events) {
        events.extend(values(log, Topic::Events, partition).await);
    }
    events
}

/// What the ledger of a log says.
///
/// # Panics
/// When it cannot be read.
pub async fn ledger_in(log: &dyn Log) -> Ledger {
    let mut closes = BTreeMap::new();
    for partition in 0..log.partitions(Topic::Ledger) {
        for value in values(log, Topic::Ledger, partition).await {
            let record = codec::decode_ledger(&value).expect("a readable ledger");
            if let LedgerRecord::Close(close) = record {
                closes.entry((partition, close.month)).or_insert(close);
            }
        }
    }
    closes
}

/// How many dead letters a log has.
pub async fn dead_letters_in(log: &dyn Log) -> usize {
    values(log, Topic::DeadLetter, 0).await.len()
}

/// Gives a fresh log of as many partitions the events and catalogues of another, and nothing of its
/// ledger.
///
/// # Panics
/// When a record would get another offset.
pub async fn copy_log(log: &dyn Log, copy: &dyn Log) {
    for topic in [Topic::Catalogue, Topic::Events] {
        for partition in 0..log.partitions(topic) {
            let all = records_in(log, topic, partition).await;
            for some in all.chunks(1_000) {
                let again = some.iter().map(again).collect();
                let appended = copy.append_all(topic, partition, again);
                let offsets = appended.await.expect("a fresh log");
                let same = some.iter().map(|stored| stored.offset).eq(offsets);
                assert!(same, "a log without gaps is copied");
            }
        }
    }
}

fn again(stored: &StoredRecord) -> NewRecord {
    NewRecord {
        key: stored.key.clone(),
        value: stored.value.clone(),
    }
}

async fn values(log: &dyn Log, topic: Topic, partition: u32) -> Vec<Vec<u8>> {
    let records = records_in(log, topic, partition).await;
    records
        .into_iter()
        .filter_map(|record| record.value)
        .collect()
}

/// Every record of one partition of a topic.
///
/// # Panics
/// When it cannot be read.
pub async fn records_in(log: &dyn Log, topic: Topic, partition: u32) -> Vec<StoredRecord> {
    let (mut from, mut records) = (0, Vec::new());
    let end = log.end(topic, partition).await.expect("a readable log");
    while from < end {
        let read = log.read(topic, partition, from, 4 << 20, Duration::ZERO);
        let batch = read.await.expect("a readable log");
        from = batch.next;
        records.extend(batch.records);
    }
    records
}
