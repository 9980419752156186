//! The indicator database: rows of closes, and which closes are complete (design §5, ClickHouse).
//! The invariant: the table takes only rows of a close, and readers see only months that every
//! partition has closed.

mod hash;
mod insertion;
mod read_back;
mod reader;
mod rebuild;
mod wire;
mod writer;

pub use hash::{RowsHash, hash_of};
pub use reader::{CloseMark, IndicatorReader, RowQuery, YearOfRows};
pub use rebuild::TableRebuild;
pub use writer::IndicatorWriter;

use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::row::RowParts;
use medvirk_domain::time::Month;

use crate::migration::{SchemaMigration, migrations};

pub(crate) const MIGRATIONS: &[SchemaMigration] = migrations!["indicator":
    1 "001_indicator_rows",
    2 "002_closes",
    3 "003_indicator",
    4 "004_closed",
    5 "005_shown_months",
    6 "006_deployments",
    7 "007_deployment",
];

/// A row of a shown month, as readers get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndicatorRow {
    /// The catalogue that was in force.
    pub catalogue: CatalogueHash,
    /// The month whose close released it.
    pub close_month: Month,
    /// The sums of the row that was released.
    pub row: RowParts,
}
