use std::collections::BTreeSet;

use medvirk_domain::catalogue::{CatalogueLimits, shipped};
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::row::{RowLevel, VariableSum};
use medvirk_fhir::schema;

use super::*;

fn catalogue() -> Catalogue {
    Catalogue::load(
        &shipped(),
        CatalogueHash::new([0; 32]),
        CatalogueLimits::default(),
    )
    .unwrap()
}

/// A row of 20 persons for every measure and part, in an organisation with an orgnr or without.
fn rows(catalogue: &Catalogue, level: RowLevel, organisation: &str) -> Vec<IndicatorRow> {
    let first = "2024-01".parse().unwrap();
    let close_month = "2024-04".parse().unwrap();
    let mut rows = Vec::new();
    for (id, measure) in &catalogue.measures {
        let sum = |(place, variable): (i64, &medvirk_domain::catalogue::Variable)| VariableSum {
            variable: variable.id.clone(),
            sum: (7 + place) * 1_000_000,
            sum_sq: None,
        };
        let of_measure = catalogue.indicators.iter().filter(|it| it.measure == *id);
        let parts = of_measure.filter_map(|it| it.part.as_ref().map(ToString::to_string));
        for part in parts.chain([String::new()]).collect::<BTreeSet<_>>() {
            let row = RowParts {
                measure: id.clone(),
                level,
                organisation: organisation.to_owned(),
                first,
                last: close_month,
                part,
                persons: 20,
                new_in_year: None,
                single_therapist: false,
                single_device: false,
                variables: (0..).zip(&measure.variables).map(sum).collect(),
            };
            rows.push(IndicatorRow {
                catalogue: CatalogueHash::new([0; 32]),
                close_month,
                row,
            });
        }
    }
    rows
}

/// Every form that a report can have, and a damaged one of each is refused.
#[test]
fn the_published_schema_takes_every_report_and_nothing_damaged() {
    let catalogue = catalogue();
    let unit = rows(&catalogue, RowLevel::Unit, "fjord-poliklinikk");
    let trust = rows(&catalogue, RowLevel::Trust, "hf-fjord");
    let all: Vec<_> = unit
        .iter()
        .chain(&trust)
        .flat_map(|row| reports(&catalogue, row))
        .collect();
    let kinds: BTreeSet<_> = all.iter().map(form).collect();
    let of_kind = |kind| catalogue.indicators.iter().any(|it| it.kind == kind);
    assert!(of_kind(IndicatorKind::Count) && of_kind(IndicatorKind::Index));
    // A share, a mean, a count; with an orgnr and without; better high, low, or neither.
    assert!(kinds.len() >= 8, "{kinds:?}");
    assert_eq!(schema::invalid(&all), Vec::<String>::new());

    let damaged = |change: fn(&mut Value)| {
        let mut report = all[0].clone();
        change(&mut report);
        report
    };
    let damaged = [
        damaged(|it| it["type"] = "sum".into()),
        damaged(|it| it["period"]["start"] = "January".into()),
        damaged(|it| it["group"][0]["population"][0]["count"] = "two".into()),
        damaged(|it| it["group"][0]["measureScore"]["value"] = "much".into()),
        damaged(|it| it["sum"] = 7.into()),
    ];
    for (place, wrong) in schema::judge(&damaged).iter().enumerate() {
        assert!(!wrong.is_empty(), "damage {place} is not seen");
    }
}

/// What of a report makes it look otherwise than another.
fn form(report: &Value) -> (usize, bool, String) {
    let populations = report["group"][0]["population"].as_array().unwrap().len();
    let has_orgnr = report["reporter"].get("identifier").is_some();
    (
        populations,
        has_orgnr,
        report["improvementNotation"].to_string(),
    )
}
