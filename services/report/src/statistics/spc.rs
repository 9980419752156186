//! Control charts. Comes in: values over time, and for shares how many persons each rests on. Goes
//! out: a centre line and the limits of each point. The invariant: limits come from the values
//! alone, and every point has its own, so that a reader never compares with another point's.
//!
//! Sources: D. J. Wheeler, "Understanding Variation" (XmR: mean ± 2.66 times the mean moving
//! range); D. C. Montgomery, "Introduction to Statistical Quality Control" (p-chart: three
//! standard errors of the pooled share, by each point's own n).

/// Three over 1.128, the mean range of two normal values with standard deviation 1; Wheeler and
/// NHS "Making Data Count" write it as 2.66.
const XMR: f64 = 3.0 / 1.128;

/// Standard errors from the centre to a limit.
const SIGMAS: f64 = 3.0;

/// A control chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The centre line, in the unit of the values.
    pub centre: f64,
    /// Lower and upper limit of each point, in the order of the points.
    pub limits: Vec<(f64, f64)>,
}

/// An XmR chart of at least two values: the same limits for all of them. `None` for fewer.
pub fn xmr(values: &[f64]) -> Option<Chart> {
    if values.len() < 2 {
        return None;
    }
    let centre = mean(values);
    let ranges: Vec<f64> = values
        .windows(2)
        .map(|two| (two[1] - two[0]).abs())
        .collect();
    let reach = XMR * mean(&ranges);
    Some(Chart {
        centre,
        limits: vec![(centre - reach, centre + reach); values.len()],
    })
}

/// A p-chart of shares between 0 and 1, each with the number of persons that it is a share of.
/// Limits are kept within 0 and 1. `None` for fewer than two points, or where nobody is.
pub fn p_chart(points: &[(f64, u64)]) -> Option<Chart> {
    let persons: f64 = points.iter().map(|(_, n)| *n as f64).sum();
    if points.len() < 2 || points.iter().any(|(_, n)| *n == 0) {
        return None;
    }
    let hits: f64 = points.iter().map(|(share, n)| share * *n as f64).sum();
    let centre = hits / persons;
    let limits = points.iter().map(|(_, n)| {
        let reach = SIGMAS * (centre * (1.0 - centre) / *n as f64).sqrt();
        ((centre - reach).max(0.0), (centre + reach).min(1.0))
    });
    Some(Chart {
        centre,
        limits: limits.collect(),
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
