//! Examining a running system: log, ledger and tables (`medvirk admin doctor`). Comes in: the log,
//! the tables' views, the checkpoints. Goes out: checks, told one by one. The invariants: nothing
//! is written; whatever the running tasks do meanwhile is not taken for a fault; of the log one
//! batch is held at a time, of the tables one year, of the ledger one record, and of the state one
//! partition's fold.
//!
//! What the tables have is read before the ledger's end, and what the tasks have dealt with is
//! noted before anything is read: so what is demanded was there before it was looked for.

mod deployment;

mod ledger;

mod rows;

mod events;

mod refold;

mod dead_letters;

mod tables;

mod standing;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use medvirk_domain::time::Month;
use medvirk_eventlog::{Error as LogError, Log, Step, Topic, Walk};
use medvirk_records::catalogue::Plans;
use medvirk_runtime::examination::{Check, Examination};
use medvirk_store::IndicatorReader;

use crate::recorded::{EmptyMonths, RecordedMonths};
use crate::{Handle, Progress};
use ledger::LedgerSeen;

pub(crate) use dead_letters::Waiting;

/// What to do about damage in the log.
const RESTORE: &str = "stop the system, keep a copy of its data folder, and put the record back from \
    a copy of the log (\"Damage\" in services/eventlog/README.md); until then nothing can be folded \
    from the beginning again";
/// What to do when the log or the tables do not answer.
const LATER: &str = "look at the system's own log lines, and run this again";

/// What an examination looks with, besides what the aggregator works on.
#[derive(Clone)]
pub struct Examiner {
    /// The indicator tables' views, with credentials that cannot write.
    pub reader: IndicatorReader,
    /// True where months are closed when they are due, without anybody asking for it.
    pub auto_close: bool,
    /// What becomes of such a month where the log has no record of it.
    pub empty_months: EmptyMonths,
}

/// Everything that the checks share.
struct Examined {
    log: Arc<dyn Log>,
    partitions: u32,
    first_month: Month,
    /// How far the tasks were before anything was read.
    progress: Vec<Progress>,
    /// When the examination began, in milliseconds since 1970.
    now: i64,
    tally: Tally,
}

/// What was read of the log, over all checks.
#[derive(Default)]
struct Tally {
    records: u64,
    erased: u64,
    damaged: Vec<Damage>,
}

/// A place of the log that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Damage {
    topic: Topic,
    partition: u32,
    offset: u64,
    what: &'static str,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            topic,
            partition,
            offset,
            what,
        } = self;
        write!(f, "{topic}, partition {partition}, offset {offset}: {what}")
    }
}

impl Handle {
    /// Compares log, ledger, tables and checkpoints with one another, and tells what it finds.
    /// Safe to drop at any moment.
    pub async fn examine(&self, examiner: &Examiner, examination: &Examination) {
        let log = self.deps.log.clone();
        let mut examined = Examined {
            partitions: log.partitions(Topic::Events),
            log,
            first_month: self.first_month,
            // Where the log does not tell, nothing is demanded of what other processes fold.
            progress: self
                .progress_of_all()
                .await
                .unwrap_or_else(|_| self.progress()),
            now: self.deps.clock.now_ms(),
            tally: Tally::default(),
        };
        examination.begin("deployment").await;
        let present = self.present();
        let (check, plans) = deployment::check(&mut examined, present, &examiner.reader).await;
        examination.tell(check).await;
        let plans = plans.unwrap_or_else(|| self.deps.plans.clone());

        examination.begin("tables").await;
        let held = tables::read(&examiner.reader).await;
        let seen = ledger_and_rows(&mut examined, &plans, examination).await;
        let published = published(&examined.progress);
        examination
            .tell(tables::check(held, &seen, &published))
            .await;

        log_and_refold(&mut examined, &plans, &seen, examination).await;
        let ends = ends(&examined).await;
        let kept = self.deps.checkpoints.clone();
        examination
            .tell(standing::checkpoints(kept, &examined.progress, &ends))
            .await;
        let mut recorded = RecordedMonths::new(examined.log.clone());
        let by_itself = match (examiner.auto_close, examiner.empty_months) {
            (false, _) => standing::ClosesByItself::Never,
            (true, EmptyMonths::StayOpen) if matches!(recorded.has(present).await, Ok(false)) => {
                standing::ClosesByItself::OnceRecorded
            }
            (true, _) => standing::ClosesByItself::WhenDue,
        };
        examination
            .tell(standing::closing(present, examined.now, by_itself))
            .await;
    }
}

