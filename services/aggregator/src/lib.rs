//! The aggregator: from the event log to the ledger, and from the ledger to ClickHouse (§5).
//!
//! Comes in: `feedback.events`, `catalogue` and the ledger itself. Goes out: one `Close` record
//! per partition and month, its rows in the indicator tables, and dead letters. The invariants: a
//! task obeys the first close of a month in the ledger, whoever wrote it; the ledger has a row
//! before ClickHouse has it; a record is folded or set aside whole, never skipped.
//!
//! A partition has two loops. `task` folds and closes; `publisher` makes the tables equal to
//! the ledger and goes on doing so. They meet at the ledger and nowhere else. Of a partition that
//! another process folds, a `follower` tells how far it is.

// In reading order.
mod handle;

mod progress;

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

use medvirk_eventlog::Topic;
use medvirk_runtime::StopToken;
use tokio::sync::{Mutex, watch};

use board::ProgressBoard;

pub use adoption::adopt;
pub use checkpoint::{CheckpointFolder, CheckpointStore, PartitionCheckpoint};
pub use dead_letters::tell_dead_letters;
pub use error::{AggregatorError, MonthCloseError};
pub use handle::{AggregatorConfig, AggregatorDependencies, AggregatorHandle, GROUP};
pub use metrics::describe as describe_metrics;
pub use progress::PartitionProgress;
pub use publisher::RebuildResult;
pub use recorded::{EmptyMonths, RecordedMonths};
pub use scheduler::{close_until, close_when_due};
pub use tables::{IndicatorTables, ReplacementTables};

/// The aggregator, ready to run.
pub struct Aggregator {
    config: AggregatorConfig,
    handle: AggregatorHandle,
}

impl Aggregator {
    /// An aggregator of its share of the log's partitions.
    pub fn new(config: AggregatorConfig, deps: AggregatorDependencies) -> Self {
        let partitions = deps.log.partitions(Topic::Events);
        let handle = AggregatorHandle {
            first_month: config.first_month,
            present: Arc::new(watch::Sender::new(config.first_month)),
            progress: Arc::new(ProgressBoard::new(partitions)),
            deps,
            tables: Arc::new(Mutex::new(())),
        };
        Self { config, handle }
    }

    /// A handle on it.
    pub fn handle(&self) -> AggregatorHandle {
        self.handle.clone()
    }

    /// Folds its share of the partitions until `stop`, or until something is wrong that only a human can mend.
    ///
    /// # Errors
    /// The first [`AggregatorError`] of any of its loops; the others are stopped.
    pub async fn run(self, stop: StopToken) -> Result<(), AggregatorError> {
        share::run(self.config, self.handle, stop).await
    }
}
