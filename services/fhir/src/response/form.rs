//! The answers. Comes in: the items of a response, and the catalogue. Goes out: the form as a gRPC
//! message has it. The invariant: an answer that cannot be read is noted and is none; what is
//! computed of a form is computed here and not believed.

use medvirk_domain::catalogue::{Catalogue, Instrument, Item};
use medvirk_domain::form::Respondent;
use medvirk_proto::feedback::v1 as wire;
use medvirk_proto::feedback::v1::item_response::Response as Given;
use serde_json::{Map, Value};

use super::places::ItemPlaces;
use super::reader::{PlacedObject, ROOT, ResponseReader, text_of};
use crate::question;
use crate::systems;

/// Elements of an item.
const ITEM: [&str; 7] = [
    "id",
    "linkId",
    "definition",
    "text",
    "answer",
    "extension",
    "item",
];

/// A form, and where its items were.
pub(super) struct AnsweredForm {
    pub(super) form: wire::Form,
    pub(super) places: ItemPlaces,
}

pub(super) fn read(
    reader: &mut ResponseReader,
    root: &PlacedObject<'_>,
    catalogue: &Catalogue,
    with_source: bool,
) -> AnsweredForm {
    let (id, version) = questionnaire(reader, root);
    let mut form = wire::Form {
        instrument: id,
        version,
        ..wire::Form::default()
    };
    let mut places = ItemPlaces::default();
    // Where it is none, admission says so, and nothing tells how its items are answered.
    let Some(instrument) = catalogue.instrument(&form.instrument, version) else {
        return AnsweredForm { form, places };
    };
    if with_source {
        form.respondent = source(reader, root, instrument);
    }
    let mut total = None;
    for at in reader.list(root, "item") {
        reader.elements(&at, &ITEM, &["modifierExtension"]);
        if at.object.contains_key("item") {
            let rule = "must not be there: the Questionnaire has no groups";
            reader.note(format_args!("{}.item", at.place), rule);
        }
        let Some(link_id) = text_of(at.object, "linkId") else {
            reader.note(format_args!("{}.linkId", at.place), "is required");
            continue;
        };
        if let Some(scale) = question::scale(instrument, link_id) {
            // Form tools compute scores and send them along; ours count.
            if question::may_be_sent(instrument, scale) {
                total = sent_total(reader, &at);
                places.total = Some(at.place);
            }
            continue;
        }
        let Some(response) = response(reader, &at, instrument, link_id) else {
            continue;
        };
        form.items.push(wire::ItemResponse {
            item: link_id.to_owned(),
            response,
        });
        places.items.push(at.place);
    }
    if form.items.is_empty() {
        form.total = total;
    }
    AnsweredForm { form, places }
}

/// Id and version of an instrument, of the canonical of its Questionnaire.
pub(super) fn canonical(text: &str) -> Option<(String, u32)> {
    let named = text.strip_prefix(systems::INSTRUMENT)?;
    let (id, version) = named.split_once('|')?;
    Some((id.to_owned(), version.parse().ok()?))
}

/// Id and version of the instrument.
fn questionnaire(reader: &mut ResponseReader, root: &PlacedObject<'_>) -> (String, u32) {
    let named = reader.text(root, "questionnaire").and_then(canonical);
    named.unwrap_or_else(|| {
        let rule =
            "must be the url of a Questionnaire that Medvirk gives out, a bar, and its version";
        reader.note(format_args!("{ROOT}.questionnaire"), rule);
        Default::default()
    })
}

/// Who answered. Where nobody is named it is the patient, if patients answer this instrument.
fn source(reader: &mut ResponseReader, root: &PlacedObject<'_>, instrument: &Instrument) -> i32 {
    let place = format!("{ROOT}.source.type");
    let named = if root.object.contains_key("source") {
        let source = reader.object(root, "source");
        source.and_then(|source| text_of(source.object, "type"))
    } else {
        Some(question::source(Respondent::Patient))
    };
    let mut known = instrument.respondents.iter();
    let who = known.find(|who| Some(question::source(**who)) == named);
    if who.is_none() {
        let mut types: Vec<_> = instrument
            .respondents
            .iter()
            .map(|who| question::source(*who))
            .collect();
        types.dedup();
        reader.note(place, format!("must be one of: {}", types.join(", ")));
    }
    wire::Respondent::from(who.copied()).into()
}

/// A total of which the items are not known.
fn sent_total(reader: &mut ResponseReader, at: &PlacedObject<'_>) -> Option<f64> {
    let answers = reader.list(at, "answer");
    let value = match &answers[..] {
        [answer] => answer.object.get("valueDecimal").and_then(Value::as_f64),
        _ => None,
    };
    if value.is_none() && at.object.contains_key("answer") {
        reader.note(&at.place, "must be one valueDecimal");
    }
    value
}

/// The response to an item: what was answered, or why nothing was. Nothing where the item says
/// neither, which is the same as leaving it out.
fn response(
    reader: &mut ResponseReader,
    at: &PlacedObject<'_>,
    instrument: &Instrument,
    link_id: &str,
) -> Option<Option<Given>> {
    let Some(item) = question::item(instrument, link_id) else {
        let rule = "must be the linkId of an item of the Questionnaire";
        reader.note(format_args!("{}.linkId", at.place), rule);
        return Some(None);
    };
    let answers = reader.list(at, "answer");
    match (&answers[..], absence(at.object)) {
        ([], None) if !at.object.contains_key("answer") => None,
        ([], Some(code)) => Some(missing(reader, at, item, code)),
        ([answer], None) if !answer.object.contains_key("item") => {
            let value = question::value(instrument, item, answer.object);
            match value {
                Some(_) => {
                    let known = [question::element_of(item, answer.object), "id", "extension"];
                    reader.elements(answer, &known, &["modifierExtension"]);
                }
                None => reader.note(&answer.place, question::allowed(instrument, item)),
            }
            Some(value.map(Given::Value))
        }
        _ => {
            let rule = "must have one answer without items below it, or a reason why there is none";
            reader.note(&at.place, rule);
            Some(None)
        }
    }
}

/// What an item says about why it has no answer.
fn absence(item: &Map<String, Value>) -> Option<Option<&str>> {
    let mut extensions = item.get("extension")?.as_array()?.iter();
    let absent = extensions.find(|it| it.get("url").is_some_and(|url| url == systems::ABSENT))?;
    Some(absent.get("valueCode").and_then(Value::as_str))
}

fn missing(
    reader: &mut ResponseReader,
    at: &PlacedObject<'_>,
    item: &Item,
    code: Option<&str>,
) -> Option<Given> {
    let mut reasons = item.missing.iter().copied();
    let Some(reason) = reasons.find(|reason| Some(question::absent(*reason)) == code) else {
        let allowed: Vec<_> = item
            .missing
            .iter()
            .map(|it| question::absent(*it))
            .collect();
        let rule = match allowed[..] {
            [] => "must not be there: the item must have an answer".to_owned(),
            _ => format!("must be a valueCode, one of: {}", allowed.join(", ")),
        };
        let place = format!("{}.extension('{}').value", at.place, systems::ABSENT);
        reader.note(place, rule);
        return None;
    };
    Some(Given::Missing(wire::MissingReason::from(reason).into()))
}
