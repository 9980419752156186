//! Rows: what a period close releases (design §4.7). Comes in: releasable groups, from the
//! release rule; or rows that a ledger holds already. Goes out: sums over at least k persons. The
//! invariant: nobody else makes a row, and the indicator tables take nothing else.

use crate::ids::{CatalogueHash, MeasureId, VariableId};
use crate::time::Month;

/// Everything that one partition releases at the close of one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// The month that is closed.
    pub month: Month,
    /// Offset of the `PeriodClose` in the partition of the event log.
    pub offset: u64,
    /// The catalogue in force.
    pub catalogue: CatalogueHash,
    /// Version of the fold.
    pub fold_version: u32,
    /// In the order of release.
    pub rows: Vec<Row>,
}

/// A sum over at least k persons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(RowParts);

/// The fields of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowParts {
    /// The measure that the row is of.
    pub measure: MeasureId,
    /// Level of the organisation.
    pub level: RowLevel,
    /// Id of the organisation at that level.
    pub organisation: String,
    /// First month of the span.
    pub first: Month,
    /// Last month of the span.
    pub last: Month,
    /// Id of the part; empty where joined or where there is none.
    pub part: String,
    /// Distinct persons (codes, where the measure counts codes).
    pub persons: u32,
    /// Persons who are in no earlier row of this measure and year; not known for measures with
    /// parts.
    pub new_in_year: Option<u32>,
    /// The unit is registered as having one therapist.
    pub single_therapist: bool,
    /// The unit is registered as having one device.
    pub single_device: bool,
    /// In the measure's order.
    pub variables: Vec<VariableSum>,
}

/// One variable of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableSum {
    /// The variable that was added up.
    pub variable: VariableId,
    /// The sum in whole millionths.
    pub sum: i64,
    /// In units of 10⁻¹²; only where the measure shows a spread and the row is large enough.
    pub sum_sq: Option<i128>,
}

/// Level of an organisation that a row can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowLevel {
    /// The row is about a unit.
    Unit,
    /// An institution: what its units could not release by themselves.
    Institution,
    /// A trust: what its institutions could not release by themselves.
    Trust,
}

impl RowLevel {
    /// The word that the ledger and the tables use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Institution => "institution",
            Self::Trust => "trust",
        }
    }

    /// The level of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Unit, Self::Institution, Self::Trust]
            .into_iter()
            .find(|level| level.as_str() == word)
    }
}

impl Row {
    /// A row that the release rule admitted.
    pub(crate) fn released(parts: RowParts) -> Self {
        Self(parts)
    }

    /// A row that was released before and is read back from a ledger.
    pub fn from_ledger(parts: RowParts) -> Self {
        Self(parts)
    }

    /// The measure that the row is of.
    pub fn measure(&self) -> &MeasureId {
        &self.0.measure
    }

    /// Level of the organisation.
    pub fn level(&self) -> RowLevel {
        self.0.level
    }

    /// Id of the organisation.
    pub fn organisation(&self) -> &str {
        &self.0.organisation
    }

    /// First month of the span.
    pub fn first(&self) -> Month {
        self.0.first
    }

    /// Last month of the span.
    pub fn last(&self) -> Month {
        self.0.last
    }

    /// Id of the part; empty where joined or where there is none.
    pub fn part(&self) -> &str {
        &self.0.part
    }

    /// Distinct persons, or codes.
    pub fn persons(&self) -> u32 {
        self.0.persons
    }

    /// Persons who are in no earlier row of this measure and year.
    pub fn new_in_year(&self) -> Option<u32> {
        self.0.new_in_year
    }

    /// The unit is registered as having one therapist.
    pub fn single_therapist(&self) -> bool {
        self.0.single_therapist
    }

    /// The unit is registered as having one device.
    pub fn single_device(&self) -> bool {
        self.0.single_device
    }

    /// In the measure's order.
    pub fn variables(&self) -> &[VariableSum] {
        &self.0.variables
    }
}
