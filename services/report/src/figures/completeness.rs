//! Of whom a series speaks. Comes in: its periods and rows. Goes out: for each year, how many
//! persons are in rows of the shown periods, and in all rows that touch a whole period. The
//! invariant: both numbers are made of published rows; what still waits is in neither, and a
//! period that is not whole yet makes no year look bare.

use std::collections::BTreeSet;

use super::persons;
use super::query::CheckedQuery;
use super::series::{PointStatus, SeriesPoint};
use super::sheet::{MeasureSheet, span_of};
use super::span::MonthSpan;
use super::table::{RowTables, ShownRow};

/// Below this percentage a series is about too few of the persons to be read as about all.
const LEAST_PERCENT: u64 = 80;

/// How many of a year's persons a series is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YearCompleteness {
    /// The calendar year of the persons.
    pub year: i32,
    /// Persons, or codes, in rows that lie in a period that is shown.
    pub persons: u64,
    /// Persons, or codes, in all rows of the year that touch a whole period, shown or not.
    pub of: u64,
    /// True if no more rows of the year can come.
    pub is_closed: bool,
}

impl YearCompleteness {
    /// The share in percent.
    pub fn percent(&self) -> f64 {
        100.0 * self.persons as f64 / self.of as f64
    }

    /// True if a reader is to be warned.
    pub fn is_low(&self) -> bool {
        self.persons * 100 < self.of * LEAST_PERCENT
    }
}

impl CheckedQuery<'_> {
    /// Of whom these points speak, for each year that has rows.
    pub fn completeness(
        &self,
        part: &str,
        points: &[SeriesPoint],
        rows: &RowTables,
    ) -> Vec<YearCompleteness> {
        let (Some(organisation), Some(asked), [indicator]) =
            (self.organisation, self.span, &self.indicators[..])
        else {
            return Vec::new();
        };
        let sheet = MeasureSheet::new(self, &indicator.measure, rows);
        let spans = |of: &dyn Fn(PointStatus) -> bool| -> BTreeSet<MonthSpan> {
            let points = points.iter().filter(|point| of(point.status));
            points.map(|point| point.figure.span).collect()
        };
        let shown = spans(&|status| status == PointStatus::Shown);
        let settled = spans(&|status| status.is_settled());
        let mut years = Vec::new();
        for year in asked.years() {
            let settled: Vec<&MonthSpan> = settled.iter().filter(|it| it.meets(year)).collect();
            let touching = sheet.rows_at(organisation, year).filter(|row| {
                let is_of_part = part.is_empty() || *row.part == *part;
                is_of_part && settled.iter().any(|period| period.meets(span_of(row)))
            });
            let all: Vec<&ShownRow> = touching.collect();
            let all = ShownRow::with(&all, &indicator.figure.variables());
            let is_in_a_period = |row: &&&ShownRow| shown.iter().any(|it| it.holds(span_of(row)));
            let inside: Vec<&ShownRow> = all.iter().filter(is_in_a_period).copied().collect();
            let of = persons::count(&all).n;
            if of > 0 {
                let december = year.first.year_start().plus(11);
                years.push(YearCompleteness {
                    year: year.first.year(),
                    // Both numbers are the least that there can have been.
                    persons: persons::count(&inside).n.min(of),
                    of,
                    is_closed: self.background.is_shown(december),
                });
            }
        }
        years
    }
}
