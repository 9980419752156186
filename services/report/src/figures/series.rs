//! One indicator of one organisation over time. Comes in: an asked question, rows, and how to cut
//! time. Goes out: a figure for each period, what became of it, and the change since the period
//! before. The invariants: what is not shown is told from what may still come by the months that
//! are closed alone, never by what waits; a figure is of a whole period, every month of which is
//! closed and asked for, since a part of one would look like a fall.

use super::figure::{Figure, ShownFigure};
use super::query::CheckedQuery;
use super::reason::WithheldReason;
use super::sheet::{MeasureSheet, span_of};
use super::span::MonthSpan;
use super::table::{RowTables, ShownRow};
use crate::statistics::difference::{IntervalEstimate, difference};

/// Months in a year.
const YEAR: i32 = 12;

/// Months in a tertial.
const TERTIAL: i32 = 4;

/// How time is cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SeriesSpacing {
    /// One period for each month.
    #[default]
    Month,
    /// Four months, from January, May and September.
    Tertial,
    /// One period for each calendar year.
    Year,
    /// Twelve months, ending with each month.
    Rolling,
}

/// One period of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesPoint {
    /// Its figure, or why there is none.
    pub figure: Figure,
    /// What became of it.
    pub status: PointStatus,
    /// Against the period before; for rolling periods against the one twelve months before, with
    /// which it has no month in common.
    pub change: Option<PointDifference>,
}

/// What became of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointStatus {
    /// There is a figure.
    Shown,
    /// There is none, and its year is not closed: it may still be shown with later months.
    Waits,
    /// What could be released, or some of it, is about a longer span.
    Longer,
    /// There is none, and its year is closed.
    NotShown,
    /// It is not whole: a month of it is not closed, or not asked for.
    NotClosed,
    /// It lies before the first month that was closed.
    Before,
}

/// One value less another, in the unit of the figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PointDifference {
    /// The first value less the second.
    pub value: f64,
    /// Its 95 % interval (lower, upper), where both have one.
    pub interval: Option<(f64, f64)>,
}

/// What a difference comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceVerdict {
    /// Nought lies below the interval.
    Higher,
    /// Nought lies above the interval.
    Lower,
    /// Nought lies within the interval, or there is none.
    Unclear,
}

impl PointStatus {
    /// The word that answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Waits => "waits",
            Self::Longer => "longer",
            Self::NotShown => "not-shown",
            Self::NotClosed => "not-closed",
            Self::Before => "before",
        }
    }

    /// True if the period is whole, and nothing of it can still come.
    pub(super) const fn is_settled(self) -> bool {
        matches!(self, Self::Shown | Self::Longer | Self::NotShown)
    }
}

impl DifferenceVerdict {
    /// The word that answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::Unclear => "unclear",
        }
    }
}

impl PointDifference {
    /// `one` less `other`; `None` unless both are shown.
    pub(super) fn of(one: &Figure, other: &Figure) -> Option<Self> {
        let (one, other) = (one.shown.as_ref().ok()?, other.shown.as_ref().ok()?);
        let estimate = |shown: &ShownFigure| {
            let (lower, upper) = *shown.interval.as_ref().ok()?;
            Some(IntervalEstimate {
                value: shown.value,
                lower,
                upper,
            })
        };
        let both = estimate(one).zip(estimate(other));
        let told = both.map(|(one, other)| difference(one, other));
        Some(Self {
            value: one.value - other.value,
            interval: told.map(|told| (told.lower, told.upper)),
        })
    }

    /// What it comes to.
    pub fn verdict(&self) -> DifferenceVerdict {
        match self.interval {
            Some((lower, _)) if lower > 0.0 => DifferenceVerdict::Higher,
            Some((_, upper)) if upper < 0.0 => DifferenceVerdict::Lower,
            _ => DifferenceVerdict::Unclear,
        }
    }
}

impl CheckedQuery<'_> {
    /// The periods of the asked span, in order. The question names one indicator and an
    /// organisation; `part` is one of the measure's, or empty.
    pub fn series(&self, part: &str, spacing: SeriesSpacing, rows: &RowTables) -> Vec<SeriesPoint> {
        let (Some(organisation), Some(span), [indicator]) =
            (self.organisation, self.span, &self.indicators[..])
        else {
            return Vec::new();
        };
        let sheet = MeasureSheet::new(self, &indicator.measure, rows);
        let mut points: Vec<SeriesPoint> = Vec::new();
        for span in spacing.cut(span) {
            let mut figure = sheet.one(indicator, organisation, part, span);
            let status = sheet.settle(&mut figure, spacing);
            let before = match spacing {
                SeriesSpacing::Rolling => points.len().checked_sub(YEAR as usize),
                _ => points.len().checked_sub(1),
            };
            let before = before.map(|place| &points[place].figure);
            points.push(SeriesPoint {
                status,
                change: before.and_then(|before| PointDifference::of(&figure, before)),
                figure,
            });
        }
        points
    }
}

