//! Control charts. Comes in: values over time, with gaps where a period has none, and for shares
//! how many persons each rests on. Goes out: a centre line and the limits of each point. The
//! invariant: limits are three sigma from the centre and are not cut at what is possible, since
//! rules measure in sigmas; whoever draws them cuts them.
//!
//! Sources: D. J. Wheeler, "Understanding Variation" (XmR: mean ± 2.66 times the mean moving
//! range); NHS England, "Making Data Count", as its published program (NHSRplotthedots) has it
//! (moving ranges above 3.267 times their mean are left out once); D. C. Montgomery,
//! "Introduction to Statistical Quality Control" (p-chart: three standard errors of the pooled
//! share, by each point's own n).

/// Three over 1.128, the mean range of two normal values with standard deviation 1.
const THREE_SIGMA: f64 = 3.0 / 1.128;

/// The same as NHS "Making Data Count" writes it.
const THREE_SIGMA_ROUNDED: f64 = 2.66;

/// A moving range above so many mean ranges is left out (NHS).
const SCREENED_FROM: f64 = 3.267;

/// Standard errors from the centre to a limit of a p-chart.
const SIGMAS: f64 = 3.0;

/// Limits need so many moving ranges: half of those of eight periods in a row.
const FEWEST_RANGES: usize = 4;

/// The centre and limits of a control chart.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlChart {
    /// The centre line, in the unit of the values.
    pub centre: f64,
    /// Lower and upper limit of each period, three sigma from the centre also where no value can
    /// be; none for a period without a value.
    pub limits: Vec<Option<(f64, f64)>>,
}

/// How an XmR chart is made of its moving ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XmrMethod {
    /// True if moving ranges that are out of the ordinary are left out, once.
    pub screened: bool,
    /// True if three sigma are 2.66 mean ranges and not 3/1.128.
    pub rounded: bool,
}

/// An XmR chart: the same limits for all periods with a value. A moving range is of two periods
/// that follow each other; `None` where there are fewer than four.
pub fn xmr(values: &[Option<f64>], method: XmrMethod) -> Option<ControlChart> {
    let shown: Vec<f64> = values.iter().flatten().copied().collect();
    let ranges = moving_ranges(values);
    if ranges.len() < FEWEST_RANGES {
        return None;
    }
    let three_sigma = if method.rounded {
        THREE_SIGMA_ROUNDED
    } else {
        THREE_SIGMA
    };
    let range = if method.screened {
        screened_mean(&ranges)
    } else {
        mean(&ranges)
    };
    let (centre, reach) = (mean(&shown), three_sigma * range);
    let limits = values
        .iter()
        .map(|value| value.map(|_| (centre - reach, centre + reach)));
    Some(ControlChart {
        centre,
        limits: limits.collect(),
    })
}

/// How many moving ranges there are: pairs of periods in a row that both have a value.
pub fn count_moving_ranges(values: &[Option<f64>]) -> usize {
    moving_ranges(values).len()
}

/// A p-chart of shares between 0 and 1, each with the number of persons that it is a share of.
/// `None` for fewer than two points, or where nobody is.
pub fn p_chart(points: &[Option<(f64, u64)>]) -> Option<ControlChart> {
    let shown: Vec<(f64, u64)> = points.iter().flatten().copied().collect();
    if shown.len() < 2 || shown.iter().any(|(_, n)| *n == 0) {
        return None;
    }
    let persons: f64 = shown.iter().map(|(_, n)| *n as f64).sum();
    let hits: f64 = shown.iter().map(|(share, n)| share * *n as f64).sum();
    let centre = hits / persons;
    let limits = points.iter().map(|point| {
        let (_, n) = (*point)?;
        let variance = (centre * (1.0 - centre)).max(0.0) / n as f64;
        let reach = SIGMAS * variance.sqrt();
        Some((centre - reach, centre + reach))
    });
    Some(ControlChart {
        centre,
        limits: limits.collect(),
    })
}

fn moving_ranges(values: &[Option<f64>]) -> Vec<f64> {
    let pairs = values.windows(2).filter_map(|two| two[0].zip(two[1]));
    pairs.map(|(one, next)| (next - one).abs()).collect()
}

/// The mean of those that are not far above the mean of all.
fn screened_mean(ranges: &[f64]) -> f64 {
    let most = SCREENED_FROM * mean(ranges);
    let kept: Vec<f64> = ranges.iter().copied().filter(|r| *r <= most).collect();
    mean(&kept)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
