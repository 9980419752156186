//! Figures, made of rows (design §4.8). Comes in: the rows of period closes, the catalogues under
//! which they were closed, and a question. Goes out: figures, in a fixed order. The invariant: a
//! figure is a sum of whole rows of shown months that lie in the asked span; where there is no
//! such row there is a reason, never nought. No I/O, no clock: equal arguments, equal figures.

mod amount;
mod background;
mod comparison;
mod completeness;
mod persons;
mod possible;
pub mod process;
mod query;
mod reason;
mod series;
mod sheet;
mod spread;
mod table;
mod tree;

pub use background::Background;
pub use comparison::{Compared, Comparison, Rest};
pub use completeness::YearCompleteness;
pub use query::{Asked, Period, Query, Refusal, Span};
pub use reason::{
    ChartNote, FigureNote, NoChartReason, NoFunnelReason, NoIntervalReason, WithheldReason,
};
pub use series::{Difference, Point, Spacing, Status, Verdict};
pub use table::{Kept, Tables};
pub use tree::OrganisationLevel;

use std::panic::resume_unwind;

use medvirk_domain::catalogue::Indicator;
use medvirk_domain::ids::{IndicatorId, MeasureId};
use medvirk_domain::row::RowParts;
use medvirk_domain::time::Month;

/// A row, and the month whose close released it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedRow {
    /// The month that was closed.
    pub closed: Month,
    /// What was released.
    pub row: RowParts,
}

/// One indicator of one organisation over one span.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The measure.
    pub measure: MeasureId,
    /// The indicator, within its measure.
    pub indicator: IndicatorId,
    /// Id of the organisation.
    pub organisation: String,
    /// Its level.
    pub level: OrganisationLevel,
    /// Part of the measure; empty for all of it.
    pub part: String,
    /// First and last month.
    pub span: Span,
    /// High attainment from here, in the unit of the figure (percent for proportions).
    pub target: Option<f64>,
    /// What is shown, or why nothing is.
    pub shown: Result<Shown, WithheldReason>,
    /// What to know when reading it.
    pub notes: Vec<FigureNote>,
}

/// What is shown of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Distinct persons, or codes; never more than there were, except as the notes say.
    pub persons: u64,
    /// The figure; percent for proportions.
    pub value: f64,
    /// The 95 % interval (lower, upper) in the unit of the figure, or why there is none.
    pub interval: Result<(f64, f64), NoIntervalReason>,
    /// How the value compares with the target, where there is one.
    pub attainment: Option<Attainment>,
}

/// How a figure compares with its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attainment {
    /// The target is met.
    High,
    /// Between the two levels.
    Moderate,
    /// Neither.
    Low,
}

impl Attainment {
    /// The word that answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Moderate => "moderate",
            Self::Low => "low",
        }
    }
}

impl Asked<'_> {
    /// The figures, by measure, indicator, organisation, part and span.
    ///
    /// Measures have nothing in common, so those of a large question are shared out to the
    /// processors.
    pub fn figures(&self, rows: &Tables) -> Vec<Figure> {
        let by_measure = self.indicators.chunk_by(|a, b| a.measure == b.measure);
        let measures: Vec<&[&Indicator]> = by_measure.collect();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = processors.min(measures.len()).max(1);
        let share = |place: usize| {
            let mut figures = Vec::new();
            for of_measure in measures.iter().skip(place).step_by(threads) {
                let sheet = sheet::Sheet::new(self, &of_measure[0].measure, rows);
                for indicator in *of_measure {
                    sheet.indicator(indicator, &mut figures);
                }
            }
            figures
        };
        let mut figures = std::thread::scope(|scope| {
            let share = &share;
            let others: Vec<_> = (1..threads)
                .map(|place| scope.spawn(move || share(place)))
                .collect();
            let mut figures = share(0);
            for other in others {
                figures.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            figures
        });
        // Stable, so that rows of one span keep the order of their closes.
        figures.sort_by(|a, b| a.key().cmp(&b.key()));
        figures
    }
}

impl Figure {
    fn key(&self) -> (&MeasureId, &IndicatorId, &str, &str, Span) {
        (
            &self.measure,
            &self.indicator,
            &self.organisation,
            &self.part,
            self.span,
        )
    }
}

#[cfg(test)]
mod tests;
