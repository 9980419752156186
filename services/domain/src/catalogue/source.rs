//! The files as their writers see them. Comes in: TOML. Goes out: the same as structures with the
//! places where things stand. The invariant: a key that is not known is an error, never ignored. What a
//! file may say is declared once, with [`keys`]: it is read, looked through and described by that.

// What stands behind a key, and the declarations, before the modules that use them.
mod reference;
mod scalar;

mod keys;

mod faults;
mod instrument;
mod yearly;

pub(super) use faults::faults;
pub(super) use keys::DescribedKeys;
#[cfg(test)]
pub(super) use keys::{KeyShape, KeyTable, heading};

pub(super) use instrument::{
    RawAdaptive, RawAlert, RawCoded, RawCutoff, RawExpected, RawInstrument, RawItem, RawMethod,
    RawMissingAs, RawNorm, RawScale, RawScaleNorm, RawSentinel, RawWhen,
};
pub(super) use reference::RawReferencePattern;
pub(super) use scalar::{RawTitles, SourceNumber};
pub(super) use yearly::{
    RawAsks, RawChoice, RawCounted, RawDenominators, RawExcluded, RawInvolvement,
    RawInvolvementItem, RawReason,
};

use toml::Spanned;

use crate::form::Respondent;
use crate::ids::{
    IndicatorId, InstitutionId, InstrumentId, MeasureId, NationId, PartId, RegionId, ScaleId,
    TrustId, UnitId, VariableId,
};
use keys::{tables, words};

// === organisations.toml ===

tables! {
    /// The file `organisations.toml`: who belongs to whom.
    pub(super) struct RawOrganisations {
        /// The nation, which is the whole.
        pub(super) nation: Spanned<RawNation>,
        /// The regions of the nation.
        #[serde(default)]
        pub(super) regions: Vec<Spanned<RawRegion>>,
        /// The trusts of the regions.
        #[serde(default)]
        pub(super) trusts: Vec<Spanned<RawTrust>>,
        /// The institutions of the trusts.
        #[serde(default)]
        pub(super) institutions: Vec<Spanned<RawInstitution>>,
        /// The units of the institutions.
        #[serde(default)]
        pub(super) units: Vec<Spanned<RawUnit>>,
    }
}

tables! {
    /// The nation, which is the whole that all regions make.
    pub(super) struct RawNation {
        /// The id of the nation.
        pub(super) id: Spanned<NationId>,
        /// The name of the nation.
        pub(super) title: RawTitles,
    }
}

tables! {
    /// One region of the nation.
    pub(super) struct RawRegion {
        /// The id of the region.
        pub(super) id: Spanned<RegionId>,
        /// The name of the region.
        pub(super) title: RawTitles,
    }
}

tables! {
    /// A trust. Everything of a trust lies in one partition of the log, for ever.
    pub(super) struct RawTrust {
        /// The id of the trust.
        pub(super) id: Spanned<TrustId>,
        /// The region that it belongs to.
        pub(super) region: Spanned<RegionId>,
        /// Number of its legal entity.
        pub(super) orgnr: Option<Spanned<String>>,
        /// What its references look like. References that do not match are refused.
        pub(super) reference_pattern: Option<Spanned<RawReferencePattern>>,
        /// The name of the trust.
        pub(super) title: RawTitles,
    }
}

tables! {
    /// An institution of a trust.
    pub(super) struct RawInstitution {
        /// The id of the institution.
        pub(super) id: Spanned<InstitutionId>,
        /// The trust that it belongs to.
        pub(super) trust: Spanned<TrustId>,
        /// Number of its legal entity.
        pub(super) orgnr: Option<Spanned<String>>,
        /// The name of the institution.
        pub(super) title: RawTitles,
    }
}

