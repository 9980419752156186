//! What is said once a year: numbers that others count, and the form for leaders of units.

use toml::Spanned;

use super::keys::{tables, words};
use super::scalar::RawTitles;
use crate::ids::{ItemId, RuleId};

// === denominators/*.toml ===

tables! {
    /// A file `denominators/NAME.toml`: what others count in a year.
    pub(in crate::catalogue) struct RawDenominators {
        /// What the other source counts.
        pub(in crate::catalogue) counts: RawCounted,
        /// The calendar year of the count.
        pub(in crate::catalogue) year: Spanned<i32>,
        /// The organisation that counts.
        pub(in crate::catalogue) source: String,
        /// The day on which it was counted, YYYY-MM-DD.
        pub(in crate::catalogue) date: Spanned<String>,
        /// What there is to say of its quality.
        pub(in crate::catalogue) note: Option<RawTitles>,
        /// Reasons for which somebody is excluded.
        #[serde(default)]
        pub(in crate::catalogue) reasons: Vec<RawReason>,
        /// How many, of whom.
        pub(in crate::catalogue) numbers: Vec<Spanned<RawNumber>>,
    }
}

words! {
    /// What other sources count in a year.
    pub(in crate::catalogue) enum RawCounted {
        Episodes,
        Discharges,
        Patients,
    }
}

tables! {
    /// How many there are of an organisation.
    pub(in crate::catalogue) struct RawNumber {
        /// Id of the organisation.
        pub(in crate::catalogue) organisation: String,
        /// How many, without those who are excluded.
        pub(in crate::catalogue) number: u64,
        /// Whether the organisation is no longer in the tree.
        #[serde(default)]
        pub(in crate::catalogue) former: bool,
        /// How many are excluded for which reason.
        #[serde(default)]
        pub(in crate::catalogue) excluded: Vec<RawExcluded>,
    }
}

tables! {
    /// A reason for which somebody is excluded.
    pub(in crate::catalogue) struct RawReason {
        /// The id of the reason.
        pub(in crate::catalogue) id: Spanned<RuleId>,
        /// What the reason is.
        pub(in crate::catalogue) title: RawTitles,
    }
}

tables! {
    /// How many are excluded for a reason.
    pub(in crate::catalogue) struct RawExcluded {
        /// Id of the reason.
        pub(in crate::catalogue) reason: RuleId,
        /// How many; none, or 5 and more.
        pub(in crate::catalogue) number: u64,
    }
}

// === involvement.toml ===

tables! {
    /// The file `involvement.toml`: what leaders of units are asked about their service.
    pub(in crate::catalogue) struct RawInvolvement {
        /// The title of the form.
        pub(in crate::catalogue) title: Spanned<RawTitles>,
        /// Where it comes from.
        #[serde(default)]
        pub(in crate::catalogue) sources: Vec<String>,
        /// What of it nobody has checked.
        #[serde(default)]
        pub(in crate::catalogue) unverified: Vec<String>,
        /// The items that the leader is asked.
        #[serde(default)]
        pub(in crate::catalogue) items: Vec<RawInvolvementItem>,
    }
}

tables! {
    /// An item for leaders.
    pub(in crate::catalogue) struct RawInvolvementItem {
        /// The id of the item.
        pub(in crate::catalogue) id: Spanned<ItemId>,
        /// What it is about.
        pub(in crate::catalogue) title: RawTitles,
        /// What it asks for.
        pub(in crate::catalogue) asks: RawAsks,
        /// The highest number; of `count`.
        pub(in crate::catalogue) max: Option<u32>,
        /// What may be chosen; of `choices`.
        pub(in crate::catalogue) choices: Option<Vec<RawChoice>>,
    }
}

words! {
    /// What an item for leaders asks for.
    pub(in crate::catalogue) enum RawAsks {
        Degree,
        Count,
        Choices,
    }
}

tables! {
    /// Something that may be chosen.
    pub(in crate::catalogue) struct RawChoice {
        /// The id of the choice.
        pub(in crate::catalogue) id: ItemId,
        /// What the choice says.
        pub(in crate::catalogue) title: RawTitles,
    }
}
