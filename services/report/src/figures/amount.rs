//! The value of a figure. Comes in: what an indicator is made of, and rows. Goes out: an exact
//! fraction. The invariant: whole numbers up to the last step, where one division gives the
//! nearest `f64`; comparisons with targets are made on the fraction.

use medvirk_domain::catalogue::{
    Indicator, IndicatorFigure as Made, IndicatorKind, IndicatorTarget,
};
use medvirk_domain::ids::VariableId;

use super::figure::TargetAttainment;
use super::table::ShownRow;

/// Millionths in a whole.
const MICRO: i128 = 1_000_000;

/// A fraction; the divisor is positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FigureFraction {
    over: i128,
    under: i128,
}

/// The sum of a variable over rows, in millionths. Rows without it add nothing.
pub(super) fn sum(rows: &[&ShownRow], id: &VariableId) -> i128 {
    ShownRow::each(rows.iter().copied(), id)
        .flatten()
        .map(|sum| i128::from(sum.sum))
        .sum()
}

/// The sum of each row's persons: what a mean divides by.
pub(super) fn members(rows: &[&ShownRow]) -> i128 {
    rows.iter().map(|row| i128::from(row.persons)).sum()
}

/// The mean of a variable over the members of rows; there is at least one.
pub(super) fn mean(rows: &[&ShownRow], id: &VariableId) -> f64 {
    FigureFraction::new(sum(rows, id), members(rows) * MICRO)
        .map_or(f64::NAN, FigureFraction::to_f64)
}

/// The value of an indicator over rows; `None` where there is nothing to divide by.
pub(super) fn amount(indicator: &Indicator, rows: &[&ShownRow]) -> Option<FigureFraction> {
    let per_member = members(rows) * MICRO;
    let (over, under) = match (&indicator.figure, indicator.kind) {
        (Made::Variable(one), IndicatorKind::Count) => (sum(rows, one), MICRO),
        (Made::Variable(one) | Made::Standardised(one, _), _) => (sum(rows, one), per_member),
        (Made::SumOf(one, other), _) => (sum(rows, one) + sum(rows, other), per_member),
        (Made::Ratio(one, other), _) => (sum(rows, one), sum(rows, other)),
    };
    let scale = match indicator.kind {
        IndicatorKind::Proportion => 100,
        IndicatorKind::Mean
        | IndicatorKind::Index
        | IndicatorKind::Count
        | IndicatorKind::EffectSize => 1,
    };
    FigureFraction::new(over * scale, under)
}

impl FigureFraction {
    fn new(over: i128, under: i128) -> Option<Self> {
        if under == 0 {
            return None;
        }
        // In lowest terms both fit an `f64` exactly for all but enormous sums.
        let divisor = gcd(over, under) * under.signum();
        Some(Self {
            over: over / divisor,
            under: under / divisor,
        })
    }

    /// As a floating-point number.
    pub(super) fn to_f64(self) -> f64 {
        self.over as f64 / self.under as f64
    }

    /// How it compares with a target.
    pub(super) fn attainment(
        self,
        target: IndicatorTarget,
        higher_is_better: bool,
    ) -> TargetAttainment {
        let reaches = |micros: i64| {
            let (value, bound) = (self.over * MICRO, i128::from(micros) * self.under);
            if higher_is_better {
                value >= bound
            } else {
                value <= bound
            }
        };
        if reaches(target.green.micros()) {
            TargetAttainment::High
        } else if reaches(target.yellow.micros()) {
            TargetAttainment::Moderate
        } else {
            TargetAttainment::Low
        }
    }
}

/// The greatest common divisor, positive unless both are nought.
fn gcd(one: i128, other: i128) -> i128 {
    let (mut a, mut b) = (one.abs(), other.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
