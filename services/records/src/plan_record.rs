//! A plan as it stands in the log: which catalogue and which fold are in force in a month.

use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::time::Month;

/// What is in force in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The calendar month in question.
    pub month: Month,
    /// The hash of the catalogue.
    pub catalogue: CatalogueHash,
    /// The version of the fold.
    pub fold_version: u32,
}
