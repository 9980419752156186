//! What others count: yearly numbers of episodes, discharges or patients of organisations, and the
//! shares of them that measures show. The invariant: a number has a source, a date and a note on its
//! quality.

use super::organisation::Titles;
use crate::ids::{IndicatorId, MeasureId, RuleId, VariableId};
use crate::time::Day;

/// A number that somebody else has counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denominator {
    /// What the other source counts.
    pub counts: OutsideCount,
    /// The calendar year of the count.
    pub year: i32,
    /// Id of an organisation of any level.
    pub organisation: String,
    /// It is not in the tree any more; it was in that year's.
    pub former: bool,
    /// How many, 1 or more.
    pub number: u64,
    /// Those of them who are left out of every share, by reason, in the order of the file.
    pub excluded: Vec<ExcludedCount>,
    /// The organisation that counted.
    pub source: String,
    /// The day of the extract.
    pub date: Day,
    /// What is known of its quality, by language.
    pub note: Titles,
}

/// How many are left out of a number, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcludedCount {
    /// Id of the reason.
    pub reason: RuleId,
    /// The reason, by language.
    pub title: Titles,
    /// How many; none, or so many that nobody is singled out.
    pub number: u64,
}

impl Denominator {
    /// What shares are made of: all without the excluded. Above 0.
    pub fn eligible(&self) -> u64 {
        let excluded = self.excluded.iter().map(|it| it.number);
        self.number - excluded.sum::<u64>()
    }
}

/// What other sources count in a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutsideCount {
    /// Episodes of care that ended in the year.
    Episodes,
    /// Discharges in the year.
    Discharges,
    /// Patients in the year.
    Patients,
}

impl OutsideCount {
    /// The word that catalogues and answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Episodes => "episodes",
            Self::Discharges => "discharges",
            Self::Patients => "patients",
        }
    }
}

/// A share of what others count. It is made of rows, like an indicator, and has no interval: how
/// many there are is not a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideShare {
    /// Its measure, one of episodes or codes.
    pub measure: MeasureId,
    /// Its id within the measure.
    pub id: IndicatorId,
    /// What it is a share of.
    pub over: OutsideCount,
    /// Those of whom this is 1; all members of the measure where there is none.
    pub variable: Option<VariableId>,
    /// The titles of the share by language.
    pub title: Titles,
}
