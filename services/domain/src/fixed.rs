//! Fixed-point numbers. Comes in: decimals of at most six places. Goes out: millionths in an
//! `i64`. The invariant: no rounding but the one written here, so that equal logs give equal rows.

use std::fmt;
use std::ops::{Add, Neg, Sub};

use serde::{Deserialize, Serialize};

/// A number in millionths.
///
/// No derived `Debug`: most of these are answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FixedPoint(i64);

impl FixedPoint {
    /// The number nought, which no sum changes.
    pub const ZERO: Self = Self(0);
    /// The number one, which is a million millionths.
    pub const ONE: Self = Self(1_000_000);
    /// The largest magnitude that a catalogue may name: 10⁶, so that the sum over 10⁶ persons
    /// fits.
    pub const LIMIT: Self = Self(1_000_000_000_000);

    /// The number of so many millionths.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From a whole number.
    pub const fn from_int(value: i32) -> Self {
        Self(value as i64 * 1_000_000)
    }

    /// From a floating-point number that stands for a decimal of at most six places and a
    /// magnitude of at most [`FixedPoint::LIMIT`]. `None` for anything else: not a number, too large,
    /// or finer than a millionth.
    pub fn from_f64(value: f64) -> Option<Self> {
        let micros = value * 1e6;
        let nearest = micros.round();
        let close = (micros - nearest).abs() <= 1e-3_f64.max(nearest.abs() * 1e-15);
        (value.is_finite() && close && nearest.abs() <= Self::LIMIT.0 as f64)
            .then_some(Self(nearest as i64))
    }

    /// The number in whole millionths.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// As a floating-point number, for showing.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Rounds to a multiple of `grain`, half away from zero. `grain` is positive.
    pub fn round_to(self, grain: Self) -> Self {
        Self(div_round(self.0.into(), grain.0.into()) * grain.0)
    }

    /// Divides, half away from zero, to a millionth. `divisor` is positive.
    pub fn div_int(self, divisor: i64) -> Self {
        Self(div_round(self.0.into(), divisor.into()))
    }

    /// `numerator / divisor` in millionths, half away from zero: the fraction whose numerator is
    /// given in millionths. `divisor` is positive and the result at most [`FixedPoint::LIMIT`].
    pub(crate) fn from_ratio(numerator: i128, divisor: i128) -> Self {
        Self(div_round(numerator, divisor))
    }

    /// True if it is a whole number of steps away from `origin`.
    pub fn is_on_step(self, origin: Self, step: Self) -> bool {
        (self.0 - origin.0) % step.0 == 0
    }
}

/// `value / divisor`, half away from zero; the one rounding rule of the project.
fn div_round(value: i128, divisor: i128) -> i64 {
    let half = divisor / 2;
    let away = if value < 0 {
        value - half
    } else {
        value + half
    };
    i64::try_from(away / divisor).expect("magnitudes are bounded by Fixed::LIMIT")
}

impl Add for FixedPoint {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for FixedPoint {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for FixedPoint {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl fmt::Debug for FixedPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FixedPoint(redacted)")
    }
}

/// The shortest decimal: "7.5", "-9", "0.000001". For catalogues and figures, never for answers.
impl fmt::Display for FixedPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (
            self.0.unsigned_abs() / 1_000_000,
            self.0.unsigned_abs() % 1_000_000,
        );
        let digits = format!("{part:06}");
        match digits.trim_end_matches('0') {
            "" => write!(f, "{sign}{whole}"),
            digits => write!(f, "{sign}{whole}.{digits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_half_away_from_zero() {
        let check = |value: f64, grain: f64, expect: &str| {
            let (value, grain) = (
                FixedPoint::from_f64(value).unwrap(),
                FixedPoint::from_f64(grain).unwrap(),
            );
            assert_eq!(value.round_to(grain).to_string(), expect);
        };
        check(0.5, 1.0, "1");
        check(-0.5, 1.0, "-1");
        check(2.449, 0.1, "2.4");
        check(2.45, 0.1, "2.5");
        check(-2.45, 0.1, "-2.5");
        check(61.4999, 1.0, "61");
    }

    #[test]
    fn only_decimals_of_six_places_are_taken() {
        assert_eq!(
            FixedPoint::from_f64(0.1 + 0.2).map(FixedPoint::micros),
            Some(300_000)
        );
        assert_eq!(FixedPoint::from_f64(0.000_000_5), None);
        assert_eq!(FixedPoint::from_f64(f64::NAN), None);
        assert_eq!(FixedPoint::from_f64(f64::INFINITY), None);
        assert_eq!(FixedPoint::from_f64(1e7), None);
    }
}
