//! Intervals; and below, control charts, their rules, funnels and differences. Comes in: a share or
//! a spread, and how many persons. Goes out: the ends of the 95 % interval. The invariants: every
//! quantile comes from `statrs`, within the range where it agrees with independent software;
//! beyond that, from a series that does; and two numbers that only rounding parts are equal.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

pub mod difference;
pub mod funnel;
pub mod rules;
pub mod spc;

/// The upper tail that a 95 % interval leaves is one minus this.
const UPPER: f64 = 0.975;

/// Above this many degrees of freedom the quantile of t loses digits and the series is better.
const SERIES_FROM: u64 = 10_000;

/// Two numbers are equal if they differ by at most this share of the largest beside them. Figures
/// are exact up to one division, and means of a series lose some of its last digits; true
/// differences of figures are a million times larger.
const EQUAL_WITHIN: f64 = 1e-9;

/// By how much two numbers of a series may differ and still be equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberTolerance(f64);

/// The ends of an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConfidenceInterval {
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
}

impl NumberTolerance {
    /// That of a series, by its largest number; periods without a number do not matter.
    pub fn of(values: &[Option<f64>]) -> Self {
        let sizes = values.iter().flatten().map(|value| value.abs());
        Self(EQUAL_WITHIN * sizes.fold(0.0, f64::max))
    }

    /// On which side of `line` a value is: 1 above, -1 below, 0 on it.
    pub fn side(self, value: f64, line: f64) -> i8 {
        let above = value - line;
        i8::from(above > self.0) - i8::from(above < -self.0)
    }
}

/// Wilson's score interval of a share between 0 and 1 among `n` persons; `None` without persons.
/// A share outside 0 to 1 is moved to the nearer end. The share itself always lies within.
pub fn wilson(share: f64, n: u64) -> Option<ConfidenceInterval> {
    if n == 0 || share.is_nan() {
        return None;
    }
    let (p, n, z) = (share.clamp(0.0, 1.0), n as f64, normal_quantile());
    let z2 = z * z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // Clamped to the share, since at 0 and 1 the last digit may fall on the wrong side.
    Some(ConfidenceInterval {
        lower: (centre - half).clamp(0.0, p),
        upper: (centre + half).clamp(p, 1.0),
    })
}

/// The interval of a mean: `mean` ± t · √(`variance` / `n`), with t at `freedom` degrees, which
/// are those of the variance. `None` without persons or degrees of freedom.
pub fn t_interval(mean: f64, variance: f64, n: u64, freedom: u64) -> Option<ConfidenceInterval> {
    if n == 0 || freedom == 0 {
        return None;
    }
    let half = t_quantile(freedom) * (variance.max(0.0) / n as f64).sqrt();
    Some(ConfidenceInterval {
        lower: mean - half,
        upper: mean + half,
    })
}

/// The quantile of the normal distribution at 0.975.
fn normal_quantile() -> f64 {
    normal_quantile_at(UPPER)
}

/// The quantile of Student's t at 0.975. `freedom` is at least 1.
fn t_quantile(freedom: u64) -> f64 {
    t_quantile_at(UPPER, freedom)
}

/// The quantile of the normal distribution at `p`, between 0 and 1.
fn normal_quantile_at(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// The quantile of Student's t at `p`, between 0 and 1. `freedom` is at least 1.
fn t_quantile_at(p: f64, freedom: u64) -> f64 {
    let degrees = freedom as f64;
    if freedom > SERIES_FROM {
        // The first terms of the expansion in 1/df (Abramowitz and Stegun 26.7.5); what is left
        // out is below 1e-11 from here on.
        let z = normal_quantile_at(p);
        let first = (z.powi(3) + z) / 4.0;
        let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
        return z + first / degrees + second / (degrees * degrees);
    }
    StudentsT::new(0.0, 1.0, degrees)
        .expect("location 0, scale 1 and at least one degree of freedom are allowed")
        .inverse_cdf(p)
}

#[cfg(test)]
mod tests;
