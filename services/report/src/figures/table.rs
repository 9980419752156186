//! Rows as figures read them. Comes in: rows of period closes, and who belonged to whom. Goes out:
//! the same rows by measure and year, in the order of their closes, each under every organisation
//! at or above its own. The invariant: only rows of shown months are in it, and none changes: a
//! year is shared between answers, and replaced whole.
//!
//! Ten years of a nation are some hundred thousand rows, so names are shared and numbers packed.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use medvirk_domain::ids::{MeasureId, VariableId};
use medvirk_domain::row::{RowLevel, RowParts, VariableSum};
use medvirk_domain::time::Month;

use super::background::FigureBackground;
use super::closed_row::ClosedRow;
use super::span::MonthSpan;
use super::tree::OrganisationTree;

/// Rows by measure, by the year of their first month, and by when they came.
#[derive(Default, Clone)]
pub struct RowTables(BTreeMap<MeasureId, OfMeasure>);

/// The rows of a measure.
type OfMeasure = BTreeMap<i32, Vec<Arc<YearTable>>>;

/// Rows of one measure and year.
struct YearTable {
    /// In the order of their closes.
    rows: Vec<ShownRow>,
    /// Their places, under every organisation at or above their own; ascending.
    below: BTreeMap<Arc<str>, Vec<u32>>,
}

/// A row of a shown month.
pub struct ShownRow {
    pub(super) closed: Month,
    pub(super) first: Month,
    pub(super) last: Month,
    pub(super) organisation: Arc<str>,
    pub(super) part: Arc<str>,
    pub(super) level: RowLevel,
    pub(super) persons: u32,
    pub(super) new_in_year: Option<u32>,
    pub(super) single_therapist: bool,
    pub(super) single_device: bool,
    variables: Arc<[VariableId]>,
    sums: Box<[VariableTotal]>,
}

/// What a row has of a variable.
#[derive(Clone, Copy)]
pub(crate) struct VariableTotal {
    /// The sum of the values, in millionths.
    pub(crate) sum: i64,
    /// The bytes of an `i128`, which by itself would take twice the room.
    squares: Option<[u8; 16]>,
}

/// What follows from the list of a row's variables; of rows in a row that share one, told once.
struct VariableLayout<'a, T, F> {
    tell: F,
    known: Option<(&'a Arc<[VariableId]>, T)>,
}

/// Names that are there once.
#[derive(Default)]
struct NameTable {
    texts: HashSet<Arc<str>>,
    variables: HashSet<Arc<[VariableId]>>,
}

// === impl Tables ===

impl RowTables {
    /// Takes the rows of shown months; others are left out.
    pub fn new(rows: &[ClosedRow], background: &FigureBackground) -> Self {
        let mut names = NameTable::default();
        let mut found: BTreeMap<(&MeasureId, i32), Vec<ShownRow>> = BTreeMap::new();
        for row in rows.iter().filter(|row| background.is_shown(row.closed)) {
            let of = (&row.row.measure, row.row.first.year());
            found
                .entry(of)
                .or_default()
                .push(ShownRow::new(row, &mut names));
        }
        let mut tables = Self::default();
        for ((measure, year), rows) in found {
            let table = Arc::new(YearTable::new(rows, background.tree(year)));
            let years = tables.0.entry(measure.clone()).or_default();
            years.entry(year).or_default().push(table);
        }
        tables
    }

    /// The rows of all; nothing is copied.
    #[must_use]
    pub fn joined<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut joined = Self::default();
        for (measure, years) in all.into_iter().flat_map(|tables| &tables.0) {
            let into = joined.0.entry(measure.clone()).or_default();
            for (year, tables) in years {
                into.entry(*year)
                    .or_default()
                    .extend(tables.iter().cloned());
            }
        }
        joined
    }

    /// Rows of a measure that begin in a year, of an organisation and of all below it.
    pub(crate) fn of(
        &self,
        measure: &MeasureId,
        year: i32,
        organisation: &str,
    ) -> impl Iterator<Item = &ShownRow> {
        let years = self.measure(measure);
        let rows = years.of(organisation, year..=year, None);
        rows.collect::<Vec<_>>().into_iter()
    }

    pub(super) fn measure(&self, id: &MeasureId) -> MeasureYears<'_> {
        MeasureYears(self.0.get(id))
    }
}

/// The rows of one measure; perhaps none.
#[derive(Clone, Copy)]
pub(super) struct MeasureYears<'a>(Option<&'a OfMeasure>);

/// An organisation whose persons no row may be about, and those above it.
#[derive(Clone, Copy)]
pub(super) struct ExcludedOrganisation<'a> {
    pub(super) organisation: &'a str,
    pub(super) background: &'a FigureBackground,
}

