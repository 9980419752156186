//! Real rows, and the catalogue that comes with the program: every figure must be what an
//! independent script computes (see `tests/data/btheb`).

use std::process::Command;

use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, shipped};
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::row::{RowParts, VariableSum};
use serde_json::Value;

use super::*;

#[test]
fn figures_of_real_rows_are_those_of_an_independent_script() {
    let expected = expected();
    let rows: Vec<ClosedRow> = list(&expected, "rows").iter().map(row_of).collect();
    let background = shipped_background();
    let rows = RowTables::new(&rows, &background);
    let mut compared = 0;
    for figure in list(&expected, "figures") {
        let query = query(&format!(
            "{} {} {} {} {} {}",
            text(figure, "measure"),
            text(figure, "indicator"),
            text(figure, "organisation"),
            text(figure, "period"),
            text(figure, "from"),
            text(figure, "to"),
        ));
        let ours = CheckedQuery::new(&query, &background)
            .unwrap()
            .figures(&rows);
        let span = MonthSpan {
            first: month(text(figure, "from")),
            last: month(text(figure, "to")),
        };
        let ours: Vec<&Figure> = ours.iter().filter(|ours| ours.span == span).collect();
        let [ours] = ours[..] else {
            panic!("{} figures instead of one for {figure}", ours.len());
        };
        compare(ours, figure);
        compared += 1;
    }
    assert!(compared >= 50, "only {compared} figures were compared");
}

/// The shipped measures over the tree of the tests, with two years shown.
fn shipped_background() -> FigureBackground {
    let loaded = Catalogue::load(
        &shipped(),
        CatalogueHash::new([1; 32]),
        CatalogueLimits::default(),
    );
    let mut loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    loaded.organisations = catalogue().organisations;
    FigureBackground::new(
        Arc::new(loaded),
        &BTreeMap::new(),
        months("2024-01", "2025-12"),
    )
}

fn compare(ours: &Figure, expected: &Value) {
    let shown = ours.shown.as_ref().unwrap();
    assert_eq!(
        Some(shown.persons),
        expected["persons"].as_u64(),
        "{expected}"
    );
    close(Some(shown.value), &expected["value"]);
    let ends = shown.interval.as_ref().ok();
    close(ends.map(|ends| ends.0), &expected["lower"]);
    close(ends.map(|ends| ends.1), &expected["upper"]);
}

fn close(ours: Option<f64>, expected: &Value) {
    match (ours, expected.as_f64()) {
        (None, None) => {}
        (Some(ours), Some(expected)) if (ours - expected).abs() < 1e-9 => {}
        _ => panic!("{ours:?} is not {expected}"),
    }
}

fn expected() -> Value {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/btheb/expected.py"
    );
    let output = Command::new("python3")
        .arg(script)
        .output()
        .expect("python3 runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn row_of(json: &Value) -> ClosedRow {
    let count = |name: &str| json[name].as_u64().map(|n| u32::try_from(n).unwrap());
    ClosedRow {
        closed: month(text(json, "closed")),
        row: RowParts {
            measure: text(json, "measure").parse().unwrap(),
            level: RowLevel::parse(text(json, "level")).unwrap(),
            organisation: text(json, "organisation").to_owned(),
            first: month(text(json, "first_month")),
            last: month(text(json, "last_month")),
            part: text(json, "part").to_owned(),
            persons: count("persons").unwrap(),
            new_in_year: count("new_in_year"),
            single_therapist: false,
            single_device: false,
            variables: list(json, "variables").iter().map(variable_of).collect(),
        },
    }
}

fn variable_of(json: &Value) -> VariableSum {
    VariableSum {
        variable: text(json, "variable").parse().unwrap(),
        sum: json["sum"].as_i64().unwrap(),
        sum_sq: json["sum_sq"]
            .as_str()
            .map(|squares| squares.parse().unwrap()),
    }
}

fn text<'a>(json: &'a Value, name: &str) -> &'a str {
    json[name].as_str().unwrap()
}

fn list<'a>(json: &'a Value, name: &str) -> &'a [Value] {
    json[name].as_array().unwrap()
}
