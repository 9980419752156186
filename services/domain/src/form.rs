//! Forms: an instrument filled in once by one respondent. Comes in: what ingest or the log says.
//! Goes out: the same as types. The invariant: answers never appear in `Debug`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fixed::FixedPoint;
use crate::ids::{InstrumentId, ItemId};

/// An instrument filled in once by one respondent; not yet checked against the instrument.
#[derive(Clone, PartialEq, Eq)]
pub struct Form {
    /// Id of the instrument.
    pub instrument: InstrumentId,
    /// Version of the instrument.
    pub version: u32,
    /// Who filled in the form.
    pub respondent: Respondent,
    /// The age band of the patient, where the sender named one.
    pub age: Option<AgeBand>,
    /// Item responses, in the order in which they were sent.
    pub items: Vec<(ItemId, ItemResponse)>,
    /// The total, where it was sent alone.
    pub total: Option<FixedPoint>,
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Form(redacted)")
    }
}

/// The response to one item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ItemResponse {
    /// A value was given.
    Value(FixedPoint),
    /// No value was given, and why.
    Missing(MissingReason),
}

impl fmt::Debug for ItemResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ItemResponse(redacted)")
    }
}

/// Who filled in a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Respondent {
    /// The patient filled it in.
    #[serde(rename = "self")]
    Patient,
    /// A parent or another caretaker.
    Caretaker,
    /// Somebody else filled it in.
    Other,
    /// The patient as a member of a group.
    GroupMember,
}

impl Respondent {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [
        Self::Patient,
        Self::Caretaker,
        Self::Other,
        Self::GroupMember,
    ];

    /// The one that has this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// The word that catalogues and tables use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "self",
            Self::Caretaker => "caretaker",
            Self::Other => "other",
            Self::GroupMember => "group-member",
        }
    }
}

/// How old the patient is. Cut-offs of an instrument may differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgeBand {
    /// 6 to 12 years.
    Child,
    /// 13 to 17 years.
    Adolescent,
    /// 18 years or more.
    Adult,
}

impl AgeBand {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Child, Self::Adolescent, Self::Adult];

    /// The one that has this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// The word that catalogues and tables use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Child => "child",
            Self::Adolescent => "adolescent",
            Self::Adult => "adult",
        }
    }
}

/// How the values of reversed items are coded in what is sent. Exports differ, and nothing in the
/// values tells which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As the respondent marked them: a high value agrees with the item.
    Agreement,
    /// Reversed already: a high value is always the worse one.
    HigherIsWorse,
}

/// Why an item has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingReason {
    /// It was shown and left blank.
    NotAnswered,
    /// It does not apply to the respondent.
    NotApplicable,
    /// The respondent preferred not to answer.
    PreferNot,
    /// An adaptive form did not show it.
    ByDesign,
}

impl MissingReason {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [
        Self::NotAnswered,
        Self::NotApplicable,
        Self::PreferNot,
        Self::ByDesign,
    ];

    /// The one that has this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// The word that catalogues and tables use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAnswered => "not-answered",
            Self::NotApplicable => "not-applicable",
            Self::PreferNot => "prefer-not",
            Self::ByDesign => "by-design",
        }
    }
}
