//! Periods that are not whole, windows that lack rows, of whom a series speaks, and when persons
//! are "at least so many"; with rows that fit on a page.

use super::beside::{SHARE, improved, subject};
use super::*;
use crate::figures::process::{ChartQuery, ProcessChart, process};
use crate::statistics::rules::SignalRules;

/// A series with these months shown: its points and of whom they speak.
struct Asking<'a> {
    shown: (&'a str, &'a str),
    question: String,
    spacing: SeriesSpacing,
}

impl Asking<'_> {
    fn series(&self, rows: &[ClosedRow]) -> (Vec<SeriesPoint>, Vec<YearCompleteness>) {
        let background = background(self.shown.0, self.shown.1);
        let query = query(&self.question);
        let asked = CheckedQuery::new(&query, &background).unwrap();
        let rows = RowTables::new(rows, &background);
        let points = asked.series("", self.spacing, &rows);
        let completeness = asked.completeness("", &points, &rows);
        (points, completeness)
    }

    fn statuses(&self, rows: &[ClosedRow]) -> Vec<String> {
        let (points, _) = self.series(rows);
        let told = points.iter().map(|point| {
            let why = match &point.figure.shown {
                Ok(_) => "",
                Err(why) => &coded(why),
            };
            format!("{} {why}", point.status.as_str())
        });
        told.map(|told| told.trim().to_owned()).collect()
    }
}

/// A row of `tau` for each month, of that many persons.
fn monthly(first: &str, last: &str, persons: u32) -> Vec<ClosedRow> {
    let rows = months(first, last).into_iter().map(|month| {
        let month = month.to_string();
        improved("tau", &month, &month, persons, 5)
    });
    rows.collect()
}

const RUNNING: &str = "not-closed not-closed 2025-04";
const CUT_OFF: &str = "not-closed period-cut-off";

#[test]
fn a_period_that_is_not_whole_is_not_closed() {
    let rows = monthly("2024-01", "2025-03", 10);
    let of = |spacing, from: &str, to: &str| {
        let asking = Asking {
            shown: ("2024-01", "2025-03"),
            question: format!("{SHARE} tau - {from} {to}"),
            spacing,
        };
        asking.statuses(&rows)
    };
    use SeriesSpacing::{Tertial, Year};
    let shown = "shown";
    assert_eq!(of(Tertial, "-", "-"), [shown, shown, shown, RUNNING]);
    assert_eq!(of(Tertial, "2024-02", "2024-08"), [CUT_OFF, shown]);
    assert_eq!(of(Tertial, "2024-01", "2024-07"), [shown, CUT_OFF]);
    assert_eq!(of(Year, "-", "-"), [shown, RUNNING]);
    assert_eq!(of(Year, "2024-02", "2025-03"), [CUT_OFF, RUNNING]);
    assert_eq!(of(Year, "2024-01", "2024-12"), [shown]);
    // Before the first month that was closed there is nothing to make a period whole.
    let later = Asking {
        shown: ("2024-03", "2024-12"),
        question: format!("{SHARE} tau"),
        spacing: Year,
    };
    let told = later.statuses(&rows);
    assert_eq!(told, ["not-closed before-first-close 2024-03"]);
}

#[test]
fn a_period_that_is_not_whole_takes_no_part_in_chart_and_change() {
    let asking = Asking {
        shown: ("2022-01", "2025-02"),
        question: "fit.alliance forms tau".to_owned(),
        spacing: SeriesSpacing::Tertial,
    };
    let rows = months("2022-01", "2025-02").into_iter().map(|month| {
        let month = month.to_string();
        row("fit.alliance", "tau", &month, &month, 10)
            .sum("forms", 30)
            .done()
    });
    let (points, _) = asking.series(&rows.collect::<Vec<_>>());
    assert_eq!(points.len(), 10);
    let last = &points[9];
    assert_eq!((last.status, last.change), (PointStatus::NotClosed, None));
    let wish = ChartQuery {
        spacing: SeriesSpacing::Tertial,
        chart: None,
        rules: SignalRules::Nhs,
        moving_ranges: None,
    };
    let told: ProcessChart = process(&points, subject("fit.alliance forms"), wish).unwrap();
    assert_eq!((told.centre, told.limits[9]), (120.0, None));
    assert_eq!(told.signals, []);
    // A period at the end is no gap: nothing could be joined across it.
    assert_eq!(told.notes, [ChartNote::PreliminaryLimits]);
    let mut points = points;
    points[4].figure.shown = points[9].figure.shown.clone();
    let told: ProcessChart = process(&points, subject("fit.alliance forms"), wish).unwrap();
    assert!(told.notes.contains(&ChartNote::PeriodsLeftOut));
}

