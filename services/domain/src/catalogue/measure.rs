//! Measures and indicators: who is counted, what is known of each, and what is shown of it.

use super::organisation::Titles;
use crate::fixed::FixedPoint;
use crate::form::Respondent;
use crate::ids::{IndicatorId, InstrumentId, MeasureId, PartId, ScaleId, VariableId};
use crate::record::EpisodeEnding;

/// A measure: a population, and the variables known of each of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// The id of the measure.
    pub id: MeasureId,
    /// The titles of the measure by language.
    pub title: Titles,
    /// Which event makes a contribution final.
    pub population: Population,
    /// How often one person counts.
    pub per: CountedPer,
    /// The shortest span of a row.
    pub finest: FinestSpan,
    /// What the number `persons` of a row counts.
    pub identity: CountedIdentity,
    /// At least this many persons (or codes) in a row, doubling for codes included.
    pub k: u32,
    /// At least this many persons after taking away any one source.
    pub r: u32,
    /// The one condition that splits it, if any.
    pub parts: Option<MeasureParts>,
    /// In the order of the file.
    pub variables: Vec<Variable>,
    /// True where its k and its spans are those of sensitive figures.
    pub sensitive: bool,
    /// Where its rules come from.
    pub sources: Vec<String>,
    /// What of it is not verified, with the value in use, and what it does not say.
    pub unverified: Vec<String>,
}

impl Measure {
    /// Every number that it reads, those of its parts included.
    pub(super) fn values(&self) -> impl Iterator<Item = &MemberValue> {
        let split = self.parts.iter().flat_map(|parts| &parts.when);
        let variables = self.variables.iter().flat_map(|it| it.value.values());
        variables.chain(split.map(|condition| &condition.value))
    }
}

/// Which event makes a contribution final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Population {
    /// Sessions with this form; one contribution per person, unit and month.
    Session(FormRef),
    /// Closed episodes with this form in their sessions.
    EpisodeClosed(FormRef),
    /// Forms of the register; one contribution per person, unit and month.
    Registered(FormRef),
    /// The first form of the register that there is of a patient, over all of the patient's
    /// episodes in the trust; one contribution per patient.
    FirstRegistered(FormRef),
    /// Closed episodes with this form among those of the register.
    RegisteredEpisode(FormRef),
    /// Discharge surveys on this form, at the response.
    Survey(FormRef),
    /// Survey codes, when they expire.
    Invitation,
}

impl Population {
    /// The form that is read; invitations have none.
    pub const fn form(&self) -> Option<&FormRef> {
        match self {
            Self::Session(form)
            | Self::EpisodeClosed(form)
            | Self::Registered(form)
            | Self::FirstRegistered(form)
            | Self::RegisteredEpisode(form)
            | Self::Survey(form) => Some(form),
            Self::Invitation => None,
        }
    }

    /// What it counts by: discharge surveys carry codes, and nothing else does.
    pub(super) const fn natural_identity(&self) -> CountedIdentity {
        match self {
            Self::Survey(_) | Self::Invitation => CountedIdentity::Code,
            _ => CountedIdentity::Person,
        }
    }

    /// True where the forms are those of the register, which a withdrawal from it takes away.
    pub const fn is_of_register(&self) -> bool {
        matches!(
            self,
            Self::Registered(_) | Self::FirstRegistered(_) | Self::RegisteredEpisode(_)
        )
    }

    /// True where a contribution is a closed episode.
    pub const fn is_of_episodes(&self) -> bool {
        matches!(self, Self::EpisodeClosed(_) | Self::RegisteredEpisode(_))
    }
}

/// A form as a measure reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormRef {
    /// The instrument of the form.
    pub instrument: InstrumentId,
    /// The version; versions are never pooled.
    pub version: u32,
    /// The respondent who filled the form in.
    pub respondent: Respondent,
}

/// How often one person counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedPer {
    /// Once per episode (or code).
    Episode,
    /// Once per unit and month.
    Month,
}

/// The shortest span of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinestSpan {
    /// A row is of a month at the shortest.
    Month,
    /// A row is of four months at the shortest.
    Tertial,
}

