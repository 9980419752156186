//! Funnel limits: how far from the common value an organisation may be by chance. Comes in: the
//! common value and how many persons (or events) an organisation has. Goes out: limits that one
//! in twenty, and one in five hundred, go beyond by chance alone. The invariant: limits depend on
//! the common value and on size, never on the organisation's own value.
//!
//! Source: D. J. Spiegelhalter, "Funnel plots for comparing institutional performance" (Statistics
//! in Medicine 2005; 24: 1185–1202): exact limits of shares and counts, interpolated between
//! whole numbers (appendix A.1), and overdispersion as a multiplicative factor φ estimated from
//! winsorised z-scores (section 4.2 and appendix).

use statrs::distribution::{Binomial, DiscreteCDF, Poisson};

use super::{normal_quantile_at, t_quantile_at};

/// The tails of the two pairs of limits: 95 % and 99.8 %.
const TAILS: [f64; 2] = [0.025, 0.001];

/// At each end so many of the z-scores are pulled in.
const WINSORISED: f64 = 0.1;

/// With fewer organisations φ is not told from chance.
const FEWEST: usize = 5;

/// The four limits of one organisation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FunnelLimits {
    /// 2.5 % lie below by chance.
    pub lower_95: f64,
    /// 2.5 % lie above by chance.
    pub upper_95: f64,
    /// 0.1 % lie below by chance.
    pub lower_998: f64,
    /// 0.1 % lie above by chance.
    pub upper_998: f64,
}

/// How much more organisations differ than chance explains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dispersion {
    /// The mean square of the winsorised z-scores.
    pub phi: f64,
    /// True if limits are to be widened by its root: φ times the organisations is more than one
    /// fewer than the organisations, and φ is above 1.
    pub applies: bool,
}

impl FunnelLimits {
    /// Kept between two bounds.
    pub fn within(self, (least, most): (f64, f64)) -> Self {
        Self {
            lower_95: self.lower_95.clamp(least, most),
            upper_95: self.upper_95.clamp(least, most),
            lower_998: self.lower_998.clamp(least, most),
            upper_998: self.upper_998.clamp(least, most),
        }
    }
}

/// Exact limits of a share (0 to 1) of `n` persons, where `share` is the common one.
pub fn binomial(share: f64, n: u64) -> Option<FunnelLimits> {
    let chance = Binomial::new(share, n).ok().filter(|_| n > 0)?;
    let at = |tail: f64| interpolated(&chance, tail) / n as f64;
    Some(limits(|tail| at(tail).clamp(0.0, 1.0)))
}

/// Exact limits of a rate of events, where `exposure` times the common `rate` are expected.
pub fn poisson(rate: f64, exposure: f64) -> Option<FunnelLimits> {
    let chance = Poisson::new(rate * exposure).ok()?;
    Some(limits(|tail| {
        (interpolated(&chance, tail) / exposure).max(0.0)
    }))
}

/// Limits of a mean of `n` persons, where `variance` is that of one person, known to `freedom`
/// degrees.
pub fn mean(centre: f64, variance: f64, n: u64, freedom: u64) -> Option<FunnelLimits> {
    if n == 0 || freedom == 0 {
        return None;
    }
    let error = (variance / n as f64).sqrt();
    Some(limits(|tail| centre + error * t_quantile_at(tail, freedom)))
}

/// Limits about `centre` with standard error `error`, which includes the root of φ.
pub fn widened(centre: f64, error: f64) -> FunnelLimits {
    limits(|tail| centre + error * normal_quantile_at(tail))
}

/// φ of the z-scores of organisations; `None` for fewer than five.
pub fn dispersion(scores: &[f64]) -> Option<Dispersion> {
    if scores.len() < FEWEST {
        return None;
    }
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (
        quantile(&sorted, WINSORISED),
        quantile(&sorted, 1.0 - WINSORISED),
    );
    let squares: f64 = scores.iter().map(|z| z.clamp(low, high).powi(2)).sum();
    let phi = squares / scores.len() as f64;
    Some(Dispersion {
        phi,
        applies: phi > 1.0 && squares > (scores.len() - 1) as f64,
    })
}

fn limits(at: impl Fn(f64) -> f64) -> FunnelLimits {
    let [inner, outer] = TAILS;
    FunnelLimits {
        lower_95: at(inner),
        upper_95: at(1.0 - inner),
        lower_998: at(outer),
        upper_998: at(1.0 - outer),
    }
}

/// The count below which `p` of the chances lie, as if counts were continuous: the smallest count
/// whose cumulative chance reaches `p`, less the part by which it is too much.
fn interpolated<D: DiscreteCDF<u64, f64>>(chance: &D, p: f64) -> f64 {
    let count = chance.inverse_cdf(p);
    let reached = chance.cdf(count);
    let before = match count {
        0 => 0.0,
        count => chance.cdf(count - 1),
    };
    let width = reached - before;
    if width <= 0.0 {
        return count as f64;
    }
    count as f64 - (reached - p) / width
}

/// The quantile between the order statistics (R's type 7, NumPy's default). `sorted` is not empty.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len() - 1) as f64;
    let below = place.floor();
    let next = sorted[(below as usize + 1).min(sorted.len() - 1)];
    sorted[below as usize] + (place - below) * (next - sorted[below as usize])
}
