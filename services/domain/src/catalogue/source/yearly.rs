//! What is said once a year: numbers that others count, and the form for leaders of units.

use serde::Deserialize;
use toml::Spanned;

use super::RawTitles;
use crate::ids::{ItemId, RuleId};

// === denominators/*.toml ===

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawDenominators {
    pub(in crate::catalogue) counts: RawCounted,
    pub(in crate::catalogue) year: Spanned<i32>,
    pub(in crate::catalogue) source: String,
    pub(in crate::catalogue) date: Spanned<String>,
    pub(in crate::catalogue) note: Option<RawTitles>,
    #[serde(default)]
    pub(in crate::catalogue) reasons: Vec<RawReason>,
    pub(in crate::catalogue) numbers: Vec<Spanned<RawNumber>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(in crate::catalogue) enum RawCounted {
    Episodes,
    Discharges,
    Patients,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawNumber {
    pub(in crate::catalogue) organisation: String,
    pub(in crate::catalogue) number: u64,
    #[serde(default)]
    pub(in crate::catalogue) excluded: Vec<RawExcluded>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawReason {
    pub(in crate::catalogue) id: Spanned<RuleId>,
    pub(in crate::catalogue) title: RawTitles,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawExcluded {
    pub(in crate::catalogue) reason: RuleId,
    pub(in crate::catalogue) number: u64,
}

// === involvement.toml ===

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawInvolvement {
    pub(in crate::catalogue) title: Spanned<RawTitles>,
    #[serde(default)]
    pub(in crate::catalogue) sources: Vec<String>,
    #[serde(default)]
    pub(in crate::catalogue) unverified: Vec<String>,
    #[serde(default)]
    pub(in crate::catalogue) items: Vec<RawInvolvementItem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawInvolvementItem {
    pub(in crate::catalogue) id: Spanned<ItemId>,
    pub(in crate::catalogue) title: RawTitles,
    pub(in crate::catalogue) asks: RawAsks,
    pub(in crate::catalogue) max: Option<u32>,
    pub(in crate::catalogue) choices: Option<Vec<RawChoice>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(in crate::catalogue) enum RawAsks {
    Degree,
    Count,
    Choices,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawChoice {
    pub(in crate::catalogue) id: ItemId,
    pub(in crate::catalogue) title: RawTitles,
}
