//! Funnel limits: how far from the common value an organisation may be by chance. Comes in: the
//! common value and how many persons (or events) an organisation has. Goes out: limits that one
//! in twenty, and one in five hundred, go beyond by chance alone; and for a count how probable it
//! or a more extreme one is. The invariants: limits depend on the common value and on size, never
//! on the organisation's own value; a count lies outside a line exactly where its own tail is less
//! probable than the line's; the upper line of a share is the lower one of its opposite.
//!
//! Source: D. J. Spiegelhalter, "Funnel plots for comparing institutional performance" (Statistics
//! in Medicine 2005; 24: 1185–1202): exact limits of shares and counts, interpolated between
//! whole numbers (appendix A.1), and overdispersion as a multiplicative factor φ estimated from
//! winsorised z-scores (section 4.2 and appendix). The appendix interpolates downwards at both
//! lines, so that its upper one lies a whole count too low: at 96.5 % all of 40 would be above,
//! which is so by chance once in four. Here the upper line is interpolated upwards.

use statrs::distribution::{Binomial, DiscreteCDF, Poisson};

use super::{NumberTolerance, normal_quantile_at, t_quantile_at};

/// The tails of the two pairs of limits: 95 % and 99.8 %.
const TAILS: [f64; 2] = [0.025, 0.001];

/// Two probabilities are equal if they differ by at most this share of them: what has exactly the
/// probability of the line is on it.
const EQUAL_WITHIN: f64 = 1e-9;

/// A count that is so near a whole number is that number: it was made of a share.
const WHOLE_WITHIN: f64 = 1e-6;

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

/// How probable a count is, and what lies beyond it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TailProbabilities {
    /// The probability of this count or fewer.
    pub at_most: f64,
    /// The probability of this count or more.
    pub at_least: f64,
}

/// Where a value lies in a funnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunnelPlace {
    /// Chance alone explains it.
    Within,
    /// Above the upper 95 % limit.
    Above95,
    /// Below the lower 95 % limit.
    Below95,
    /// Above the upper 99.8 % limit.
    Above998,
    /// Below the lower 99.8 % limit.
    Below998,
}

/// How much more organisations differ than chance explains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FunnelDispersion {
    /// The mean square of the winsorised z-scores.
    pub phi: f64,
    /// True if limits are to be widened by its root: φ times the organisations is more than one
    /// fewer than the organisations, and φ is above 1.
    pub applies: bool,
}

impl FunnelLimits {
    /// The same, no lower than `least` and no higher than `most`.
    #[must_use]
    pub fn within(self, least: f64, most: f64) -> Self {
        Self {
            lower_95: self.lower_95.clamp(least, most),
            upper_95: self.upper_95.clamp(least, most),
            lower_998: self.lower_998.clamp(least, most),
            upper_998: self.upper_998.clamp(least, most),
        }
    }

    /// The wider of the two at each line.
    #[must_use]
    pub fn at_least_as_wide_as(self, other: Self) -> Self {
        Self {
            lower_95: self.lower_95.min(other.lower_95),
            upper_95: self.upper_95.max(other.upper_95),
            lower_998: self.lower_998.min(other.lower_998),
            upper_998: self.upper_998.max(other.upper_998),
        }
    }

    /// Where a value lies; on a line is within it.
    pub fn place(&self, value: f64) -> FunnelPlace {
        let all = [self.lower_998, self.upper_998, value].map(Some);
        let same = NumberTolerance::of(&all);
        match () {
            () if same.side(value, self.upper_998) > 0 => FunnelPlace::Above998,
            () if same.side(value, self.lower_998) < 0 => FunnelPlace::Below998,
            () if same.side(value, self.upper_95) > 0 => FunnelPlace::Above95,
            () if same.side(value, self.lower_95) < 0 => FunnelPlace::Below95,
            () => FunnelPlace::Within,
        }
    }
}

impl TailProbabilities {
    /// Of a count among `n` persons, where `share` (0 to 1) is the common one. Between whole
    /// counts the probability is interpolated, as limits are.
    pub fn binomial(share: f64, n: u64, count: f64) -> Option<Self> {
        let chance = Binomial::new(share, n).ok().filter(|_| n > 0)?;
        Some(Self::of(&chance, count.clamp(0.0, n as f64)))
    }

    /// Of a count, where `rate` times the `exposure` are expected.
    pub fn poisson(rate: f64, exposure: f64, count: f64) -> Option<Self> {
        let chance = Poisson::new(rate * exposure).ok()?;
        Some(Self::of(&chance, count.max(0.0)))
    }

    fn of<D: DiscreteCDF<u64, f64>>(chance: &D, count: f64) -> Self {
        let whole = count.round();
        let count = if (count - whole).abs() < WHOLE_WITHIN {
            whole
        } else {
            count
        };
        let (below, above) = (count.floor(), count.ceil());
        let part = count - below;
        let between = |one: f64, other: f64| one + part * (other - one);
        let at_least = |count: f64| at_least(chance, count as u64);
        Self {
            at_most: between(chance.cdf(below as u64), chance.cdf(above as u64)),
            at_least: between(at_least(below), at_least(above)),
        }
    }

