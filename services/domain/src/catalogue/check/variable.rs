//! Rules of single variables.

use crate::catalogue::draft::CatalogueDraft;
use crate::catalogue::instrument::{Instrument, Scale, ScoringMethod};
use crate::catalogue::measure::{
    CombinedValues, Measure, MemberValue, Population, Variable, VariableValue,
};
use crate::catalogue::problem::{CatalogueLimits, ProblemReport};
use crate::fixed::FixedPoint;

use super::instrument::wrong_grid;

/// The most values that a variable may have.
const MOST_STEPS: i64 = 1_001;

/// From so many steps on a score is fine: a spread says little of one person, and several
/// variables of it do not solve it.
const FINE: i64 = 20;

/// A measure says something.
pub(super) fn some_variable(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (id, measure) in &draft.measures {
        if measure.variables.is_empty() {
            let message = "a measure needs a variable";
            report.add(&format!("measure/{id}"), "some-variable", message);
        }
    }
}

/// A variable reads what is known of a member of the population, of a scale that there is.
pub(super) fn value_fits(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, measure, variable) in variables(draft) {
        if matches!(&variable.value, VariableValue::Flag(conditions) if conditions.is_empty()) {
            report.add(&element, "value-fits", "a flag needs a condition");
        }
        let values = variable.value.values().into_iter();
        let wrong = values.filter_map(|value| wrong_value(draft, measure, value));
        for message in wrong {
            report.add(&element, "value-fits", message);
        }
    }
}

/// Why a measure cannot read this; `None` if it can.
pub(super) fn wrong_value(
    draft: &CatalogueDraft,
    measure: &Measure,
    value: &MemberValue,
) -> Option<String> {
    let fits = match (&measure.population, value) {
        (
            Population::Session(_) | Population::Registered(_),
            MemberValue::Score(_) | MemberValue::Forms,
        )
        | (Population::Survey(_) | Population::FirstRegistered(_), MemberValue::Score(_))
        | (Population::Invitation, MemberValue::Answered) => true,
        (Population::EpisodeClosed(_) | Population::RegisteredEpisode(_), value) => {
            !matches!(value, MemberValue::Score(_) | MemberValue::Answered)
        }
        _ => false,
    };
    if !fits {
        return Some("is not known of a member of this population".to_owned());
    }
    let id = value.scale()?;
    // An unknown instrument is a problem of its own.
    let instrument = draft.instrument_of(measure)?;
    let Some(scale) = instrument.scale(id) else {
        return Some(format!("{} has no scale {id}", instrument.id));
    };
    let respondent = measure.population.form()?.respondent;
    let lacks = match value {
        MemberValue::FirstClinical(_) | MemberValue::LastClinical(_) => {
            let none = |age: Option<_>| scale.cutoff(respondent, age).is_none();
            let nowhere = instrument.judged_ages().into_iter().all(none);
            nowhere.then_some("cut-off for this respondent")
        }
        MemberValue::Improved(_) | MemberValue::Deteriorated(_) => {
            let none = scale.reliable_change.is_none();
            none.then_some("reliable change")
        }
        _ => None,
    };
    lacks.map(|what| format!("{id} of {} has no {what}", instrument.id))
}

/// The values lie on a finite grid of multiples of the grain, at most 1,001 of them; an index has
/// grain 1 or more, and flags and answered codes are 0 or 1.
pub(super) fn range(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    const RULE: &str = "variable-range";
    for (element, measure, variable) in variables(draft) {
        let (min, max, grain) = (variable.min, variable.max, variable.grain);
        let place = format!("{element}/grain");
        if let Some(message) = wrong_grid(min, max, grain) {
            report.add(&place, RULE, message);
            continue;
        }
        if !min.is_on_step(FixedPoint::ZERO, grain) {
            let message = format!("min {min} is not a multiple of {grain}");
            report.add(&place, RULE, message);
        }
        if variable.steps() > MOST_STEPS {
            let message = format!("{} values are more than {MOST_STEPS}", variable.steps());
            report.add(&place, RULE, message);
        }
        if reads_index(draft, measure, variable) && grain < FixedPoint::ONE {
            report.add(&place, RULE, "the grain of an index is at least 1");
        }
        if variable.value.is_two_valued()
            && (min, max, grain) != (FixedPoint::ZERO, FixedPoint::ONE, FixedPoint::ONE)
        {
            report.add(&place, RULE, "a flag is 0 or 1");
        }
    }
}

