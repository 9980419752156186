//! Series, comparisons and the rest, of rows that fit on a page; intervals of differences by hand
//! from the intervals of the figures.

use super::*;
use crate::figures::process::{ChartKind, ChartQuery, ProcessChart, SeriesSubject, process};
use crate::statistics::funnel::FunnelPlace;
use crate::statistics::rules::{SignalRules, TopicRule};

pub(super) const SHARE: &str = "bdi.outcome share-improved";

pub(super) fn improved(unit: &str, first: &str, last: &str, persons: u32, hits: i64) -> ClosedRow {
    row("bdi.outcome", unit, first, last, persons)
        .sum("improved", hits)
        .done()
}

fn series(question: &str, spacing: SeriesSpacing, rows: &[ClosedRow]) -> Vec<SeriesPoint> {
    let background = background("2024-01", "2025-03");
    let query = query(question);
    CheckedQuery::new(&query, &background).unwrap().series(
        "",
        spacing,
        &RowTables::new(rows, &background),
    )
}

fn statuses(points: &[SeriesPoint]) -> Vec<&'static str> {
    points.iter().map(|point| point.status.as_str()).collect()
}

#[test]
fn a_series_says_of_every_period_what_became_of_it() {
    let rows = [
        improved("tau", "2024-01", "2024-01", 10, 5),
        improved("tau", "2024-02", "2024-02", 10, 9),
        improved("tau", "2024-05", "2024-08", 10, 5),
        improved("tau", "2025-01", "2025-01", 10, 5),
    ];
    let points = series(
        &format!("{SHARE} tau - 2023-12 2025-04"),
        SeriesSpacing::Month,
        &rows,
    );
    let mut expected = vec!["before", "shown", "shown", "not-shown", "not-shown"];
    expected.extend(["longer"; 4]);
    expected.extend(["not-shown"; 4]);
    expected.extend(["shown", "waits", "waits", "not-closed"]);
    assert_eq!(statuses(&points), expected);
    // Nothing is nought where nothing is shown.
    for point in &points {
        assert_eq!(
            point.figure.shown.is_ok(),
            point.status == PointStatus::Shown
        );
    }
    let change = points[2].change.unwrap();
    assert!((change.value - 40.0).abs() < 1e-12);
    // 50 [23.6593, 76.3407] to 90 [59.5850, 98.2124].
    let (lower, upper) = change.interval.unwrap();
    assert!(
        (lower - -0.2356).abs() < 1e-3 && (upper - 67.5912).abs() < 1e-3,
        "{change:?}"
    );
    assert_eq!(change.verdict(), DifferenceVerdict::Unclear);
    assert_eq!(points[13].change, None, "the month before is not shown");
}

#[test]
fn time_is_cut_into_tertials_years_and_rolling_years() {
    let rows = [improved("tau", "2024-01", "2024-04", 10, 5)];
    let spans = |spacing| {
        let points = series(&format!("{SHARE} tau - 2024-03 2025-03"), spacing, &rows);
        let spans = points.iter().map(|point| point.figure.span);
        let written = spans.map(|span| format!("{} {}", span.first, span.last));
        written.collect::<Vec<_>>()
    };
    assert_eq!(
        spans(SeriesSpacing::Tertial),
        [
            "2024-03 2024-04",
            "2024-05 2024-08",
            "2024-09 2024-12",
            "2025-01 2025-03"
        ]
    );
    assert_eq!(
        spans(SeriesSpacing::Year),
        ["2024-03 2024-12", "2025-01 2025-03"]
    );
    assert_eq!(
        spans(SeriesSpacing::Rolling),
        ["2024-03 2025-02", "2024-04 2025-03"]
    );
}

/// What an indicator's series is of.
pub(super) fn subject(indicator: &str) -> SeriesSubject {
    let background = background("2024-01", "2025-03");
    let query = query(indicator);
    CheckedQuery::new(&query, &background)
        .unwrap()
        .subject()
        .unwrap()
}

fn chart(months: usize, wish: ChartQuery) -> Result<ProcessChart, NoChartReason> {
    let rows: Vec<ClosedRow> = (0..months)
        .map(|later| {
            let of = month("2024-01")
                .plus(i32::try_from(later).unwrap())
                .to_string();
            improved("tau", &of, &of, 20, if later < 7 { 4 } else { 16 })
        })
        .collect();
    let points = series(&format!("{SHARE} tau"), wish.spacing, &rows);
    process(&points, subject(SHARE), wish)
}

#[test]
fn a_control_chart_rests_on_what_is_shown() {
    let wish = ChartQuery {
        spacing: SeriesSpacing::Month,
        chart: None,
        rules: SignalRules::Nhs,
        moving_ranges: None,
    };
    let told = chart(14, wish).unwrap();
    assert_eq!((told.kind, told.centre), (ChartKind::P, 50.0));
    assert_eq!(told.limits.len(), 15);
    assert_eq!(told.limits[14], None, "March is not shown");
    let shifts = told
        .signals
        .iter()
        .filter(|signal| signal.rule == TopicRule::Shift);
    let shifts: Vec<_> = shifts
        .map(|signal| (signal.points.len(), signal.high))
        .collect();
    assert_eq!(shifts, [(7, Some(false)), (7, Some(true))]);
    assert!(
        told.notes.is_empty(),
        "nothing lies between: {:?}",
        told.notes
    );
    let other = chart(
        14,
        ChartQuery {
            rules: SignalRules::Anhoj,
            chart: Some(ChartKind::Xmr),
            ..wish
        },
    );
    let rules: Vec<_> = other.unwrap().signals.iter().map(|s| s.rule).collect();
    assert_eq!(rules, [TopicRule::FewCrossings]);
    assert_eq!(
        chart(9, wish).unwrap().notes,
        [ChartNote::PreliminaryLimits]
    );
    assert_eq!(chart(7, wish).unwrap_err(), NoChartReason::TooFewPeriods);
    let rolling = ChartQuery {
        spacing: SeriesSpacing::Rolling,
        ..wish
    };
    assert_eq!(
        chart(14, rolling).unwrap_err(),
        NoChartReason::RollingPeriodsOverlap
    );
}

