//! What a figure can be. Comes in: an indicator and its measure. Goes out: the least and the most,
//! in the unit of the figure. The invariant: lines that are drawn end here; rules and places in a
//! funnel look at lines that are not cut.

use medvirk_domain::catalogue::{Indicator, IndicatorFigure as Made, IndicatorKind, Measure};
use medvirk_domain::ids::VariableId;

/// No least and no most value.
const ANYTHING: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

/// The least and the most that an indicator can be.
pub(super) fn possible(indicator: &Indicator, measure: &Measure) -> (f64, f64) {
    let of = |id: &VariableId| {
        let variable = measure.variables.iter().find(|variable| variable.id == *id);
        variable.map_or(ANYTHING, |it| (it.min.to_f64(), it.max.to_f64()))
    };
    let has_no_negative = |id: &VariableId| of(id).0 >= 0.0;
    match (indicator.kind, &indicator.figure) {
        (IndicatorKind::Proportion, _) => (0.0, 100.0),
        (IndicatorKind::EffectSize, _) => ANYTHING,
        // A total has no most: there may be ever so many persons.
        (IndicatorKind::Count, made) if made.variables().into_iter().all(has_no_negative) => {
            (0.0, f64::INFINITY)
        }
        (IndicatorKind::Count, _) => ANYTHING,
        (_, Made::Variable(one)) => of(one),
        (_, Made::SumOf(one, other)) => (of(one).0 + of(other).0, of(one).1 + of(other).1),
        (_, Made::Ratio(one, other)) if has_no_negative(one) && has_no_negative(other) => {
            (0.0, f64::INFINITY)
        }
        (_, Made::Ratio(..) | Made::Standardised(..)) => ANYTHING,
    }
}
