//! What files hold. Comes in: forms, rows, catalogues. Goes out: columns and cells. The invariant: no
//! I/O here, and equal arguments give equal tables.

pub(crate) mod codebook;
pub(crate) mod fhir;
pub(crate) mod forms;
pub(crate) mod rows;
pub(crate) mod skde;

use medvirk_domain::catalogue::{Catalogue, Instrument, Item, Titles};
use medvirk_domain::fixed::Fixed;

use crate::table::{Code, Column, Kind};

/// Files are for Norwegian registries.
const LANGUAGE: &str = "nb";

/// The text in the language of the files.
fn text(titles: &Titles) -> &str {
    let found = titles.get(LANGUAGE).or_else(|| titles.values().next());
    found.map_or("", String::as_str)
}

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
fn column_of(item: &Item) -> Column {
    let kind = match () {
        () if is_boolean(item) => Kind::Boolean,
        () if decimals(item) == 0 => Kind::Integer,
        () => Kind::Decimal,
    };
    let codes = item.values.iter().map(|coded| Code {
        value: coded.value,
        label: text(&coded.label).to_owned(),
        missing: coded.missing,
    });
    Column {
        name: name(item.id.as_str()),
        kind,
        label: text(&item.label).to_owned(),
        codes: codes.collect(),
    }
}

/// Yes or no, and nothing else.
fn is_boolean(item: &Item) -> bool {
    let range = (item.min, item.max, item.step) == (Fixed::ZERO, Fixed::ONE, Fixed::ONE);
    range && !item.values.iter().any(|coded| coded.missing)
}

/// Every value that the item has is a code.
fn is_coded(item: &Item) -> bool {
    let step = item.step.micros().max(1);
    let steps = (item.max.micros() - item.min.micros()) / step + 1;
    !is_boolean(item) && i64::try_from(item.values.len()) == Ok(steps)
}

/// How many decimals the values of an item have.
fn decimals(item: &Item) -> u32 {
    let whole = |micros: i64| {
        [item.min, item.step]
            .iter()
            .all(|it| it.micros() % micros == 0)
    };
    let unit = |places: u32| 10_i64.pow(6 - places);
    (0..6).find(|places| whole(unit(*places))).unwrap_or(6)
}
