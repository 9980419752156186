//! The aggregator: from the event log to the ledger, and from the ledger to ClickHouse (§5).
//!
//! Comes in: `feedback.events`, `catalogue` and the ledger itself. Goes out: one `Close` record
//! per partition and month, its rows in the indicator tables, and dead letters. The invariants: a
//! task obeys the first close of a month in the ledger, whoever wrote it; the ledger has a row
//! before ClickHouse has it; a record is folded or set aside whole, never skipped.
//!
//! A partition has two loops. [`task`] folds and closes; [`publisher`] makes the tables equal to
//! the ledger and goes on doing so. They meet at the ledger and nowhere else. Of a partition that
//! another process folds, a [`follower`] tells how far it is.

// In reading order.
mod adoption;

mod share;

mod task;

mod ledger;

mod patience;

mod publisher;

mod follower;

mod tables;

mod board;

mod dead_letters;

mod recorded;

mod scheduler;

mod checkpoint;

mod error;

mod metrics;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use medvirk_domain::time::Month;
use medvirk_eventlog::{Log, Topic};
use medvirk_records::catalogue::Plans;
use medvirk_runtime::{Clock, Stop};
use tokio::sync::{Mutex, watch};

use board::Board;

pub use adoption::adopt;
pub use checkpoint::{Checkpoint, Checkpoints, Folder};
pub use dead_letters::tell_dead_letters;
pub use error::Error;
pub use metrics::describe as describe_metrics;
pub use publisher::Rebuilt;
pub use recorded::{EmptyMonths, RecordedMonths};
pub use scheduler::{close_until, close_when_due};
pub use tables::{Beside, Tables};

/// The group whose members share the partitions, and under which they say how far they have come.
pub const GROUP: &str = "aggregator";

/// How the aggregator works.
#[derive(Debug, Clone)]
pub struct Config {
    /// The first month of the deployment, from its genesis.
    pub first_month: Month,
    /// How often the tables are compared with the ledger when nothing happens.
    pub compare_every: Duration,
}

/// What the aggregator works on.
#[derive(Clone)]
pub struct Deps {
    /// The log.
    pub log: Arc<dyn Log>,
    /// Catalogues and plans.
    pub plans: Plans,
    /// The indicator tables.
    pub writer: Arc<dyn Tables>,
    /// Where checkpoints are kept; disposable.
    pub checkpoints: Arc<dyn Checkpoints>,
    /// The time, for the scheduler and to date dead letters; the fold has none.
    pub clock: Arc<dyn Clock>,
}

/// How far one partition has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Offset of the next record to fold.
    pub next: u64,
    /// The last month that the fold has closed.
    pub closed: Option<Month>,
    /// The last month whose rows are in the tables, with all before it.
    pub published: Option<Month>,
    /// True once the fold has met the end of the log for the first time; of a partition that
    /// another process folds, once its ledger was read.
    pub caught_up: bool,
    /// True where this process folds the partition.
    pub here: bool,
}

/// The aggregator, ready to run.
pub struct Aggregator {
    config: Config,
    handle: Handle,
}

/// Tells how far the aggregator has come, and rebuilds the tables. Clones are the same.
#[derive(Clone)]
pub struct Handle {
    first_month: Month,
    present: Arc<watch::Sender<Month>>,
    progress: Arc<Board>,
    deps: Deps,
    /// Held by whoever writes to the tables, so that a rebuild has them for itself.
    tables: Arc<Mutex<()>>,
}

impl Aggregator {
    /// An aggregator of its share of the log's partitions.
    pub fn new(config: Config, deps: Deps) -> Self {
        let partitions = deps.log.partitions(Topic::Events);
        let handle = Handle {
            first_month: config.first_month,
            present: Arc::new(watch::Sender::new(config.first_month)),
            progress: Arc::new(Board::new(partitions)),
            deps,
            tables: Arc::new(Mutex::new(())),
        };
        Self { config, handle }
    }

    /// A handle on it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Folds its share of the partitions until `stop`, or until something is wrong that only a human can mend.
    ///
    /// # Errors
    /// The first [`Error`] of any of its loops; the others are stopped.
    pub async fn run(self, stop: Stop) -> Result<(), Error> {
        share::run(self.config, self.handle, stop).await
    }
}

impl Handle {
    /// How far each partition has come, as far as this process knows.
    pub fn progress(&self) -> Vec<Progress> {
        self.progress.all()
    }

    /// How far each partition has come, also those that other processes fold.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn progress_of_all(&self) -> Result<Vec<Progress>, medvirk_eventlog::Error> {
        let mut all = self.progress();
        for (partition, progress) in (0..).zip(&mut all) {
            if !progress.here {
                let told = self.deps.log.committed(GROUP, Topic::Events, partition);
                progress.next = told.await?.unwrap_or(0);
            }
        }
        Ok(all)
    }

    /// The first month that is not closed in every partition.
    pub fn present(&self) -> Month {
        *self.present.borrow()
    }

    /// The same, for whoever waits for it to move on.
    pub fn watch_present(&self) -> watch::Receiver<Month> {
        self.present.subscribe()
    }

    /// Waits until the work was dealt out for the first time, each partition of this process's share
    /// has met the end of the log, and the ledger of each other one was read. A process that is one
    /// too many has no share, and is as ready to take one over as any.
    pub async fn caught_up(&self) {
        self.progress.dealt().await;
        self.all(|progress| progress.caught_up).await;
    }

    /// Waits until every partition has the rows of `month` in the tables.
    pub async fn published(&self, month: Month) {
        self.all(|progress| progress.published >= Some(month)).await;
    }

    /// Drops the tables' contents and builds them from the ledger, beside; then exchanges them.
    ///
    /// # Errors
    /// When the ledger cannot be read, or the tables cannot be written; the old ones stay.
    pub async fn rebuild(&self) -> Result<Rebuilt, Error> {
        publisher::rebuild(self).await
    }

    async fn all(&self, done: impl Fn(&Progress) -> bool) {
        let partitions = self.deps.log.partitions(Topic::Events);
        for partition in 0..partitions {
            self.progress.wait_for(partition, &done).await;
        }
    }

    fn note(&self, partition: u32, change: impl FnOnce(&mut Progress)) {
        self.progress.note(partition, change);
        let closed = self
            .progress()
            .into_iter()
            .map(|progress| progress.closed)
            .min();
        let present = closed.flatten().map_or(self.first_month, Month::next);
        // Two partitions may note at once; the present never goes back.
        self.present.send_if_modified(|known| {
            let later = present > *known;
            *known = present.max(*known);
            later
        });
    }
}
