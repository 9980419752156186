//! The rules that instruments must keep.

use std::collections::BTreeSet;

use super::titles::check_titles;
use crate::catalogue::draft::CatalogueDraft;
use crate::catalogue::instrument::{Instrument, Item, Scale, ScoringMethod};
use crate::catalogue::problem::{CatalogueLimits, ProblemReport};
use crate::catalogue::scoring::lcm;
use crate::fixed::FixedPoint;

/// The largest magnitude of a value, a score or a bound.
pub(super) const LARGEST: FixedPoint = FixedPoint::from_int(100_000);

/// The largest common divisor of an index, so that its sums fit 128 bits.
const LARGEST_DIVISOR: i128 = 1_000_000_000_000_000_000;

/// A version counts from 1.
pub(super) fn version(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (element, instrument) in instruments(draft) {
        if instrument.version == 0 {
            let element = format!("{element}/version");
            report.add(&element, "version", "versions count from 1");
        }
    }
}

/// Somebody may fill it in.
pub(super) fn respondents(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, instrument) in instruments(draft) {
        if instrument.respondents.is_empty() {
            let element = format!("{element}/respondents");
            report.add(&element, "respondents", "nobody may fill it in");
        }
    }
}

/// An item's values lie on a finite grid.
pub(super) fn item_range(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, instrument) in instruments(draft) {
        for item in &instrument.items {
            if let Some(message) = wrong_grid(item.min, item.max, item.step) {
                let element = format!("{element}/item/{}", item.id);
                report.add(&element, "item-range", message);
            }
        }
    }
}

/// What a value stands for is said once, of values that the item has.
pub(super) fn item_values(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, instrument) in instruments(draft) {
        for item in &instrument.items {
            let element = format!("{element}/item/{}", item.id);
            let mut said = BTreeSet::new();
            for coded in &item.values {
                let steps = (coded.value - item.min).micros();
                let step = item.step.micros().max(1);
                let on_grid = steps % step == 0 && (item.min..=item.max).contains(&coded.value);
                if !on_grid {
                    let message = format!("{} is not a value of the item", coded.value);
                    report.add(&element, "item-values", message);
                }
                if !said.insert(coded.value) {
                    let message = format!("{} is there twice", coded.value);
                    report.add(&element, "item-values", message);
                }
                check_titles(&element, &coded.label, report);
            }
        }
    }
}

/// A scale's range is the one that its items allow; one without items has min, max and step.
pub(super) fn scale_range(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, instrument, scale) in scales(draft) {
        let wrong = match scale.method.derived_range(&scale.items, &instrument.items) {
            Some((min, max)) if (min, max) != (scale.min, scale.max) => {
                Some(format!("its items allow scores from {min} to {max}"))
            }
            Some(_) => None,
            None => match scale.total_step {
                Some(step) => wrong_grid(scale.min, scale.max, step),
                None => Some("a scale without items needs min, max and step".to_owned()),
            },
        };
        if let Some(message) = wrong {
            report.add(&format!("{element}/max"), "scale-range", message);
        }
    }
}

/// A score can be computed: enough items, of ranges that go together.
pub(super) fn scale_method(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, instrument, scale) in scales(draft) {
        let count = scale.items.len();
        let items = || scale.items.iter().map(|place| &instrument.items[*place]);
        match scale.method {
            ScoringMethod::Sum => {}
            ScoringMethod::Index { min_answered } | ScoringMethod::Mean { min_answered }
                if !(1..=count).contains(&min_answered) =>
            {
                let element = format!("{element}/min_answered");
                let message = format!("must be from 1 to the number of items, {count}");
                report.add(&element, "scale-method", message);
            }
            ScoringMethod::Mean { .. } if !same_range(items()) => {
                let message = "the items of a mean must have the same range";
                report.add(&element, "scale-method", message);
            }
            ScoringMethod::Index { .. } if common_divisor(items()).is_none() => {
                let message =
                    "the ranges of its items have no common multiple that is small enough";
                report.add(&element, "scale-method", message);
            }
            ScoringMethod::Index { .. } | ScoringMethod::Mean { .. } => {}
        }
    }
}

/// The scale whose total may be sent alone is there and is a sum; one without items is that scale.
pub(super) fn total_only(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, instrument) in instruments(draft) {
        let Some(total) = &instrument.total_only else {
            continue;
        };
        let named = instrument.scale(total);
        let wrong = match named.map(|scale| scale.method) {
            Some(ScoringMethod::Sum) => continue,
            Some(_) => format!("{total} is not a sum: its total cannot be sent alone"),
            None => format!("there is no scale {total}"),
        };
        report.add(&format!("{element}/total_only"), "total-only", wrong);
    }
    for (element, instrument, scale) in scales(draft) {
        let sent_alone = instrument.total_only.as_ref() == Some(&scale.id);
        if scale.items.is_empty() && !sent_alone {
            let message = "has no items, and its total may not be sent alone";
            report.add(&element, "total-only", message);
        }
    }
}

/// An instrument, its items and its scales have titles.
pub(super) fn instrument_title(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, instrument) in instruments(draft) {
        check_titles(&format!("{element}/title"), &instrument.title, report);
        for item in &instrument.items {
            let element = format!("{element}/item/{}", item.id);
            check_titles(&element, &item.label, report);
        }
    }
    for (element, _, scale) in scales(draft) {
        check_titles(&element, &scale.title, report);
    }
}

/// What is wrong with a range and its step; a range within ±100,000 of whole steps is right.
pub(super) fn wrong_grid(min: FixedPoint, max: FixedPoint, step: FixedPoint) -> Option<String> {
    if step <= FixedPoint::ZERO {
        return Some("its step must be above 0".to_owned());
    }
    if min >= max {
        return Some(format!("min {min} must be below max {max}"));
    }
    if min < -LARGEST || max > LARGEST {
        return Some(format!("must lie between -{LARGEST} and {LARGEST}"));
    }
    let whole = max.is_on_step(min, step);
    (!whole).then(|| format!("from {min} to {max} is not a whole number of steps of {step}"))
}

fn same_range<'a>(mut items: impl Iterator<Item = &'a Item>) -> bool {
    let Some(first) = items.next() else {
        return true;
    };
    items.all(|item| (item.min, item.max) == (first.min, first.max))
}

fn common_divisor<'a>(items: impl Iterator<Item = &'a Item>) -> Option<i128> {
    let mut ranges = items.map(|item| i128::from((item.max - item.min).micros()));
    ranges.try_fold(1, |common, range| {
        // A wrong range is a problem of its own.
        let common = lcm(common, range.max(1));
        (common <= LARGEST_DIVISOR).then_some(common)
    })
}

pub(super) fn instruments(draft: &CatalogueDraft) -> impl Iterator<Item = (String, &Instrument)> {
    draft
        .instruments
        .iter()
        .map(|((id, version), instrument)| (format!("instrument/{id}/{version}"), instrument))
}

pub(super) fn scales(
    draft: &CatalogueDraft,
) -> impl Iterator<Item = (String, &Instrument, &Scale)> {
    instruments(draft).flat_map(|(element, instrument)| {
        instrument.scales.iter().map(move |scale| {
            let element = format!("{element}/scale/{}", scale.id);
            (element, instrument, scale)
        })
    })
}
