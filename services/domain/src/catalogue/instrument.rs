//! Instruments: how a form is checked and scored.

use std::fmt;

use super::organisation::Titles;
use crate::fixed::FixedPoint;
use crate::form::{AgeBand, Form, MissingReason, Respondent};
use crate::ids::{InstrumentId, ItemId, RuleId, ScaleId};

/// An instrument in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// The id of the instrument.
    pub id: InstrumentId,
    /// The version of the instrument, 1 or more.
    pub version: u32,
    /// Titles that quote nothing of the instrument.
    pub title: Titles,
    /// Who may fill it in.
    pub respondents: Vec<Respondent>,
    /// The age bands that a form may name; empty where age plays no part.
    pub ages: Vec<AgeBand>,
    /// The age band of a form that names none; one of `ages`, where there are any.
    pub default_age: Option<AgeBand>,
    /// True where whoever sends a form must say how the values of reversed items are coded.
    pub coding_declared: bool,
    /// Numbers that stand for a reason why there is no value, in what is sent.
    pub sentinels: Vec<(FixedPoint, MissingReason)>,
    /// In the order of the form.
    pub items: Vec<Item>,
    /// Id of the scale whose score may be sent alone as the form's total.
    pub total_only: Option<ScaleId>,
    /// What is computed from the items.
    pub scales: Vec<Scale>,
    /// Rules that are looked at when the form comes in.
    pub alerts: Vec<AlertRule>,
    /// The population that z-scores compare with.
    pub norm: Option<ReferenceNorm>,
    /// Where its rules come from.
    pub sources: Vec<String>,
    /// What of it is not verified, with the value in use.
    pub unverified: Vec<String>,
}

/// One item of an instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The code of the item.
    pub id: ItemId,
    /// Neutral labels; never the wording.
    pub label: Titles,
    /// The lowest value that may be sent.
    pub min: FixedPoint,
    /// The highest value that may be sent.
    pub max: FixedPoint,
    /// The distance between two values.
    pub step: FixedPoint,
    /// Reasons for which a value may be missing.
    pub missing: Vec<MissingReason>,
    /// Without it (or a reason) the form is refused.
    pub required: bool,
    /// A high value is a low score: scales take `min + max − value`.
    pub reversed: bool,
    /// Not asked before there is an earlier form: it is about what was done so far.
    pub not_at_first: bool,
    /// Others may know its value without an answer, as sex, age or housing; no number joins it with
    /// what only answers tell (rule `apart`). It plays no part in scores.
    pub seen: bool,
    /// What single values stand for, where they are codes, in the order of the file; for codebooks
    /// and files only, scoring does not look at them.
    pub values: Vec<CodedValue>,
}

/// A value that is a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodedValue {
    /// The value that the code stands for.
    pub value: FixedPoint,
    /// Labels that quote nothing of the instrument.
    pub label: Titles,
    /// It stands for no answer.
    pub missing: bool,
}

/// One scale of an instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// The id of the scale.
    pub id: ScaleId,
    /// Titles that quote nothing of the instrument.
    pub title: Titles,
    /// Places of its items in [`Instrument::items`]; empty where only a total is ever sent.
    pub items: Vec<usize>,
    /// How the score is computed.
    pub method: ScoringMethod,
    /// The lowest score that is possible.
    pub min: FixedPoint,
    /// The highest score that is possible.
    pub max: FixedPoint,
    /// The distance between two totals, where a total may be sent alone.
    pub total_step: Option<FixedPoint>,
    /// True where higher is better.
    pub higher_is_better: bool,
    /// Clinical cut-offs; the clinical range is strictly on their worse side. At most one is for
    /// any respondent and age band.
    pub cutoffs: Vec<ClinicalCutoff>,
    /// The smallest change between two scores that counts as reliable.
    pub reliable_change: Option<FixedPoint>,
    /// Reasons that count as an answer of this value, in the direction of the scale: the value is
    /// not reversed. Any other reason leaves the item out.
    pub missing_as: Vec<(MissingReason, FixedPoint)>,
    /// What opens and closes it, where it is not always asked in full.
    pub adaptive: Option<AdaptiveScale>,
    /// Its mean and spread in the population of [`Instrument::norm`].
    pub norm: Option<ScaleNorm>,
}