#[test]
fn the_rest_is_made_of_rows_that_are_about_nobody_of_one_s_own() {
    let year = ("2024-01", "2024-12");
    let rows = [
        improved("tau", year.0, year.1, 10, 9),
        improved("btheb", year.0, year.1, 10, 1),
        row("bdi.outcome", "clinic", year.0, year.1, 5)
            .pooled(RowLevel::Institution)
            .sum("improved", 1)
            .done(),
        improved("pier", year.0, year.1, 15, 3),
        improved("isle", year.0, year.1, 20, 5),
    ];
    let background = background("2024-01", "2025-03");
    let query = query(&format!("{SHARE} tau - {} {}", year.0, year.1));
    let asked = CheckedQuery::new(&query, &background).unwrap();
    let (own, rests) = asked
        .against_the_rest("", &RowTables::new(&rows, &background))
        .unwrap();
    assert_eq!(own.shown.unwrap().value, 90.0);
    let told: Vec<_> = rests
        .iter()
        .map(|rest| {
            let shown = rest.figure.shown.as_ref().unwrap();
            let pooled = rest.figure.notes.contains(&FigureNote::PooledRowsLeftOut);
            let verdict = rest.difference.unwrap().verdict();
            (
                &rest.figure.organisation[..],
                shown.persons,
                shown.value,
                pooled,
                verdict,
            )
        })
        .collect();
    use DifferenceVerdict::Higher;
    assert_eq!(
        told,
        [
            ("clinic", 10, 10.0, true, Higher),
            ("hf", 25, 16.0, true, Higher),
            ("west", 25, 16.0, true, Higher),
            ("no", 45, 20.0, true, Higher),
        ]
    );
    // Of the institution there is then nothing but what pools both of its units.
    let rows = [rows[0].clone(), rows[2].clone()];
    let (_, rests) = asked
        .against_the_rest("", &RowTables::new(&rows, &background))
        .unwrap();
    assert_eq!(rests[0].figure.shown, Err(WithheldReason::RestIsPooled));
    assert_eq!(rests[0].difference, None);
}

#[test]
fn a_funnel_is_about_the_whole_and_as_wide_as_chance() {
    let of = |unit, persons, hits| improved(unit, "2024-01", "2024-12", persons, hits);
    let rows = [
        of("tau", 50, 49),
        of("btheb", 50, 10),
        of("pier", 40, 16),
        of("isle", 60, 25),
    ];
    let background = background("2024-01", "2025-03");
    let query = query(&format!("{SHARE} - - 2024-01 2024-12"));
    let asked = CheckedQuery::new(&query, &background).unwrap().or_all();
    let rows = RowTables::new(&rows, &background);
    let told = asked.compare("", OrganisationLevel::Unit, &rows).unwrap();
    assert_eq!(told.whole.shown.as_ref().unwrap().value, 50.0);
    assert_eq!((told.dispersion, &told.no_funnel), (None, &None));
    let places: Vec<_> = told
        .compared
        .iter()
        .map(|one| (&one.figure.organisation[..], one.place.unwrap()))
        .collect();
    use FunnelPlace::{Above998, Below998, Within};
    assert_eq!(
        places,
        [
            ("btheb", Below998),
            ("isle", Within),
            ("pier", Within),
            ("tau", Above998)
        ]
    );
    let trusts = asked.compare("", OrganisationLevel::Trust, &rows).unwrap();
    let trusts: Vec<_> = trusts
        .compared
        .iter()
        .map(|t| &t.figure.organisation[..])
        .collect();
    assert_eq!(trusts, ["hf", "hs"]);
    // Means have limits by the spread of the whole, and what is not shown keeps its reason.
    let query = super::query("bdi.outcome mean-first - - 2024-01 2024-12");
    let asked = CheckedQuery::new(&query, &background).unwrap().or_all();
    let rows = [row("bdi.outcome", "tau", "2024-01", "2024-12", 13)
        .sum("first", 325)
        .squares("first", 8_600)
        .done()];
    let rows = RowTables::new(&rows, &background);
    let told = asked.compare("", OrganisationLevel::Unit, &rows).unwrap();
    let tau = told
        .compared
        .iter()
        .find(|one| one.figure.shown.is_ok())
        .unwrap();
    let limits = tau.limits.unwrap();
    // Those of the interval of a row by itself, about its own mean.
    assert!((limits.lower_95 - 21.1981).abs() < 1e-4 && (limits.upper_95 - 28.8019).abs() < 1e-4);
    assert_eq!(
        told.compared
            .iter()
            .filter(|one| one.limits.is_none())
            .count(),
        3
    );
}

#[test]
fn organisations_that_differ_more_than_chance_widen_the_funnel() {
    let scores = [-6.0, -3.0, 0.5, 2.0, 3.0, 7.0];
    let told = crate::statistics::funnel::dispersion(&scores).unwrap();
    assert!(told.applies && told.phi > 9.0, "{told:?}");
    let wide = crate::statistics::funnel::widened(0.5, 0.1 * told.phi.sqrt());
    let narrow = crate::statistics::funnel::widened(0.5, 0.1);
    assert!(wide.upper_95 > narrow.upper_95 && wide.lower_998 < narrow.lower_998);
}
