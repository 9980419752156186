//! Rules of what is asked, and of what stands for no value.

use super::instrument::{instruments, scales};
use crate::catalogue::draft::CatalogueDraft;
use crate::catalogue::instrument::{AdaptiveScale, Instrument, Item, Scale};
use crate::catalogue::problem::{CatalogueLimits, ProblemReport};
use crate::form::MissingReason;

/// A coding is declared where some item can be coded in two ways.
pub(super) fn coding(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (element, instrument) in instruments(draft) {
        if instrument.coding_declared && !instrument.items.iter().any(|item| item.reversed) {
            let message = "no item is reversed: there is nothing to declare";
            report.add(&format!("{element}/coding_declared"), "coding", message);
        }
    }
}

/// A sentinel is no answer, and stands for one reason.
pub(super) fn sentinel(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, instrument) in instruments(draft) {
        for (place, (value, reason)) in instrument.sentinels.iter().enumerate() {
            let answer = |item: &Item| (item.min..=item.max).contains(value);
            let before = &instrument.sentinels[..place];
            let wrong = if instrument.items.iter().any(answer) {
                format!("{value} is an answer of some item")
            } else if before.iter().any(|(twin, _)| twin == value) {
                format!("{value} is there already")
            } else if *reason == MissingReason::ByDesign {
                "what was not asked has no number".to_owned()
            } else {
                continue;
            };
            report.add(&format!("{element}/sentinel/{place}"), "sentinel", wrong);
        }
    }
}

/// A reason that counts as an answer is one that an item may give, and counts as one that an item
/// may have.
pub(super) fn missing_as(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, instrument, scale) in scales(draft) {
        let items = || scale.items.iter().map(|place| &instrument.items[*place]);
        for (place, (reason, value)) in scale.missing_as.iter().enumerate() {
            let before = &scale.missing_as[..place];
            let wrong = if *reason == MissingReason::ByDesign {
                "what was not asked counts as nothing".to_owned()
            } else if !items().any(|item| item.missing.contains(reason)) {
                format!("no item of the scale may be {}", reason.as_str())
            } else if !items().all(|item| (item.min..=item.max).contains(value)) {
                format!("{value} is not in the range of its items")
            } else if before.iter().any(|(twin, _)| twin == reason) {
                format!("{} is there already", reason.as_str())
            } else {
                continue;
            };
            report.add(
                &format!("{element}/missing_as/{place}"),
                "missing-as",
                wrong,
            );
        }
    }
}

/// An adaptive scale has something to open, and thresholds that can be passed.
pub(super) fn adaptive(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, instrument, scale) in scales(draft) {
        let Some(adaptive) = scale.adaptive else {
            continue;
        };
        if let Some(message) = wrong_adaptive(instrument, scale, &adaptive) {
            report.add(&format!("{element}/adaptive"), "adaptive", message);
        }
    }
}

fn wrong_adaptive(instrument: &Instrument, scale: &Scale, of: &AdaptiveScale) -> Option<String> {
    let trigger = &instrument.items[of.trigger];
    if scale.items.iter().all(|place| *place == of.trigger) {
        return Some("has no item besides its trigger".to_owned());
    }
    if of.opens_above < trigger.min || of.opens_above >= trigger.max {
        let (min, max) = (trigger.min, trigger.max);
        return Some(format!("opens_above must be from {min} to below {max}"));
    }
    if of.closes_below <= scale.min || of.closes_below > scale.max {
        let (min, max) = (scale.min, scale.max);
        return Some(format!(
            "closes_below must be above {min} and at most {max}"
        ));
    }
    None
}

/// Exactly the items that a closed scale leaves out, and those that are not asked at first, may be
/// missing by design.
pub(super) fn by_design(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, instrument) in instruments(draft) {
        for (place, item) in instrument.items.iter().enumerate() {
            let may = item.missing.contains(&MissingReason::ByDesign);
            let can = item.not_at_first || can_be_closed(instrument, place);
            let wrong = match (can, may) {
                (true, false) => "may be left out: by-design must be among its reasons",
                (false, true) => "is always asked: it cannot be missing by design",
                (true, true) | (false, false) => continue,
            };
            report.add(&format!("{element}/item/{}", item.id), "by-design", wrong);
        }
    }
}

/// True if some scale of the item is adaptive, all are, and it is no trigger.
fn can_be_closed(instrument: &Instrument, place: usize) -> bool {
    let adaptive = || instrument.scales.iter().filter_map(|scale| scale.adaptive);
    let is_trigger = adaptive().any(|adaptive| adaptive.trigger == place);
    let mut of = instrument
        .scales
        .iter()
        .filter(|scale| scale.items.contains(&place))
        .peekable();
    !is_trigger && of.peek().is_some() && of.all(|scale| scale.adaptive.is_some())
}