/// The cut-off between clinical and other scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClinicalCutoff {
    /// For whose answers; anybody's where there is none.
    pub respondent: Option<Respondent>,
    /// For which age band; any where there is none.
    pub age: Option<AgeBand>,
    /// A score strictly on the worse side is in the clinical range.
    pub value: FixedPoint,
}

/// When a scale is asked in full, and when by its trigger item alone. Thresholds and values are in
/// the direction of the scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdaptiveScale {
    /// Place of the trigger in [`Instrument::items`]; always asked. It may be another scale's item.
    pub trigger: usize,
    /// Opens where the trigger's response is strictly above.
    pub opens_above: FixedPoint,
    /// Closes where the mean of the last three scores is strictly below.
    pub closes_below: FixedPoint,
}

/// A population that z-scores compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceNorm {
    /// The id of the reference group.
    pub id: RuleId,
    /// What the reference group is.
    pub title: Titles,
    /// Where the figures come from.
    pub source: String,
}

/// A scale in the population of a norm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaleNorm {
    /// The mean score of the group.
    pub mean: FixedPoint,
    /// The standard deviation, above 0.
    pub sd: FixedPoint,
    /// The number of persons in the group.
    pub n: u32,
}

/// How a score is computed from the item values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScoringMethod {
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
    /// The id of the rule.
    pub id: RuleId,
    /// The scale it looks at.
    pub scale: ScaleId,
    /// The condition under which the rule fires.
    pub when: AlertWhen,
}

/// Where the expected score of a session comes from: a scale of another instrument, sent beside
/// the form and about the same respondent. Expected courses are licensed; nothing computes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedScore {
    /// The instrument, in any version.
    pub instrument: InstrumentId,
    /// Its scale, of the same range and direction as the scale that is judged.
    pub scale: ScaleId,
}

/// When an alert rule fires. "Worse" is lower where higher is better, and higher elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertWhen {
    /// The score is strictly below.
    Below(FixedPoint),
    /// The score is strictly above.
    Above(FixedPoint),
    /// The score is in the clinical range of its respondent and age band.
    Clinical,
    /// The scale opens: its trigger is above the threshold.
    Opens,
    /// The first score of the episode is not in the clinical range.
    StartsOutsideClinical,
    /// The score is worse than the one before by at least this much.
    WorseThanLast(FixedPoint),
    /// The score is worse than the first by at least this much.
    WorseThanFirst(FixedPoint),
    /// There are at least this many scores, and the newest differs from the first by less than a
    /// reliable change.
    NoChange {
        /// This many, the newest among them; 2 or more.
        scores: u32,
    },
    /// The first score was in the clinical range, the newest is not, and it is better by at least
    /// a reliable change.
    Recovered,
    /// The score is strictly worse than the expected one that was sent beside it.
    WorseThanExpected(ExpectedScore),
}

/// A form that obeys its instrument, with its scores.
#[derive(Clone, PartialEq, Eq)]
pub struct ScoredForm {
    /// One per scale, in the instrument's order.
    pub scores: Vec<Score>,
}

/// The score of one scale.
#[derive(Clone, PartialEq, Eq)]
pub struct Score {
    /// The scale that the score is of.
    pub scale: ScaleId,
    /// `None` when too few items were answered.
    pub value: Option<FixedPoint>,
    /// What the value, or that there is none, rests on.
    pub basis: Basis,
}

/// What a score rests on. Scores of scales that were asked in full and of those that were closed
/// are not the same thing, and a closed scale is not a missing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// A total that was sent alone.
    Total,
    /// All items of the scale.
    Full,
    /// Some of the items; others should have been answered and were not.
    Partial,
    /// The trigger item alone: the scale was closed by design.
    TriggerOnly,
    /// Nothing: the whole scale was left out by design, since its trigger is another scale's item
    /// or it is not asked at first.
    Closed,
    /// Nothing: no item of the scale was answered.
    Missing,
}

