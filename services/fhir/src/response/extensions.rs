//! What R4 has no element for. Comes in: the extensions of a response. Goes out: the unit, the session
//! and what else a submission says. The invariant: each of Medvirk's is there once, but for earlier
//! scores.

use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::form::Respondent;
use medvirk_proto::feedback::v1::{AgeBand, Coding, EarlierScore};
use serde_json::Value;

use super::form::canonical;
use super::places;
use super::reader::{PlacedObject, ResponseReader, text_of};
use crate::{question, systems};

const AGE_BANDS: [(&str, i32); 3] = [
    ("child", AgeBand::Child as i32),
    ("adolescent", AgeBand::Adolescent as i32),
    ("adult", AgeBand::Adult as i32),
];
const CODINGS: [(&str, i32); 2] = [
    ("agreement", Coding::Agreement as i32),
    ("higher-is-worse", Coding::HigherIsWorse as i32),
];
/// What an earlier score says, each in an extension of its own, and the element that it is in.
const PARTS: [(&str, &str); 6] = [
    ("questionnaire", "valueCanonical"),
    ("source", "valueCode"),
    ("scale", "valueCode"),
    ("session-number", "valuePositiveInt"),
    ("value", "valueDecimal"),
    ("open", "valueBoolean"),
];

/// What the extensions of Medvirk say; zero and nothing where they are not there.
#[derive(Default)]
pub(super) struct FormExtensions {
    pub(super) unit: Option<String>,
    pub(super) episode: Option<String>,
    pub(super) date: Option<String>,
    pub(super) number: Option<u32>,
    pub(super) revision: Option<u32>,
    pub(super) age: i32,
    pub(super) coding: i32,
    pub(super) earlier: Vec<EarlierScore>,
    /// Where each of these was.
    pub(super) earlier_places: Vec<String>,
}

pub(super) fn read(
    reader: &mut ResponseReader,
    root: &PlacedObject<'_>,
    catalogue: &Catalogue,
) -> FormExtensions {
    let mut read = FormExtensions::default();
    let mut seen = Vec::new();
    for at in reader.list(root, "extension") {
        let Some(url) = text_of(at.object, "url") else {
            reader.note(format_args!("{}.url", at.place), "is required");
            continue;
        };
        if seen.contains(&url) {
            reader.note(format_args!("{}.url", at.place), "must not be there twice");
            continue;
        }
        match url {
            systems::UNIT => read.unit = word(reader, &at, "valueString", url),
            systems::EPISODE => read.episode = word(reader, &at, "valueString", url),
            systems::DATE => read.date = word(reader, &at, "valueDate", url),
            systems::SESSION_NUMBER => read.number = positive(reader, &at, url),
            systems::REVISION => read.revision = positive(reader, &at, url),
            systems::AGE_BAND => read.age = code(reader, &at, url, &AGE_BANDS),
            systems::CODING => read.coding = code(reader, &at, url, &CODINGS),
            systems::EARLIER => {
                read.earlier.push(earlier(reader, &at, catalogue));
                read.earlier_places.push(at.place);
                continue;
            }
            _ if url.starts_with(systems::EXTENSION) => {
                let rule = "must be an extension that Medvirk has";
                reader.note(format_args!("{}.url", at.place), rule);
                continue;
            }
            // What is not of Medvirk may be left unread, as R4 has it.
            _ => continue,
        }
        seen.push(url);
    }
    read
}

/// The text of an extension. Something that is none is noted, and there all the same.
fn word(
    reader: &mut ResponseReader,
    at: &PlacedObject<'_>,
    element: &str,
    url: &str,
) -> Option<String> {
    let text = text_of(at.object, element);
    if text.is_none() {
        reader.note(places::extension(url), format!("must be a {element}"));
    }
    Some(text.unwrap_or_default().to_owned())
}

fn positive(reader: &mut ResponseReader, at: &PlacedObject<'_>, url: &str) -> Option<u32> {
    let number = at.object.get("valuePositiveInt").and_then(whole);
    let number = number.filter(|number| *number > 0);
    if number.is_none() {
        let rule = "must be a valuePositiveInt, 1 or more";
        reader.note(places::extension(url), rule);
    }
    Some(number.unwrap_or_default())
}

fn whole(value: &Value) -> Option<u32> {
    u32::try_from(value.as_u64()?).ok()
}

fn code(
    reader: &mut ResponseReader,
    at: &PlacedObject<'_>,
    url: &str,
    codes: &[(&str, i32)],
) -> i32 {
    let code = text_of(at.object, "valueCode");
    let found = codes.iter().find(|(known, _)| Some(*known) == code);
    if found.is_none() {
        let known: Vec<_> = codes.iter().map(|(known, _)| *known).collect();
        let rule = format!("must be a valueCode, one of: {}", known.join(", "));
        reader.note(places::extension(url), rule);
    }
    found.map_or(0, |(_, number)| *number)
}

/// A score from before. What is missing of it is told by admission.
fn earlier(
    reader: &mut ResponseReader,
    at: &PlacedObject<'_>,
    catalogue: &Catalogue,
) -> EarlierScore {
    let mut score = EarlierScore::default();
    let mut source = question::source(Respondent::Patient);
    for part in reader.list(at, "extension") {
        let name = text_of(part.object, "url").unwrap_or_default();
        let Some((name, element)) = PARTS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<_> = PARTS.iter().map(|(known, _)| *known).collect();
            let rule = format!("must be one of: {}", known.join(", "));
            reader.note(format_args!("{}.url", part.place), rule);
            continue;
        };
        let value = part.object.get(*element);
        let read = value.and_then(|value| {
            match *name {
                "questionnaire" => (score.instrument, score.version) = canonical(value.as_str()?)?,
                "source" => source = value.as_str()?,
                "scale" => value.as_str()?.clone_into(&mut score.scale),
                "session-number" => score.number = whole(value)?,
                "value" => score.value = Some(value.as_f64()?),
                _ => score.open = value.as_bool()?,
            }
            Some(())
        });
        if read.is_none() {
            reader.note(&part.place, format!("must have a {element} of its kind"));
        }
    }
    if let Some(instrument) = catalogue.instrument(&score.instrument, score.version) {
        let mut known = instrument.respondents.iter();
        match known.find(|who| question::source(**who) == source) {
            Some(who) => score.set_respondent((*who).into()),
            None => {
                let rule = "must have a source who answers this instrument";
                reader.note(&at.place, rule);
            }
        }
    }
    score
}
