//! One aggregator on a log and tables that are odd in one way. Comes in: what is odd. Goes out:
//! that it published a month, or why it stopped.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use medvirk_domain::catalogue::{CatalogueLimits, shipped};
use medvirk_domain::record::ControlRecord;
use medvirk_domain::time::Month;
use medvirk_eventlog::layer::{LayeredLog, LogLayer};
use medvirk_eventlog::{
    GroupMembership, Log, LogAppendError, NewRecord, OffsetReadError, UnavailableLog,
};
use medvirk_records::catalogue::{Plan, PlanFollower, activate, ensure_plan};
use medvirk_records::codec::{encode_control, encode_plan};
use medvirk_records::control;
use medvirk_records::ledger::LedgerView;
use medvirk_runtime::ManualClock;

use super::*;
use crate::publisher::tests::Odd;

/// A log whose ledger behaves oddly.
pub(crate) struct OddLedger {
    log: Arc<dyn Log>,
    /// What somebody else appends just before us; without one nothing can be appended.
    theirs: Option<Vec<u8>>,
}

impl OddLedger {
    pub(crate) fn first_has(log: Arc<dyn Log>, theirs: Vec<u8>) -> Arc<dyn Log> {
        let theirs = Some(theirs);
        Arc::new(LayeredLog(Self { log, theirs }))
    }
}

#[async_trait]
impl LogLayer for OddLedger {
    fn below(&self) -> &Arc<dyn Log> {
        &self.log
    }

    async fn append_all(
        &self,
        topic: Topic,
        partition: u32,
        records: Vec<NewRecord>,
    ) -> Result<Vec<u64>, LogAppendError> {
        if topic == Topic::Ledger {
            // A reason that does not pass: one that does is waited for.
            let refused = LogAppendError::KeptForEver { topic };
            let value = self.theirs.clone().ok_or(refused)?;
            let record = NewRecord::new(b"theirs".to_vec(), value);
            self.log.append(topic, partition, record).await?;
        }
        self.log.append_all(topic, partition, records).await
    }
}

/// A log whose work is dealt out as a test wants it.
struct Dealt {
    log: Arc<dyn Log>,
    share: watch::Receiver<Option<BTreeSet<u32>>>,
}

impl LogLayer for Dealt {
    fn below(&self) -> &Arc<dyn Log> {
        &self.log
    }

    fn join(&self, _: &str) -> Result<GroupMembership, UnavailableLog> {
        let (_, gone) = tokio::sync::oneshot::channel();
        Ok(GroupMembership::shared(
            self.share.clone(),
            Box::new(()),
            gone,
        ))
    }
}

/// A log whose events come only when a test lets them.
struct Stalled {
    log: Arc<dyn Log>,
    gate: watch::Receiver<bool>,
}

#[async_trait]
impl LogLayer for Stalled {
    fn below(&self) -> &Arc<dyn Log> {
        &self.log
    }

    async fn end(&self, topic: Topic, partition: u32) -> Result<u64, OffsetReadError> {
        if topic == Topic::Events {
            let mut gate = self.gate.clone();
            gate.wait_for(|open| *open).await.unwrap();
        }
        self.log.end(topic, partition).await
    }
}

/// A store that keeps no checkpoint.
struct Nowhere;

impl CheckpointStore for Nowhere {
    fn put(&self, _: u32, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }

    fn get(&self, _: u32) -> Option<Vec<u8>> {
        None
    }
}

/// A log of one partition with the shipped catalogue in force from the first month on, after
/// whose end it is now.
struct Setup {
    _dir: Arc<tempfile::TempDir>,
    log: Arc<dyn Log>,
    plans: PlanFollower,
    tables: Arc<Odd>,
    first: Month,
}

