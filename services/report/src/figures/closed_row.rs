//! A row as the report reads it: what was released, and by which close.

use medvirk_domain::row::RowParts;
use medvirk_domain::time::Month;

/// A row, and the month whose close released it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedRow {
    /// The month that was closed.
    pub closed: Month,
    /// What was released.
    pub row: RowParts,
}
