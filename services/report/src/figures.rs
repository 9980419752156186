//! Figures, made of rows (design §4.8). Comes in: the rows of period closes, the catalogues under
//! which they were closed, and a question. Goes out: figures, in a fixed order. The invariant: a
//! figure is a sum of whole rows of shown months that lie in the asked span; where there is no
//! such row there is a reason, never nought. No I/O, no clock: equal arguments, equal figures.

mod all;
mod amount;
mod background;
mod closed_row;
mod comparison;
mod completeness;
mod figure;
mod persons;
mod possible;
pub mod process;
mod query;
mod reason;
mod series;
mod sheet;
mod span;
mod spread;
mod table;
mod tree;

pub use background::FigureBackground;
pub use closed_row::ClosedRow;
pub use comparison::{ComparedOrganisation, OrganisationComparison, RestComparison};
pub use completeness::YearCompleteness;
pub use figure::{Figure, ShownFigure, TargetAttainment};
pub use query::{CheckedQuery, FigurePeriod, FigureQuery, QueryRefusal};
pub use reason::{
    ChartNote, FigureNote, NoChartReason, NoFunnelReason, NoIntervalReason, WithheldReason,
};
pub use series::{DifferenceVerdict, PointDifference, PointStatus, SeriesPoint, SeriesSpacing};
pub use span::MonthSpan;
pub use table::{RowTables, ShownRow};
pub use tree::OrganisationLevel;

#[cfg(test)]
mod tests;
