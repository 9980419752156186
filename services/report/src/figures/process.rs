//! The control chart of a series. Comes in: points over time. Goes out: a centre line, limits and
//! signals, or why there are none. The invariants: only whole periods that are shown take part;
//! what is missing is neither nought nor guessed, and nothing is joined across it; signals are
//! found by limits that are not cut, and limits go out cut at what is possible.

use medvirk_domain::catalogue::{Indicator, IndicatorKind, Measure};

use super::possible::possible;
use super::query::CheckedQuery;
use super::reason::{ChartNote, NoChartReason};
use super::series::{PointStatus, SeriesPoint, SeriesSpacing};
use crate::statistics::rules::{self, CentreRuns, ChartSignal, SignalRules};
use crate::statistics::spc::{self, ControlChart, XmrMethod};

/// Fewer points have no chart.
const FEWEST: usize = 8;

/// Fewer points have preliminary limits.
const SETTLED: usize = 13;

/// Fewer moving ranges, those of that many periods in a row, give preliminary limits.
const SETTLED_RANGES: usize = SETTLED - 1;

/// From a share to percent.
const PERCENT: f64 = 100.0;

/// How limits are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartKind {
    /// Individual values and moving ranges.
    Xmr,
    /// Shares, each with its own n.
    P,
}

/// A control chart. Places are those of the series.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessChart {
    /// How limits were computed.
    pub kind: ChartKind,
    /// The centre line, in the unit of the figure.
    pub centre: f64,
    /// Lower and upper limit of each point, cut at what is possible; none where it is not shown.
    pub limits: Vec<Option<(f64, f64)>>,
    /// Which rules were applied.
    pub rules: SignalRules,
    /// Which moving ranges limits rest on; none in a p-chart.
    pub moving_ranges: Option<MovingRanges>,
    /// What is more than chance.
    pub signals: Vec<ChartSignal>,
    /// Runs about the centre line.
    pub runs: Option<CentreRuns>,
    /// What to know when reading it.
    pub notes: Vec<ChartNote>,
}

/// Which moving ranges limits of an XmR chart rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovingRanges {
    /// Every moving range is used.
    All,
    /// Without those that are far above their mean.
    Screened,
}

/// How a control chart is wished for.
#[derive(Debug, Clone, Copy)]
pub struct ChartQuery {
    /// How time is cut.
    pub spacing: SeriesSpacing,
    /// How limits are computed; by the kind of indicator where nothing is wished.
    pub chart: Option<ChartKind>,
    /// Which rules are applied.
    pub rules: SignalRules,
    /// Which moving ranges are used; where nothing is wished, screened with the rules of NHS and
    /// all with others.
    pub moving_ranges: Option<MovingRanges>,
}

/// What a series is of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeriesSubject {
    kind: IndicatorKind,
    /// The least and the most that a figure can be.
    possible: (f64, f64),
}

impl ChartKind {
    /// The word that answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Xmr => "xmr",
            Self::P => "p",
        }
    }
}

impl MovingRanges {
    /// The word that questions and answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Screened => "screened",
        }
    }
}

impl ChartQuery {
    /// Which moving ranges an XmR chart rests on.
    fn ranges(self) -> MovingRanges {
        self.moving_ranges.unwrap_or(match self.rules {
            SignalRules::Nhs => MovingRanges::Screened,
            SignalRules::Anhoj => MovingRanges::All,
        })
    }

    /// NHS rounds three sigma to 2.66 mean ranges.
    fn method(self) -> XmrMethod {
        XmrMethod {
            screened: self.ranges() == MovingRanges::Screened,
            rounded: self.rules == SignalRules::Nhs,
        }
    }
}

impl CheckedQuery<'_> {
    /// What the series of the one indicator that is asked for is of.
    pub fn subject(&self) -> Option<SeriesSubject> {
        let indicator = self.indicators.first()?;
        let measure = self
            .background
            .catalogue()
            .measures
            .get(&indicator.measure)?;
        Some(SeriesSubject::of(indicator, measure))
    }
}

