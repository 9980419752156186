use std::sync::Arc;

use medvirk_domain::catalogue::OutsideCount;
use medvirk_proto::indicator::v1::reason::Code;

use super::*;
use crate::figures::ClosedRow;
use crate::sample::{self, month, months, row, rows};

fn titles(text: &str) -> Titles {
    ["nb", "nn", "en"]
        .map(|language| (language.to_owned(), text.to_owned()))
        .into()
}

fn share(id: &str, variable: Option<&str>) -> OutsideShare {
    OutsideShare {
        measure: "bdi.outcome".parse().unwrap(),
        id: id.parse().unwrap(),
        over: OutsideCount::Episodes,
        variable: variable.map(|id| id.parse().unwrap()),
        title: titles(id),
    }
}

fn number(organisation: &str, year: i32, number: u64) -> Denominator {
    Denominator {
        counts: OutsideCount::Episodes,
        year,
        organisation: organisation.to_owned(),
        former: false,
        number,
        excluded: Vec::new(),
        source: "a made-up register".to_owned(),
        date: "2025-06-15".parse().unwrap(),
        note: titles("registration varies"),
    }
}

/// The sample's catalogue, which is shown until that month, with numbers of these organisations.
fn ground(until: &str, numbers: Vec<Denominator>) -> FigureBackground {
    let mut catalogue = sample::catalogue();
    catalogue.shares = vec![
        share("with-form", None),
        share("improved", Some("improved")),
    ];
    catalogue.denominators = numbers;
    let catalogue = Arc::new(catalogue);
    let trees = [(2024, catalogue.clone())].into();
    FigureBackground::new(catalogue, &trees, months("2024-01", until))
}

/// Share, organisation, year, count and of how many.
fn covered(
    ground: &FigureBackground,
    question: &CoverageQuestion,
) -> Vec<(String, String, i32, u64, u64)> {
    let asked = asked(ground, question, year(&question.year).unwrap()).unwrap();
    let covered = asked
        .into_iter()
        .filter_map(|one| of_rows(ground, one, &rows()));
    let parts = |it: CoverageShare| (it.share, it.organisation, it.year, it.count, it.of);
    covered.map(parts).collect()
}

fn of_rows(
    ground: &FigureBackground,
    one: CoverageQuery<'_>,
    rows: &[ClosedRow],
) -> Option<CoverageShare> {
    cover(ground, &RowTables::new(rows, ground), one)
}

fn all() -> CoverageQuestion {
    CoverageQuestion::default()
}

#[test]
fn rows_are_put_over_what_others_count() {
    let ground = ground(
        "2024-12",
        vec![number("tau", 2024, 40), number("clinic", 2024, 20)],
    );
    let of = |share: &str, organisation: &str, count, of| {
        (share.to_owned(), organisation.to_owned(), 2024, count, of)
    };
    assert_eq!(
        covered(&ground, &all()),
        [
            of("improved", "clinic", 11, 20),
            of("improved", "tau", 8, 40),
            of("with-form", "clinic", 25, 20),
            of("with-form", "tau", 18, 40),
        ]
    );
}

#[test]
fn a_share_is_never_without_source_date_and_note() {
    let ground = ground("2024-12", vec![number("tau", 2024, 40)]);
    let asked = asked(&ground, &all(), None).unwrap();
    let covered = of_rows(&ground, asked[1], &rows()).unwrap();
    let shown = serde_json::to_value(wire::Coverage::from(covered)).unwrap();
    assert_eq!(
        shown,
        serde_json::json!({
            "measure": "bdi.outcome", "share": "with-form", "title": titles("with-form"),
            "organisation": "tau", "year": 2024, "until": "2024-12", "count": 18,
            "counts": "episodes", "of": 40, "percent": 45.0, "source": "a made-up register",
            "date": "2025-06-15", "note": titles("registration varies"), "excluded": [],
        })
    );
}

#[test]
fn a_year_that_still_runs_has_no_percentage() {
    let running = ground("2024-10", vec![number("tau", 2024, 40)]);
    let asked = asked(&running, &all(), None).unwrap();
    let covered = wire::Coverage::from(of_rows(&running, asked[1], &rows()).unwrap());
    assert_eq!((covered.percent, covered.count), (None, 18));
    let month = "2024-11".to_owned();
    let not_closed = Code::NotClosed(wire::MonthArgument { month });
    assert_eq!(covered.reason.unwrap().code, Some(not_closed));
}