impl<'a> MeasureYears<'a> {
    /// All rows that begin in these years.
    pub(super) fn all(self, span: MonthSpan) -> impl Iterator<Item = &'a ShownRow> {
        let tables = self.tables(span.first.year()..=span.last.year());
        tables.flat_map(|(_, table)| &table.rows)
    }

    /// Those of an organisation and of all below it, but for those that may be about persons of
    /// the one that is left out: its own, of those below it, and of those that pool it with others.
    pub(super) fn of(
        self,
        organisation: &str,
        years: std::ops::RangeInclusive<i32>,
        left_out: Option<ExcludedOrganisation<'_>>,
    ) -> impl Iterator<Item = &'a ShownRow> {
        self.tables(years).flat_map(move |(year, table)| {
            let out = left_out.map(|it| {
                let tree = it.background.tree(year);
                let above: Vec<&str> = tree.upwards(it.organisation).skip(1).collect();
                (table.places(it.organisation), above)
            });
            let stays = move |place: &u32, row: &ShownRow| match &out {
                None => true,
                Some((below, above)) => {
                    below.binary_search(place).is_err() && !above.contains(&&*row.organisation)
                }
            };
            let places = table.places(organisation).iter();
            let rows = places.map(|place| (place, &table.rows[*place as usize]));
            rows.filter(move |(place, row)| stays(place, row))
                .map(|(_, row)| row)
        })
    }

    fn tables(
        self,
        years: std::ops::RangeInclusive<i32>,
    ) -> impl Iterator<Item = (i32, &'a YearTable)> {
        let found = self
            .0
            .into_iter()
            .flat_map(move |all| all.range(years.clone()));
        found.flat_map(|(year, tables)| tables.iter().map(|table| (*year, &**table)))
    }
}

// === impl Table ===

impl YearTable {
    fn new(mut rows: Vec<ShownRow>, tree: &OrganisationTree) -> Self {
        rows.sort_by(|a, b| a.order().cmp(&b.order()));
        let mut below: BTreeMap<Arc<str>, Vec<u32>> = BTreeMap::new();
        for (place, row) in (0..).zip(&rows) {
            for organisation in tree.upwards(&row.organisation) {
                match below.get_mut(organisation) {
                    Some(places) => places.push(place),
                    None => {
                        below.insert(organisation.into(), vec![place]);
                    }
                }
            }
        }
        rows.shrink_to_fit();
        below.values_mut().for_each(Vec::shrink_to_fit);
        Self { rows, below }
    }

    fn places(&self, organisation: &str) -> &[u32] {
        self.below.get(organisation).map_or(&[], Vec::as_slice)
    }
}

// === impl Kept ===

#[cfg(test)]
impl From<&ClosedRow> for ShownRow {
    fn from(row: &ClosedRow) -> Self {
        Self::new(row, &mut NameTable::default())
    }
}

impl ShownRow {
    fn new(closed: &ClosedRow, names: &mut NameTable) -> Self {
        let RowParts {
            level,
            organisation,
            first,
            last,
            part,
            persons,
            new_in_year,
            single_therapist,
            single_device,
            variables,
            ..
        } = &closed.row;
        Self {
            closed: closed.closed,
            first: *first,
            last: *last,
            organisation: names.text(organisation),
            part: names.text(part),
            level: *level,
            persons: *persons,
            new_in_year: *new_in_year,
            single_therapist: *single_therapist,
            single_device: *single_device,
            sums: variables.iter().map(VariableTotal::new).collect(),
            variables: names.variables(variables),
        }
    }

    /// What it has of a variable.
    pub(crate) fn variable(&self, id: &VariableId) -> Option<VariableTotal> {
        Some(self.sums[self.place(id)?])
    }

    /// What each row has of a variable. Rows share the list of their variables, so names are
    /// compared only where it is another one.
    pub(super) fn each<'a>(
        rows: impl IntoIterator<Item = &'a Self>,
        id: &VariableId,
    ) -> impl Iterator<Item = Option<VariableTotal>> {
        let mut place = VariableLayout::new(move |row: &Self| row.place(id));
        let rows = rows.into_iter();
        rows.map(move |row| Some(row.sums[place.of(row)?]))
    }

    /// Those that have all of these variables.
    pub(super) fn with<'a>(rows: &[&'a Self], ids: &[&VariableId]) -> Vec<&'a Self> {
        let has_all = |row: &Self| ids.iter().all(|id| row.place(id).is_some());
        let mut has_all = VariableLayout::new(has_all);
        let rows = rows.iter().copied();
        rows.filter(|row| has_all.of(row)).collect()
    }

    fn place(&self, id: &VariableId) -> Option<usize> {
        self.variables.iter().position(|each| each == id)
    }

    /// Distinct persons, or codes.
    pub(crate) fn persons(&self) -> u32 {
        self.persons
    }

    fn order(&self) -> (Month, RowLevel, &str, &str, Month) {
        let (organisation, part) = (&*self.organisation, &*self.part);
        (self.closed, self.level, organisation, part, self.first)
    }
}

impl<'a, T: Copy, F: Fn(&ShownRow) -> T> VariableLayout<'a, T, F> {
    fn new(tell: F) -> Self {
        Self { tell, known: None }
    }

    fn of(&mut self, row: &'a ShownRow) -> T {
        match self.known {
            Some((list, told)) if Arc::ptr_eq(list, &row.variables) => told,
            _ => {
                let told = (self.tell)(row);
                self.known = Some((&row.variables, told));
                told
            }
        }
    }
}

impl VariableTotal {
    fn new(of: &VariableSum) -> Self {
        Self {
            sum: of.sum,
            squares: of.sum_sq.map(i128::to_le_bytes),
        }
    }

    /// In units of 10⁻¹²; only where a spread is shown.
    pub(crate) fn squares(self) -> Option<i128> {
        self.squares.map(i128::from_le_bytes)
    }
}

impl NameTable {
    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.texts.insert(new.clone());
        new
    }

    fn variables(&mut self, of: &[VariableSum]) -> Arc<[VariableId]> {
        let ids: Vec<VariableId> = of.iter().map(|sum| sum.variable.clone()).collect();
        if let Some(known) = self.variables.get(&ids[..]) {
            return known.clone();
        }
        let new: Arc<[VariableId]> = ids.into();
        self.variables.insert(new.clone());
        new
    }
}
