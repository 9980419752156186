//! How many persons a figure is about. Comes in: the rows that it sums. Goes out: a number, and
//! what it means. The invariant: within a year and an organisation nobody is claimed twice, unless
//! the rows cannot tell and the number says so.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use medvirk_domain::row::RowLevel;

use super::table::ShownRow;

/// Persons of a figure, and why they may be fewer than the number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CountedPersons {
    /// The number; also the n of intervals.
    pub(super) n: u64,
    /// Rows of the measure do not say who is new: a person may count in each of several rows.
    pub(super) repeated: bool,
}

/// Persons of `rows`, which are rows of one measure.
///
/// Of one row it is what the row says. Several rows of one year are put together by
/// `new_in_year`: the first row of a unit counts whole, a later one adds only who was in no row
/// of the year before it. Over a whole year that is the number of distinct persons of each
/// organisation; over a part of one it is the least that there can have been. Years are added.
pub(super) fn count(rows: &[&ShownRow]) -> CountedPersons {
    let mut years: BTreeMap<i32, Vec<&ShownRow>> = BTreeMap::new();
    for run in runs(rows) {
        years.entry(run[0].first.year()).or_default().extend(run);
    }
    let mut counted = CountedPersons::default();
    for rows in years.values_mut() {
        rows.sort_by_key(|row| row.closed);
        match distinct(rows) {
            Some(n) => counted.n += n,
            None => {
                counted.n += rows.iter().map(|row| u64::from(row.persons)).sum::<u64>();
                counted.repeated |= rows.len() > 1;
            }
        }
    }
    counted
}

/// The years in which rows begin.
pub(super) fn years(rows: &[&ShownRow]) -> BTreeSet<i32> {
    runs(rows).map(|run| run[0].first.year()).collect()
}

/// True if the number of distinct persons of `rows` may be larger than [`count`] says.
///
/// Who is new in a row is in no earlier row of the year. Somebody who is in a later row of these,
/// and not new there, is thus not counted if the earlier row is not among them: a row by which
/// somebody may be lost is one that says that not all of it are new, and that comes after a row
/// of the same unit (or, where it pools units, of one of these) that is left out. Nobody is lost
/// where as many are counted as were in all rows up to then. `all` are the rows of the years of
/// `rows`; `is_below` says whether a row is of an organisation or below it.
pub(super) fn may_be_more(
    rows: &[&ShownRow],
    all: &[&ShownRow],
    is_below: impl Fn(&ShownRow, &str) -> bool,
) -> bool {
    if rows.len() < 2 || rows.iter().any(|row| row.new_in_year.is_none()) {
        return false;
    }
    let known: HashSet<*const ShownRow> = rows.iter().map(|row| std::ptr::from_ref(*row)).collect();
    let is_left_out = |row: &&&ShownRow| !known.contains(&std::ptr::from_ref(**row));
    let left_out: Vec<&ShownRow> = all.iter().filter(is_left_out).copied().collect();
    if left_out.is_empty() {
        return false;
    }
    let mut groups: BTreeMap<(&str, i32), Vec<&ShownRow>> = BTreeMap::new();
    for row in rows {
        let group = (&*row.organisation, row.first.year());
        groups.entry(group).or_default().push(row);
    }
    groups.into_iter().any(|((organisation, year), mut rows)| {
        rows.sort_by_key(|row| row.closed);
        // What pools units at a year's end never counts whole.
        let is_unit = rows[0].level == RowLevel::Unit;
        let (whole, later) = rows.split_at(usize::from(is_unit));
        if later.iter().all(is_all_new) {
            return false;
        }
        let is_at = |row: &&&ShownRow| {
            if is_unit {
                *row.organisation == *organisation
            } else {
                is_below(row, organisation)
            }
        };
        let others = left_out.iter().filter(|row| row.first.year() == year);
        let others: Vec<&ShownRow> = others.filter(is_at).copied().collect();
        may_lose_somebody(whole, later, &others)
    })
}

/// The same of the rows of one organisation and year: the one that counts whole, if any, those
/// after it in the order of their closes, and those at or below it that are left out.
fn may_lose_somebody(whole: &[&ShownRow], later: &[&ShownRow], left_out: &[&ShownRow]) -> bool {
    let came_before = |row: &ShownRow| left_out.iter().any(|other| other.closed <= row.closed);
    let loses = later.iter().any(|row| !is_all_new(row) && came_before(row));
    let new = |row: &&ShownRow| row.new_in_year.unwrap_or(row.persons);
    let last = later.last().map(|row| row.closed);
    let before = left_out.iter().filter(|row| Some(row.closed) <= last);
    let new_later: u32 = later.iter().map(new).sum();
    let counted = whole.iter().map(|row| row.persons).sum::<u32>() + new_later;
    let ever = before.chain(whole).map(new).sum::<u32>() + new_later;
    loses && (whole.is_empty() || counted < ever)
}

/// True if nobody of a row is in an earlier one of its year.
fn is_all_new(row: &&ShownRow) -> bool {
    row.new_in_year == Some(row.persons)
}

/// Rows that follow each other and begin in the same year: mostly all of that year.
fn runs<'r, 'a>(rows: &'r [&'a ShownRow]) -> impl Iterator<Item = &'r [&'a ShownRow]> {
    rows.chunk_by(|a, b| a.first.year() == b.first.year())
}

/// The least number of distinct persons in the rows of a year, in the order of their closes;
/// `None` where a row does not say who is new.
fn distinct(rows: &[&ShownRow]) -> Option<u64> {
    let (mut n, mut largest) = (0, 0);
    let mut begun: HashSet<&str> = HashSet::new();
    for row in rows {
        let whole = u64::from(row.persons);
        // What is pooled at a year's end may hold persons of any row below, so it never counts
        // whole beside others.
        let first_of_unit = row.level == RowLevel::Unit && begun.insert(&row.organisation);
        n += if first_of_unit {
            whole
        } else {
            u64::from(row.new_in_year?)
        };
        largest = largest.max(whole);
    }
    let all_say = rows.iter().all(|row| row.new_in_year.is_some());
    // No row holds more persons than there were.
    (all_say || rows.len() == 1).then_some(n.max(largest))
}
