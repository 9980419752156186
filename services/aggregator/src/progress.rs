//! How far one partition has come, in words that every part of the aggregator shares.

use medvirk_domain::time::Month;

/// How far one partition has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartitionProgress {
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
