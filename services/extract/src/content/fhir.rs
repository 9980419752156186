//! Rows as FHIR R4: a summary `MeasureReport` for every row and indicator. Goes out: resources, one a
//! line. The invariant: a report says what its row says and nothing that the row does not know.

use medvirk_domain::catalogue::{Catalogue, Indicator, IndicatorKind};
use medvirk_domain::row::RowParts;
use medvirk_store::IndicatorRow;
use serde_json::{Value, json};

use super::skde::{RowTotals, is_of};
use super::text;

const POPULATION: &str = "http://terminology.hl7.org/CodeSystem/measure-population";
const NOTATION: &str = "http://terminology.hl7.org/CodeSystem/measure-improvement-notation";
/// The Norwegian register of legal entities.
const ORGNR: &str = "urn:oid:2.16.578.1.12.4.1.4.101";

/// What a row says of every indicator that is made of it; too few persons for an indicator are no
/// report, as they are no figure elsewhere.
pub(crate) fn reports(catalogue: &Catalogue, closed: &IndicatorRow) -> Vec<Value> {
    let row = &closed.row;
    let mut reports = Vec::new();
    for indicator in &catalogue.indicators {
        if is_of(indicator, row) && row.persons >= indicator.min_denominator {
            let group = group(indicator, row);
            reports.extend(group.map(|group| report(catalogue, indicator, row, group)));
        }
    }
    reports
}

fn report(catalogue: &Catalogue, indicator: &Indicator, row: &RowParts, group: Value) -> Value {
    let last = row.last.next().first_day().0 - 1;
    let mut reporter = json!({ "display": row.organisation });
    if let Some(orgnr) = catalogue.organisations.orgnr_of(&row.organisation) {
        reporter["identifier"] = json!({ "system": ORGNR, "value": orgnr });
    }
    let mut report = json!({
        "resourceType": "MeasureReport",
        "status": "complete",
        "type": "summary",
        "measure": format!("urn:medvirk:measure:{}:{}", indicator.measure, indicator.id),
        "reporter": reporter,
        "period": {
            "start": row.first.first_day().to_string(),
            "end": medvirk_domain::time::Day(last).to_string(),
        },
        "group": [group],
    });
    if let Some(higher) = indicator.higher_is_better {
        let code = if higher { "increase" } else { "decrease" };
        report["improvementNotation"] = json!({ "coding": [{ "system": NOTATION, "code": code }] });
    }
    report
}

/// Nothing where there is nothing to divide by, or more than a row knows is needed.
fn group(indicator: &Indicator, row: &RowParts) -> Option<Value> {
    let sum = RowTotals::of(indicator, row);
    let population = |code: &str, count: i128| {
        let whole = (count % 1_000_000 == 0).then_some(count / 1_000_000)?;
        let count = u32::try_from(whole).ok()?;
        let coding = json!({ "coding": [{ "system": POPULATION, "code": code }] });
        Some(json!({ "code": coding, "count": count }))
    };
    let persons = i128::from(row.persons) * 1_000_000;
    let value = (sum.under > 0).then(|| sum.over as f64 / sum.under as f64);
    let (populations, score) = match indicator.kind {
        IndicatorKind::Proportion => (
            vec![
                population("initial-population", persons)?,
                population("denominator", sum.under)?,
                population("numerator", sum.over)?,
            ],
            value?,
        ),
        IndicatorKind::Mean | IndicatorKind::Index => (
            vec![
                population("initial-population", persons)?,
                population("measure-population", persons)?,
            ],
            value?,
        ),
        IndicatorKind::Count => (
            vec![population("initial-population", persons)?],
            sum.over as f64 / 1e6,
        ),
        IndicatorKind::EffectSize => return None,
    };
    let name = match row.part.as_str() {
        "" => text(&indicator.title).to_owned(),
        part => format!("{} ({part})", text(&indicator.title)),
    };
    Some(json!({
        "code": { "text": name },
        "population": populations,
        "measureScore": { "value": score },
    }))
}

#[cfg(test)]
mod tests;
