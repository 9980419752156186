//! What the reader computes from the rows that there are, and indicators of one part.

use medvirk_domain::catalogue::{Indicator, IndicatorFigure as Made};

use super::*;

/// Asks under the sample's catalogue with one indicator changed.
fn ask_changed(
    id: &str,
    change: fn(&mut Indicator),
    question: &str,
    rows: &[ClosedRow],
) -> Vec<Figure> {
    let mut catalogue = catalogue();
    let named = |one: &&mut Indicator| format!("{}/{}", one.measure, one.id) == id;
    catalogue
        .indicators
        .iter_mut()
        .filter(named)
        .for_each(change);
    let catalogue = Arc::new(catalogue);
    let shown = months("2024-01", "2025-03");
    let years = shown.iter().map(|month| (month.year(), catalogue.clone()));
    let background = FigureBackground::new(catalogue.clone(), &years.collect(), shown.clone());
    let query = query(question);
    CheckedQuery::new(&query, &background)
        .unwrap()
        .figures(&RowTables::new(rows, &background))
}

fn effect_size(indicator: &mut Indicator) {
    indicator.kind = IndicatorKind::EffectSize;
    indicator.target = None;
    indicator.figure = Made::Standardised("change".parse().unwrap(), "first".parse().unwrap());
}

#[test]
fn an_effect_size_is_the_mean_change_over_the_spread_at_intake() {
    let large = row("bdi.outcome", "tau", "2024-01", "2024-04", 13)
        .sum("first", 325)
        .squares("first", 8_600)
        .sum("change", -91)
        .done();
    let small = row("bdi.outcome", "tau", "2024-05", "2024-05", 6)
        .sum("first", 150)
        .sum("change", -12)
        .done();
    let ask = |rows: &[ClosedRow]| {
        let question = "bdi.outcome mean-change tau";
        ask_changed("bdi.outcome/mean-change", effect_size, question, rows)
    };
    let told = ask(&[large.clone(), small.clone()]);
    let value = |place: usize| told[place].shown.as_ref().unwrap().value;
    // Variance (8600 − 325²/13) / 12.
    let deviation = (475.0_f64 / 12.0).sqrt();
    assert!((value(0) + 7.0 / deviation).abs() < 1e-12);
    let without = told[0]
        .shown
        .as_ref()
        .unwrap()
        .interval
        .as_ref()
        .unwrap_err();
    assert_eq!(*without, NoIntervalReason::EffectSize);
    // A small row borrows the spread of the larger ones of its year, and says so.
    assert!((value(1) + 2.0 / deviation).abs() < 1e-12);
    assert_eq!(coded(&told[1].notes[0]), "spread-of-own-rows 2024");
    // Where nobody has one there is nothing to divide by.
    let alone = ask(&[small]);
    assert_eq!(alone[0].shown, Err(WithheldReason::NoSpreadToDivideBy));
}

#[test]
fn an_indicator_of_a_part_is_shown_of_that_part_only() {
    let of = |part: &str, improved: i64| {
        let mut row = row("fit.outcome", "tau", "2024-01", "2024-01", 6)
            .sum("improved", improved)
            .sum("change", 30)
            .done();
        part.clone_into(&mut row.row.part);
        row
    };
    let rows = [of("clinical", 3), of("other", 6), of("", 6)];
    let only_clinical = |indicator: &mut Indicator| {
        indicator.part = Some("clinical".parse().unwrap());
    };
    for period in ["row", "year"] {
        let question = format!("fit.outcome share-improved tau {period}");
        let told = ask_changed(
            "fit.outcome/share-improved",
            only_clinical,
            &question,
            &rows,
        );
        let shown: Vec<_> = told.iter().filter(|one| one.shown.is_ok()).collect();
        assert_eq!(shown.len(), 1, "{period}");
        assert_eq!(shown[0].part, "clinical");
        assert_eq!(shown[0].shown.as_ref().unwrap().value, 50.0);
    }
}
