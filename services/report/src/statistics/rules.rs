//! Rules that tell a signal from noise. Comes in: values over time and their control chart. Goes
//! out: which points break which rule. The invariant: a value on the centre line is on neither
//! side, and a tie is no trend, so rounding makes no signal.
//!
//! Sources: NHS England, "Making Data Count", as its published program (NHSRplotthedots) has the
//! rules; J. Anhøj and A. V. Olesen, "Run charts revisited" (PLoS ONE 2014; 9: e113825), with the
//! limits of Schilling (longest run) and Chen (crossings), as the program qicharts2 has them.

use statrs::distribution::{Binomial, DiscreteCDF};

use super::spc::Chart;

/// So many points in a row on one side, or all rising or falling, are a signal (NHS).
const IN_A_ROW: usize = 7;

/// Beyond this share of the way from centre to limit a point is near the limit (NHS).
const NEAR: f64 = 2.0 / 3.0;

/// Below so many useful points the runs say nothing.
const USEFUL: usize = 10;

/// Which rules are applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rules {
    /// NHS "Making Data Count": four rules about single points.
    #[default]
    Nhs,
    /// Anhøj: unusually long runs and unusually few crossings, about all points together.
    Anhoj,
}

/// What a signal breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
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
pub struct Signal {
    /// The rule.
    pub rule: Rule,
    /// Which points, counted from 0; all of them for few crossings.
    pub points: Vec<usize>,
    /// Above the centre, or rising; `None` where it is neither.
    pub high: Option<bool>,
}

/// Runs about the centre line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runs {
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

impl Rule {
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
pub fn nhs(values: &[f64], chart: &Chart) -> Vec<Signal> {
    let sides: Vec<i8> = values
        .iter()
        .map(|value| side(*value, chart.centre))
        .collect();
    let mut signals = Vec::new();
    for (place, (value, (lower, upper))) in values.iter().zip(&chart.limits).enumerate() {
        if value > upper || value < lower {
            signals.push(signal(Rule::Outside, vec![place], value > upper));
        }
    }
    for (points, side) in stretches(&sides) {
        if side != 0 && points.len() >= IN_A_ROW {
            signals.push(signal(Rule::Shift, points, side > 0));
        }
    }
    let steps: Vec<i8> = values.windows(2).map(|two| side(two[1], two[0])).collect();
    for (steps, way) in stretches(&steps) {
        if way != 0 && steps.len() + 1 >= IN_A_ROW {
            let points = steps[0]..=steps[0] + steps.len();
            signals.push(signal(Rule::Trend, points.collect(), way > 0));
        }
    }
    for way in [1, -1] {
        let points = near_limits(values, chart, &sides, way);
        if !points.is_empty() {
            signals.push(signal(Rule::NearLimit, points, way > 0));
        }
    }
    signals
}

/// The runs of values about `centre`; `None` with fewer than ten useful points.
pub fn runs(values: &[f64], centre: f64) -> Option<Runs> {
    let sides = useful(values, centre);
    let sides: Vec<i8> = sides.into_iter().map(|(_, side)| side).collect();
    if sides.len() < USEFUL {
        return None;
    }
    let runs = stretches(&sides);
    let trials = sides.len() as u64 - 1;
    let chance = Binomial::new(0.5, trials).expect("a half is a probability");
    Some(Runs {
        useful: sides.len(),
        longest: runs.iter().map(|(points, _)| points.len()).max()?,
        longest_allowed: ((sides.len() as f64).log2() + 3.0).round() as usize,
        crossings: runs.len() - 1,
        crossings_needed: usize::try_from(chance.inverse_cdf(0.05)).ok()?,
    })
}

/// Anhøj's signals: the longest runs, if they are too long, and the crossings, if too few.
pub fn anhoj(values: &[f64], centre: f64) -> Vec<Signal> {
    let Some(runs) = runs(values, centre) else {
        return Vec::new();
    };
    let useful = useful(values, centre);
    let sides: Vec<i8> = useful.iter().map(|(_, side)| *side).collect();
    let mut signals = Vec::new();
    for (points, side) in stretches(&sides) {
        if points.len() > runs.longest_allowed {
            let points = points.into_iter().map(|point| useful[point].0);
            signals.push(signal(Rule::LongRun, points.collect(), side > 0));
        }
    }
    if runs.crossings < runs.crossings_needed {
        signals.push(Signal {
            rule: Rule::FewCrossings,
            points: (0..values.len()).collect(),
            high: None,
        });
    }
    signals
}

fn signal(rule: Rule, points: Vec<usize>, high: bool) -> Signal {
    Signal {
        rule,
        points,
        high: Some(high),
    }
}

/// 1 above, -1 below, 0 on it.
fn side(value: f64, centre: f64) -> i8 {
    i8::from(value > centre) - i8::from(value < centre)
}

fn useful(values: &[f64], centre: f64) -> Vec<(usize, i8)> {
    let sides = values.iter().map(|value| side(*value, centre));
    sides.enumerate().filter(|(_, side)| *side != 0).collect()
}

/// The longest stretches of equal sides, in order, with their places.
fn stretches(sides: &[i8]) -> Vec<(Vec<usize>, i8)> {
    let mut stretches: Vec<(Vec<usize>, i8)> = Vec::new();
    for (place, side) in sides.iter().enumerate() {
        match stretches.last_mut() {
            Some((points, last)) if last == side => points.push(place),
            _ => stretches.push((vec![place], *side)),
        }
    }
    stretches
}

/// The points near a limit (not outside) in three in a row on that side, two of which are near.
fn near_limits(values: &[f64], chart: &Chart, sides: &[i8], way: i8) -> Vec<usize> {
    let near = |place: usize| {
        let (lower, upper) = chart.limits[place];
        let (from_centre, reach) = match way > 0 {
            true => (values[place] - chart.centre, upper - chart.centre),
            false => (chart.centre - values[place], chart.centre - lower),
        };
        from_centre > reach * NEAR && from_centre <= reach
    };
    let mut points = Vec::new();
    for first in 0..values.len().saturating_sub(2) {
        let three = first..first + 3;
        let on_that_side = three.clone().all(|place| sides[place] == way);
        let close: Vec<usize> = three.filter(|place| near(*place)).collect();
        if on_that_side && close.len() >= 2 {
            points.extend(close);
        }
    }
    points.sort_unstable();
    points.dedup();
    points
}
