//! Rules of what is said about scores: cut-offs, alerts, norms.

use super::instrument::{instruments, scales};
use crate::catalogue::draft::CatalogueDraft;
use crate::catalogue::instrument::{AlertWhen, ClinicalCutoff, ExpectedScore, Instrument, Scale};
use crate::catalogue::problem::{CatalogueLimits, ProblemReport};
use crate::fixed::FixedPoint;

/// The age band that is assumed is one of the instrument's.
pub(super) fn ages(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (element, instrument) in instruments(draft) {
        match instrument.default_age {
            Some(age) if !instrument.ages.contains(&age) => {
                let message = format!("{} is none of the ages", age.as_str());
                report.add(&format!("{element}/default_age"), "ages", message);
            }
            None if !instrument.ages.is_empty() => {
                let message = "needs default_age: what is assumed where a form names none";
                report.add(&format!("{element}/ages"), "ages", message);
            }
            Some(_) | None => {}
        }
    }
}

/// Cut-offs and reliable change lie within the scale's range; at most one cut-off is for any
/// respondent and age band that may fill in the form.
pub(super) fn cutoff(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (element, instrument, scale) in scales(draft) {
        let (min, max) = (scale.min, scale.max);
        for (place, cutoff) in scale.cutoffs.iter().enumerate() {
            let wrong = if cutoff.value < min || cutoff.value > max {
                Some(format!("must be from {min} to {max}"))
            } else {
                wrong_group(instrument, cutoff, &scale.cutoffs[..place])
            };
            if let Some(message) = wrong {
                report.add(&format!("{element}/cutoff/{place}"), "cutoff", message);
            }
        }
        let change = scale.reliable_change;
        if change.is_some_and(|it| it <= FixedPoint::ZERO || it > max - min) {
            let message = format!("must be above 0 and at most {}", max - min);
            report.add(&format!("{element}/reliable_change"), "cutoff", message);
        }
    }
}

fn wrong_group(
    instrument: &Instrument,
    cutoff: &ClinicalCutoff,
    before: &[ClinicalCutoff],
) -> Option<String> {
    let stranger = cutoff
        .respondent
        .filter(|it| !instrument.respondents.contains(it));
    if let Some(who) = stranger {
        return Some(format!("{} does not fill it in", who.as_str()));
    }
    let stranger = cutoff.age.filter(|it| !instrument.ages.contains(it));
    if let Some(age) = stranger {
        return Some(format!("{} is none of the ages", age.as_str()));
    }
    let twice = before.iter().any(|it| it.overlaps(cutoff));
    twice.then(|| "another cut-off is for the same respondent and age".to_owned())
}

/// An alert looks at a scale, at something that can happen to its score.
pub(super) fn alert(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (element, instrument) in instruments(draft) {
        for alert in &instrument.alerts {
            let scale = instrument.scale(&alert.scale);
            let wrong = match scale {
                None => Some(format!("there is no scale {}", alert.scale)),
                Some(scale) => wrong_alert(draft, scale, &alert.when),
            };
            if let Some(message) = wrong {
                let element = format!("{element}/alert/{}", alert.id);
                report.add(&element, "alert", message);
            }
        }
    }
}

fn wrong_alert(draft: &CatalogueDraft, scale: &Scale, when: &AlertWhen) -> Option<String> {
    let no_cutoff = || {
        scale
            .cutoffs
            .is_empty()
            .then(|| "the scale has no cut-off".to_owned())
    };
    let no_change = || {
        let none = scale.reliable_change.is_none();
        none.then(|| "the scale has no reliable change".to_owned())
    };
    let range = scale.max - scale.min;
    match when {
        AlertWhen::Below(bound) if *bound <= scale.min => {
            Some(format!("no score is below {bound}"))
        }
        AlertWhen::Above(bound) if *bound >= scale.max => {
            Some(format!("no score is above {bound}"))
        }
        AlertWhen::Below(_) | AlertWhen::Above(_) => None,
        AlertWhen::Clinical | AlertWhen::StartsOutsideClinical => no_cutoff(),
        AlertWhen::Opens => {
            let always = scale.adaptive.is_none();
            always.then(|| "the scale is always asked in full".to_owned())
        }
        AlertWhen::WorseThanLast(by) | AlertWhen::WorseThanFirst(by) => {
            let possible = *by > FixedPoint::ZERO && *by <= range;
            (!possible).then(|| format!("by must be above 0 and at most {range}"))
        }
        AlertWhen::NoChange { scores } if *scores < 2 => {
            Some("scores must be 2 or more: one score is no change".to_owned())
        }
        AlertWhen::NoChange { .. } => no_change(),
        AlertWhen::Recovered => no_cutoff().or_else(no_change),
        AlertWhen::WorseThanExpected(expected) => wrong_expected(draft, scale, expected),
    }
}

/// An expected score can be compared: it is a scale of the same range and direction, in every
/// version of its instrument.
fn wrong_expected(
    draft: &CatalogueDraft,
    scale: &Scale,
    expected: &ExpectedScore,
) -> Option<String> {
    let ExpectedScore {
        instrument: id,
        scale: of,
    } = expected;
    let instruments = draft.instruments.iter();
    let mut versions = instruments.filter(|((known, _), _)| known == id).peekable();
    if versions.peek().is_none() {
        return Some(format!("there is no instrument {id}"));
    }
    versions.find_map(|((_, version), instrument)| {
        let other = instrument.scale(of);
        let alike = |other: &Scale| {
            (other.min, other.max, other.higher_is_better)
                == (scale.min, scale.max, scale.higher_is_better)
        };
        match other {
            None => Some(format!("{id} version {version} has no scale {of}")),
            Some(other) if !alike(other) => Some(format!(
                "{of} of {id} version {version} has another range or direction"
            )),
            Some(_) => None,
        }
    })
}

/// A scale is compared with the population of its instrument, by figures that there can be.
pub(super) fn norm(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (element, instrument, scale) in scales(draft) {
        let Some(norm) = scale.norm else {
            continue;
        };
        let wrong = if instrument.norm.is_none() {
            "the instrument names no norm that this would belong to".to_owned()
        } else if norm.sd <= FixedPoint::ZERO {
            "its sd must be above 0".to_owned()
        } else if norm.mean < scale.min || norm.mean > scale.max {
            format!("its mean must be from {} to {}", scale.min, scale.max)
        } else if norm.n == 0 {
            "its n must be 1 or more".to_owned()
        } else {
            continue;
        };
        report.add(&format!("{element}/norm"), "norm", wrong);
    }
}
