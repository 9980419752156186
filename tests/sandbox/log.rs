//! Looking into the log of a system that has stopped.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use medvirk_eventlog::{Log, Topic};

use crate::System;

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
        let log = self.log(2).await;
        let mut events = Vec::new();
        for partition in 0..log.partitions(Topic::Events) {
            events.extend(values(log.as_ref(), Topic::Events, partition).await);
        }
        events
    }
}

async fn values(log: &dyn Log, topic: Topic, partition: u32) -> Vec<Vec<u8>> {
    let (mut from, mut values) = (0, Vec::new());
    let end = log.end(topic, partition).await.expect("a readable log");
    while from < end {
        let read = log.read(topic, partition, from, 4 << 20, Duration::ZERO);
        let batch = read.await.expect("a readable log");
        from = batch.next;
        let bodies = batch.records.into_iter().filter_map(|record| record.value);
        values.extend(bodies.map(|body| body.to_vec()));
    }
    values
}
