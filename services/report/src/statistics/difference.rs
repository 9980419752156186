//! The difference of two figures. Comes in: two values with their intervals. Goes out: the
//! difference with its interval. The invariant: an interval that is wide because persons are few
//! stays wide, so a small unit is never called different without reason.
//!
//! Source: the "method of variance estimates recovery" (Zou and Donner, Statistics in Medicine
//! 2008; 27: 1693–1702); with Wilson's intervals of two shares it is Newcombe's method 10
//! (Statistics in Medicine 1998; 17: 873–890). It takes the two groups to be independent: where
//! some persons are in both, the interval is wider than it had to be.

/// A value between the ends of its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IntervalEstimate {
    /// The value of the estimate.
    pub value: f64,
    /// Lower end of its interval.
    pub lower: f64,
    /// Upper end of its interval.
    pub upper: f64,
}

/// The estimate of `one` less `other`.
pub fn difference(one: IntervalEstimate, other: IntervalEstimate) -> IntervalEstimate {
    let value = one.value - other.value;
    let down = (one.value - one.lower).hypot(other.upper - other.value);
    let up = (one.upper - one.value).hypot(other.value - other.lower);
    IntervalEstimate {
        value,
        lower: value - down,
        upper: value + up,
    }
}
