//! Instruments: how a form is checked and scored.

use std::fmt;

use super::organisation::Titles;
use crate::fixed::Fixed;
use crate::form::{MissingReason, Respondent};
use crate::ids::{InstrumentId, ItemId, RuleId, ScaleId};

/// An instrument in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// Its id.
    pub id: InstrumentId,
    /// 1 or more.
    pub version: u32,
    /// Neutral titles.
    pub title: Titles,
    /// Who may fill it in.
    pub respondents: Vec<Respondent>,
    /// In the order of the form.
    pub items: Vec<Item>,
    /// Id of the scale whose score may be sent alone as the form's total.
    pub total_only: Option<ScaleId>,
    /// What is computed from the items.
    pub scales: Vec<Scale>,
    /// Rules that are looked at when the form comes in.
    pub alerts: Vec<AlertRule>,
    /// Where its rules come from, and what is not verified.
    pub sources: Vec<String>,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its code.
    pub id: ItemId,
    /// Neutral labels; never the wording.
    pub label: Titles,
    /// The lowest value.
    pub min: Fixed,
    /// The highest value.
    pub max: Fixed,
    /// The distance between two values.
    pub step: Fixed,
    /// Reasons for which a value may be missing.
    pub missing: Vec<MissingReason>,
    /// Without it (or a reason) the form is refused.
    pub required: bool,
}

/// A scale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// Its id.
    pub id: ScaleId,
    /// Neutral titles.
    pub title: Titles,
    /// Places of its items in [`Instrument::items`]; empty where only a total is ever sent.
    pub items: Vec<usize>,
    /// How the score is computed.
    pub method: Method,
    /// The lowest score.
    pub min: Fixed,
    /// The highest score.
    pub max: Fixed,
    /// The distance between two totals, where a total may be sent alone.
    pub total_step: Option<Fixed>,
    /// True where higher is better.
    pub higher_is_better: bool,
    /// The clinical cut-off; the clinical range is strictly on its worse side.
    pub cutoff: Option<Fixed>,
    /// The smallest change between two scores that counts as reliable.
    pub reliable_change: Option<Fixed>,
}

/// How a score is computed from the item values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The sum of all items; no score unless every item has a value.
    Sum,
    /// The mean of the answered items, each moved to 0–100 by its own range; no score when fewer
    /// than `min_answered` items have a value.
    Index {
        /// At least this many.
        min_answered: usize,
    },
    /// The mean of the answered items; no score when fewer than `min_answered` have a value.
    Mean {
        /// At least this many.
        min_answered: usize,
    },
}

/// A rule that tells the therapist to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRule {
    /// Its id.
    pub id: RuleId,
    /// The scale it looks at.
    pub scale: ScaleId,
    /// When it fires.
    pub when: AlertWhen,
}

/// When an alert rule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertWhen {
    /// The score is strictly below.
    Below(Fixed),
    /// The score is strictly above.
    Above(Fixed),
}

/// A form that obeys its instrument, with its scores.
#[derive(Clone, PartialEq, Eq)]
pub struct Scored {
    /// One per scale, in the instrument's order.
    pub scores: Vec<Score>,
    /// Ids of the alert rules that fired, in the instrument's order.
    pub alerts: Vec<RuleId>,
}

/// The score of one scale.
#[derive(Clone, PartialEq, Eq)]
pub struct Score {
    /// The scale.
    pub scale: ScaleId,
    /// `None` when too few items were answered.
    pub value: Option<Fixed>,
}

/// What is wrong with a field of a form; never what was in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path within the form, such as `items[2].value`.
    pub field: String,
    /// What is wrong and what is allowed.
    pub rule: String,
}

impl fmt::Debug for Scored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scored(redacted)")
    }
}

impl fmt::Debug for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Score(redacted)")
    }
}