impl Setup {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("file:{}", dir.path().display());
        let log = medvirk_eventlog::open(&url, 1).await.unwrap();
        let plans = PlanFollower::open(log.clone(), CatalogueLimits::default())
            .await
            .unwrap();
        let first = "2024-01".parse().unwrap();
        activate(&*log, &plans, shipped(), first, None)
            .await
            .unwrap();
        Self {
            _dir: Arc::new(dir),
            log,
            plans,
            tables: Arc::default(),
            first,
        }
    }

    async fn closed(self) -> Self {
        let month = self.first;
        ensure_plan(&*self.log, &self.plans, month.next())
            .await
            .unwrap();
        let ingested_at = month.closes_from();
        let close = ControlRecord::PeriodClose { month, ingested_at };
        control::broadcast(&*self.log, close, ingested_at)
            .await
            .unwrap();
        self
    }

    async fn sent(self, value: Vec<u8>) -> Self {
        let record = NewRecord::new(b"sent".to_vec(), value);
        self.log.append(Topic::Events, 0, record).await.unwrap();
        self
    }

    /// The same for another process, whose share of the work a test decides.
    fn shared(&self) -> (Self, watch::Sender<Option<BTreeSet<u32>>>) {
        let (sender, share) = watch::channel(Some(BTreeSet::new()));
        let log = self.log.clone();
        let other = Self {
            _dir: self._dir.clone(),
            log: Arc::new(LayeredLog(Dealt { log, share })),
            plans: self.plans.clone(),
            tables: self.tables.clone(),
            first: self.first,
        };
        (other, sender)
    }

    fn aggregator(&self) -> Aggregator {
        let deps = AggregatorDependencies {
            log: self.log.clone(),
            plans: self.plans.clone(),
            writer: self.tables.clone(),
            checkpoints: Arc::new(Nowhere),
            clock: Arc::new(ManualClock::at(self.first.closes_from())),
        };
        let config = AggregatorConfig {
            first_month: self.first,
            compare_every: Duration::from_secs(60),
        };
        Aggregator::new(config, deps)
    }

    /// Runs until the first month is published, or until it stops.
    async fn publish(&self) -> Result<(), AggregatorError> {
        let aggregator = self.aggregator();
        let handle = aggregator.handle();
        tokio::select! {
            stopped = aggregator.run(StopToken::new()) => stopped,
            () = handle.published(self.first) => Ok(()),
        }
    }
}

#[tokio::test]
async fn a_month_is_published() {
    let setup = Setup::new().await.closed().await;
    setup.publish().await.unwrap();
}

#[tokio::test]
async fn a_partition_that_another_process_folds_is_followed() {
    let setup = Setup::new().await.closed().await;
    let (other, _share) = setup.shared();
    let (folds, follows) = (setup.aggregator(), other.aggregator());
    let handle = follows.handle();
    tokio::select! {
        stopped = folds.run(StopToken::new()) => panic!("it stopped: {stopped:?}"),
        stopped = follows.run(StopToken::new()) => panic!("it stopped: {stopped:?}"),
        () = handle.published(setup.first) => {}
    }
    assert_eq!(handle.present(), setup.first.next());
    assert!(!handle.progress()[0].here);
}

#[tokio::test]
async fn a_partition_that_comes_is_folded_and_one_that_goes_is_followed() {
    let (setup, share) = Setup::new().await.closed().await.shared();
    let aggregator = setup.aggregator();
    let handle = aggregator.handle();
    let come_and_gone = async {
        handle.caught_up().await;
        assert_eq!(handle.progress()[0].closed, None);
        share.send_replace(Some([0].into()));
        handle.published(setup.first).await;
        share.send_replace(Some([].into()));
        handle.progress.wait_for(0, |progress| !progress.here).await;
    };
    tokio::select! {
        stopped = aggregator.run(StopToken::new()) => panic!("it stopped: {stopped:?}"),
        () = come_and_gone => {}
    }
}

#[tokio::test]
async fn a_partition_that_comes_is_not_caught_up_before_it_is_folded() {
    let setup = Setup::new().await.closed().await;
    let (mut other, share) = setup.shared();
    let (open, gate) = watch::channel(false);
    let log = other.log.clone();
    other.log = Arc::new(LayeredLog(Stalled { log, gate }));
    let aggregator = other.aggregator();
    let handle = aggregator.handle();
    let taken_over = async {
        handle.caught_up().await;
        share.send_replace(Some([0].into()));
        handle.progress.wait_for(0, |progress| progress.here).await;
        assert!(!handle.progress()[0].caught_up);
        open.send_replace(true);
        handle.caught_up().await;
        assert_eq!(handle.progress()[0].next, 1);
    };
    tokio::select! {
        stopped = aggregator.run(StopToken::new()) => panic!("it stopped: {stopped:?}"),
        () = taken_over => {}
    }
}

#[tokio::test]
async fn nobody_is_ready_before_the_work_is_dealt_and_one_too_many_is_then() {
    let (setup, share) = Setup::new().await.closed().await.shared();
    share.send_replace(None);
    let aggregator = setup.aggregator();
    let handle = aggregator.handle();
    let dealt = async {
        // It has read what the others have done, and still nobody knows what is its own.
        let read = |progress: &PartitionProgress| progress.caught_up;
        handle.progress.wait_for(0, read).await;
        tokio::select! {
            biased;
            () = handle.caught_up() => panic!("it is ready, and nothing is dealt"),
            () = std::future::ready(()) => {}
        }
        share.send_replace(Some([].into()));
        handle.caught_up().await;
        assert!(!handle.progress()[0].here);
    };
    tokio::select! {
        stopped = aggregator.run(StopToken::new()) => panic!("it stopped: {stopped:?}"),
        () = dealt => {}
    }
}

