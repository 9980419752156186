//! The control chart of a series. Comes in: points over time. Goes out: a centre line, limits and
//! signals, or why there are none. The invariant: only points that are shown take part; what is
//! missing is neither nought nor guessed.

use medvirk_domain::catalogue::IndicatorKind;

use super::series::{Point, Spacing};
use super::words;
use crate::statistics::rules::{self, Rules, Runs, Signal};
use crate::statistics::spc::{self, Chart};

/// Fewer points have no chart.
const FEWEST: usize = 8;

/// Fewer points have preliminary limits.
const SETTLED: usize = 13;

/// Percent.
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
pub struct Process {
    /// How limits were computed.
    pub kind: ChartKind,
    /// The centre line, in the unit of the figure.
    pub centre: f64,
    /// Lower and upper limit of each point; none where it is not shown.
    pub limits: Vec<Option<(f64, f64)>>,
    /// Which rules were applied.
    pub rules: Rules,
    /// What is more than chance.
    pub signals: Vec<Signal>,
    /// Runs about the centre line.
    pub runs: Option<Runs>,
    /// What to know when reading it.
    pub notes: Vec<String>,
}

/// What to compute.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// How time is cut.
    pub spacing: Spacing,
    /// How limits are computed; by the kind of indicator where nothing is wished.
    pub chart: Option<ChartKind>,
    /// Which rules are applied.
    pub rules: Rules,
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

/// The control chart of a series of that kind of indicator, or why there is none.
pub fn process(points: &[Point], of: IndicatorKind, wish: Wish) -> Result<Process, String> {
    if wish.spacing == Spacing::Rolling {
        return Err(words::ROLLING_CHART.to_owned());
    }
    let is_share = of == IndicatorKind::Proportion;
    let kind = wish.chart.unwrap_or(match is_share {
        true => ChartKind::P,
        false => ChartKind::Xmr,
    });
    if kind == ChartKind::P && !is_share {
        return Err(words::NOT_A_SHARE.to_owned());
    }
    let shown: Vec<(usize, f64, u64)> = points
        .iter()
        .enumerate()
        .filter_map(|(place, point)| {
            let shown = point.figure.shown.as_ref().ok()?;
            Some((place, shown.value, shown.persons))
        })
        .collect();
    if shown.len() < FEWEST {
        return Err(words::FEW_POINTS.to_owned());
    }
    let values: Vec<f64> = shown.iter().map(|(_, value, _)| *value).collect();
    let chart = match kind {
        ChartKind::Xmr => spc::xmr(&values),
        ChartKind::P => {
            let shares: Vec<_> = shown.iter().map(|(_, v, n)| (v / PERCENT, *n)).collect();
            spc::p_chart(&shares).map(in_percent)
        }
    };
    let chart = chart.ok_or(words::FEW_POINTS)?;
    let mut signals = match wish.rules {
        Rules::Nhs => rules::nhs(&values, &chart),
        Rules::Anhoj => rules::anhoj(&values, chart.centre),
    };
    for place in signals.iter_mut().flat_map(|signal| &mut signal.points) {
        *place = shown[*place].0;
    }
    let mut limits = vec![None; points.len()];
    for ((place, ..), of_point) in shown.iter().zip(&chart.limits) {
        limits[*place] = Some(*of_point);
    }
    let mut notes = Vec::new();
    if shown.len() < SETTLED {
        notes.push(words::PRELIMINARY.to_owned());
    }
    if shown.len() < points.len() {
        notes.push(words::GAPS.to_owned());
    }
    Ok(Process {
        kind,
        centre: chart.centre,
        limits,
        rules: wish.rules,
        signals,
        runs: rules::runs(&values, chart.centre),
        notes,
    })
}

fn in_percent(chart: Chart) -> Chart {
    let limits = chart.limits.into_iter();
    Chart {
        centre: chart.centre * PERCENT,
        limits: limits
            .map(|(lower, upper)| (lower * PERCENT, upper * PERCENT))
            .collect(),
    }
}
