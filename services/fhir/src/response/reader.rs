//! Elements. Comes in: JSON. Goes out: texts and numbers of elements, or a note of what an element
//! must be. The invariant: no note has a name or a value that was sent.

use std::fmt::Display;

use medvirk_domain::catalogue::Violation;
use medvirk_proto::feedback::v1::{AgeBand, Coding};
use serde_json::{Map, Value};

use super::places;
use crate::systems;

/// Where every expression begins.
pub(super) const ROOT: &str = "QuestionnaireResponse";
/// No more than this is noted of one response.
const MOST: usize = 100;

/// Notes what cannot be read.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) wrong: Vec<Violation>,
}

/// An object, and where it is.
pub(super) struct At<'j> {
    pub(super) object: &'j Map<String, Value>,
    pub(super) place: String,
}

/// What the extensions of Medvirk say; zero and nothing where they are not there.
#[derive(Default)]
pub(super) struct Extensions {
    pub(super) unit: Option<String>,
    pub(super) episode: Option<String>,
    pub(super) date: Option<String>,
    pub(super) number: Option<u32>,
    pub(super) revision: Option<u32>,
    pub(super) age: i32,
    pub(super) coding: i32,
}

impl<'j> At<'j> {
    pub(super) fn root(object: &'j Map<String, Value>) -> Self {
        let place = ROOT.to_owned();
        Self { object, place }
    }
}

/// The text of an element, if it is one.
pub(super) fn text_of<'j>(object: &'j Map<String, Value>, name: &str) -> Option<&'j str> {
    object.get(name)?.as_str()
}

impl Reader {
    pub(super) fn note(&mut self, place: impl Display, rule: impl Into<String>) {
        if self.wrong.len() < MOST {
            let (field, rule) = (place.to_string(), rule.into());
            self.wrong.push(Violation { field, rule });
        }
    }

    /// Only what is known is there, and nothing that changes what the rest means.
    pub(super) fn elements(&mut self, at: &At<'_>, known: &[&str], modifiers: &[&str]) {
        for name in modifiers
            .iter()
            .filter(|name| at.object.contains_key(**name))
        {
            let rule = "must not be there: it would change the meaning of the rest";
            self.note(format_args!("{}.{name}", at.place), rule);
        }
        // What begins with a line is said about the element without it.
        let is_known = |name: &String| {
            let name = name.strip_prefix('_').unwrap_or(name);
            known.contains(&name) || modifiers.contains(&name)
        };
        if !at.object.keys().all(is_known) {
            let rule = format!("must have no other elements than: {}", known.join(", "));
            self.note(&at.place, rule);
        }
    }

    /// An element that is an object.
    pub(super) fn object<'j>(&mut self, at: &At<'j>, name: &str) -> Option<At<'j>> {
        let place = format!("{}.{name}", at.place);
        let object = at.object.get(name)?.as_object();
        if object.is_none() {
            self.note(&place, "must be an object");
        }
        Some(At {
            object: object?,
            place,
        })
    }

    /// An element that is text.
    pub(super) fn text<'j>(&mut self, at: &At<'j>, name: &str) -> Option<&'j str> {
        let text = at.object.get(name)?.as_str();
        if text.is_none() {
            self.note(format_args!("{}.{name}", at.place), "must be text");
        }
        text
    }

    /// The entries of an element that is a list of objects.
    pub(super) fn list<'j>(&mut self, at: &At<'j>, name: &str) -> Vec<At<'j>> {
        let Some(value) = at.object.get(name) else {
            return Vec::new();
        };
        let list = value.as_array().filter(|list| !list.is_empty());
        if list.is_none() {
            let rule = "must be a list with something in it";
            self.note(format_args!("{}.{name}", at.place), rule);
        }
        let mut entries = Vec::new();
        for (index, value) in list.into_iter().flatten().enumerate() {
            let place = format!("{}.{name}[{index}]", at.place);
            match value.as_object() {
                Some(object) => entries.push(At { object, place }),
                None => self.note(place, "must be an object"),
            }
        }
        entries
    }

    pub(super) fn extensions(&mut self, root: &At<'_>) -> Extensions {
        let mut read = Extensions::default();
        let mut seen = Vec::new();
        for at in self.list(root, "extension") {
            let Some(url) = text_of(at.object, "url") else {
                self.note(format_args!("{}.url", at.place), "is required");
                continue;
            };
            // What is not of Medvirk may be left unread, as R4 has it.
            if !url.starts_with(systems::EXTENSION) {
                continue;
            }
            if seen.contains(&url) {
                self.note(format_args!("{}.url", at.place), "must not be there twice");
            }
            seen.push(url);
            match url {
                systems::UNIT => read.unit = self.word(&at, "valueString", url),
                systems::EPISODE => read.episode = self.word(&at, "valueString", url),
                systems::DATE => read.date = self.word(&at, "valueDate", url),
                systems::SESSION_NUMBER => read.number = self.positive(&at, url),
                systems::REVISION => read.revision = self.positive(&at, url),
                systems::AGE_BAND => read.age = self.code(&at, url, &AGE_BANDS),
                systems::CODING => read.coding = self.code(&at, url, &CODINGS),
                _ => {
                    let rule = "must be an extension that Medvirk has";
                    self.note(format_args!("{}.url", at.place), rule);
                }
            }
        }
        read
    }

    /// The text of an extension. Something that is none is noted, and there all the same.
    fn word(&mut self, at: &At<'_>, element: &str, url: &str) -> Option<String> {
        let text = text_of(at.object, element);
        if text.is_none() {
            self.note(places::extension(url), format!("must be a {element}"));
        }
        Some(text.unwrap_or_default().to_owned())
    }

    fn positive(&mut self, at: &At<'_>, url: &str) -> Option<u32> {
        let number = at.object.get("valuePositiveInt").and_then(Value::as_u64);
        let number = number.and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| *number > 0);
        if number.is_none() {
            let rule = "must be a valuePositiveInt, 1 or more";
            self.note(places::extension(url), rule);
        }
        Some(number.unwrap_or_default())
    }

    fn code(&mut self, at: &At<'_>, url: &str, codes: &[(&str, i32)]) -> i32 {
        let code = text_of(at.object, "valueCode");
        let found = codes.iter().find(|(known, _)| Some(*known) == code);
        if found.is_none() {
            let known: Vec<_> = codes.iter().map(|(known, _)| *known).collect();
            let rule = format!("must be a valueCode, one of: {}", known.join(", "));
            self.note(places::extension(url), rule);
        }
        found.map_or(0, |(_, number)| *number)
    }
}

const AGE_BANDS: [(&str, i32); 3] = [
    ("child", AgeBand::Child as i32),
    ("adolescent", AgeBand::Adolescent as i32),
    ("adult", AgeBand::Adult as i32),
];
const CODINGS: [(&str, i32); 2] = [
    ("agreement", Coding::Agreement as i32),
    ("higher-is-worse", Coding::HigherIsWorse as i32),
];
