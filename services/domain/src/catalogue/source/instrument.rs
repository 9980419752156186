//! Instruments as their files have them.

use serde::Deserialize;
use toml::Spanned;

use super::{Number, RawTitles};
use crate::form::{AgeBand, MissingReason, Respondent};
use crate::ids::{InstrumentId, ItemId, RuleId, ScaleId};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawInstrument {
    pub(in crate::catalogue) id: Spanned<InstrumentId>,
    pub(in crate::catalogue) version: Spanned<u32>,
    pub(in crate::catalogue) title: Spanned<RawTitles>,
    pub(in crate::catalogue) respondents: Spanned<Vec<Respondent>>,
    pub(in crate::catalogue) ages: Option<Spanned<Vec<AgeBand>>>,
    pub(in crate::catalogue) default_age: Option<Spanned<AgeBand>>,
    pub(in crate::catalogue) coding_declared: Option<Spanned<bool>>,
    #[serde(default)]
    pub(in crate::catalogue) sentinels: Vec<Spanned<RawSentinel>>,
    pub(in crate::catalogue) total_only: Option<Spanned<ScaleId>>,
    pub(in crate::catalogue) norm: Option<Spanned<RawNorm>>,
    #[serde(default)]
    pub(in crate::catalogue) sources: Vec<String>,
    #[serde(default)]
    pub(in crate::catalogue) unverified: Vec<String>,
    #[serde(default)]
    pub(in crate::catalogue) items: Vec<Spanned<RawItem>>,
    #[serde(default)]
    pub(in crate::catalogue) scales: Vec<Spanned<RawScale>>,
    #[serde(default)]
    pub(in crate::catalogue) alerts: Vec<Spanned<RawAlert>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawItem {
    pub(in crate::catalogue) id: Spanned<ItemId>,
    pub(in crate::catalogue) label: Option<RawTitles>,
    pub(in crate::catalogue) min: Number,
    pub(in crate::catalogue) max: Number,
    pub(in crate::catalogue) step: Number,
    #[serde(default)]
    pub(in crate::catalogue) missing: Vec<MissingReason>,
    #[serde(default)]
    pub(in crate::catalogue) required: bool,
    #[serde(default)]
    pub(in crate::catalogue) reversed: bool,
    #[serde(default)]
    pub(in crate::catalogue) not_at_first: bool,
    #[serde(default)]
    pub(in crate::catalogue) seen: bool,
    #[serde(default)]
    pub(in crate::catalogue) values: Vec<RawCoded>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawCoded {
    pub(in crate::catalogue) value: Number,
    pub(in crate::catalogue) label: RawTitles,
    #[serde(default)]
    pub(in crate::catalogue) missing: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawSentinel {
    pub(in crate::catalogue) value: Number,
    pub(in crate::catalogue) reason: MissingReason,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawNorm {
    pub(in crate::catalogue) id: RuleId,
    pub(in crate::catalogue) title: RawTitles,
    pub(in crate::catalogue) source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawScale {
    pub(in crate::catalogue) id: Spanned<ScaleId>,
    pub(in crate::catalogue) title: RawTitles,
    #[serde(default)]
    pub(in crate::catalogue) items: Vec<Spanned<ItemId>>,
    pub(in crate::catalogue) method: Spanned<RawMethod>,
    pub(in crate::catalogue) min_answered: Option<Spanned<u32>>,
    pub(in crate::catalogue) min: Option<Spanned<Number>>,
    pub(in crate::catalogue) max: Option<Spanned<Number>>,
    pub(in crate::catalogue) step: Option<Spanned<Number>>,
    pub(in crate::catalogue) higher_is_better: bool,
    pub(in crate::catalogue) cutoff: Option<Spanned<Number>>,
    #[serde(default)]
    pub(in crate::catalogue) cutoffs: Vec<Spanned<RawCutoff>>,
    pub(in crate::catalogue) reliable_change: Option<Spanned<Number>>,
    #[serde(default)]
    pub(in crate::catalogue) missing_as: Vec<Spanned<RawMissingAs>>,
    pub(in crate::catalogue) adaptive: Option<Spanned<RawAdaptive>>,
    pub(in crate::catalogue) norm: Option<Spanned<RawScaleNorm>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawCutoff {
    pub(in crate::catalogue) respondent: Option<Respondent>,
    pub(in crate::catalogue) age: Option<AgeBand>,
    pub(in crate::catalogue) value: Number,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawMissingAs {
    pub(in crate::catalogue) reason: MissingReason,
    pub(in crate::catalogue) value: Number,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawAdaptive {
    pub(in crate::catalogue) trigger: Spanned<ItemId>,
    pub(in crate::catalogue) opens_above: Number,
    pub(in crate::catalogue) closes_below: Number,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawScaleNorm {
    pub(in crate::catalogue) mean: Number,
    pub(in crate::catalogue) sd: Number,
    pub(in crate::catalogue) n: u32,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(in crate::catalogue) enum RawMethod {
    Sum,
    Index,
    Mean,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawAlert {
    pub(in crate::catalogue) id: Spanned<RuleId>,
    pub(in crate::catalogue) scale: Spanned<ScaleId>,
    pub(in crate::catalogue) below: Option<Number>,
    pub(in crate::catalogue) above: Option<Number>,
    pub(in crate::catalogue) when: Option<RawWhen>,
    pub(in crate::catalogue) by: Option<Number>,
    pub(in crate::catalogue) scores: Option<u32>,
    pub(in crate::catalogue) expected: Option<RawExpected>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(in crate::catalogue) struct RawExpected {
    pub(in crate::catalogue) instrument: InstrumentId,
    pub(in crate::catalogue) scale: ScaleId,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(in crate::catalogue) enum RawWhen {
    Clinical,
    Opens,
    StartsOutsideClinical,
    WorseThanLast,
    WorseThanFirst,
    NoChange,
    Recovered,
    WorseThanExpected,
}