    /// Outside is what is less probable than what lies beyond the line.
    pub fn place(&self) -> FunnelPlace {
        let [inner, outer] = TAILS;
        let is_beyond = |chance: f64, line: f64| chance < line * (1.0 - EQUAL_WITHIN);
        match () {
            () if is_beyond(self.at_least, outer) => FunnelPlace::Above998,
            () if is_beyond(self.at_most, outer) => FunnelPlace::Below998,
            () if is_beyond(self.at_least, inner) => FunnelPlace::Above95,
            () if is_beyond(self.at_most, inner) => FunnelPlace::Below95,
            () => FunnelPlace::Within,
        }
    }
}

impl FunnelPlace {
    /// The word that answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Above95 => "above-95",
            Self::Below95 => "below-95",
            Self::Above998 => "above-998",
            Self::Below998 => "below-998",
        }
    }

    /// Of two places on one side the one that is nearer to the common value.
    #[must_use]
    pub fn nearer(self, other: Self) -> Self {
        match (self, other) {
            (Self::Above998, Self::Above998 | Self::Above95) => other,
            (Self::Below998, Self::Below998 | Self::Below95) => other,
            (Self::Above95, Self::Above998 | Self::Above95) => self,
            (Self::Below95, Self::Below998 | Self::Below95) => self,
            _ => Self::Within,
        }
    }
}

/// Exact limits of a share (0 to 1) of `n` persons, where `share` is the common one.
pub fn binomial(share: f64, n: u64) -> Option<FunnelLimits> {
    let chance = Binomial::new(share, n).ok().filter(|_| n > 0)?;
    let opposite = Binomial::new(1.0 - share, n).ok()?;
    let n = n as f64;
    let limits = limits(
        |tail| interpolated(&chance, tail) / n,
        |tail| 1.0 - interpolated(&opposite, tail) / n,
    );
    Some(limits.within(0.0, 1.0))
}

/// Exact limits of a rate of events, where `exposure` times the common `rate` are expected.
pub fn poisson(rate: f64, exposure: f64) -> Option<FunnelLimits> {
    let chance = Poisson::new(rate * exposure).ok()?;
    let limits = limits(
        |tail| interpolated(&chance, tail) / exposure,
        |tail| interpolated_upwards(&chance, tail) / exposure,
    );
    Some(limits.within(0.0, f64::INFINITY))
}

/// Limits of a mean of `n` persons, where `variance` is that of one person, known to `freedom`
/// degrees.
pub fn mean(centre: f64, variance: f64, n: u64, freedom: u64) -> Option<FunnelLimits> {
    if n == 0 || freedom == 0 {
        return None;
    }
    let error = (variance / n as f64).sqrt();
    let reach = |tail| error * t_quantile_at(1.0 - tail, freedom);
    Some(limits(
        |tail| centre - reach(tail),
        |tail| centre + reach(tail),
    ))
}

/// Limits about `centre` with standard error `error`, which includes the root of φ.
pub fn widened(centre: f64, error: f64) -> FunnelLimits {
    let reach = |tail: f64| error * normal_quantile_at(1.0 - tail);
    limits(|tail| centre - reach(tail), |tail| centre + reach(tail))
}

/// φ of the z-scores of organisations; `None` for fewer than five.
pub fn dispersion(scores: &[f64]) -> Option<FunnelDispersion> {
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
    Some(FunnelDispersion {
        phi,
        applies: phi > 1.0 && squares > (scores.len() - 1) as f64,
    })
}

/// Limits by what lies at a tail below and above.
fn limits(lower: impl Fn(f64) -> f64, upper: impl Fn(f64) -> f64) -> FunnelLimits {
    let [inner, outer] = TAILS;
    FunnelLimits {
        lower_95: lower(inner),
        upper_95: upper(inner),
        lower_998: lower(outer),
        upper_998: upper(outer),
    }
}

/// The probability of a count or more.
fn at_least<D: DiscreteCDF<u64, f64>>(chance: &D, count: u64) -> f64 {
    match count {
        0 => 1.0,
        count => chance.sf(count - 1),
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

/// The count above which `p` of the chances lie: the largest count of which the probability of it
/// or more reaches `p`, and the part by which it is too much.
fn interpolated_upwards<D: DiscreteCDF<u64, f64>>(chance: &D, p: f64) -> f64 {
    let mut count = chance.inverse_cdf(1.0 - p);
    while at_least(chance, count + 1) >= p {
        count += 1;
    }
    while count > 0 && at_least(chance, count) < p {
        count -= 1;
    }
    let (reached, beyond) = (at_least(chance, count), at_least(chance, count + 1));
    if reached > beyond {
        count as f64 + (reached - p) / (reached - beyond)
    } else {
        count as f64
    }
}

/// The quantile between the order statistics (R's type 7, NumPy's default). `sorted` is not empty.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len() - 1) as f64;
    let below = place.floor();
    let next = sorted[(below as usize + 1).min(sorted.len() - 1)];
    sorted[below as usize] + (place - below) * (next - sorted[below as usize])
}
