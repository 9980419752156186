//! Indicators as the national publication service takes them: `context, year, orgnr, ind_id, var,
//! denominator`. Comes in: the rows of period closes of one year. Goes out: lines, and what is left
//! out with the reason. The invariants: a line is a sum of whole rows; only the caregiver context
//! exists, since no row knows where a patient lives; each row is in at most one line of an indicator,
//! so that levels can be added up; a line is of a whole closed year, unless months were asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use medvirk_domain::catalogue::{Catalogue, Indicator, IndicatorFigure, IndicatorKind};
use medvirk_domain::ids::VariableId;
use medvirk_domain::row::RowParts;
use medvirk_domain::time::Month;
use medvirk_store::IndicatorRow;
use serde::Serialize;

use super::name;
use crate::table::{CellKind, DatasetColumn, TableCell};

/// Millionths in a whole.
const MICRO: i128 = 1_000_000;

/// Something that is not in the file, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct OmittedFigure {
    /// An organisation, or an indicator as MEASURE/INDICATOR.
    pub(crate) what: String,
    pub(crate) why: &'static str,
}

const NO_ORGNR: &str = "the catalogue has no orgnr for it";
const UNKNOWN: &str = "the catalogue does not have it any more";
const OTHER_KIND: &str = "the service takes shares, means and nothing else";
const NOT_WHOLE: &str = "its sum is no whole number";
const NOT_CLOSED: &str = "not every month of the year is closed, and its months were not asked for";

/// What rows add up to.
#[derive(Default)]
pub(crate) struct RowTotals {
    /// The numerator in whole millionths.
    pub(crate) over: i128,
    /// What it is divided by, in millionths.
    pub(crate) under: i128,
    persons: i128,
}

/// The months that lines are of: where none were asked for, the years of which every month is
/// shown, from the first to the last; otherwise the asked ones that are shown. None where that is
/// nothing.
pub(crate) fn months(
    asked: Option<&RangeInclusive<Month>>,
    shown: &BTreeSet<Month>,
) -> Option<RangeInclusive<Month>> {
    let (first, last) = (*shown.first()?, *shown.last()?);
    let months = match asked {
        Some(asked) => first.max(*asked.start())..=last.min(*asked.end()),
        None => {
            let whole = (first.year()..=last.year()).filter(|year| is_whole(*year, shown));
            let whole: Vec<i32> = whole.collect();
            Month::new(*whole.first()?, 1)?..=Month::new(*whole.last()?, 12)?
        }
    };
    (!months.is_empty()).then_some(months)
}

/// The shown years that are not among the months of the file, with the reason.
pub(crate) fn years_left_out(
    months: Option<&RangeInclusive<Month>>,
    shown: &BTreeSet<Month>,
) -> BTreeSet<OmittedFigure> {
    let years: BTreeSet<i32> = shown.iter().map(|month| month.year()).collect();
    let is_in = |year: &i32| {
        let years = months.map(|months| months.start().year()..=months.end().year());
        years.is_some_and(|years| years.contains(year))
    };
    let left_out = years.into_iter().filter(|year| !is_in(year));
    let named = left_out.map(|year| OmittedFigure {
        what: year.to_string(),
        why: NOT_CLOSED,
    });
    named.collect()
}

/// True if every month of a year is shown.
fn is_whole(year: i32, shown: &BTreeSet<Month>) -> bool {
    (1..=12).all(|number| Month::new(year, number).is_some_and(|month| shown.contains(&month)))
}

/// The columns of the file for SKDE.
pub(crate) fn columns() -> Vec<DatasetColumn> {
    let column =
        |(name, kind, label): (&str, CellKind, &str)| DatasetColumn::new(name, kind, label);
    [
        (
            "context",
            CellKind::Text,
            "Always caregiver: the treating unit",
        ),
        ("year", CellKind::Integer, "The year"),
        ("orgnr", CellKind::Text, "Number of the legal entity"),
        ("ind_id", CellKind::Text, "Measure and indicator"),
        ("var", CellKind::Decimal, "Numerator of a share, or a mean"),
        (
            "denominator",
            CellKind::Integer,
            "Persons in the rows, each once a row",
        ),
    ]
    .map(column)
    .to_vec()
}

