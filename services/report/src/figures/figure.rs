//! One figure: what it is about, and what is shown of it or why nothing is.

use medvirk_domain::ids::{IndicatorId, MeasureId};

use super::reason::{FigureNote, NoIntervalReason, WithheldReason};
use super::span::MonthSpan;
use super::tree::OrganisationLevel;

/// One indicator of one organisation over one span.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Id of the measure.
    pub measure: MeasureId,
    /// The indicator, within its measure.
    pub indicator: IndicatorId,
    /// Id of the organisation.
    pub organisation: String,
    /// Level of the organisation.
    pub level: OrganisationLevel,
    /// Part of the measure; empty for all of it.
    pub part: String,
    /// First and last month.
    pub span: MonthSpan,
    /// High attainment from here, in the unit of the figure (percent for proportions).
    pub target: Option<f64>,
    /// What is shown, or why nothing is.
    pub shown: Result<ShownFigure, WithheldReason>,
    /// What to know when reading it.
    pub notes: Vec<FigureNote>,
}

/// What is shown of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownFigure {
    /// Distinct persons, or codes; never more than there were, except as the notes say.
    pub persons: u64,
    /// The figure; percent for proportions.
    pub value: f64,
    /// The 95 % interval (lower, upper) in the unit of the figure, or why there is none.
    pub interval: Result<(f64, f64), NoIntervalReason>,
    /// How the value compares with the target, where there is one.
    pub attainment: Option<TargetAttainment>,
}

/// How a figure compares with its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetAttainment {
    /// The target is met.
    High,
    /// Between the two levels.
    Moderate,
    /// Neither level is reached.
    Low,
}

impl TargetAttainment {
    /// The word that answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Moderate => "moderate",
            Self::Low => "low",
        }
    }
}

impl Figure {
    /// What figures of an answer are ordered by.
    pub(super) fn key(&self) -> (&MeasureId, &IndicatorId, &str, &str, MonthSpan) {
        (
            &self.measure,
            &self.indicator,
            &self.organisation,
            &self.part,
            self.span,
        )
    }
}
