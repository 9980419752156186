//! What all checks of one run share. Comes in: the steps of walks through the log. Goes out: the
//! records that were read, their number, and where the log is damaged.

use std::fmt;
use std::sync::Arc;

use medvirk_aggregator::PartitionProgress;
use medvirk_domain::time::Month;
use medvirk_eventlog::{Log, LogStep, LogWalk, OffsetReadError, StoredRecord, Topic};

use crate::check::DoctorCheck;

/// What to do about damage in the log.
pub(crate) const RESTORE: &str = "stop the system, keep a copy of its data folder, and put the record back from \
    a copy of the log (\"Damage\" in services/eventlog/README.md); until then nothing can be folded \
    from the beginning again";
/// What to do when the log or the tables do not answer.
pub(crate) const LATER: &str = "look at the system's own log lines, and run this again";

/// Everything that the checks share.
pub(crate) struct DoctorRun {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) partitions: u32,
    pub(crate) first_month: Month,
    /// How far the tasks were before anything was read.
    pub(crate) progress: Vec<PartitionProgress>,
    /// When the examination began, in milliseconds since 1970.
    pub(crate) now: i64,
    pub(crate) tally: LogTally,
}

/// What was read of the log, over all checks.
#[derive(Default)]
pub(crate) struct LogTally {
    pub(crate) records: u64,
    pub(crate) erased: u64,
    pub(crate) damaged: Vec<DamagedPlace>,
}

/// A place of the log that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DamagedPlace {
    topic: Topic,
    partition: u32,
    offset: u64,
    what: &'static str,
}

impl fmt::Display for DamagedPlace {
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

impl DoctorRun {
    pub(crate) fn walk(
        &self,
        topic: Topic,
        partition: u32,
    ) -> impl Future<Output = Result<LogWalk, OffsetReadError>> {
        LogWalk::whole(self.log.clone(), topic, partition)
    }
}

impl LogTally {
    /// Notes what a step has met. Gives its records, if it has any.
    pub(crate) fn note(
        &mut self,
        topic: Topic,
        partition: u32,
        step: LogStep,
    ) -> Option<Vec<StoredRecord>> {
        match step {
            LogStep::Records { batch, erased } => {
                self.records += batch.records.len() as u64;
                self.erased += erased;
                Some(batch.records)
            }
            LogStep::Damaged { offset, what } => {
                self.damaged.push(DamagedPlace {
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

pub(crate) fn not_seen(
    check: &mut DoctorCheck,
    topic: Topic,
    partition: u32,
    error: &impl fmt::Display,
) {
    let found = format!("{topic}, partition {partition} could not be read: {error}");
    check.not_seen(found, LATER);
}

/// "1 close", "2 closes".
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
