//! What others can see of a person, and what only the person's answers tell (design §4.1, rule
//! `apart`). Comes in: measures and the instruments that they read. Goes out: which of their
//! variables join the two. The invariant: no number of a catalogue that has no finding here depends
//! both on what others can see of a person and on that person's answers.
//!
//! *Seen* are numbers of forms, days, gaps, endings, whether a code was answered, and scores of
//! which every item is marked `seen`. All else is *told*.

use std::collections::BTreeSet;

use super::instrument::{Instrument, Scale};
use super::measure::{Condition, Measure, MemberValue, VariableValue};
use crate::form::MissingReason;
use crate::ids::VariableId;
use crate::record::EpisodeEnding;

/// Something of a measure that joins what others can see with what only answers tell.
pub(super) struct JoinedKnowledge {
    /// The variable that does; `None` where the parts do.
    pub(super) variable: Option<VariableId>,
    /// What is joined, and what would be right.
    pub(super) message: String,
}

impl Scale {
    /// True if others know its score without an answer: all its items are seen, and so is the
    /// trigger without which it is not asked.
    pub(super) fn is_seen(&self, instrument: &Instrument) -> bool {
        let seen = |place: &usize| instrument.items[*place].seen;
        let trigger = self.adaptive.map(|adaptive| adaptive.trigger);
        !self.items.is_empty() && self.items.iter().chain(&trigger).all(seen)
    }

    /// Why a form may be without a score of it; `None` where every form has one.
    fn may_be_missing(&self, instrument: &Instrument) -> Option<String> {
        // Such a form is a total alone, and a total is required.
        if instrument.items.is_empty() {
            return None;
        }
        if self.items.is_empty() {
            return Some("has a score only where a total is sent alone".to_owned());
        }
        if let Some(only) = instrument.total_only.as_ref().filter(|it| **it != self.id) {
            return Some(format!("has no score where the total {only} is sent alone"));
        }
        self.items
            .iter()
            .find_map(|place| self.item_may_be_missing(instrument, *place))
    }

    fn item_may_be_missing(&self, instrument: &Instrument, place: usize) -> Option<String> {
        let item = &instrument.items[place];
        let uncounted = |reason: &&MissingReason| self.counts_as(**reason).is_none();
        if let Some(reason) = item.missing.iter().find(uncounted) {
            let (id, reason) = (&item.id, reason.as_str());
            return Some(format!(
                "has no `missing_as` for {reason}, which item {id} allows"
            ));
        }
        // Whoever leaves such an item blank has no reason to give, and there is no score.
        let blank = item.required || item.missing.contains(&MissingReason::NotAnswered);
        (!blank).then(|| {
            format!(
                "has an item, {}, that is not `required` and may not be not-answered",
                item.id
            )
        })
    }
}

/// Everything of a measure that joins what others can see with what only answers tell.
pub(super) fn joined_knowledge(
    measure: &Measure,
    instrument: Option<&Instrument>,
) -> Vec<JoinedKnowledge> {
    let reader = MeasureReader {
        measure,
        instrument,
    };
    let flags = measure.variables.iter().filter_map(|variable| {
        let VariableValue::Flag(conditions) = &variable.value else {
            return None;
        };
        let message = reader.mixed(conditions, "a flag")?;
        Some(JoinedKnowledge {
            variable: Some(variable.id.clone()),
            message,
        })
    });
    let parts = measure.parts.iter().filter_map(|parts| {
        let message = reader.mixed(&parts.when, "a part")?;
        Some(JoinedKnowledge {
            variable: None,
            message,
        })
    });
    flags.chain(parts).chain(reader.beside_answers()).collect()
}

/// A measure, and the instrument of its form where it has one.
struct MeasureReader<'a> {
    measure: &'a Measure,
    instrument: Option<&'a Instrument>,
}

impl<'a> MeasureReader<'a> {
    /// The scale of a value that is told; `None` for what is seen.
    fn told_scale(&self, value: &'a MemberValue) -> Option<&'a str> {
        let id = value.scale()?;
        let is_seen = self.instrument.is_some_and(|instrument| {
            let scale = instrument.scale(id);
            scale.is_some_and(|scale| scale.is_seen(instrument))
        });
        (!is_seen).then_some(id.as_str())
    }

    /// What conditions join: they read one scale, or only what others can see.
    fn mixed(&self, conditions: &'a [Condition], what: &str) -> Option<String> {
        let values = || conditions.iter().map(|condition| &condition.value);
        let told: BTreeSet<&str> = values().filter_map(|it| self.told_scale(it)).collect();
        let seen: BTreeSet<&str> = values()
            .filter(|it| self.told_scale(it).is_none())
            .map(name)
            .collect();
        let told_names = told.iter().copied().collect::<Vec<_>>().join(", ");
        if !told.is_empty() && !seen.is_empty() {
            let seen_names = seen.into_iter().collect::<Vec<_>>().join(", ");
            return Some(format!(
                "others can see {seen_names}, and only answers tell {told_names}: {what} reads \
                 one scale, or only what others can see"
            ));
        }
        (told.len() > 1)
            .then(|| format!("it joins answers of {told_names}: {what} reads one scale"))
    }

    /// Variables that others can see, where who is in a row depends on an answer.
    fn beside_answers(&self) -> Vec<JoinedKnowledge> {
        let Some(why) = self.told_membership() else {
            return Vec::new();
        };
        let seen = self.measure.variables.iter().filter(|variable| {
            let mut values = variable.value.values().into_iter().peekable();
            values.peek().is_some() && values.all(|it| self.told_scale(it).is_none())
        });
        let finding = |id: &VariableId| JoinedKnowledge {
            variable: Some(id.clone()),
            message: format!(
                "others can see it, and {why}, so an answer decides in which row a person is: move \
                 it to a measure that reads no answer"
            ),
        };
        seen.map(|variable| finding(&variable.id)).collect()
    }

    /// How an answer decides in which row a person is; `None` where none does.
    fn told_membership(&self) -> Option<String> {
        let split = self.measure.parts.iter().flat_map(|parts| &parts.when);
        let part = split
            .filter_map(|condition| self.told_scale(&condition.value))
            .next();
        if let Some(scale) = part {
            return Some(format!("only answers of {scale} tell the part"));
        }
        let instrument = self.instrument?;
        let mut values = self
            .measure
            .variables
            .iter()
            .flat_map(|it| it.value.values());
        values.find_map(|value| {
            let id = self.told_scale(value)?;
            let scale = instrument
                .scales
                .iter()
                .find(|scale| scale.id.as_str() == id)?;
            let why = scale.may_be_missing(instrument)?;
            Some(format!("the scale {id} of {} {why}", instrument.id))
        })
    }
}

/// What catalogues call a value; of a score the scale.
fn name(value: &MemberValue) -> &str {
    match value {
        MemberValue::Forms => "forms",
        MemberValue::Days => "days",
        MemberValue::Gap => "gap",
        MemberValue::Ended(EpisodeEnding::Planned) => "planned",
        MemberValue::Ended(EpisodeEnding::Unplanned) => "unplanned",
        MemberValue::Ended(_) => "transfer",
        MemberValue::Answered => "answered",
        value => value.scale().map_or("", |scale| scale.as_str()),
    }
}
