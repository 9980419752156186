use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use medvirk_domain::catalogue::{CatalogueLimits, shipped};
use medvirk_eventlog::layer::{LayeredLog, LogLayer};
use medvirk_eventlog::{Log, LogAppendError, NewRecord, Topic};
use medvirk_records::catalogue::{PlanFollower, activate};
use medvirk_runtime::ManualClock;
use medvirk_store::{DatabaseConnection, IndicatorWriter};

use super::*;
use crate::{Aggregator, AggregatorConfig, CheckpointFolder};

/// A log that once does not know whether it has stored an event.
struct Unsure {
    log: Arc<dyn Log>,
    has_failed: AtomicBool,
}

#[async_trait]
impl LogLayer for Unsure {
    fn below(&self) -> &Arc<dyn Log> {
        &self.log
    }

    async fn append_all(
        &self,
        topic: Topic,
        partition: u32,
        records: Vec<NewRecord>,
    ) -> Result<Vec<u64>, LogAppendError> {
        if topic == Topic::Events && !self.has_failed.swap(true, Ordering::SeqCst) {
            return Err(LogAppendError::Unknown);
        }
        self.log.append_all(topic, partition, records).await
    }
}

/// An aggregator that does not run; the month is due.
async fn due(month: Month, dir: &std::path::Path) -> AggregatorHandle {
    let url = format!("file:{}", dir.display());
    let log: Arc<dyn Log> = Arc::new(LayeredLog(Unsure {
        log: medvirk_eventlog::open(&url, 2).await.unwrap(),
        has_failed: AtomicBool::new(false),
    }));
    let plans = PlanFollower::open(log.clone(), CatalogueLimits::default())
        .await
        .unwrap();
    let files = shipped();
    activate(log.as_ref(), &plans, files, month, None)
        .await
        .unwrap();
    let nowhere = DatabaseConnection {
        url: "http://127.0.0.1:1".to_owned(),
        user: "nobody".to_owned(),
        password: "none".to_owned().into(),
        database: "nothing".to_owned(),
    };
    let deps = AggregatorDependencies {
        log,
        plans,
        writer: Arc::new(IndicatorWriter::new(&nowhere).unwrap()),
        checkpoints: Arc::new(CheckpointFolder::new(dir.join("checkpoints"))),
        clock: Arc::new(ManualClock::at(month.closes_from())),
    };
    let config = AggregatorConfig {
        first_month: month,
        compare_every: Duration::from_secs(60),
    };
    Aggregator::new(config, deps).handle()
}

#[tokio::test]
async fn a_close_that_the_log_does_not_acknowledge_is_broadcast_again() {
    let dir = tempfile::tempdir().unwrap();
    let handle = due("2024-01".parse().unwrap(), dir.path()).await;
    (0..2).for_each(|partition| handle.note(partition, |progress| progress.caught_up = true));
    handle.progress.deal();
    let log = handle.deps.log.clone();
    let everywhere = async {
        for partition in 0..2 {
            let wait = Duration::from_secs(20);
            let read = log.read(Topic::Events, partition, 0, 1, wait).await;
            assert_eq!(read.unwrap().records.len(), 1);
        }
    };
    tokio::select! {
        () = everywhere => {}
        ended = close_when_due(handle, EmptyMonths::Close, StopToken::new()) => panic!("{ended:?}"),
    }
}

/// With the clock paused the scheduler looks at it again and again; a log that is never appended to
/// has nothing to wait for.
#[tokio::test(start_paused = true)]
async fn a_month_without_any_record_stays_open() {
    let dir = tempfile::tempdir().unwrap();
    let handle = due("2024-01".parse().unwrap(), dir.path()).await;
    (0..2).for_each(|partition| handle.note(partition, |progress| progress.caught_up = true));
    handle.progress.deal();
    let log = handle.deps.log.clone();
    let closing = close_when_due(handle, EmptyMonths::StayOpen, StopToken::new());
    let many_looks = tokio::time::timeout(10 * EVERY, closing).await;
    assert!(many_looks.is_err(), "it goes on looking");
    for partition in 0..2 {
        assert_eq!(log.end(Topic::Events, partition).await.unwrap(), 0);
    }
}

#[test]
pub(crate) fn a_month_is_due_five_days_after_its_end() {
    let month = |text: &str| text.parse::<Month>().unwrap();
    let at = |now| last_due(&ManualClock::at(now), month("2024-01"));
    let due = month("2024-03").closes_from();
    assert_eq!(at(due - 1), Some(month("2024-02")));
    assert_eq!(at(due), Some(month("2024-03")));
    assert_eq!(at(month("2024-01").closes_from() - 1), None);
}