impl SeriesSubject {
    /// An indicator of a measure.
    fn of(indicator: &Indicator, measure: &Measure) -> Self {
        Self {
            kind: indicator.kind,
            possible: possible(indicator, measure),
        }
    }

    /// The usual chart, or the wished one if it can be drawn of it.
    fn chart(self, wished: Option<ChartKind>) -> Result<ChartKind, NoChartReason> {
        let is_share = self.kind == IndicatorKind::Proportion;
        match wished {
            Some(ChartKind::P) if !is_share => Err(NoChartReason::NotAProportion),
            Some(kind) => Ok(kind),
            None if is_share => Ok(ChartKind::P),
            None => Ok(ChartKind::Xmr),
        }
    }
}

/// The control chart of a series, or why there is none.
pub fn process(
    points: &[SeriesPoint],
    of: SeriesSubject,
    wish: ChartQuery,
) -> Result<ProcessChart, NoChartReason> {
    if wish.spacing == SeriesSpacing::Rolling {
        return Err(NoChartReason::RollingPeriodsOverlap);
    }
    let kind = of.chart(wish.chart)?;
    let shown: Vec<Option<(f64, u64)>> = points.iter().map(in_chart).collect();
    let count = shown.iter().flatten().count();
    if count < FEWEST {
        return Err(NoChartReason::TooFewPeriods);
    }
    let values: Vec<Option<f64>> = shown.iter().map(|point| Some((*point)?.0)).collect();
    let chart = match kind {
        ChartKind::Xmr => spc::xmr(&values, wish.method()).ok_or(NoChartReason::TooFewInARow)?,
        ChartKind::P => p_chart(&shown).ok_or(NoChartReason::TooFewPeriods)?,
    };
    let (least, most) = of.possible;
    let drawn = chart.limits.iter().map(|limits| {
        limits.map(|(lower, upper)| (lower.clamp(least, most), upper.clamp(least, most)))
    });
    let mut notes = Vec::new();
    let ranges = spc::count_moving_ranges(&values);
    if count < SETTLED || (kind == ChartKind::Xmr && ranges < SETTLED_RANGES) {
        notes.push(ChartNote::PreliminaryLimits);
    }
    if has_gap(&values) {
        notes.push(ChartNote::PeriodsLeftOut);
    }
    Ok(ProcessChart {
        kind,
        centre: chart.centre,
        limits: drawn.collect(),
        rules: wish.rules,
        moving_ranges: (kind == ChartKind::Xmr).then(|| wish.ranges()),
        signals: match wish.rules {
            SignalRules::Nhs => rules::nhs(&values, &chart),
            SignalRules::Anhoj => rules::anhoj(&values, chart.centre),
        },
        runs: rules::runs(&values, chart.centre),
        notes,
    })
}

/// True if a period without a figure lies between two that have one. Before the first figure and
/// after the last nothing could be joined: those periods are not closed, or not yet told.
fn has_gap(values: &[Option<f64>]) -> bool {
    let first = values.iter().position(Option::is_some);
    let last = values.iter().rposition(Option::is_some);
    first
        .zip(last)
        .is_some_and(|(first, last)| values[first..=last].contains(&None))
}

/// Value and persons of a whole period that is shown.
fn in_chart(point: &SeriesPoint) -> Option<(f64, u64)> {
    let shown = point.figure.shown.as_ref().ok()?;
    (point.status == PointStatus::Shown).then_some((shown.value, shown.persons))
}

/// A p-chart in percent.
fn p_chart(shown: &[Option<(f64, u64)>]) -> Option<ControlChart> {
    let shares = shown.iter().map(|point| {
        let (percent, n) = (*point)?;
        Some((percent / PERCENT, n))
    });
    let chart = spc::p_chart(&shares.collect::<Vec<_>>())?;
    let limits = chart.limits.into_iter();
    Some(ControlChart {
        centre: chart.centre * PERCENT,
        limits: limits
            .map(|limits| limits.map(|(lower, upper)| (lower * PERCENT, upper * PERCENT)))
            .collect(),
    })
}