#[test]
fn rolling_months_have_all_of_their_rows_or_none() {
    let asking = Asking {
        shown: ("2024-01", "2026-03"),
        question: format!("{SHARE} tau"),
        spacing: SeriesSpacing::Rolling,
    };
    let mut rows = monthly("2024-01", "2026-03", 10);
    let told = asking.statuses(&rows);
    assert_eq!(told.len(), 16);
    assert!(told.iter().all(|it| it == "shown"), "{told:?}");
    // The rest of a year is in its twelve months alone.
    rows.push(improved("btheb", "2024-01", "2024-12", 7, 2));
    rows.push(improved("tau", "2025-01", "2025-12", 6, 1));
    let told = asking.statuses(&rows);
    let shown = (0..16).filter(|place| told[*place] == "shown");
    assert_eq!(shown.collect::<Vec<_>>(), [0, 12]);
    let longer = told.iter().filter(|it| it.starts_with("longer"));
    assert_eq!(longer.count(), 14, "{told:?}");
}

#[test]
fn a_series_says_of_whom_it_speaks() {
    let mut rows = monthly("2024-01", "2024-06", 41);
    rows.push(improved("tau", "2024-05", "2024-08", 60, 5));
    rows.push(improved("tau", "2024-01", "2024-12", 62, 5));
    rows.extend(monthly("2025-01", "2025-03", 10));
    let of = |spacing| {
        let asking = Asking {
            shown: ("2024-01", "2025-03"),
            question: format!("{SHARE} tau"),
            spacing,
        };
        let years = asking.series(&rows).1.into_iter();
        let told = years.map(|it| (it.year, it.persons, it.of, it.is_low(), it.is_closed));
        told.collect::<Vec<_>>()
    };
    let of_months = [(2024, 246, 368, true, true), (2025, 30, 30, false, false)];
    assert_eq!(of(SeriesSpacing::Month), of_months);
    assert_eq!(of(SeriesSpacing::Tertial), [(2024, 306, 368, false, true)]);
    assert_eq!(of(SeriesSpacing::Year), [(2024, 368, 368, false, true)]);
}

#[test]
fn four_in_five_are_not_too_few() {
    let of = |persons| YearCompleteness {
        year: 2024,
        persons,
        of: 10,
        is_closed: true,
    };
    assert!(!of(8).is_low() && of(7).is_low());
    assert_eq!(of(8).percent(), 80.0);
}

#[test]
fn persons_are_at_least_so_many_only_where_somebody_may_be_lost() {
    let of = |unit: &str, month: &str, persons: u32, new: u32| {
        row("fit.alliance", unit, month, month, persons)
            .new_in_year(new)
            .sum("forms", persons.into())
            .done()
    };
    let is_least = |question: &str, rows: &[ClosedRow]| {
        let figures = ask(question, rows);
        let [figure] = &figures[..] else {
            panic!("one figure is wanted of {question}");
        };
        figure.notes.contains(&FigureNote::AtLeastSoMany)
    };
    let of_tau = "fit.alliance forms tau span 2024-02 2024-04";
    let everybody_new = [
        of("tau", "2024-01", 9, 9),
        of("tau", "2024-02", 8, 8),
        of("tau", "2024-03", 7, 7),
    ];
    assert!(!is_least(of_tau, &everybody_new), "8 + 7 are distinct");
    let some_known = [
        of("tau", "2024-01", 9, 9),
        of("tau", "2024-02", 8, 8),
        of("tau", "2024-03", 7, 6),
    ];
    assert!(
        is_least(of_tau, &some_known),
        "one may have come in January"
    );
    // Whoever came in January came in February too: nobody else is new in the year.
    let all_again = [
        of("tau", "2024-01", 9, 9),
        of("tau", "2024-02", 9, 0),
        of("tau", "2024-03", 7, 0),
    ];
    assert!(!is_least(of_tau, &all_again), "nine of nine are counted");
    // Two rows of other units, and one by itself, lose nobody.
    let of_clinic = "fit.alliance forms clinic span 2024-02 2024-04";
    let of_others = [
        of("btheb", "2024-01", 9, 9),
        of("btheb", "2024-03", 9, 2),
        of("tau", "2024-02", 8, 8),
        of("tau", "2024-04", 8, 3),
    ];
    assert!(
        !is_least(of_clinic, &of_others),
        "each first row counts whole"
    );
    // What pools units at a year's end may have anybody of theirs.
    let pooled = |new| {
        row("fit.alliance", "clinic", "2024-02", "2024-12", 9)
            .pooled(RowLevel::Institution)
            .new_in_year(new)
            .sum("forms", 9)
            .done()
    };
    let of_year = "fit.alliance forms clinic span 2024-02 2024-12";
    let rows = |last| [of("tau", "2024-01", 9, 9), of("tau", "2024-02", 8, 8), last];
    assert!(is_least(of_year, &rows(pooled(4))));
    assert!(!is_least(of_year, &rows(pooled(9))));
}