/// What the number `persons` of a row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedIdentity {
    /// Persons, each of them once.
    Person,
    /// Survey codes, of which a patient may hold two.
    Code,
}

impl CountedIdentity {
    /// The word that catalogues and answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Code => "code",
        }
    }
}

/// The one condition that splits a measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasureParts {
    /// Where all of these hold …
    pub when: Vec<Condition>,
    /// … it is this part;
    pub then: PartId,
    /// otherwise it is this one.
    pub otherwise: PartId,
}

/// A variable of a measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The id of the variable.
    pub id: VariableId,
    /// Where its value comes from.
    pub value: VariableValue,
    /// Values are clamped to at least this,
    pub min: FixedPoint,
    /// and at most this,
    pub max: FixedPoint,
    /// and rounded to this.
    pub grain: FixedPoint,
    /// How several contributions of one person in one row are put together.
    pub over: CombinedValues,
    /// True where the sum of squares may be shown.
    pub spread: bool,
}

impl Variable {
    /// How many values it can have.
    pub fn steps(&self) -> i64 {
        (self.max.micros() - self.min.micros()) / self.grain.micros() + 1
    }
}

/// Where a variable's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VariableValue {
    /// A number that is known of a member.
    Number(MemberValue),
    /// 1 where all conditions hold, otherwise 0.
    Flag(Vec<Condition>),
}

impl VariableValue {
    /// Every number that is read for it.
    pub(super) fn values(&self) -> Vec<&MemberValue> {
        match self {
            Self::Number(value) => vec![value],
            Self::Flag(conditions) => conditions.iter().map(|it| &it.value).collect(),
        }
    }

    /// True for what is 0 or 1 by its nature.
    pub const fn is_two_valued(&self) -> bool {
        match self {
            Self::Number(value) => value.is_two_valued(),
            Self::Flag(_) => true,
        }
    }
}

/// A number that is known of a member of a population.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberValue {
    /// The score of the form: of the month's last session, or of the survey.
    Score(ScaleId),
    /// The first score of the episode.
    First(ScaleId),
    /// The last score of the episode; it needs two.
    Last(ScaleId),
    /// Last minus first score of the episode; it needs two.
    Change(ScaleId),
    /// 1 where the first score of the episode was in the clinical range, by the cut-off of its
    /// respondent and age band; it needs such a cut-off.
    FirstClinical(ScaleId),
    /// The same of the last score; it needs two.
    LastClinical(ScaleId),
    /// 1 where the last score is better than the first by the scale's reliable change or more; it
    /// needs two.
    Improved(ScaleId),
    /// 1 where it is worse by as much or more; it needs two.
    Deteriorated(ScaleId),
    /// How many forms count: in the episode, or in the month.
    Forms,
    /// The days from the opening of the episode to its closing.
    Days,
    /// The longest time in days without a form: from the opening to the first form, between two,
    /// or from the last one to the closing.
    Gap,
    /// 1 where the episode ended so.
    Ended(EpisodeEnding),
    /// 1 where the code was answered, otherwise 0.
    Answered,
}

impl MemberValue {
    /// The scale that it is of.
    pub const fn scale(&self) -> Option<&ScaleId> {
        match self {
            Self::Score(scale)
            | Self::First(scale)
            | Self::Last(scale)
            | Self::Change(scale)
            | Self::FirstClinical(scale)
            | Self::LastClinical(scale)
            | Self::Improved(scale)
            | Self::Deteriorated(scale) => Some(scale),
            Self::Forms | Self::Days | Self::Gap | Self::Ended(_) | Self::Answered => None,
        }
    }

    /// True for what is 0 or 1 by its nature.
    pub const fn is_two_valued(&self) -> bool {
        matches!(
            self,
            Self::FirstClinical(_)
                | Self::LastClinical(_)
                | Self::Improved(_)
                | Self::Deteriorated(_)
                | Self::Ended(_)
                | Self::Answered
        )
    }

    /// True where two scores of the episode are needed.
    pub const fn needs_two(&self) -> bool {
        matches!(
            self,
            Self::Last(_)
                | Self::Change(_)
                | Self::LastClinical(_)
                | Self::Improved(_)
                | Self::Deteriorated(_)
        )
    }
}

