//! Rules that tell a signal from noise. Comes in: values over time, with gaps where a period has
//! none, and their control chart. Goes out: which points break which rule. The invariants: a value
//! on the centre line is on neither side, and a tie is no trend, so rounding makes no signal; no
//! rule joins points that a gap parts.
//!
//! Sources: NHS England, "Making Data Count", as its published program (NHSRplotthedots) has the
//! rules; J. Anhøj and A. V. Olesen, "Run charts revisited" (PLoS ONE 2014; 9: e113825), with the
//! limits of Schilling (longest run) and Chen (crossings), as the program qicharts2 has them.

use statrs::distribution::{Binomial, DiscreteCDF};

use super::NumberTolerance;
use super::spc::ControlChart;

/// So many points in a row on one side, or all rising or falling, are a signal (NHS).
const IN_A_ROW: usize = 7;

/// Beyond this share of the way from centre to limit a point is near the limit (NHS).
const NEAR: f64 = 2.0 / 3.0;

/// Below so many useful points the runs say nothing.
const USEFUL: usize = 10;

/// Which rules are applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SignalRules {
    /// NHS "Making Data Count": four rules about single points.
    #[default]
    Nhs,
    /// Anhøj: unusually long runs and unusually few crossings, about all points together.
    Anhoj,
}

/// What a signal breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicRule {
    /// A point outside its limits.
    Outside,
    /// Seven or more points in a row on one side of the centre.
    Shift,
    /// Seven or more points in a row, each above (or each below) the one before.
    Trend,
    /// Of three points in a row on one side, two or more near the limit.
    NearLimit,
    /// The longest run on one side is longer than chance allows.
    LongRun,
    /// The points cross the centre more seldom than chance allows.
    FewCrossings,
}

/// Points that break a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartSignal {
    /// The rule that is broken.
    pub rule: TopicRule,
    /// Which points, counted from 0; all of them for few crossings.
    pub points: Vec<usize>,
    /// Above the centre, or rising; `None` where it is neither.
    pub high: Option<bool>,
}

/// Runs about the centre line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CentreRuns {
    /// Points that are not on the centre line.
    pub useful: usize,
    /// Points in the longest run on one side.
    pub longest: usize,
    /// A longer run than this is a signal.
    pub longest_allowed: usize,
    /// How often two useful points in a row are on different sides.
    pub crossings: usize,
    /// Fewer than this are a signal.
    pub crossings_needed: usize,
}

impl TopicRule {
    /// The word that answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Shift => "shift",
            Self::Trend => "trend",
            Self::NearLimit => "near-limit",
            Self::LongRun => "long-run",
            Self::FewCrossings => "few-crossings",
        }
    }
}

/// The signals of NHS "Making Data Count", by rule and place. `chart` is the chart of `values`.
pub fn nhs(values: &[Option<f64>], chart: &ControlChart) -> Vec<ChartSignal> {
    let same = NumberTolerance::of(values);
    let sides = sides(values, chart.centre);
    let mut signals = outside(values, chart, same);
    for (points, side) in stretches(&sides) {
        if let Some(way @ (1 | -1)) = side
            && points.len() >= IN_A_ROW
        {
            signals.push(signal(TopicRule::Shift, points, way > 0));
        }
    }
    let step = |two: &[Option<f64>]| Some(same.side(two[1]?, two[0]?));
    let steps: Vec<Option<i8>> = values.windows(2).map(step).collect();
    for (steps, way) in stretches(&steps) {
        if let Some(way @ (1 | -1)) = way
            && steps.len() + 1 >= IN_A_ROW
        {
            let points = steps[0]..=steps[0] + steps.len();
            signals.push(signal(TopicRule::Trend, points.collect(), way > 0));
        }
    }
    for way in [1, -1] {
        let points = near_limits(values, chart, &sides, way);
        if !points.is_empty() {
            signals.push(signal(TopicRule::NearLimit, points, way > 0));
        }
    }
    signals
}

fn outside(
    values: &[Option<f64>],
    chart: &ControlChart,
    same: NumberTolerance,
) -> Vec<ChartSignal> {
    let mut signals = Vec::new();
    for (place, (value, limits)) in values.iter().zip(&chart.limits).enumerate() {
        let Some((value, (lower, upper))) = value.zip(*limits) else {
            continue;
        };
        let is_high = same.side(value, upper) > 0;
        if is_high || same.side(value, lower) < 0 {
            signals.push(signal(TopicRule::Outside, vec![place], is_high));
        }
    }
    signals
}

