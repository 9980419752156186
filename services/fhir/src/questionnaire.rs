//! What is given out: a Questionnaire for every instrument. Goes out: resources. The invariant: no
//! wording of an item, since there is none.

use medvirk_domain::catalogue::{Catalogue, Instrument, Item, Scale};
use medvirk_domain::fixed::FixedPoint;
use serde_json::{Value, json};

use crate::question::{self, AnswerElement, text};
use crate::systems::{self, FORMULAS, INSTRUMENT, ORDINAL};

/// Every instrument in every version.
pub fn questionnaires(catalogue: &Catalogue) -> Vec<Value> {
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
        "url": format!("{INSTRUMENT}{id}"),
        "version": version.to_string(),
        "title": text(&instrument.title),
        "language": "nb-NO",
        "status": "active",
        "subjectType": ["Patient"],
        "item": items.chain(scales).collect::<Vec<_>>(),
    })
}

fn question(instrument: &Instrument, item: &Item) -> Value {
    let how = AnswerElement::to(item);
    let mut question = json!({
        "linkId": item.id.as_str(),
        "text": text(&item.label),
        "type": how.kind(),
        "required": item.required,
    });
    let is_scored = instrument.scales.iter().any(|scale| {
        let mut items = scale.items.iter().map(|place| &instrument.items[*place]);
        items.any(|scored| scored.id == item.id)
    });
    if is_scored {
        question["code"] = json!([{ "system": FORMULAS, "code": "QS" }]);
    }
    match how {
        AnswerElement::Choice => {
            let options = item.values.iter().map(|coded| {
                json!({ "valueCoding": {
                    "system": systems::options(instrument.id.as_str(), item.id.as_str()),
                    "code": coded.value.to_string(),
                    "display": text(&coded.label),
                    "extension": [{ "url": ORDINAL, "valueDecimal": number(coded.value) }],
                } })
            });
            question["answerOption"] = options.collect();
        }
        AnswerElement::Boolean => {}
        AnswerElement::Integer | AnswerElement::Decimal => {
            question["extension"] = bounds(how, item.min, item.max);
        }
    }
    question
}

/// A score stands behind the questions, and is nobody's to fill in, but for a total that may be sent
/// alone.
fn score(instrument: &Instrument, scale: &Scale) -> Value {
    let may_be_sent = question::may_be_sent(instrument, scale);
    let is_total = instrument.scales.len() == 1 || may_be_sent;
    let mut score = json!({
        "linkId": question::score(scale),
        "text": text(&scale.title),
        "type": AnswerElement::Decimal.kind(),
        "readOnly": !may_be_sent,
        "code": [{ "system": FORMULAS, "code": if is_total { "TS" } else { "SS" } }],
    });
    if may_be_sent {
        score["required"] = instrument.items.is_empty().into();
        score["extension"] = bounds(AnswerElement::Decimal, scale.min, scale.max);
    }
    score
}

fn bounds(how: AnswerElement, min: FixedPoint, max: FixedPoint) -> Value {
    let bound = |name: &str, bound| {
        let url = format!("http://hl7.org/fhir/StructureDefinition/{name}");
        json!({ "url": url, how.element(): number(bound) })
    };
    json!([bound("minValue", min), bound("maxValue", max)])
}

/// A whole number is written as one.
fn number(value: FixedPoint) -> Value {
    match value.micros() % 1_000_000 {
        0 => (value.micros() / 1_000_000).into(),
        _ => value.to_f64().into(),
    }
}
