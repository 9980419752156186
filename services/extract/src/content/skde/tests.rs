use medvirk_domain::catalogue::{CatalogueLimits, shipped};
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::row::{RowLevel, VariableSum};

use super::*;

fn catalogue() -> Catalogue {
    Catalogue::load(
        &shipped(),
        CatalogueHash::new([0; 32]),
        CatalogueLimits::default(),
    )
    .unwrap()
}

/// A row of a measure in which every variable is `sum` millionths.
fn row(measure: &str, organisation: &str, persons: u32, sum: i64) -> IndicatorRow {
    let catalogue = catalogue();
    let month = "2024-03".parse().unwrap();
    let variables = catalogue.measures[measure].variables.iter();
    IndicatorRow {
        catalogue: CatalogueHash::new([0; 32]),
        close_month: month,
        row: RowParts {
            measure: measure.parse().unwrap(),
            level: RowLevel::Unit,
            organisation: organisation.to_owned(),
            first: month,
            last: month,
            part: if measure == "kvarus.start" {
                "active"
            } else {
                ""
            }
            .to_owned(),
            persons,
            new_in_year: None,
            single_therapist: false,
            single_device: false,
            variables: variables
                .map(|variable| VariableSum {
                    variable: variable.id.clone(),
                    sum,
                    sum_sq: None,
                })
                .collect(),
        },
    }
}

/// Orgnr, var and denominator in the lines of an indicator.
fn of(lines: &[Vec<TableCell>], indicator: &str) -> Vec<(String, i64, i64)> {
    let micros = |cell: &TableCell| match cell {
        TableCell::Number(number) => number.micros(),
        _ => panic!("a number is wanted"),
    };
    let wanted = |line: &&Vec<TableCell>| line[3] == TableCell::text(indicator);
    let line = |line: &Vec<TableCell>| match &line[2] {
        TableCell::Text(orgnr) => (orgnr.to_string(), micros(&line[4]), micros(&line[5])),
        _ => panic!("an orgnr is wanted"),
    };
    lines.iter().filter(wanted).map(line).collect()
}

#[test]
fn units_of_one_institution_are_added_up_and_others_are_not() {
    let rows = [
        row("kvarus.start", "fjord-poliklinikk", 10, 6_000_000),
        row("kvarus.start", "fjord-dogn", 7, 1_000_000),
        row("kvarus.start", "dal-poliklinikk", 5, 5_000_000),
    ];
    let catalogue = catalogue();
    let known = |id: &str| catalogue.organisations.units.contains_key(id);
    assert!(
        rows.iter().all(|row| known(&row.row.organisation)),
        "of the shipped tree"
    );
    let (lines, _) = lines(&catalogue, 2024, &rows);
    let share = catalogue.indicators.iter().find(|indicator| {
        indicator.measure.as_str() == "kvarus.start" && indicator.kind == IndicatorKind::Proportion
    });
    let share = indicator_id(share.unwrap());
    let expect = [("900000001", 7, 17), ("900000004", 5, 5)]
        .map(|(orgnr, var, of)| (orgnr.to_owned(), var * 1_000_000, of * 1_000_000));
    assert_eq!(self::of(&lines, &share), expect);
    assert!(
        lines
            .iter()
            .all(|line| line[0] == TableCell::text("caregiver"))
    );
    assert!(lines.iter().all(|line| line.len() == columns().len()));
}

#[test]
fn a_mean_has_three_decimals_and_its_persons() {
    let rows = [row("kem.experience", "fjord-dogn", 3, 200_000_000)];
    let catalogue = catalogue();
    let (lines, _) = lines(&catalogue, 2024, &rows);
    let index = catalogue.indicators.iter().find(|indicator| {
        indicator.measure.as_str() == "kem.experience"
            && matches!(indicator.figure, IndicatorFigure::Variable(_))
            && matches!(indicator.kind, IndicatorKind::Index | IndicatorKind::Mean)
    });
    let index = indicator_id(index.unwrap());
    let expect = vec![("900000001".to_owned(), 66_667_000, 3_000_000)];
    assert_eq!(of(&lines, &index), expect);
}

#[test]
fn who_has_no_orgnr_is_left_out_with_the_reason() {
    let rows = [
        row("kvarus.start", "dal-allmenn", 5, 5_000_000),
        row("kvarus.start", "hf-dal", 5, 5_000_000),
        row("kvarus.start", "closed-long-ago", 5, 5_000_000),
    ];
    let (lines, left_out) = lines(&catalogue(), 2024, &rows);
    assert!(lines.is_empty());
    let left_out: Vec<_> = left_out
        .iter()
        .map(|it| (it.what.as_str(), it.why))
        .collect();
    assert_eq!(
        left_out,
        [
            ("closed-long-ago", UNKNOWN),
            ("dal-allmenn", NO_ORGNR),
            ("hf-dal", NO_ORGNR)
        ]
    );
}

/// The months from the first to the last.
fn shown(first: &str, last: &str) -> BTreeSet<Month> {
    let (first, last): (Month, Month) = (first.parse().unwrap(), last.parse().unwrap());
    std::iter::successors(Some(first), |month| Some(month.next()))
        .take_while(|month| *month <= last)
        .collect()
}

fn written(months: Option<RangeInclusive<Month>>) -> String {
    months.map_or_else(String::new, |it| format!("{} {}", it.start(), it.end()))
}

#[test]
fn only_whole_closed_years_are_in_it_unless_months_are_asked_for() {
    for (first, last, expect, left_out) in [
        ("2024-01", "2026-10", "2024-01 2025-12", vec!["2026"]),
        ("2024-03", "2025-12", "2025-01 2025-12", vec!["2024"]),
        ("2024-01", "2024-12", "2024-01 2024-12", vec![]),
        ("2026-01", "2026-11", "", vec!["2026"]),
    ] {
        let shown = shown(first, last);
        let months = months(None, &shown);
        let named = years_left_out(months.as_ref(), &shown);
        let named: Vec<String> = named.into_iter().map(|it| it.what).collect();
        assert_eq!(written(months), expect, "{first} to {last}");
        assert_eq!(named, left_out, "{first} to {last}");
    }
    let shown = shown("2024-01", "2026-10");
    for (from, to, expect) in [
        ("2026-01", "2026-06", "2026-01 2026-06"),
        ("2025-01", "2199-11", "2025-01 2026-10"),
        ("1900-01", "2024-02", "2024-01 2024-02"),
        ("2027-01", "2027-12", ""),
    ] {
        let asked = from.parse().unwrap()..=to.parse().unwrap();
        assert_eq!(
            written(months(Some(&asked), &shown)),
            expect,
            "{from} to {to}"
        );
    }
}

#[test]
fn a_gap_in_the_shown_months_makes_no_year_whole() {
    let mut shown = shown("2024-01", "2024-12");
    shown.remove(&"2024-06".parse::<Month>().unwrap());
    assert_eq!(months(None, &shown), None);
}
