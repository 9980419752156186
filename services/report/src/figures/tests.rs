//! Figures of rows that fit on a page, with results computed by hand (intervals: SciPy 1.17.1).

mod beside;
mod btheb;
mod derived;
mod periods;
mod properties;

use std::collections::BTreeMap;
use std::sync::Arc;

use medvirk_domain::catalogue::IndicatorKind;
use medvirk_domain::row::RowLevel;
use medvirk_proto::indicator::v1 as wire;
use serde_json::Value;

use super::*;
use crate::sample::{catalogue, month, months, row};

/// Asks of rows of which 2024 and the first quarter of 2025 are shown.
fn ask(question: &str, rows: &[ClosedRow]) -> Vec<Figure> {
    let background = background("2024-01", "2025-03");
    let query = query(question);
    let asked = CheckedQuery::new(&query, &background).unwrap();
    asked.figures(&RowTables::new(rows, &background))
}

fn refused(question: &str) -> String {
    let background = background("2024-01", "2025-03");
    match CheckedQuery::new(&query(question), &background) {
        Ok(_) => panic!("{question} is answered"),
        Err(refusal) => refusal.to_string(),
    }
}

fn background(first: &str, last: &str) -> FigureBackground {
    let catalogue = Arc::new(catalogue());
    let shown = months(first, last);
    let years = shown.iter().map(|month| (month.year(), catalogue.clone()));
    FigureBackground::new(catalogue.clone(), &years.collect(), shown.clone())
}

/// "measure indicator organisation period from to", with "-" for what is left out.
fn query(question: &str) -> FigureQuery {
    let words: Vec<&str> = question.split(' ').collect();
    let word = |place: usize| words.get(place).copied().filter(|word| *word != "-");
    FigureQuery {
        measure: word(0).map(str::to_owned),
        indicator: word(1).map(str::to_owned),
        organisation: word(2).map(str::to_owned),
        period: match word(3) {
            Some("span") => FigurePeriod::Span,
            Some("year") => FigurePeriod::Year,
            _ => FigurePeriod::Row,
        },
        from: word(4).map(month),
        to: word(5).map(month),
        level: word(6).map(|word| word.parse().unwrap()),
    }
}

/// "organisation part from..to: persons value [lower, upper] attainment | reason | notes".
fn lines(figures: &[Figure]) -> Vec<String> {
    figures.iter().map(line).collect()
}

fn line(figure: &Figure) -> String {
    let Figure {
        organisation,
        part,
        span,
        ..
    } = figure;
    let part = if part.is_empty() { "-" } else { part };
    let mut line = format!("{organisation} {part} {}..{}:", span.first, span.last);
    match &figure.shown {
        Err(reason) => line += &format!(" {}", coded(reason)),
        Ok(shown) => {
            line += &format!(" {} {}", shown.persons, shown.value);
            match &shown.interval {
                Ok((lower, upper)) => line += &format!(" [{lower:.4}, {upper:.4}]"),
                Err(reason) => line += &format!(" ({})", coded(reason)),
            }
            let attainment = shown.attainment.map(TargetAttainment::as_str);
            line += &attainment.map_or(String::new(), |word| format!(" {word}"));
        }
    }
    for note in &figure.notes {
        line += &format!(" | {}", coded(note));
    }
    line
}

