//! The doctor of a running system (`medvirk admin doctor`). Comes in: log, ledger, tables,
//! checkpoints and the registry, with credentials that cannot write. Goes out: checks, reported one
//! by one. The invariants: nothing is written; whatever the running tasks do meanwhile is not taken
//! for a fault; of the log one batch is held at a time, of the tables one year, of the ledger one
//! record, and of the state one partition's fold.
//!
//! What the tables have is read before the ledger's end, and what the tasks have dealt with is
//! noted before anything is read: so what is demanded was there before it was looked for.

// In reading order.
mod check;
mod run;

mod deployment;

mod ledger;

mod rows;

mod events;

mod refold;

mod dead_letters;

mod tables;

mod standing;

mod registry;

mod disk;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use medvirk_aggregator::{
    AggregatorHandle, CheckpointStore, EmptyMonths, PartitionProgress, RecordedMonths,
};
use medvirk_domain::time::Month;
use medvirk_eventlog::{Log, Topic};
use medvirk_records::catalogue::PlanFollower;
use medvirk_runtime::Clock;
use medvirk_store::{IndicatorReader, RegistryExaminer};

use ledger::LedgerSeen;
use registry::RegistryReading;
use run::{DoctorRun, LogTally, not_seen};

pub use check::{DoctorCheck, DoctorFinding, DoctorMessage, DoctorReport, DoctorVerdict};

/// What the doctor looks at. Clones look at the same.
#[derive(Clone)]
pub struct Doctor {
    /// The log and its ledger.
    pub log: Arc<dyn Log>,
    /// The catalogues and plans in force.
    pub plans: PlanFollower,
    /// How far the aggregator says that it has come.
    pub aggregator: AggregatorHandle,
    /// Where the aggregator keeps its checkpoints.
    pub checkpoints: Arc<dyn CheckpointStore>,
    /// The indicator tables' views, with credentials that cannot write.
    pub indicators: IndicatorReader,
    /// The registry tables; none where this process may not read them.
    pub registry: Option<RegistryExaminer>,
    /// The time, to know which month is due.
    pub clock: Arc<dyn Clock>,
    /// The first month of the deployment, from its genesis.
    pub first_month: Month,
    /// True where months are closed when they are due, without anybody asking for it.
    pub auto_close: bool,
    /// What becomes of such a month where the log has no record of it.
    pub empty_months: EmptyMonths,
    /// The data folder, whose disk must not be full.
    pub data: PathBuf,
}

impl Doctor {
    /// Compares everything with one another, and reports what it finds. Safe to drop at any moment.
    pub async fn examine(&self, report: &DoctorReport) {
        self.examine_indicators(report).await;
        let tables = self.registry.clone();
        let registry = tables.map(|tables| RegistryReading {
            log: self.log.clone(),
            plans: self.plans.clone(),
            tables,
        });
        registry::examine(registry, report).await;
        report.tell(disk::check(&self.data)).await;
    }

    /// Log, ledger, indicator tables and checkpoints.
    async fn examine_indicators(&self, report: &DoctorReport) {
        let mut run = self.begin().await;
        report.begin("deployment").await;
        let present = self.aggregator.present();
        let (check, plans) = deployment::check(&mut run, present, &self.indicators).await;
        report.tell(check).await;
        let plans = plans.unwrap_or_else(|| self.plans.clone());

        report.begin("tables").await;
        let held = tables::read(&self.indicators).await;
        let seen = ledger_and_rows(&mut run, &plans, report).await;
        let published = published(&run.progress);
        report.tell(tables::check(held, &seen, &published)).await;

        log_and_refold(&mut run, &plans, &seen, report).await;
        let ends = ends(&run).await;
        let kept = self.checkpoints.clone();
        let checkpoints = standing::checkpoints(kept, &run.progress, &ends);
        report.tell(checkpoints).await;
        let by_itself = self.closes_by_itself(present).await;
        let closing = standing::closing(present, run.now, by_itself);
        report.tell(closing).await;
    }

    async fn begin(&self) -> DoctorRun {
        let progress = self.aggregator.progress_of_all().await;
        DoctorRun {
            partitions: self.log.partitions(Topic::Events),
            log: self.log.clone(),
            first_month: self.first_month,
            // Where the log does not tell, nothing is demanded of what other processes fold.
            progress: progress.unwrap_or_else(|_| self.aggregator.progress()),
            now: self.clock.now_ms(),
            tally: LogTally::default(),
        }
    }

    async fn closes_by_itself(&self, present: Month) -> standing::ClosesByItself {
        if !self.auto_close {
            return standing::ClosesByItself::Never;
        }
        let mut recorded = RecordedMonths::new(self.log.clone());
        let stays_open = self.empty_months == EmptyMonths::StayOpen;
        if stays_open && matches!(recorded.has(present).await, Ok(false)) {
            return standing::ClosesByItself::OnceRecorded;
        }
        standing::ClosesByItself::WhenDue
    }
}

async fn ledger_and_rows(
    run: &mut DoctorRun,
    plans: &PlanFollower,
    report: &DoctorReport,
) -> BTreeMap<u32, LedgerSeen> {
    report.begin("ledger").await;
    let mut seen = BTreeMap::new();
    let (mut ledger, mut rows) = (DoctorCheck::new("ledger"), DoctorCheck::new("rows"));
    for partition in 0..run.partitions {
        let one = ledger::look(run, partition, plans, &mut rows).await;
        match one {
            Ok(one) => {
                let dealt_with = run.progress[partition as usize].closed;
                one.judge(run.first_month, dealt_with, plans, &mut ledger);
                seen.insert(partition, one);
            }
            Err(error) => not_seen(&mut ledger, Topic::Ledger, partition, &error),
        }
    }
    ledger::sum_up(&seen, &mut ledger, &mut rows);
    report.tell(ledger).await;
    report.tell(rows).await;
    seen
}

async fn log_and_refold(
    run: &mut DoctorRun,
    plans: &PlanFollower,
    seen: &BTreeMap<u32, LedgerSeen>,
    report: &DoctorReport,
) {
    report.begin("log").await;
    let mut log = DoctorCheck::new("log");
    let (mut refused, mut refolds) = (dead_letters::ExpectedDeadLetters::default(), Vec::new());
    for partition in 0..run.partitions {
        let none = LedgerSeen::default();
        let ledger = seen.get(&partition).unwrap_or(&none);
        let walked = events::walk(run, partition, plans, ledger, &mut refused, &mut log);
        match walked.await {
            Ok(refold) => refolds.push(refold),
            Err(error) => not_seen(&mut log, Topic::Events, partition, &error),
        }
    }
    let waiting = match dead_letters::look(run, &mut refused).await {
        Ok(waiting) => waiting,
        Err(error) => {
            not_seen(&mut log, Topic::DeadLetter, 0, &error);
            dead_letters::no_letters()
        }
    };
    events::sum_up(run, refused, &mut log);
    report.tell(log).await;
    report.tell(refold::check(&refolds)).await;
    report.tell(dead_letters::check(&waiting)).await;
}

fn published(progress: &[PartitionProgress]) -> Vec<Option<Month>> {
    progress.iter().map(|one| one.published).collect()
}

async fn ends(run: &DoctorRun) -> Vec<Option<u64>> {
    let mut ends = Vec::new();
    for partition in 0..run.partitions {
        ends.push(run.log.end(Topic::Events, partition).await.ok());
    }
    ends
}
