//! The mapping. Comes in: items and scales of an instrument. Goes out: what they are called and how
//! they are answered in FHIR, for those who write a Questionnaire and for those who read what answers
//! it. The invariant: whatever a Questionnaire offers is read as the value that was offered.

use medvirk_domain::catalogue::{Instrument, Item, Scale, Titles};
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{MissingReason, Respondent};
use serde_json::{Map, Value};

use crate::systems;

/// Forms are in Norwegian.
const LANGUAGE: &str = "nb";
/// Before the id of a scale in the `linkId` of its score. No item has an id with a dot.
const SCORE: &str = "score.";

/// How an item is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerElement {
    /// By a code of the item's own system.
    Choice,
    /// By yes or no.
    Boolean,
    /// By a whole number.
    Integer,
    /// The item is answered by a number.
    Decimal,
}

impl AnswerElement {
    /// How this item is answered.
    pub fn to(item: &Item) -> Self {
        match () {
            () if is_coded(item) => Self::Choice,
            () if is_boolean(item) => Self::Boolean,
            () if decimals(item) == 0 => Self::Integer,
            () => Self::Decimal,
        }
    }

    /// The `type` of an item of a Questionnaire.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Choice => "choice",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
        }
    }

    /// The element of an answer.
    pub const fn element(self) -> &'static str {
        match self {
            Self::Choice => "valueCoding",
            Self::Boolean => "valueBoolean",
            Self::Integer => "valueInteger",
            Self::Decimal => "valueDecimal",
        }
    }
}

/// The text in the language of the forms.
pub fn text(titles: &Titles) -> &str {
    let found = titles.get(LANGUAGE).or_else(|| titles.values().next());
    found.map_or("", String::as_str)
}

/// Yes or no, and nothing else.
pub fn is_boolean(item: &Item) -> bool {
    let range =
        (item.min, item.max, item.step) == (FixedPoint::ZERO, FixedPoint::ONE, FixedPoint::ONE);
    range && !item.values.iter().any(|coded| coded.missing)
}

/// Every value that the item has is a code.
pub fn is_coded(item: &Item) -> bool {
    let step = item.step.micros().max(1);
    let steps = (item.max.micros() - item.min.micros()) / step + 1;
    !is_boolean(item) && i64::try_from(item.values.len()) == Ok(steps)
}

/// True if a code may be sent as its number: where every code is an answer, as the words of a scale
/// are, form tools that show numbers mean the same.
fn takes_bare_numbers(item: &Item) -> bool {
    !item.values.iter().any(|coded| coded.missing) && decimals(item) == 0
}

/// How many decimals the values of an item have.
pub fn decimals(item: &Item) -> u32 {
    let whole = |micros: i64| {
        [item.min, item.step]
            .iter()
            .all(|it| it.micros() % micros == 0)
    };
    let unit = |places: u32| 10_i64.pow(6 - places);
    (0..6).find(|places| whole(unit(*places))).unwrap_or(6)
}

/// The `linkId` of a score.
pub fn score(scale: &Scale) -> String {
    format!("{SCORE}{}", scale.id)
}

/// The scale of a `linkId`.
pub(crate) fn scale<'i>(instrument: &'i Instrument, link_id: &str) -> Option<&'i Scale> {
    let id = link_id.strip_prefix(SCORE)?;
    let mut scales = instrument.scales.iter();
    scales.find(|scale| scale.id.as_str() == id)
}

/// The item of a `linkId`, which is its id.
pub(crate) fn item<'i>(instrument: &'i Instrument, link_id: &str) -> Option<&'i Item> {
    let mut items = instrument.items.iter();
    items.find(|item| item.id.as_str() == link_id)
}

/// True if the score may be sent alone, as a total of which the items are not known.
pub(crate) fn may_be_sent(instrument: &Instrument, scale: &Scale) -> bool {
    instrument.total_only.as_ref() == Some(&scale.id)
}

/// The value of one entry of `answer`; nothing if it is no answer to this item. Range and steps are
/// the instrument's to judge.
pub(crate) fn value(
    instrument: &Instrument,
    item: &Item,
    answer: &Map<String, Value>,
) -> Option<f64> {
    let how = AnswerElement::to(item);
    let element = element_of(item, answer);
    let given = answer.get(element)?;
    if how == AnswerElement::Choice && element == AnswerElement::Integer.element() {
        return given.as_i64().map(|whole| whole as f64);
    }
    match how {
        AnswerElement::Choice => {
            let system = systems::options(instrument.id.as_str(), item.id.as_str());
            if given.get("system")? != system.as_str() {
                return None;
            }
            let code = given.get("code")?.as_str()?;
            let mut options = item.values.iter();
            let chosen = options.find(|coded| coded.value.to_string() == code)?;
            Some(chosen.value.to_f64())
        }
        AnswerElement::Boolean => given.as_bool().map(|yes| if yes { 1.0 } else { 0.0 }),
        AnswerElement::Integer => given.as_i64().map(|whole| whole as f64),
        AnswerElement::Decimal => given.as_f64(),
    }
}

/// The element in which one entry of `answer` has its value.
pub(crate) fn element_of(item: &Item, answer: &Map<String, Value>) -> &'static str {
    let bare = AnswerElement::Integer.element();
    let how = AnswerElement::to(item);
    let is_bare =
        how == AnswerElement::Choice && takes_bare_numbers(item) && answer.contains_key(bare);
    if is_bare { bare } else { how.element() }
}

/// What an answer to the item must be.
pub(crate) fn allowed(instrument: &Instrument, item: &Item) -> String {
    let how = AnswerElement::to(item);
    let element = how.element();
    match how {
        AnswerElement::Choice => {
            let system = systems::options(instrument.id.as_str(), item.id.as_str());
            let codes: Vec<_> = item.values.iter().map(|it| it.value.to_string()).collect();
            let codes = codes.join(", ");
            let bare = if takes_bare_numbers(item) {
                format!(", or one {} of them", AnswerElement::Integer.element())
            } else {
                String::new()
            };
            format!(
                "must be one {element} of the system {system} with one of the codes: {codes}{bare}"
            )
        }
        AnswerElement::Boolean => format!("must be one {element}"),
        AnswerElement::Integer | AnswerElement::Decimal => {
            format!("must be one {element}, from {} to {}", item.min, item.max)
        }
    }
}

/// A reason for which there is no answer, in the codes of R4's `data-absent-reason`.
pub(crate) const fn absent(reason: MissingReason) -> &'static str {
    match reason {
        MissingReason::NotAnswered => "asked-unknown",
        MissingReason::NotApplicable => "not-applicable",
        MissingReason::PreferNot => "asked-declined",
        MissingReason::ByDesign => "not-asked",
    }
}

/// The `type` of the `source` of a response. A member of a group is a patient: no instrument is for
/// both.
pub(crate) const fn source(respondent: Respondent) -> &'static str {
    match respondent {
        Respondent::Patient | Respondent::GroupMember => "Patient",
        Respondent::Caretaker => "RelatedPerson",
        Respondent::Other => "Practitioner",
    }
}

#[cfg(test)]
mod tests;
