//! What the aggregator works with, and what tells how far it has come. The invariant: the present
//! month never goes back.

use std::sync::Arc;
use std::time::Duration;

use medvirk_domain::time::Month;
use medvirk_eventlog::{Log, OffsetReadError, Topic};
use medvirk_records::catalogue::PlanFollower;
use medvirk_runtime::Clock;
use tokio::sync::{Mutex, watch};

use crate::board::ProgressBoard;
use crate::checkpoint::CheckpointStore;
use crate::progress::PartitionProgress;
use crate::tables::IndicatorTables;

/// The group whose members share the partitions, and under which they say how far they have come.
pub const GROUP: &str = "aggregator";

/// How the aggregator works.
#[derive(Debug, Clone)]
pub struct AggregatorConfig {
    /// The first month of the deployment, from its genesis.
    pub first_month: Month,
    /// How often the tables are compared with the ledger when nothing happens.
    pub compare_every: Duration,
}

/// What the aggregator works on.
#[derive(Clone)]
pub struct AggregatorDependencies {
    /// The log with its topics.
    pub log: Arc<dyn Log>,
    /// The catalogues and the plans that are in force.
    pub plans: PlanFollower,
    /// The indicator tables that are written.
    pub writer: Arc<dyn IndicatorTables>,
    /// Where checkpoints are kept; disposable.
    pub checkpoints: Arc<dyn CheckpointStore>,
    /// The time, for the scheduler and to date dead letters; the fold has none.
    pub clock: Arc<dyn Clock>,
}

/// Tells how far the aggregator has come, and rebuilds the tables. Clones are the same.
#[derive(Clone)]
pub struct AggregatorHandle {
    pub(crate) first_month: Month,
    pub(crate) present: Arc<watch::Sender<Month>>,
    pub(crate) progress: Arc<ProgressBoard>,
    pub(crate) deps: AggregatorDependencies,
    /// Held by whoever writes to the tables, so that a rebuild has them for itself.
    pub(crate) tables: Arc<Mutex<()>>,
}

impl AggregatorHandle {
    /// How far each partition has come, as far as this process knows.
    pub fn progress(&self) -> Vec<PartitionProgress> {
        self.progress.all()
    }

    /// How far each partition has come, also those that other processes fold.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn progress_of_all(&self) -> Result<Vec<PartitionProgress>, OffsetReadError> {
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

    async fn all(&self, done: impl Fn(&PartitionProgress) -> bool) {
        let partitions = self.deps.log.partitions(Topic::Events);
        for partition in 0..partitions {
            self.progress.wait_for(partition, &done).await;
        }
    }

    pub(crate) fn note(&self, partition: u32, change: impl FnOnce(&mut PartitionProgress)) {
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
