//! The files as their writers see them. Comes in: TOML. Goes out: the same as structures with the
//! places where things stand. The invariant: a key that is not known is an error, never ignored.

mod instrument;
mod reference;
mod yearly;

pub(super) use instrument::{
    RawAdaptive, RawAlert, RawCoded, RawCutoff, RawExpected, RawInstrument, RawItem, RawMethod,
    RawMissingAs, RawNorm, RawScale, RawScaleNorm, RawSentinel, RawWhen,
};
pub(super) use reference::RawReferencePattern;
pub(super) use yearly::{
    RawAsks, RawChoice, RawCounted, RawDenominators, RawExcluded, RawInvolvement,
    RawInvolvementItem, RawReason,
};

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor, value::MapAccessDeserializer};
use toml::Spanned;

use crate::fixed::Fixed;
use crate::form::Respondent;
use crate::ids::{
    IndicatorId, InstitutionId, InstrumentId, MeasureId, NationId, PartId, RegionId, ScaleId,
    TrustId, UnitId, VariableId,
};

// === organisations.toml ===

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOrganisations {
    pub(super) nation: Spanned<RawNation>,
    #[serde(default)]
    pub(super) regions: Vec<Spanned<RawRegion>>,
    #[serde(default)]
    pub(super) trusts: Vec<Spanned<RawTrust>>,
    #[serde(default)]
    pub(super) institutions: Vec<Spanned<RawInstitution>>,
    #[serde(default)]
    pub(super) units: Vec<Spanned<RawUnit>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNation {
    pub(super) id: Spanned<NationId>,
    pub(super) title: RawTitles,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRegion {
    pub(super) id: Spanned<RegionId>,
    pub(super) title: RawTitles,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTrust {
    pub(super) id: Spanned<TrustId>,
    pub(super) region: Spanned<RegionId>,
    pub(super) orgnr: Option<Spanned<String>>,
    /// What its references look like: one regular expression for all of them, or a table with one
    /// for each of `patient`, `episode` and `therapist`.
    pub(super) reference_pattern: Option<Spanned<RawReferencePattern>>,
    pub(super) title: RawTitles,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawInstitution {
    pub(super) id: Spanned<InstitutionId>,
    pub(super) trust: Spanned<TrustId>,
    pub(super) orgnr: Option<Spanned<String>>,
    pub(super) title: RawTitles,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUnit {
    pub(super) id: Spanned<UnitId>,
    pub(super) institution: Spanned<InstitutionId>,
    pub(super) number: Spanned<u32>,
    #[serde(default)]
    pub(super) single_therapist: bool,
    #[serde(default)]
    pub(super) single_device: bool,
    pub(super) orgnr: Option<Spanned<String>>,
    pub(super) resh: Option<Spanned<String>>,
    pub(super) title: RawTitles,
}

// === measures/*.toml ===

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMeasure {
    pub(super) id: Spanned<MeasureId>,
    pub(super) title: Spanned<RawTitles>,
    pub(super) per: Spanned<RawPer>,
    pub(super) finest: Option<Spanned<RawFinest>>,
    pub(super) identity: Option<Spanned<RawIdentity>>,
    #[serde(default)]
    pub(super) sensitive: bool,
    pub(super) k: Option<Spanned<u32>>,
    pub(super) r: Option<Spanned<u32>>,
    pub(super) population: Spanned<RawPopulation>,
    pub(super) parts: Option<Spanned<RawParts>>,
    #[serde(default)]
    pub(super) sources: Vec<String>,
    #[serde(default)]
    pub(super) unverified: Vec<String>,
    #[serde(default)]
    pub(super) variables: Vec<Spanned<RawVariable>>,
    #[serde(default)]
    pub(super) indicators: Vec<Spanned<RawIndicator>>,
    #[serde(default)]
    pub(super) outside: Vec<RawOutside>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOutside {
    pub(super) id: Spanned<IndicatorId>,
    pub(super) title: RawTitles,
    pub(super) over: RawCounted,
    pub(super) variable: Option<VariableId>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawPer {
    Episode,
    Month,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawFinest {
    Month,
    Tertial,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawIdentity {
    Person,
    Code,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPopulation {
    pub(super) on: RawEvent,
    pub(super) instrument: Option<InstrumentId>,
    pub(super) version: Option<u32>,
    pub(super) respondent: Option<Respondent>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawEvent {
    Session,
    EpisodeClosed,
    Registered,
    FirstRegistered,
    RegisteredEpisode,
    Survey,
    Invitation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawParts {
    pub(super) when: Vec<Spanned<RawCondition>>,
    pub(super) then: PartId,
    pub(super) otherwise: PartId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCondition {
    pub(super) value: RawValue,
    pub(super) scale: Option<ScaleId>,
    pub(super) at_most: Option<Number>,
    pub(super) at_least: Option<Number>,
    pub(super) below: Option<Number>,
    pub(super) above: Option<Number>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawValue {
    Score,
    First,
    Last,
    Change,
    FirstClinical,
    LastClinical,
    Improved,
    Deteriorated,
    Forms,
    Days,
    Gap,
    Planned,
    Unplanned,
    Transfer,
    Answered,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawVariable {
    pub(super) id: Spanned<VariableId>,
    pub(super) value: Option<RawValue>,
    pub(super) scale: Option<ScaleId>,
    pub(super) flag: Option<Vec<Spanned<RawCondition>>>,
    pub(super) min: Option<Spanned<Number>>,
    pub(super) max: Option<Spanned<Number>>,
    pub(super) grain: Option<Spanned<Number>>,
    pub(super) over: Option<Spanned<RawOver>>,
    pub(super) spread: Option<Spanned<bool>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawOver {
    Last,
    Sum,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIndicator {
    pub(super) id: Spanned<IndicatorId>,
    pub(super) title: Spanned<RawTitles>,
    pub(super) kind: Spanned<RawIndicatorKind>,
    pub(super) aspect: Option<RawAspect>,
    pub(super) part: Option<PartId>,
    pub(super) variable: Option<VariableId>,
    pub(super) sum_of: Option<[VariableId; 2]>,
    pub(super) ratio: Option<[VariableId; 2]>,
    pub(super) standardised: Option<[VariableId; 2]>,
    pub(super) higher_is_better: Option<bool>,
    pub(super) target: Option<Spanned<RawTarget>>,
    pub(super) min_denominator: Spanned<u32>,
    #[serde(default)]
    pub(super) sources: Vec<String>,
    #[serde(default)]
    pub(super) unverified: Vec<String>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawAspect {
    Structure,
    Process,
    Outcome,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawIndicatorKind {
    Proportion,
    Mean,
    Index,
    Count,
    EffectSize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTarget {
    pub(super) green: Number,
    pub(super) yellow: Number,
}

// === scalars ===

/// A whole number or a decimal.
#[derive(Clone, Copy)]
pub(super) struct Number(pub(super) Fixed);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of at most six decimals, from -1000000 to 1000000")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
        Fixed::from_f64(value)
            .map(Number)
            .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Float(value), &self))
    }
}

/// A title in several languages, or a name that is the same in all.
pub(super) enum RawTitles {
    Name(String),
    ByLanguage(BTreeMap<String, String>),
}

impl<'de> Deserialize<'de> for RawTitles {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TitlesVisitor)
    }
}

struct TitlesVisitor;

impl<'de> Visitor<'de> for TitlesVisitor {
    type Value = RawTitles;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or texts by language: { nb = …, nn = …, en = … }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawTitles, E> {
        Ok(RawTitles::Name(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawTitles, A::Error> {
        BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(RawTitles::ByLanguage)
    }
}
