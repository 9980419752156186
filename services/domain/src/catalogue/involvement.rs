//! What services say about themselves: a form that leaders of units fill in once a year, about
//! structure (councils, peer workers, tools) and not about persons. Comes in: answers. Goes out: what
//! is wrong with them. The invariant: an answer is one that its item asks for.

use std::collections::BTreeSet;

use super::instrument::FormViolation;
use super::organisation::Titles;
use crate::ids::{ItemId, UnitId};

/// The form in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvolvementForm {
    /// The title of the form by language.
    pub title: Titles,
    /// In the order of the form.
    pub items: Vec<InvolvementItem>,
    /// Where its items come from.
    pub sources: Vec<String>,
    /// What of it is not verified.
    pub unverified: Vec<String>,
}

/// One question of the leader's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvolvementItem {
    /// The id of the item.
    pub id: ItemId,
    /// The title of the item by language.
    pub title: Titles,
    /// What it asks for.
    pub asks: InvolvementQuestion,
}

/// What an item asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvolvementQuestion {
    /// Whether there is such a thing.
    Degree,
    /// How many, up to this many.
    Count(u32),
    /// Which of these choices hold.
    Choices(Vec<InvolvementChoice>),
}

/// One of the choices of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvolvementChoice {
    /// The id of the choice.
    pub id: ItemId,
    /// The title of the choice by language.
    pub title: Titles,
}

/// What a unit says about itself in a year; of several the last one counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvolvementAnswers {
    /// The unit that the answers are about.
    pub unit: UnitId,
    /// The calendar year that the answers are about.
    pub year: i32,
    /// The answers, each with its item.
    pub answers: Vec<(ItemId, InvolvementAnswer)>,
    /// The credential that sent it.
    pub sender: String,
    /// When it came, milliseconds since 1970.
    pub ingested_at: i64,
}

/// The answer to an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvolvementAnswer {
    /// Whether there is such a thing.
    Degree(InvolvementDegree),
    /// The number that was counted.
    Count(u32),
    /// Which; none is an answer too.
    Choices(Vec<ItemId>),
}

/// Whether there is such a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvolvementDegree {
    /// The unit does not have it.
    No,
    /// In part, or not everywhere.
    Partly,
    /// The unit has all of it.
    Yes,
}

impl InvolvementDegree {
    /// The word that files and answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Partly => "partly",
            Self::Yes => "yes",
        }
    }
}

/// A word, a number, or ids parted by commas.
impl std::fmt::Display for InvolvementAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Degree(degree) => f.write_str(degree.as_str()),
            Self::Count(count) => count.fmt(f),
            Self::Choices(ids) => {
                let ids: Vec<&str> = ids.iter().map(ItemId::as_str).collect();
                f.write_str(&ids.join(", "))
            }
        }
    }
}

impl InvolvementForm {
    /// Checks answers: each item once, with what it asks for.
    ///
    /// # Errors
    /// With everything that is wrong.
    pub fn check(&self, answers: &[(ItemId, InvolvementAnswer)]) -> Result<(), Vec<FormViolation>> {
        let mut wrong = Vec::new();
        let mut add = |field: String, rule: String| wrong.push(FormViolation { field, rule });
        let mut seen = BTreeSet::new();
        for (place, (id, answer)) in answers.iter().enumerate() {
            if !seen.insert(id) {
                add(
                    format!("answers[{place}].item"),
                    "must not be there twice".to_owned(),
                );
            }
            match self.items.iter().find(|item| item.id == *id) {
                None => add(
                    format!("answers[{place}].item"),
                    "is no item of the form".to_owned(),
                ),
                Some(item) => {
                    if let Some(rule) = item.wrong(answer) {
                        add(format!("answers[{place}]"), rule);
                    }
                }
            }
        }
        for item in self.items.iter().filter(|item| !seen.contains(&item.id)) {
            add(
                "answers".to_owned(),
                format!("item {} is required", item.id),
            );
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

impl InvolvementItem {
    /// What it asks for, where the answer is another.
    fn wrong(&self, answer: &InvolvementAnswer) -> Option<String> {
        match (&self.asks, answer) {
            (InvolvementQuestion::Degree, InvolvementAnswer::Degree(_)) => None,
            (InvolvementQuestion::Count(max), InvolvementAnswer::Count(count)) if count <= max => {
                None
            }
            (InvolvementQuestion::Choices(choices), InvolvementAnswer::Choices(ids)) => {
                let known = |id: &ItemId| choices.iter().any(|choice| choice.id == *id);
                let once: BTreeSet<&ItemId> = ids.iter().collect();
                let rule = || {
                    let ids: Vec<&str> = choices.iter().map(|one| one.id.as_str()).collect();
                    format!("must be some of: {}", ids.join(", "))
                };
                (!ids.iter().all(known) || once.len() < ids.len()).then(rule)
            }
            (InvolvementQuestion::Degree, _) => Some("must be no, partly or yes".to_owned()),
            (InvolvementQuestion::Count(max), _) => {
                Some(format!("must be a number from 0 to {max}"))
            }
            (InvolvementQuestion::Choices(_), _) => Some("must be a list of choices".to_owned()),
        }
    }
}