impl SeriesSpacing {
    /// The whole period that a piece lies in.
    fn whole(self, piece: MonthSpan) -> MonthSpan {
        let (first, months) = match self {
            Self::Month | Self::Rolling => return piece,
            Self::Tertial => (piece.first.tertial_start(), TERTIAL),
            Self::Year => (piece.first.year_start(), YEAR),
        };
        MonthSpan {
            first,
            last: first.plus(months - 1),
        }
    }

    /// The periods of a span; the first and the last may be shorter, but not rolling ones.
    fn cut(self, span: MonthSpan) -> Vec<MonthSpan> {
        match self {
            Self::Month => span.cut(|first| first),
            Self::Tertial => span.cut(|first| first.tertial_start().plus(TERTIAL - 1)),
            Self::Year => span.years().collect(),
            Self::Rolling => span
                .months()
                .map(|last| MonthSpan {
                    first: last.plus(1 - YEAR),
                    last,
                })
                .filter(|year| span.holds(*year))
                .collect(),
        }
    }
}

impl<'a> MeasureSheet<'a> {
    /// The figure of one organisation and part over a span, or why there is none.
    pub(super) fn one(
        &self,
        indicator: &'a medvirk_domain::catalogue::Indicator,
        organisation: &'a str,
        part: &str,
        span: MonthSpan,
    ) -> Figure {
        self.one_of(self.whole(indicator, organisation, span), part)
    }

    /// The same of anything that a figure may be about.
    pub(super) fn one_of(&self, about: super::sheet::FigureSubject<'a>, part: &str) -> Figure {
        let mut figures = Vec::new();
        self.over_the_span(about, &mut figures);
        let found = figures.iter().position(|figure| figure.part == part);
        let found = match found {
            Some(place) => Some(figures.swap_remove(place)),
            // Without rows there is one reason for all parts.
            None => figures.pop().filter(|figure| figure.shown.is_err()),
        };
        let nothing = || self.not_shown(about, WithheldReason::TooFew, Vec::new());
        let mut figure = found.unwrap_or_else(nothing);
        part.clone_into(&mut figure.part);
        if self.may_still_come(&figure) {
            figure.shown = Err(WithheldReason::Waits);
        }
        figure
    }

    /// True if there is nothing for the span, and its year is not over.
    fn may_still_come(&self, figure: &Figure) -> bool {
        let december = figure.span.last.year_start().plus(YEAR - 1);
        let nothing = figure.shown == Err(WithheldReason::TooFew);
        nothing && !self.asked.background.is_shown(december)
    }

    /// What became of a period; its figure goes where the period has none by itself.
    fn settle(&self, figure: &mut Figure, spacing: SeriesSpacing) -> PointStatus {
        let span = figure.span;
        let background = self.asked.background;
        let Some(shown) = background.shown_span() else {
            return PointStatus::NotClosed;
        };
        if span.last < shown.first {
            return PointStatus::Before;
        }
        let whole = spacing.whole(span);
        if let Some(month) = whole.months().find(|month| !background.is_shown(*month)) {
            let begins_before = month < shown.first;
            figure.hide(if begins_before {
                WithheldReason::BeforeFirstClose(shown.first)
            } else {
                WithheldReason::NotClosed(month)
            });
            return PointStatus::NotClosed;
        }
        if whole != span {
            figure.hide(WithheldReason::PeriodCutOff);
            return PointStatus::NotClosed;
        }
        if spacing == SeriesSpacing::Rolling && figure.shown.is_ok() {
            return self.settle_rolling(figure);
        }
        self.status(figure)
    }

    /// Twelve months have a figure only with all of their rows: otherwise each window would be of
    /// other persons than the one before.
    fn settle_rolling(&self, figure: &mut Figure) -> PointStatus {
        if self.reach_beyond(figure) || self.any_lacks_a_variable(figure) {
            figure.hide(WithheldReason::RowsReachBeyond);
            return PointStatus::Longer;
        }
        PointStatus::Shown
    }

    fn status(&self, figure: &Figure) -> PointStatus {
        let Err(reason) = &figure.shown else {
            return PointStatus::Shown;
        };
        if *reason == WithheldReason::Waits {
            return PointStatus::Waits;
        }
        if self.reach_beyond(figure) {
            PointStatus::Longer
        } else {
            PointStatus::NotShown
        }
    }

    /// True if a row lies partly in the span of a figure.
    fn reach_beyond(&self, figure: &Figure) -> bool {
        let span = figure.span;
        let mut rows = self.rows_at(&figure.organisation, span);
        rows.any(|row| span.meets(span_of(row)) && !span.holds(span_of(row)))
    }

    /// True if a row in the span of a figure is from before its indicator was in the catalogue.
    fn any_lacks_a_variable(&self, figure: &Figure) -> bool {
        let rows = self.rows_at(&figure.organisation, figure.span);
        let rows: Vec<&ShownRow> = rows.filter(|row| figure.span.holds(span_of(row))).collect();
        let indicators = self.asked.indicators.iter();
        let variables = indicators.flat_map(|indicator| indicator.figure.variables());
        ShownRow::with(&rows, &variables.collect::<Vec<_>>()).len() < rows.len()
    }
}

impl Figure {
    /// Takes away what is shown, and the notes on it.
    fn hide(&mut self, reason: WithheldReason) {
        self.shown = Err(reason);
        self.notes.clear();
    }
}
