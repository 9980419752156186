//! Measures and indicators: who is counted, what is known of each, and what is shown of it.

use super::organisation::Titles;
use crate::fixed::Fixed;
use crate::form::Respondent;
use crate::ids::{IndicatorId, InstrumentId, MeasureId, PartId, ScaleId, VariableId};

/// A measure: a population, and the variables known of each of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Its id.
    pub id: MeasureId,
    /// Titles.
    pub title: Titles,
    /// Which event makes a contribution final.
    pub population: Population,
    /// How often one person counts.
    pub per: Per,
    /// The shortest span of a row.
    pub finest: Finest,
    /// What `persons` counts.
    pub identity: Identity,
    /// At least this many persons (or codes) in a row, doubling for codes included.
    pub k: u32,
    /// At least this many persons after taking away any one source.
    pub r: u32,
    /// The one condition that splits it, if any.
    pub parts: Option<Parts>,
    /// In the order of the file.
    pub variables: Vec<Variable>,
}

/// Which event makes a contribution final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Population {
    /// Sessions with this form; one contribution per person, unit and month.
    Session(FormRef),
    /// Closed episodes with this form in their sessions.
    EpisodeClosed(FormRef),
    /// Discharge surveys on this form, at the response.
    Survey(FormRef),
    /// Survey codes, when they expire.
    Invitation,
}

/// A form as a measure reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormRef {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The version; versions are never pooled.
    pub version: u32,
    /// The respondent.
    pub respondent: Respondent,
}

/// How often one person counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// Once per episode (or code).
    Episode,
    /// Once per unit and month.
    Month,
}

/// The shortest span of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finest {
    /// A month.
    Month,
    /// Four months.
    Tertial,
}

/// What `persons` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Persons.
    Person,
    /// Survey codes, of which a patient may hold two.
    Code,
}

impl Identity {
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
pub struct Parts {
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
    /// Its id.
    pub id: VariableId,
    /// Where its value comes from.
    pub value: VariableValue,
    /// Values are clamped to at least this,
    pub min: Fixed,
    /// and at most this,
    pub max: Fixed,
    /// and rounded to this.
    pub grain: Fixed,
    /// How several contributions of one person in one row are put together.
    pub over: Over,
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
    /// A number.
    Number(Value),
    /// 1 where all conditions hold, otherwise 0.
    Flag(Vec<Condition>),
}

/// A number that is known of a member of a population.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// The score of the form: of the month's last session, or of the survey.
    Score(ScaleId),
    /// The first score of the episode.
    First(ScaleId),
    /// The last score of the episode; it needs two.
    Last(ScaleId),
    /// Last minus first score of the episode; it needs two.
    Change(ScaleId),
    /// How many forms count: in the episode, or in the month.
    Forms,
    /// 1 where the code was answered, otherwise 0.
    Answered,
}

/// A comparison of a number with a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The number; where it is not known, the contribution does not exist.
    pub value: Value,
    /// The comparison.
    pub test: Test,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// Less than or equal.
    AtMost(Fixed),
    /// Greater than or equal.
    AtLeast(Fixed),
    /// Strictly less.
    Below(Fixed),
    /// Strictly greater.
    Above(Fixed),
}

impl Test {
    /// True if `value` passes.
    pub fn holds(self, value: Fixed) -> bool {
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
pub enum Over {
    /// The last one's value.
    Last,
    /// The sum of all; only for counts of `month` measures.
    Sum,
}

/// An indicator: what is shown of a measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// Its measure.
    pub measure: MeasureId,
    /// Its id within the measure.
    pub id: IndicatorId,
    /// How it is shown.
    pub kind: IndicatorKind,
    /// What it is made of.
    pub figure: Figure,
    /// True where higher is better; `None` where neither is.
    pub higher_is_better: Option<bool>,
    /// Levels of attainment.
    pub target: Option<Target>,
    /// Not shown when n is smaller.
    pub min_denominator: u32,
    /// By language.
    pub title: Titles,
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
    /// A total.
    Count,
}

impl IndicatorKind {
    /// The word that catalogues and answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proportion => "proportion",
            Self::Mean => "mean",
            Self::Index => "index",
            Self::Count => "count",
        }
    }
}

/// What an indicator is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Figure {
    /// One variable, over persons.
    Variable(VariableId),
    /// The sum of two variables, over persons; no interval, since its spread is not known.
    SumOf(VariableId, VariableId),
    /// One variable over another.
    Ratio(VariableId, VariableId),
}

/// Levels of attainment, in the unit of the figure (percent for proportions).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// High attainment from here (or down to here, where lower is better).
    pub green: Fixed,
    /// Moderate attainment from here; the same as `green` where there is no middle.
    pub yellow: Fixed,
}