#[test]
fn where_no_row_is_shown_there_is_no_share() {
    // No rows; another year; a unit of which only a later row is there.
    let numbers = vec![
        number("pier", 2024, 40),
        number("tau", 2023, 40),
        number("btheb", 2024, 40),
    ];
    assert_eq!(covered(&ground("2024-11", numbers), &all()), []);
    let ground = ground("2024-12", vec![number("btheb", 2024, 40)]);
    assert_eq!(covered(&ground, &all()).len(), 2);
    // A row that does not say of whom it holds.
    let asked = asked(&ground, &all(), None).unwrap();
    let silent = [row("bdi.outcome", "btheb", "2024-01", "2024-12", 7).done()];
    assert_eq!(of_rows(&ground, asked[0], &silent), None);
    assert!(of_rows(&ground, asked[1], &silent).is_some());
    // One that was closed in a month that is not shown.
    let later = [row("bdi.outcome", "btheb", "2024-01", "2024-12", 7).closed("2025-01")];
    assert_eq!(
        of_rows(&ground, asked[1], &later.map(sample::SampleRow::done)),
        None
    );
    assert!(!ground.shown().contains(&month("2025-01")));
}

#[test]
fn a_question_narrows_the_answer_and_unknown_names_are_refused() {
    let ground = ground(
        "2024-12",
        vec![number("tau", 2024, 40), number("clinic", 2024, 20)],
    );
    let question = |measure: &str, organisation: &str, year: &str| CoverageQuestion {
        measure: measure.to_owned(),
        organisation: organisation.to_owned(),
        year: year.to_owned(),
    };
    assert_eq!(
        covered(&ground, &question("bdi.outcome", "tau", "2024")).len(),
        2
    );
    assert_eq!(covered(&ground, &question("fit.alliance", "", "")), []);
    assert_eq!(covered(&ground, &question("", "", "2023")), []);
    for unknown in [question("bdi", "", ""), question("", "nowhere", "")] {
        assert!(asked(&ground, &unknown, None).is_err());
    }
    for word in ["24", "x", "1899"] {
        assert!(year(word).is_err(), "{word}");
    }
}

#[test]
fn the_excluded_are_shown_and_left_out_of_what_it_is_a_share_of() {
    let whole = ground("2024-12", vec![number("tau", 2024, 100)]);
    let mut fewer = number("tau", 2024, 100);
    fewer.excluded = vec![ExcludedCount {
        reason: "absent".parse().unwrap(),
        title: titles("absent"),
        number: 20,
    }];
    let fewer = ground("2024-12", vec![fewer]);
    let first = |ground: &FigureBackground| {
        let asked = asked(ground, &all(), None).unwrap();
        of_rows(ground, asked[0], &rows()).unwrap()
    };
    let (whole, fewer) = (first(&whole), first(&fewer));
    assert_eq!((whole.of, fewer.of), (100, 80));
    assert_eq!(fewer.count, whole.count);
    let (few, all) = (fewer.percent.as_ref().unwrap(), whole.percent.unwrap());
    assert!((few * 0.8 - all).abs() < 1e-9);
    assert_eq!((fewer.excluded.len(), fewer.excluded[0].number), (1, 20));
}

#[test]
fn the_share_of_an_organisation_that_has_left_stays() {
    let mut left = number("tau", 2024, 40);
    left.former = true;
    let then = sample::catalogue();
    // The tree of its year has it; that of today has not.
    let mut now = then.clone();
    now.organisations.units.remove("tau");
    now.shares = vec![share("with-form", None)];
    now.denominators = vec![left];
    let trees = [(2024, Arc::new(then))].into();
    let ground = FigureBackground::new(Arc::new(now), &trees, months("2024-01", "2024-12"));
    let of_tau = CoverageQuestion {
        organisation: "tau".to_owned(),
        ..all()
    };
    assert_eq!(covered(&ground, &of_tau).len(), 1);
    assert_eq!(covered(&ground, &all()).len(), 1);
}
