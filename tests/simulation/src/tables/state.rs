//! What the indicator tables of the simulation hold.

use std::collections::BTreeMap;

use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::row::{Close, Row};
use medvirk_domain::time::Month;
use medvirk_store::{RowsHash, hash_of};

/// A close in a partition.
pub(super) type Place = (u32, Month);

/// What both tables hold.
#[derive(Default, Clone)]
pub(crate) struct TablesState {
    /// By the key of a row; the last one with a key replaces the others.
    pub(crate) rows: BTreeMap<Place, BTreeMap<String, (CatalogueHash, Row)>>,
    pub(crate) marks: BTreeMap<Place, RowsHash>,
    /// Something was dropped or exchanged; a mark may be without its rows for a while.
    pub(crate) disturbed: bool,
}

fn key_of(row: &Row) -> String {
    let (measure, level) = (row.measure(), row.level().as_str());
    let span = format!("{} {}", row.first(), row.last());
    format!(
        "{measure} {level} {} {span} {}",
        row.organisation(),
        row.part()
    )
}

pub(crate) fn keyed(close: &Close) -> BTreeMap<String, (CatalogueHash, Row)> {
    let keyed = |row: &Row| (key_of(row), (close.catalogue, row.clone()));
    close.rows.iter().map(keyed).collect()
}

/// What the view has of a close.
#[derive(PartialEq, Eq)]
pub(super) enum Shown {
    Less,
    Equal,
    /// Rows that the close has not.
    More,
}

impl TablesState {
    /// The rows of a place beside those of the ledger's close.
    pub(super) fn compare(&self, place: Place, close: Option<&Close>) -> Shown {
        let rows = self.rows.get(&place);
        let mut shown = rows.into_iter().flat_map(BTreeMap::values);
        let in_ledger = |(catalogue, row): &(CatalogueHash, Row)| {
            close.is_some_and(|close| close.catalogue == *catalogue && close.rows.contains(row))
        };
        let number = rows.map_or(0, BTreeMap::len);
        match close.map_or(0, |close| close.rows.len()) {
            _ if !shown.all(in_ledger) => Shown::More,
            wanted if number < wanted => Shown::Less,
            _ => Shown::Equal,
        }
    }

    /// Number and hash of a close's rows, as the view has them.
    pub(super) fn hash(&self, place: Place) -> Option<RowsHash> {
        let rows = self.rows.get(&place).filter(|rows| !rows.is_empty())?;
        let (catalogue, _) = rows.values().next()?;
        Some(hash_of(&Close {
            month: place.1,
            offset: 0,
            catalogue: *catalogue,
            fold_version: 1,
            rows: rows.values().map(|(_, row)| row.clone()).collect(),
        }))
    }
}
