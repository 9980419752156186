//! The same as FHIR R4: a `Questionnaire` for every instrument, a summary `MeasureReport` for every
//! row and indicator. Goes out: resources, one a line. The invariants: a report says what its row
//! says and nothing that the row does not know; no wording of an item, since there is none.

use medvirk_domain::catalogue::{Catalogue, Indicator, IndicatorKind, Instrument, Item, Scale};
use medvirk_domain::fixed::Fixed;
use medvirk_domain::row::RowParts;
use medvirk_store::IndicatorRow;
use serde_json::{Value, json};

use super::skde::{Sum, is_of};
use super::{decimals, is_boolean, is_coded, text};

/// Codes of the Norwegian form tools for what is computed of a form: TS is the total, SS the score of
/// a section, QS that of a question.
const FORMULAS: &str = "http://ehelse.no/scoringFormulas";
/// The score of an option, as R4 has it.
const ORDINAL: &str = "http://hl7.org/fhir/StructureDefinition/ordinalValue";
const POPULATION: &str = "http://terminology.hl7.org/CodeSystem/measure-population";
const NOTATION: &str = "http://terminology.hl7.org/CodeSystem/measure-improvement-notation";
/// The Norwegian register of legal entities.
const ORGNR: &str = "urn:oid:2.16.578.1.12.4.1.4.101";

/// Every instrument in every version.
pub(crate) fn questionnaires(catalogue: &Catalogue) -> Vec<Value> {
    catalogue.instruments.values().map(questionnaire).collect()
}

fn questionnaire(instrument: &Instrument) -> Value {
    let (id, version) = (instrument.id.as_str(), instrument.version);
    let items = instrument
        .items
        .iter()
        .map(|item| question(instrument, item));
    let scales = instrument
        .scales
        .iter()
        .map(|scale| score(instrument, scale));
    json!({
        "resourceType": "Questionnaire",
        "id": format!("{}-{version}", id.replace('_', "-")),
        "url": format!("urn:medvirk:instrument:{id}"),
        "version": version.to_string(),
        "title": text(&instrument.title),
        "language": "nb-NO",
        "status": "active",
        "subjectType": ["Patient"],
        "item": items.chain(scales).collect::<Vec<_>>(),
    })
}

fn question(instrument: &Instrument, item: &Item) -> Value {
    let mut question = json!({
        "linkId": item.id.as_str(),
        "text": text(&item.label),
        "required": item.required,
    });
    let is_scored = instrument.scales.iter().any(|scale| {
        let mut items = scale.items.iter().map(|place| &instrument.items[*place]);
        items.any(|scored| scored.id == item.id)
    });
    if is_scored {
        question["code"] = json!([{ "system": FORMULAS, "code": "QS" }]);
    }
    if is_coded(item) {
        question["type"] = "choice".into();
        let options = item.values.iter().map(|coded| {
            json!({ "valueCoding": {
                "system": format!("urn:medvirk:instrument:{}:{}", instrument.id, item.id),
                "code": coded.value.to_string(),
                "display": text(&coded.label),
                "extension": [{ "url": ORDINAL, "valueDecimal": number(coded.value) }],
            } })
        });
        question["answerOption"] = options.collect();
        return question;
    }
    if is_boolean(item) {
        question["type"] = "boolean".into();
        return question;
    }
    let (kind, value) = match decimals(item) {
        0 => ("integer", "valueInteger"),
        _ => ("decimal", "valueDecimal"),
    };
    let bound = |name: &str, bound| {
        let url = format!("http://hl7.org/fhir/StructureDefinition/{name}");
        json!({ "url": url, value: number(bound) })
    };
    question["type"] = kind.into();
    question["extension"] = json!([bound("minValue", item.min), bound("maxValue", item.max)]);
    question
}

/// A score stands behind the questions, and is nobody's to fill in.
fn score(instrument: &Instrument, scale: &Scale) -> Value {
    let is_total =
        instrument.scales.len() == 1 || instrument.total_only.as_ref() == Some(&scale.id);
    json!({
        "linkId": format!("score.{}", scale.id),
        "text": text(&scale.title),
        "type": "decimal",
        "readOnly": true,
        "code": [{ "system": FORMULAS, "code": if is_total { "TS" } else { "SS" } }],
    })
}

/// A whole number is written as one.
fn number(value: Fixed) -> Value {
    match value.micros() % 1_000_000 {
        0 => (value.micros() / 1_000_000).into(),
        _ => value.to_f64().into(),
    }
}

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
    let sum = Sum::of(indicator, row);
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
