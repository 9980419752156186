//! The aggregator: from the event log to the ledger, and from the ledger to ClickHouse (§5).
//!
//! Comes in: `feedback.events`, `catalogue` and the ledger itself. Goes out: one `Close` record
//! per partition and month, its rows in the indicator tables, and dead letters. The invariants: a
//! task obeys the first close of a month in the ledger, whoever wrote it; the ledger has a row
//! before ClickHouse has it; a record is folded or set aside whole, never skipped.
//!
//! A partition has two loops. [`task`] folds and closes; [`publisher`] makes the tables equal to
//! the ledger and goes on doing so. They meet at the ledger and nowhere else.

// In reading order.
mod task;

mod ledger;

mod patience;

mod publisher;

mod tables;

mod board;

mod scheduler;

mod checkpoint;

mod examine;

mod error;

mod metrics;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use medvirk_domain::time::Month;
use medvirk_eventlog::catalogue::Plans;
use medvirk_eventlog::{Log, Topic};
use medvirk_runtime::{Clock, Stop};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use board::Board;

pub use checkpoint::{Checkpoints, Folder};
pub use error::Error;
pub use examine::Examiner;
pub use metrics::describe as describe_metrics;
pub use publisher::Rebuilt;
pub use scheduler::{close_until, close_when_due};
pub use tables::{Beside, Tables};

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
    /// True once the fold has met the end of the log for the first time.
    pub caught_up: bool,
}

/// The aggregator, ready to run.
pub struct Aggregator {
    config: Config,
    deps: Deps,
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
    /// An aggregator of every partition of the log.
    pub fn new(config: Config, deps: Deps) -> Self {
        let partitions = deps.log.partitions(Topic::Events);
        let handle = Handle {
            first_month: config.first_month,
            present: Arc::new(watch::Sender::new(config.first_month)),
            progress: Arc::new(Board::new(partitions)),
            deps: deps.clone(),
            tables: Arc::new(Mutex::new(())),
        };
        Self {
            config,
            deps,
            handle,
        }
    }

    /// A handle on it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs until `stop`, or until something is wrong that only a human can mend.
    ///
    /// # Errors
    /// The first [`Error`] of any of its loops; the others are stopped.
    pub async fn run(self, stop: Stop) -> Result<(), Error> {
        let stop = stop.child();
        let mut loops = JoinSet::new();
        for partition in 0..self.deps.log.partitions(Topic::Events) {
            let parts = (partition, self.config.clone(), self.handle.clone());
            loops.spawn(task::run(parts.clone(), stop.clone()));
            loops.spawn(publisher::run(parts, stop.clone()));
        }
        let mut outcome = Ok(());
        while let Some(ended) = loops.join_next().await {
            let ended = ended.unwrap_or(Err(Error::Panicked));
            if ended.is_err() {
                stop.stop();
                outcome = outcome.and(ended);
            }
        }
        outcome
    }
}

impl Handle {
    /// How far each partition has come.
    pub fn progress(&self) -> Vec<Progress> {
        self.progress.all()
    }

    /// The first month that is not closed in every partition.
    pub fn present(&self) -> Month {
        *self.present.borrow()
    }

    /// The same, for whoever waits for it to move on.
    pub fn watch_present(&self) -> watch::Receiver<Month> {
        self.present.subscribe()
    }

    /// Waits until every partition has met the end of the log once.
    pub async fn caught_up(&self) {
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