/// The code of a reason and its arguments, such as "not-closed 2024-05".
fn coded<T: Clone + Into<wire::Reason>>(reason: &T) -> String {
    let written = serde_json::to_value(reason.clone().into()).unwrap();
    let mut words = vec![written["code"].as_str().unwrap().to_owned()];
    for argument in written["arguments"].as_object().unwrap().values() {
        words.push(match argument {
            Value::String(text) => text.clone(),
            Value::Array(all) => {
                let all = all.iter().map(Value::to_string);
                all.collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        });
    }
    words.join(" ")
}

fn check(question: &str, rows: &[ClosedRow], expect: &[&str]) {
    assert_eq!(lines(&ask(question, rows)), expect, "{question}");
}

#[test]
fn a_row_by_itself_gives_its_figures() {
    // 13 persons with 325 = 13 · 25 and 8,600 in squares: variance (8600 − 325²/13) / 12.
    let rows = [row("bdi.outcome", "tau", "2024-01", "2024-04", 13)
        .sum("first", 325)
        .squares("first", 8_600)
        .sum("change", -91)
        .squares("change", 1_200)
        .sum("improved", 6)
        .sum("sessions", 55)
        .done()];
    check(
        "bdi.outcome - tau",
        &rows,
        &[
            "tau - 2024-01..2024-04: 13 -7 [-11.1392, -2.8608] moderate",
            "tau - 2024-01..2024-04: 13 25 [21.1981, 28.8019]",
            "tau - 2024-01..2024-04: 13 18 (two-means)",
            "tau - 2024-01..2024-04: 13 4.230769230769231 (spread-not-kept)",
            "tau - 2024-01..2024-04: 13 46.15384615384615 [23.2061, 70.8562] moderate",
        ],
    );
}

#[test]
fn rows_of_a_year_are_summed_and_a_person_counts_once() {
    let score = |first, last, persons: u32, new, sum| {
        row("fit.alliance", "tau", first, last, persons)
            .new_in_year(new)
            .sum("score", sum)
            .sum("forms", 2 * i64::from(persons))
            .sum("low", 3)
            .done()
    };
    let rows = [
        score("2024-01", "2024-01", 10, 10, 350),
        score("2024-02", "2024-02", 12, 4, 432),
        score("2024-03", "2024-03", 8, 0, 288),
    ];
    check(
        "fit.alliance - tau year 2024-01 2024-03",
        &rows,
        &[
            "tau - 2024-01..2024-03: 14 35.666666666666664 (no-spread)",
            "tau - 2024-01..2024-03: 14 60 (total)",
            "tau - 2024-01..2024-03: 14 0.15 (two-totals)",
        ],
    );
    // From February on, eight of the twelve may be anybody, so four more is all that is certain.
    check(
        "fit.alliance forms tau span 2024-02 2024-03",
        &rows,
        &["tau - 2024-02..2024-03: 12 40 (total) \
           | at-least-so-many"],
    );
}

#[test]
fn organisations_are_summed_with_what_is_pooled_above() {
    let improved = |unit, persons, hits| {
        row("bdi.outcome", unit, "2024-01", "2024-12", persons).sum("improved", hits)
    };
    let rows = [
        improved("tau", 10, 6).done(),
        improved("btheb", 10, 5).done(),
        improved("clinic", 5, 1)
            .pooled(RowLevel::Institution)
            .done(),
        improved("pier", 15, 15).done(),
        improved("isle", 20, 0).done(),
    ];
    let each = "once-in-each-organisation";
    check(
        "bdi.outcome share-improved - span 2024-01 2024-12",
        &rows,
        &[
            "btheb - 2024-01..2024-12: 10 50 [23.6593, 76.3407] moderate",
            &format!("clinic - 2024-01..2024-12: 25 48 [30.0313, 66.5015] moderate | {each}"),
            "east - 2024-01..2024-12: 20 0 [0.0000, 16.1125] low",
            &format!("hf - 2024-01..2024-12: 40 67.5 [52.0177, 79.9155] high | {each}"),
            "home - 2024-01..2024-12: 15 100 [79.6117, 100.0000] high",
            "hs - 2024-01..2024-12: 20 0 [0.0000, 16.1125] low",
            "isle - 2024-01..2024-12: 20 0 [0.0000, 16.1125] low",
            &format!("no - 2024-01..2024-12: 60 45 [33.0937, 57.5081] moderate | {each}"),
            "pier - 2024-01..2024-12: 15 100 [79.6117, 100.0000] high",
            "tau - 2024-01..2024-12: 10 60 [31.2674, 83.1820] high",
            "ward - 2024-01..2024-12: 20 0 [0.0000, 16.1125] low",
            &format!("west - 2024-01..2024-12: 40 67.5 [52.0177, 79.9155] high | {each}"),
        ],
    );
    // By itself a row of an institution is only what its units could not release.
    check(
        "bdi.outcome share-improved clinic row",
        &rows,
        &["clinic - 2024-01..2024-12: 5 20 [3.6224, 62.4465] low"],
    );
    check(
        "bdi.outcome share-improved west row",
        &rows,
        &["west - 2024-01..2025-03: no-own-row"],
    );
}

#[test]
fn a_missing_spread_is_borrowed_from_the_year_then_from_above() {
    let large = |unit, first, last| {
        row("bdi.outcome", unit, first, last, 13)
            .sum("first", 325)
            .squares("first", 8_600)
            .done()
    };
    let small = |first| {
        row("bdi.outcome", "tau", first, first, 5)
            .sum("first", 100)
            .done()
    };
    // Variance 39.583…, 12 degrees of freedom, 5 persons: 20 ± 6.1304.
    check(
        "bdi.outcome mean-first tau row 2024-05 2024-05",
        &[large("tau", "2024-01", "2024-04"), small("2024-05")],
        &["tau - 2024-05..2024-05: 5 20 [13.8696, 26.1304] | spread-of-own-rows 2024"],
    );
    check(
        "bdi.outcome mean-first tau row 2024-05 2024-05",
        &[large("btheb", "2024-01", "2024-04"), small("2024-05")],
        &["tau - 2024-05..2024-05: 5 20 [13.8696, 26.1304] | spread-of-organisation clinic 2024"],
    );
    check(
        "bdi.outcome mean-first tau row 2024-05 2024-05",
        &[large("isle", "2024-01", "2024-04"), small("2024-05")],
        &["tau - 2024-05..2024-05: 5 20 [13.8696, 26.1304] | spread-of-organisation no 2024"],
    );
    // Another year's spread is not taken.
    check(
        "bdi.outcome mean-first tau row 2025-01 2025-01",
        &[large("tau", "2024-01", "2024-04"), small("2025-01")],
        &["tau - 2025-01..2025-01: 5 20 (no-spread)"],
    );
}

#[test]
fn parts_are_shown_each_and_together() {
    let part = |part, month, persons: u32, hits| {
        row("fit.outcome", "tau", month, month, persons)
            .part(part)
            .sum("improved", hits)
            .done()
    };
    let rows = [
        part("clinical", "2024-01", 10, 5),
        part("clinical", "2024-02", 10, 7),
        part("other", "2024-01", 5, 1),
        part("", "2024-02", 5, 2),
    ];
    check(
        "fit.outcome share-improved tau span 2024-01 2024-02",
        &rows,
        &[
            "tau - 2024-01..2024-02: 30 50 [33.1541, 66.8459] | all-parts | person-may-count-twice",
            "tau clinical 2024-01..2024-02: 20 60 [38.6582, 78.1193] | joined-rows-left-out | person-may-count-twice",
            "tau other 2024-01..2024-02: 5 20 [3.6224, 62.4465] | joined-rows-left-out",
        ],
    );
    check(
        "fit.outcome share-improved tau row 2024-02 2024-02",
        &rows,
        &[
            "tau - 2024-02..2024-02: 5 40 [11.7621, 76.9276] | joined-over-parts",
            "tau clinical 2024-02..2024-02: 10 70 [39.6778, 89.2209]",
        ],
    );
}

#[test]
fn where_nothing_can_be_shown_there_is_a_reason_and_no_number() {
    let rows = [row("bdi.outcome", "tau", "2024-01", "2024-04", 13)
        .sum("improved", 6)
        .done()];
    let tau = |question: &str, expect: &str| {
        check(
            &format!("bdi.outcome share-improved {question}"),
            &rows,
            &[expect],
        );
    };
    let too_few = "too-few";
    tau(
        "tau row 2024-06 2024-06",
        &format!("tau - 2024-06..2024-06: {too_few}"),
    );
    tau(
        "tau year 2025-01 2025-03",
        &format!("tau - 2025-01..2025-03: {too_few}"),
    );
    tau(
        "tau span 2025-03 2025-06",
        "tau - 2025-03..2025-06: not-closed 2025-04",
    );
    tau(
        "tau row 2026-01",
        "tau - 2026-01..2026-01: not-closed 2026-01",
    );
    tau(
        "tau span 2023-01 2023-12",
        "tau - 2023-01..2023-12: before-first-close 2024-01",
    );
    tau(
        "tau span 2024-01 2024-02",
        "tau - 2024-01..2024-02: released-together 2024-01 2024-04",
    );
    check(
        "bdi.outcome mean-first tau span 2024-01 2024-04",
        &rows,
        &["tau - 2024-01..2024-04: not-in-catalogue"],
    );
}

#[test]
fn a_minimum_of_the_catalogue_hides_the_figure() {
    let rows = [row("fit.outcome", "tau", "2024-01", "2024-01", 5)
        .part("clinical")
        .sum("change", 10)
        .done()];
    check(
        "fit.outcome mean-change",
        &rows,
        &["tau clinical 2024-01..2024-01: below-minimum person 6"],
    );
}

#[test]
fn what_is_missing_from_a_sum_is_said() {
    let forms = |first, last, persons, closed: &str| {
        row("kem.response", "tau", first, last, persons)
            .sum("answered", 5)
            .closed(closed)
            .done()
    };
    let rows = [
        forms("2024-01", "2024-01", 10, "2024-01"),
        forms("2024-01", "2024-04", 10, "2024-04"),
        forms("2025-01", "2025-01", 10, "2025-01"),
    ];
    check(
        "kem.response - tau year 2024-01 2024-03",
        &rows,
        &[
            "tau - 2024-01..2024-03: 10 50 [23.6593, 76.3407] | longer-rows-left-out | months-without-row | counts-codes",
        ],
    );
    check(
        "kem.response - tau span 2024-01 2025-12",
        &rows,
        &[
            "tau - 2024-01..2025-12: 30 50 [33.1541, 66.8459] | closed-until 2025-03 | months-without-row | counts-codes \
           | once-in-each-year",
        ],
    );
}

#[test]
fn a_registered_single_source_is_said() {
    let mut single = row("bdi.outcome", "tau", "2024-01", "2024-01", 5)
        .sum("improved", 3)
        .done();
    single.row.single_therapist = true;
    single.row.single_device = true;
    check(
        "bdi.outcome share-improved tau",
        &[single],
        &["tau - 2024-01..2024-01: 5 60 [23.0724, 88.2379] high | one-therapist | one-device"],
    );
}

#[test]
fn who_belonged_to_whom_is_taken_from_the_year_of_the_row() {
    let then = Arc::new(catalogue());
    let mut now = catalogue();
    let moved = now.organisations.units.get_mut("tau").unwrap();
    moved.institution = "home".parse().unwrap();
    now.organisations.units.remove("btheb");
    let now = Arc::new(now);
    let years = BTreeMap::from([(2024, then), (2025, now.clone())]);
    let background = FigureBackground::new(now, &years, months("2024-01", "2025-03"));
    let rows = [
        row("kem.response", "tau", "2024-01", "2024-01", 10)
            .sum("answered", 1)
            .done(),
        row("kem.response", "btheb", "2024-01", "2024-01", 10)
            .sum("answered", 2)
            .done(),
        row("kem.response", "tau", "2025-01", "2025-01", 10)
            .sum("answered", 4)
            .done(),
    ];
    let values = |organisation: &str| {
        let query = query(&format!("kem.response - {organisation} year"));
        let asked = CheckedQuery::new(&query, &background).unwrap();
        let figures = asked.figures(&RowTables::new(&rows, &background));
        let value = |figure: &Figure| figure.shown.as_ref().ok().map(|shown| shown.value);
        figures.iter().map(value).collect::<Vec<_>>()
    };
    assert_eq!(values("clinic"), [Some(15.0), None]);
    assert_eq!(values("home"), [None, Some(40.0)]);
    // A unit that is gone is still known in its years, and only there.
    assert_eq!(values("btheb"), [Some(20.0)]);
}

#[test]
fn an_unknown_name_is_refused() {
    let check = |question: &str, expect: &str| assert_eq!(refused(question), expect);
    check(
        "bdi.outcom",
        "there is no measure \"bdi.outcom\"; the list of indicators names them",
    );
    check(
        "bdi.outcome response",
        "there is no indicator \"response\" among those asked for; the list of indicators names \
         them",
    );
    check(
        "- - clinik",
        "there is no organisation \"clinik\", now or in any year that is shown",
    );
    check(
        "- - tau span - - trust",
        "organisation \"tau\" is of level unit, not trust",
    );
    check(
        "- - - span 2024-05 2024-04",
        "the last month, 2024-04, is before the first, 2024-05",
    );
    check(
        "- - - year 1950-01 2024-04",
        "a span is at most 360 months long",
    );
}

#[test]
fn with_nothing_closed_there_is_nothing_or_a_reason() {
    let catalogue = Arc::new(catalogue());
    let background =
        FigureBackground::new(catalogue, &BTreeMap::new(), months("2024-02", "2024-01"));
    let figures = |question: &str| {
        let query = query(question);
        let asked = CheckedQuery::new(&query, &background).unwrap();
        lines(&asked.figures(&RowTables::default()))
    };
    assert!(figures("- - tau year").is_empty());
    assert_eq!(
        figures("kem.response - tau span 2024-01"),
        ["tau - 2024-01..2024-01: not-closed 2024-01"],
    );
}