/// Only numbers of forms in `month` measures are added up over the months of a person.
pub(super) fn over(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (element, measure, variable) in variables(draft) {
        let count = matches!(variable.value, VariableValue::Number(MemberValue::Forms));
        let by_month = matches!(
            measure.population,
            Population::Session(_) | Population::Registered(_)
        );
        if variable.over == CombinedValues::Sum && !(count && by_month) {
            let message = "only the number of forms of a month measure is added up";
            report.add(&format!("{element}/over"), "over", message);
        }
    }
}

/// A sum of squares says too much of a coarse variable.
pub(super) fn spread(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (element, _, variable) in variables(draft) {
        let fine = variable.grain > FixedPoint::ZERO && variable.steps() >= FINE;
        if variable.spread && !fine {
            let message = format!("a spread needs a variable of at least {FINE} values");
            report.add(&format!("{element}/spread"), "spread", message);
        }
    }
}

/// At most two variables read a score of few steps; scores that share an item count together.
pub(super) fn two_per_coarse_score(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (id, measure) in &draft.measures {
        let Some(instrument) = draft.instrument_of(measure) else {
            continue;
        };
        for scale in instrument
            .scales
            .iter()
            .filter(|it| is_coarse(instrument, it))
        {
            let readers = measure.variables.iter().filter(|variable| {
                reads(variable, instrument)
                    .any(|read| is_coarse(instrument, read) && overlap(read, scale))
            });
            if let Some(third) = readers.map(|it| &it.id).nth(2) {
                let element = format!("measure/{id}/variable/{third}");
                let message = format!(
                    "it is the third that reads {}, a score of fewer than {FINE} steps",
                    scale.id
                );
                report.add(&element, "two-per-coarse-score", message);
                break;
            }
        }
    }
}

/// An adaptive scale is read only where its trigger alone gives a score: else the answer to the
/// trigger would decide who counts.
pub(super) fn opened_scale(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (id, measure) in &draft.measures {
        let Some(instrument) = draft.instrument_of(measure) else {
            continue;
        };
        let parts = measure.parts.iter().flat_map(|parts| &parts.when);
        let parts = parts.map(|condition| ("parts".to_owned(), &condition.value));
        let variables = measure.variables.iter().flat_map(|variable| {
            let element = format!("variable/{}", variable.id);
            let values = variable.value.values().into_iter();
            values.map(move |value| (element.clone(), value))
        });
        for (element, value) in variables.chain(parts) {
            let scale = value.scale().and_then(|id| instrument.scale(id));
            if let Some(scale) = scale.filter(|scale| !scale.is_scored_by_its_trigger()) {
                let message = format!(
                    "{} of {} has no score where its trigger closes it, so an answer would decide \
                     who counts",
                    scale.id, instrument.id
                );
                report.add(&format!("measure/{id}/{element}"), "opened-scale", message);
            }
        }
    }
}

fn reads<'a>(
    variable: &'a Variable,
    instrument: &'a Instrument,
) -> impl Iterator<Item = &'a Scale> {
    variable
        .value
        .values()
        .into_iter()
        .filter_map(|value| instrument.scale(value.scale()?))
}

fn overlap(one: &Scale, other: &Scale) -> bool {
    one.id == other.id || one.items.iter().any(|item| other.items.contains(item))
}

fn is_coarse(instrument: &Instrument, scale: &Scale) -> bool {
    steps_of(instrument, scale).is_some_and(|steps| steps < FINE)
}

/// How many scores there are when everything is answered; `None` if its ranges are wrong.
fn steps_of(instrument: &Instrument, scale: &Scale) -> Option<i64> {
    let between = |min: FixedPoint, max: FixedPoint, step: FixedPoint| {
        (step > FixedPoint::ZERO).then(|| (max.micros() - min.micros()) / step.micros())
    };
    if let Some(step) = scale.total_step {
        return between(scale.min, scale.max, step).map(|steps| steps + 1);
    }
    let items = scale.items.iter().map(|place| &instrument.items[*place]);
    items
        .map(|item| between(item.min, item.max, item.step))
        .sum::<Option<i64>>()
        .map(|steps| steps + 1)
}

fn reads_index(draft: &CatalogueDraft, measure: &Measure, variable: &Variable) -> bool {
    let VariableValue::Number(value) = &variable.value else {
        return false;
    };
    let scale = draft
        .instrument_of(measure)
        .zip(value.scale())
        .and_then(|(instrument, id)| instrument.scale(id));
    scale.is_some_and(|scale| matches!(scale.method, ScoringMethod::Index { .. }))
}

fn variables(draft: &CatalogueDraft) -> impl Iterator<Item = (String, &Measure, &Variable)> {
    draft.measures.iter().flat_map(|(id, measure)| {
        measure.variables.iter().map(move |variable| {
            let element = format!("measure/{id}/variable/{}", variable.id);
            (element, measure, variable)
        })
    })
}