/// A comparison of a number with a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The number; where it is not known, the contribution does not exist.
    pub value: MemberValue,
    /// How the value is compared.
    pub test: ConditionTest,
}

/// A comparison of a value with a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionTest {
    /// Less than or equal.
    AtMost(FixedPoint),
    /// Greater than or equal.
    AtLeast(FixedPoint),
    /// The value is strictly less than this.
    Below(FixedPoint),
    /// The value is strictly greater than this.
    Above(FixedPoint),
}

impl ConditionTest {
    /// True if `value` passes.
    pub fn holds(self, value: FixedPoint) -> bool {
        match self {
            Self::AtMost(bound) => value <= bound,
            Self::AtLeast(bound) => value >= bound,
            Self::Below(bound) => value < bound,
            Self::Above(bound) => value > bound,
        }
    }
}

/// How several contributions of one person in one row are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CombinedValues {
    /// The last one's value.
    Last,
    /// The sum of all; only for counts of `month` measures.
    Sum,
}

/// An indicator: what is shown of a measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// The measure that the indicator is of.
    pub measure: MeasureId,
    /// Its id within the measure.
    pub id: IndicatorId,
    /// How it is shown.
    pub kind: IndicatorKind,
    /// What of a service it is about, where its file says so.
    pub aspect: Option<QualityAspect>,
    /// The only part that it is shown of; any where there is none.
    pub part: Option<PartId>,
    /// What it is made of.
    pub figure: IndicatorFigure,
    /// True where higher is better; `None` where neither is.
    pub higher_is_better: Option<bool>,
    /// The levels of attainment, if there are any.
    pub target: Option<IndicatorTarget>,
    /// Not shown when n is smaller.
    pub min_denominator: u32,
    /// The titles of the indicator by language.
    pub title: Titles,
    /// Where it, its direction and its levels come from; those of its measure where it is silent.
    pub sources: Vec<String>,
    /// What of it is not verified, with the value in use.
    pub unverified: Vec<String>,
}

/// What of a service an indicator is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QualityAspect {
    /// What the service has, such as staff and rooms.
    Structure,
    /// What the service does for patients.
    Process,
    /// What comes of it.
    Outcome,
}

impl QualityAspect {
    /// The word that catalogues and answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Structure => "structure",
            Self::Process => "process",
            Self::Outcome => "outcome",
        }
    }
}

/// How an indicator is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndicatorKind {
    /// A share of n, shown in percent, with a Wilson interval.
    Proportion,
    /// A mean over n, with a t interval where there is a spread.
    Mean,
    /// A mean of an index from 0 to 100.
    Index,
    /// The total of a variable.
    Count,
    /// A mean over the standard deviation of another variable; without an interval.
    EffectSize,
}

impl IndicatorKind {
    /// The word that catalogues and answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proportion => "proportion",
            Self::Mean => "mean",
            Self::Index => "index",
            Self::Count => "count",
            Self::EffectSize => "effect-size",
        }
    }
}

/// What an indicator is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndicatorFigure {
    /// One variable, over persons.
    Variable(VariableId),
    /// The sum of two variables, over persons; no interval, since its spread is not known.
    SumOf(VariableId, VariableId),
    /// One variable over another.
    Ratio(VariableId, VariableId),
    /// The mean of one variable over the standard deviation of another.
    Standardised(VariableId, VariableId),
}

impl IndicatorFigure {
    /// The variables that it is made of.
    pub fn variables(&self) -> Vec<&VariableId> {
        match self {
            Self::Variable(one) => vec![one],
            Self::SumOf(one, other) | Self::Ratio(one, other) | Self::Standardised(one, other) => {
                vec![one, other]
            }
        }
    }
}

/// Levels of attainment, in the unit of the figure (percent for proportions).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndicatorTarget {
    /// High attainment from here (or down to here, where lower is better).
    pub green: FixedPoint,
    /// Moderate attainment from here; the same as `green` where there is no middle.
    pub yellow: FixedPoint,
}