impl Basis {
    /// The word that tables use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Full => "full",
            Self::Partial => "partial",
            Self::TriggerOnly => "trigger-only",
            Self::Closed => "closed",
            Self::Missing => "missing",
        }
    }
}

/// What is wrong with a field of a form; never what was in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormViolation {
    /// Path within the form, such as `items[2].value`.
    pub field: String,
    /// What is wrong and what is allowed.
    pub rule: String,
}

impl fmt::Debug for ScoredForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScoredForm(redacted)")
    }
}

impl fmt::Debug for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Score(redacted)")
    }
}

impl ScoringMethod {
    /// The lowest and highest score that the items allow; `None` without items.
    pub(super) fn derived_range(
        self,
        places: &[usize],
        items: &[Item],
    ) -> Option<(FixedPoint, FixedPoint)> {
        let first = &items[*places.first()?];
        Some(match self {
            Self::Sum => places
                .iter()
                .map(|place| &items[*place])
                .fold((FixedPoint::ZERO, FixedPoint::ZERO), |(min, max), item| {
                    (min + item.min, max + item.max)
                }),
            Self::Index { .. } => (FixedPoint::ZERO, FixedPoint::from_int(100)),
            Self::Mean { .. } => (first.min, first.max),
        })
    }
}

impl Instrument {
    /// The scale of that id.
    pub(super) fn scale(&self, id: &ScaleId) -> Option<&Scale> {
        self.scales.iter().find(|scale| scale.id == *id)
    }

    /// The age bands that a form may be judged by; none at all where age plays no part.
    pub(super) fn judged_ages(&self) -> Vec<Option<AgeBand>> {
        if self.ages.is_empty() {
            vec![None]
        } else {
            self.ages.iter().copied().map(Some).collect()
        }
    }

    /// The age band that a form is judged by: its own, or the one that is assumed.
    pub fn age_of(&self, form: &Form) -> Option<AgeBand> {
        form.age.or(self.default_age)
    }
}

impl Scale {
    /// The clinical cut-off for answers of this respondent about a patient of this age.
    pub fn cutoff(&self, respondent: Respondent, age: Option<AgeBand>) -> Option<FixedPoint> {
        let applies = |it: &&ClinicalCutoff| it.applies(respondent, age);
        self.cutoffs.iter().find(applies).map(|it| it.value)
    }

    /// True if a score is in the clinical range: strictly on the worse side of the cut-off.
    pub fn is_clinical(&self, score: FixedPoint, cutoff: FixedPoint) -> bool {
        self.gain(score, cutoff) > FixedPoint::ZERO
    }

    /// How much better `to` is than `from`; negative where it is worse.
    pub fn gain(&self, from: FixedPoint, to: FixedPoint) -> FixedPoint {
        if self.higher_is_better {
            to - from
        } else {
            from - to
        }
    }

    /// How many standard deviations a score lies above the mean of the norm, to a millionth, half
    /// away from zero. `None` without a norm.
    pub fn z(&self, score: FixedPoint) -> Option<FixedPoint> {
        let norm = self.norm?;
        let above = i128::from((score - norm.mean).micros()) * i128::from(FixedPoint::ONE.micros());
        Some(FixedPoint::from_ratio(above, norm.sd.micros().into()))
    }
}

impl ClinicalCutoff {
    fn applies(&self, respondent: Respondent, age: Option<AgeBand>) -> bool {
        self.respondent.is_none_or(|it| it == respondent) && (self.age.is_none() || self.age == age)
    }

    /// True if both are for the same answers somewhere.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let meet = |one: Option<_>, two: Option<_>| one.is_none() || two.is_none() || one == two;
        meet(self.respondent, other.respondent)
            && (self.age.is_none() || other.age.is_none() || self.age == other.age)
    }
}

impl Item {
    /// A value in the direction of the item's scales, and back again.
    pub(super) fn turned(&self, value: FixedPoint) -> FixedPoint {
        if self.reversed {
            self.min + self.max - value
        } else {
            value
        }
    }
}