#[tokio::test]
async fn a_process_tells_the_others_how_far_it_has_folded() {
    let setup = Setup::new().await.closed().await;
    let (other, share) = setup.shared();
    share.send_replace(Some([0].into()));
    let told = async {
        loop {
            let told = setup.log.committed(GROUP, Topic::Events, 0).await.unwrap();
            if told == Some(1) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        stopped = other.aggregator().run(StopToken::new()) => panic!("it stopped: {stopped:?}"),
        () = told => {}
    }
}

#[tokio::test]
async fn a_fold_version_that_is_not_known_is_a_stop() {
    let setup = Setup::new().await;
    let plan = Plan {
        month: setup.first.next(),
        catalogue: setup.plans.first_plan().unwrap().catalogue,
        fold_version: 2,
    };
    let record = NewRecord::new(b"plan".to_vec(), encode_plan(&plan));
    setup.log.append(Topic::Catalogue, 0, record).await.unwrap();
    let setup = setup.closed().await;
    let stopped = setup.publish().await;
    assert!(matches!(
        stopped,
        Err(AggregatorError::FoldVersion { wanted: 2, .. })
    ));
}

#[tokio::test]
async fn a_record_of_a_newer_schema_is_a_stop() {
    // Field 1, the schema's version, is 2; nothing else is known of it.
    let setup = Setup::new().await.sent(vec![8, 2]).await.closed().await;
    let stopped = setup.publish().await;
    assert!(matches!(
        stopped,
        Err(AggregatorError::Record { offset: 0, .. })
    ));
}

#[tokio::test]
async fn the_tables_have_nothing_that_the_ledger_has_not() {
    let mut setup = Setup::new().await.closed().await;
    setup.log = Arc::new(LayeredLog(OddLedger {
        log: setup.log.clone(),
        theirs: None,
    }));
    let stopped = setup.publish().await;
    assert!(matches!(stopped, Err(AggregatorError::Append(_))));
    assert!(setup.tables.closes(0).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_month_is_closed_after_the_next_one_has_a_plan() {
    let setup = Setup::new().await;
    let aggregator = setup.aggregator();
    let handle = aggregator.handle();
    let closed = tokio::select! {
        stopped = aggregator.run(StopToken::new()) => panic!("it stopped: {stopped:?}"),
        closed = close_until(&handle, setup.first) => closed.unwrap(),
    };
    assert_eq!(closed, [setup.first]);
    assert_eq!(setup.plans.latest_plan().unwrap().month, setup.first.next());
}

#[tokio::test]
async fn a_close_that_comes_too_early_closes_nothing() {
    let setup = Setup::new().await;
    let month = setup.first;
    let ingested_at = month.closes_from() - 1;
    let early = ControlRecord::PeriodClose { month, ingested_at };
    let setup = setup.sent(encode_control(&early, ingested_at)).await;
    let setup = setup.closed().await;
    setup.publish().await.unwrap();
    let mut ledger = LedgerView::new(setup.log.clone(), 0);
    ledger.read_to_end().await.unwrap();
    assert_eq!(ledger.closes()[&month].offset, 1);
}

/// What few schedules of the simulation meet, or none.
#[cfg(feature = "mutants")]
#[test]
fn every_broken_rule_of_a_task_is_noticed() {
    use medvirk_mutants::{Rule, is_noticed_by};
    let tests: [(Rule, fn()); 10] = [
        (
            Rule::FirstCounts,
            ledger::tests::of_two_closes_of_a_month_in_the_ledger_the_first_counts,
        ),
        (
            Rule::ReadBack,
            ledger::tests::a_close_that_comes_before_our_own_is_obeyed,
        ),
        (
            Rule::LedgerBeforeTables,
            the_tables_have_nothing_that_the_ledger_has_not,
        ),
        (
            Rule::NotTooEarly,
            a_close_that_comes_too_early_closes_nothing,
        ),
        (
            Rule::InsertAgain,
            publisher::tests::rows_that_vanish_after_an_insert_are_inserted_again,
        ),
        (
            Rule::LedgerHasAll,
            publisher::tests::a_row_that_no_insert_makes_right_is_a_stop,
        ),
        (
            Rule::KnownVersion,
            a_fold_version_that_is_not_known_is_a_stop,
        ),
        (Rule::KnownSchema, a_record_of_a_newer_schema_is_a_stop),
        (
            Rule::DueByTheClock,
            scheduler::tests::a_month_is_due_five_days_after_its_end,
        ),
        (
            Rule::PlanBeforeClose,
            a_month_is_closed_after_the_next_one_has_a_plan,
        ),
    ];
    for rule in Rule::TASK {
        let tested = tests.iter().any(|(of, _)| of == rule);
        assert!(tested, "no test notices {rule:?}");
    }
    for (rule, test) in tests {
        assert!(is_noticed_by(rule, test), "{rule:?}");
    }
}
