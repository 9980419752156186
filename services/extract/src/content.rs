//! What files hold. Comes in: forms, rows, catalogues. Goes out: columns and cells. The invariant: no
//! I/O here, and equal arguments give equal tables.

pub(crate) mod codebook;
pub(crate) mod explain;
pub(crate) mod fhir;
pub(crate) mod forms;
pub(crate) mod groups;
pub(crate) mod layout_of;
pub(crate) mod rows;
pub(crate) mod skde;

use medvirk_domain::catalogue::{Catalogue, Instrument, Item};
// What an item is as a column is what it is as a question.
use medvirk_fhir::question::{decimals, is_boolean, is_coded, text};

use crate::table::{CellKind, CodedLabel, ColumnDetails, DatasetColumn};

/// An id as a name that every tool takes.
pub(crate) fn name(id: &str) -> String {
    id.replace(['-', '.'], "_")
}

/// The versions of an instrument, the newest first.
pub(crate) fn versions<'a>(catalogue: &'a Catalogue, id: &str) -> Vec<&'a Instrument> {
    let all = catalogue.instruments.values();
    let mut found: Vec<_> = all.filter(|it| it.id.as_str() == id).collect();
    found.sort_by_key(|instrument| std::cmp::Reverse(instrument.version));
    found
}

/// The column of an item.
fn column_of(item: &Item) -> DatasetColumn {
    let kind = match () {
        () if is_boolean(item) => CellKind::Boolean,
        () if decimals(item) == 0 => CellKind::Integer,
        () => CellKind::Decimal,
    };
    let codes = item.values.iter().map(|coded| CodedLabel {
        value: coded.value,
        label: text(&coded.label).to_owned(),
        missing: coded.missing,
    });
    DatasetColumn {
        name: name(item.id.as_str()),
        kind,
        label: text(&item.label).to_owned(),
        codes: codes.collect(),
        details: ColumnDetails::default(),
    }
}