tables! {
    /// A unit of an institution: where patients are seen.
    pub(super) struct RawUnit {
        /// Its id, which forms name.
        pub(super) id: Spanned<UnitId>,
        /// The institution that it belongs to. A unit that changes trust is a new unit.
        pub(super) institution: Spanned<InstitutionId>,
        /// Its number in survey codes; it is never given to another unit.
        pub(super) number: Spanned<u32>,
        /// Whether one therapist sees everybody, so that no other is asked for (r).
        #[serde(default)]
        pub(super) single_therapist: bool,
        /// Whether one tablet sends everything, so that no other is asked for (r).
        #[serde(default)]
        pub(super) single_device: bool,
        /// Number of its legal entity; published figures need it, of the unit or of its institution.
        pub(super) orgnr: Option<Spanned<String>>,
        /// Its number in the register of health units.
        pub(super) resh: Option<Spanned<String>>,
        /// The name of the unit.
        pub(super) title: RawTitles,
    }
}

// === measures/*.toml ===

tables! {
    /// A file `measures/ID.toml`: who is counted, what is known of each, and what is shown.
    pub(super) struct RawMeasure {
        /// Its id; the file has its name.
        pub(super) id: Spanned<MeasureId>,
        /// The title of the measure.
        pub(super) title: Spanned<RawTitles>,
        /// How often one person counts: once per unit and month, or once per episode (or code).
        pub(super) per: Spanned<RawPer>,
        /// The shortest span of a row; left out, a month, or a tertial where the measure is sensitive.
        pub(super) finest: Option<Spanned<RawFinest>>,
        /// What is counted; left out, persons, and codes of surveys and invitations.
        pub(super) identity: Option<Spanned<RawIdentity>>,
        /// Whether it is sensitive: k is 10 and no span is below a tertial.
        #[serde(default)]
        pub(super) sensitive: bool,
        /// At least so many persons in a row; left out, 5, or 10 where the measure is sensitive. Never less.
        pub(super) k: Option<Spanned<u32>>,
        /// At least so many persons in a row without any one therapist or credential; left out, 3. Never less.
        pub(super) r: Option<Spanned<u32>>,
        /// Who is counted in the measure.
        pub(super) population: Spanned<RawPopulation>,
        /// The one condition that splits it.
        pub(super) parts: Option<Spanned<RawParts>>,
        /// Where its rules come from.
        #[serde(default)]
        pub(super) sources: Vec<String>,
        /// What of it nobody has checked, and what it does not say.
        #[serde(default)]
        pub(super) unverified: Vec<String>,
        /// What is known of each member.
        #[serde(default)]
        pub(super) variables: Vec<Spanned<RawVariable>>,
        /// The indicators that are shown of the measure.
        #[serde(default)]
        pub(super) indicators: Vec<Spanned<RawIndicator>>,
        /// Shares of what others count.
        #[serde(default)]
        pub(super) outside: Vec<RawOutside>,
    }
}

tables! {
    /// A share of what others count, made by the reader.
    pub(super) struct RawOutside {
        /// Its id, within the measure.
        pub(super) id: Spanned<IndicatorId>,
        /// The title of the share.
        pub(super) title: RawTitles,
        /// What the other source counts.
        pub(super) over: RawCounted,
        /// The flag of those who are counted; left out, all members.
        pub(super) variable: Option<VariableId>,
    }
}

words! {
    /// How often one person counts.
    pub(super) enum RawPer {
        Episode,
        Month,
    }
}

words! {
    /// The shortest span of a row.
    pub(super) enum RawFinest {
        Month,
        Tertial,
    }
}

words! {
    /// What the number of persons of a row counts.
    pub(super) enum RawIdentity {
        Person,
        Code,
    }
}

tables! {
    /// Who is counted in the measure.
    pub(super) struct RawPopulation {
        /// The event that makes somebody a member.
        pub(super) on: RawEvent,
        /// The instrument of the form; of every event but `invitation`.
        pub(super) instrument: Option<InstrumentId>,
        /// Its version; versions are never put together.
        pub(super) version: Option<u32>,
        /// The respondent whose answers are used.
        pub(super) respondent: Option<Respondent>,
    }
}

words! {
    /// Which event makes a contribution final.
    pub(super) enum RawEvent {
        Session,
        EpisodeClosed,
        Registered,
        FirstRegistered,
        RegisteredEpisode,
        Survey,
        Invitation,
    }
}