async fn ledger_and_rows(
    examined: &mut Examined,
    plans: &Plans,
    examination: &Examination,
) -> BTreeMap<u32, LedgerSeen> {
    examination.begin("ledger").await;
    let mut seen = BTreeMap::new();
    let (mut ledger, mut rows) = (Check::new("ledger"), Check::new("rows"));
    for partition in 0..examined.partitions {
        let one = ledger::look(examined, partition, plans, &mut rows).await;
        match one {
            Ok(one) => {
                let dealt_with = examined.progress[partition as usize].closed;
                one.judge(examined.first_month, dealt_with, plans, &mut ledger);
                seen.insert(partition, one);
            }
            Err(error) => not_seen(&mut ledger, Topic::Ledger, partition, &error),
        }
    }
    ledger::sum_up(&seen, &mut ledger, &mut rows);
    examination.tell(ledger).await;
    examination.tell(rows).await;
    seen
}

async fn log_and_refold(
    examined: &mut Examined,
    plans: &Plans,
    seen: &BTreeMap<u32, LedgerSeen>,
    examination: &Examination,
) {
    examination.begin("log").await;
    let mut log = Check::new("log");
    let (mut refused, mut refolds) = (dead_letters::Refused::default(), Vec::new());
    for partition in 0..examined.partitions {
        let none = LedgerSeen::default();
        let ledger = seen.get(&partition).unwrap_or(&none);
        let walked = events::walk(examined, (partition, plans, ledger), &mut refused, &mut log);
        match walked.await {
            Ok(refold) => refolds.push(refold),
            Err(error) => not_seen(&mut log, Topic::Events, partition, &error),
        }
    }
    let waiting = match dead_letters::look(examined, &mut refused).await {
        Ok(waiting) => waiting,
        Err(error) => {
            not_seen(&mut log, Topic::DeadLetter, 0, &error);
            dead_letters::Waiting::default()
        }
    };
    events::sum_up(examined, refused, &mut log);
    examination.tell(log).await;
    examination.tell(refold::check(&refolds)).await;
    examination.tell(waiting.check()).await;
}

impl Examined {
    fn walk(&self, topic: Topic, partition: u32) -> impl Future<Output = Result<Walk, LogError>> {
        Walk::whole(self.log.clone(), topic, partition)
    }
}

impl Tally {
    /// Notes what a step has met. Gives its records, if it has any.
    fn note(
        &mut self,
        topic: Topic,
        partition: u32,
        step: Step,
    ) -> Option<Vec<medvirk_eventlog::Stored>> {
        match step {
            Step::Records { batch, erased } => {
                self.records += batch.records.len() as u64;
                self.erased += erased;
                Some(batch.records)
            }
            Step::Damaged { offset, what } => {
                self.damaged.push(Damage {
                    topic,
                    partition,
                    offset,
                    what,
                });
                None
            }
        }
    }
}

fn published(progress: &[Progress]) -> Vec<Option<Month>> {
    progress.iter().map(|one| one.published).collect()
}

async fn ends(examined: &Examined) -> Vec<Option<u64>> {
    let mut ends = Vec::new();
    for partition in 0..examined.partitions {
        ends.push(examined.log.end(Topic::Events, partition).await.ok());
    }
    ends
}

fn not_seen(check: &mut Check, topic: Topic, partition: u32, error: &LogError) {
    let found = format!("{topic}, partition {partition} could not be read: {error}");
    check.not_seen(found, LATER);
}

/// "1 close", "2 closes".
fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