/// The runs of values about `centre`; `None` with fewer than ten useful points. A gap ends a run,
/// and what lies on its two sides is no crossing.
pub fn runs(values: &[Option<f64>], centre: f64) -> Option<CentreRuns> {
    let pieces = useful(values, centre);
    let useful: usize = pieces.iter().map(Vec::len).sum();
    if useful < USEFUL {
        return None;
    }
    let (mut longest, mut crossings) = (0, 0);
    for piece in &pieces {
        let runs = runs_of(piece);
        longest = runs.iter().map(|run| run.0.len()).fold(longest, usize::max);
        crossings += runs.len() - 1;
    }
    let pairs = (useful - pieces.len()) as u64;
    let chance = Binomial::new(0.5, pairs).expect("a half is a probability");
    // Without a pair there is nothing to cross, and the quantile is not defined.
    let crossings_needed = match pairs {
        0 => 0,
        _ => usize::try_from(chance.inverse_cdf(0.05)).ok()?,
    };
    Some(CentreRuns {
        useful,
        longest,
        longest_allowed: ((useful as f64).log2() + 3.0).round() as usize,
        crossings,
        crossings_needed,
    })
}

/// Anhøj's signals: the longest runs, if they are too long, and the crossings, if too few.
pub fn anhoj(values: &[Option<f64>], centre: f64) -> Vec<ChartSignal> {
    let Some(runs) = runs(values, centre) else {
        return Vec::new();
    };
    let mut signals = Vec::new();
    for piece in useful(values, centre) {
        for (points, side) in runs_of(&piece) {
            if points.len() > runs.longest_allowed {
                signals.push(signal(TopicRule::LongRun, points, side > 0));
            }
        }
    }
    if runs.crossings < runs.crossings_needed {
        let places = values.iter().enumerate();
        let shown = places.filter(|(_, value)| value.is_some());
        signals.push(ChartSignal {
            rule: TopicRule::FewCrossings,
            points: shown.map(|(place, _)| place).collect(),
            high: None,
        });
    }
    signals
}

fn signal(rule: TopicRule, points: Vec<usize>, high: bool) -> ChartSignal {
    ChartSignal {
        rule,
        points,
        high: Some(high),
    }
}

/// On which side of the centre each value is: 1 above, -1 below, 0 on it; none in a gap.
fn sides(values: &[Option<f64>], centre: f64) -> Vec<Option<i8>> {
    let same = NumberTolerance::of(values);
    let side = |value: f64| same.side(value, centre);
    values.iter().map(|value| value.map(side)).collect()
}

/// The points that are not on the centre line, with their sides: a list for each stretch without
/// a gap that has any.
fn useful(values: &[Option<f64>], centre: f64) -> Vec<Vec<(usize, i8)>> {
    let sides: Vec<(usize, Option<i8>)> = sides(values, centre).into_iter().enumerate().collect();
    let pieces = sides.split(|(_, side)| side.is_none());
    let pieces = pieces.map(|piece| {
        let points = piece
            .iter()
            .filter_map(|(place, side)| Some((*place, (*side)?)));
        points.filter(|(_, side)| *side != 0).collect::<Vec<_>>()
    });
    pieces.filter(|piece| !piece.is_empty()).collect()
}

/// The runs on one side in a stretch, with their places.
fn runs_of(piece: &[(usize, i8)]) -> Vec<(Vec<usize>, i8)> {
    let runs = piece.chunk_by(|one, next| one.1 == next.1);
    runs.map(|run| (run.iter().map(|(place, _)| *place).collect(), run[0].1))
        .collect()
}

/// The longest stretches of equal sides, in order, with their places.
fn stretches(sides: &[Option<i8>]) -> Vec<(Vec<usize>, Option<i8>)> {
    let mut stretches: Vec<(Vec<usize>, Option<i8>)> = Vec::new();
    for (place, side) in sides.iter().enumerate() {
        match stretches.last_mut() {
            Some((points, last)) if last == side => points.push(place),
            _ => stretches.push((vec![place], *side)),
        }
    }
    stretches
}

/// The points near a limit (not outside) in three in a row on that side, two of which are near.
fn near_limits(
    values: &[Option<f64>],
    chart: &ControlChart,
    sides: &[Option<i8>],
    way: i8,
) -> Vec<usize> {
    let same = NumberTolerance::of(values);
    let is_near = |place: usize| {
        let Some((value, (lower, upper))) = values[place].zip(chart.limits[place]) else {
            return false;
        };
        let limit = if way > 0 { upper } else { lower };
        let near_from = chart.centre + (limit - chart.centre) * NEAR;
        same.side(value, near_from) == way && same.side(value, limit) != way
    };
    let mut points = Vec::new();
    for first in 0..values.len().saturating_sub(2) {
        let three = first..first + 3;
        let on_that_side = three.clone().all(|place| sides[place] == Some(way));
        let close: Vec<usize> = three.filter(|place| is_near(*place)).collect();
        if on_that_side && close.len() >= 2 {
            points.extend(close);
        }
    }
    points.sort_unstable();
    points.dedup();
    points
}
