//! Elements. Comes in: JSON. Goes out: texts and numbers of elements, or a note of what an element
//! must be. The invariant: no note has a name or a value that was sent.

use std::fmt::Display;

use medvirk_domain::catalogue::FormViolation;
use serde_json::{Map, Value};

/// Where every expression begins.
pub(super) const ROOT: &str = "QuestionnaireResponse";
/// No more than this is noted of one response.
const MOST: usize = 100;

/// Notes what cannot be read.
#[derive(Default)]
pub(super) struct ResponseReader {
    pub(super) wrong: Vec<FormViolation>,
}

/// An object, and where it is.
pub(super) struct PlacedObject<'j> {
    pub(super) object: &'j Map<String, Value>,
    pub(super) place: String,
}

impl<'j> PlacedObject<'j> {
    pub(super) fn root(object: &'j Map<String, Value>) -> Self {
        let place = ROOT.to_owned();
        Self { object, place }
    }
}

/// The text of an element, if it is one.
pub(super) fn text_of<'j>(object: &'j Map<String, Value>, name: &str) -> Option<&'j str> {
    object.get(name)?.as_str()
}

impl ResponseReader {
    pub(super) fn note(&mut self, place: impl Display, rule: impl Into<String>) {
        if self.wrong.len() < MOST {
            let (field, rule) = (place.to_string(), rule.into());
            self.wrong.push(FormViolation { field, rule });
        }
    }

    /// Only what is known is there, and nothing that changes what the rest means.
    pub(super) fn elements(&mut self, at: &PlacedObject<'_>, known: &[&str], modifiers: &[&str]) {
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
    pub(super) fn object<'j>(
        &mut self,
        at: &PlacedObject<'j>,
        name: &str,
    ) -> Option<PlacedObject<'j>> {
        let place = format!("{}.{name}", at.place);
        let object = at.object.get(name)?.as_object();
        if object.is_none() {
            self.note(&place, "must be an object");
        }
        Some(PlacedObject {
            object: object?,
            place,
        })
    }

    /// An element that is text.
    pub(super) fn text<'j>(&mut self, at: &PlacedObject<'j>, name: &str) -> Option<&'j str> {
        let text = at.object.get(name)?.as_str();
        if text.is_none() {
            self.note(format_args!("{}.{name}", at.place), "must be text");
        }
        text
    }

    /// The entries of an element that is a list of objects.
    pub(super) fn list<'j>(&mut self, at: &PlacedObject<'j>, name: &str) -> Vec<PlacedObject<'j>> {
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
                Some(object) => entries.push(PlacedObject { object, place }),
                None => self.note(place, "must be an object"),
            }
        }
        entries
    }
}