/// The lines of a year, by indicator and orgnr, and what is left out.
pub(crate) fn lines(
    catalogue: &Catalogue,
    year: i32,
    rows: &[IndicatorRow],
) -> (Vec<Vec<TableCell>>, BTreeSet<OmittedFigure>) {
    let mut left_out = BTreeSet::new();
    let mut lines = Vec::new();
    for indicator in &catalogue.indicators {
        let of = |closed: &&IndicatorRow| is_of(indicator, &closed.row);
        let rows: Vec<_> = rows.iter().filter(of).map(|closed| &closed.row).collect();
        let sums = sums(catalogue, indicator, &rows, &mut left_out);
        for (orgnr, sum) in sums {
            match sum.figure(indicator) {
                Ok(Some((var, denominator))) => lines.push(vec![
                    TableCell::text("caregiver"),
                    TableCell::whole(year.unsigned_abs().into()),
                    TableCell::text(orgnr),
                    TableCell::text(indicator_id(indicator)),
                    var,
                    denominator,
                ]),
                // There is nothing to divide by.
                Ok(None) => {}
                Err(why) => {
                    let what = format!("{}/{}", indicator.measure, indicator.id);
                    left_out.insert(OmittedFigure { what, why });
                }
            }
        }
    }
    (lines, left_out)
}

fn indicator_id(indicator: &Indicator) -> String {
    format!(
        "{}_{}",
        name(indicator.measure.as_str()),
        name(indicator.id.as_str())
    )
}

/// The row has what the indicator is made of, and is of its part.
pub(crate) fn is_of(indicator: &Indicator, row: &RowParts) -> bool {
    let part = indicator.part.as_ref();
    row.measure == indicator.measure
        && part.is_none_or(|part| part.as_str() == row.part)
        && indicator
            .figure
            .variables()
            .iter()
            .all(|id| sum_of(row, id).is_some())
}

fn sum_of(row: &RowParts, id: &VariableId) -> Option<i128> {
    let found = row.variables.iter().find(|sum| sum.variable == *id)?;
    Some(found.sum.into())
}

/// By orgnr; rows of organisations without one are left out.
fn sums<'a>(
    catalogue: &'a Catalogue,
    indicator: &Indicator,
    rows: &[&RowParts],
    left_out: &mut BTreeSet<OmittedFigure>,
) -> BTreeMap<&'a str, RowTotals> {
    let organisations = &catalogue.organisations;
    let known = |id: &str| {
        organisations.units.contains_key(id)
            || organisations.institutions.contains_key(id)
            || organisations.trusts.contains_key(id)
    };
    let mut sums: BTreeMap<&str, RowTotals> = BTreeMap::new();
    for row in rows {
        let Some(orgnr) = organisations.orgnr_of(&row.organisation) else {
            let why = if known(&row.organisation) {
                NO_ORGNR
            } else {
                UNKNOWN
            };
            let what = row.organisation.clone();
            left_out.insert(OmittedFigure { what, why });
            continue;
        };
        let (sum, more) = (
            sums.entry(orgnr).or_default(),
            RowTotals::of(indicator, row),
        );
        sum.over += more.over;
        sum.under += more.under;
        sum.persons += more.persons;
    }
    sums
}

impl RowTotals {
    /// Of one row, which has what the indicator is made of.
    pub(crate) fn of(indicator: &Indicator, row: &RowParts) -> Self {
        let of = |id: &VariableId| sum_of(row, id).unwrap_or_default();
        let persons = i128::from(row.persons);
        let (over, under) = match &indicator.figure {
            IndicatorFigure::Variable(one) | IndicatorFigure::Standardised(one, _) => {
                (of(one), persons * MICRO)
            }
            IndicatorFigure::SumOf(one, other) => (of(one) + of(other), persons * MICRO),
            IndicatorFigure::Ratio(one, other) => (of(one), of(other)),
        };
        Self {
            over,
            under,
            persons,
        }
    }

    /// `var` and `denominator`; nothing where there is nothing to divide by.
    fn figure(
        &self,
        indicator: &Indicator,
    ) -> Result<Option<(TableCell, TableCell)>, &'static str> {
        if self.under <= 0 {
            return Ok(None);
        }
        match indicator.kind {
            IndicatorKind::Proportion => {
                let (var, denominator) = (whole(self.over), whole(self.under));
                Ok(Some((var.ok_or(NOT_WHOLE)?, denominator.ok_or(NOT_WHOLE)?)))
            }
            IndicatorKind::Mean | IndicatorKind::Index => {
                // At most three decimals, half away from zero.
                let doubled = 2 * 1_000 * self.over.abs() + self.under;
                let thousandths = (doubled / (2 * self.under)) * self.over.signum();
                let micros = i64::try_from(thousandths * 1_000).map_err(|_| NOT_WHOLE)?;
                let var = TableCell::Number(medvirk_domain::fixed::FixedPoint::from_micros(micros));
                let persons = u64::try_from(self.persons).map_err(|_| NOT_WHOLE)?;
                Ok(Some((var, TableCell::whole(persons))))
            }
            IndicatorKind::Count | IndicatorKind::EffectSize => Err(OTHER_KIND),
        }
    }
}

/// Millionths that are a whole number, not below nought.
fn whole(micros: i128) -> Option<TableCell> {
    let number = u64::try_from(micros / MICRO).ok()?;
    (micros % MICRO == 0).then(|| TableCell::whole(number))
}

#[cfg(test)]
mod tests;