tables! {
    /// The one condition that splits a measure of episodes.
    pub(super) struct RawParts {
        /// Where all of these hold, a member is of the part `then`.
        pub(super) when: Vec<Spanned<RawCondition>>,
        /// Id of the part where they hold.
        pub(super) then: PartId,
        /// Id of the other part.
        pub(super) otherwise: PartId,
    }
}

tables! {
    /// A condition on what is known of a member.
    pub(super) struct RawCondition {
        /// What is looked at.
        pub(super) value: RawValue,
        /// The scale of the value, where it is one of a scale.
        pub(super) scale: Option<ScaleId>,
        /// It is this or less.
        pub(super) at_most: Option<SourceNumber>,
        /// It is this or more.
        pub(super) at_least: Option<SourceNumber>,
        /// It is less than this.
        pub(super) below: Option<SourceNumber>,
        /// It is more than this.
        pub(super) above: Option<SourceNumber>,
    }
}

words! {
    /// What is known of a member.
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
}

tables! {
    /// What is known of each member: a number, or with `flag` whether conditions hold.
    pub(super) struct RawVariable {
        /// Its id, within the measure.
        pub(super) id: Spanned<VariableId>,
        /// The number that the variable is.
        pub(super) value: Option<RawValue>,
        /// The scale of the value, where it is one of a scale.
        pub(super) scale: Option<ScaleId>,
        /// It is 1 where all of these hold, else 0.
        pub(super) flag: Option<Vec<Spanned<RawCondition>>>,
        /// What is lower counts as this; of a number.
        pub(super) min: Option<Spanned<SourceNumber>>,
        /// What is higher counts as this; of a number.
        pub(super) max: Option<Spanned<SourceNumber>>,
        /// Values are rounded to multiples of this; of a number.
        pub(super) grain: Option<Spanned<SourceNumber>>,
        /// What counts of several months: the last, or the sum of numbers of forms.
        pub(super) over: Option<Spanned<RawOver>>,
        /// Whether the spread may be shown; of a number with 20 steps or more.
        pub(super) spread: Option<Spanned<bool>>,
    }
}

words! {
    /// What counts of several months.
    pub(super) enum RawOver {
        Last,
        Sum,
    }
}

tables! {
    /// What is shown of a measure; it has one of `variable`, `sum_of`, `ratio` and `standardised`.
    pub(super) struct RawIndicator {
        /// Its id, within the measure.
        pub(super) id: Spanned<IndicatorId>,
        /// The title of the indicator.
        pub(super) title: Spanned<RawTitles>,
        /// How the figure is shown.
        pub(super) kind: Spanned<RawIndicatorKind>,
        /// What it says of a service.
        pub(super) aspect: Option<RawAspect>,
        /// The part of the measure; left out, all of it.
        pub(super) part: Option<PartId>,
        /// The variable that is shown.
        pub(super) variable: Option<VariableId>,
        /// Two variables that are added up.
        pub(super) sum_of: Option<[VariableId; 2]>,
        /// Two variables of which the first is divided by the second.
        pub(super) ratio: Option<[VariableId; 2]>,
        /// Two variables: the mean of the first over the spread of the second.
        pub(super) standardised: Option<[VariableId; 2]>,
        /// Whether higher is better; needed with a target.
        pub(super) higher_is_better: Option<bool>,
        /// The levels of attainment of the indicator.
        pub(super) target: Option<Spanned<RawTarget>>,
        /// The figure is not shown over fewer persons.
        pub(super) min_denominator: Spanned<u32>,
        /// Where its rules come from.
        #[serde(default)]
        pub(super) sources: Vec<String>,
        /// What of it nobody has checked.
        #[serde(default)]
        pub(super) unverified: Vec<String>,
    }
}

words! {
    /// What an indicator says of a service.
    pub(super) enum RawAspect {
        Structure,
        Process,
        Outcome,
    }
}

words! {
    /// How a figure is shown.
    pub(super) enum RawIndicatorKind {
        Proportion,
        Mean,
        Index,
        Count,
        EffectSize,
    }
}

tables! {
    /// Levels of attainment, on the scale on which the figure is shown: a share in per cent.
    pub(super) struct RawTarget {
        /// From here on it is high.
        pub(super) green: SourceNumber,
        /// From here on it is moderate.
        pub(super) yellow: SourceNumber,
    }
}
