//! What obeys every rule and can hardly be meant.

use crate::catalogue::draft::CatalogueDraft;
use crate::catalogue::instrument::{Instrument, Scale};
use crate::catalogue::measure::{
    Condition, ConditionTest, Indicator, IndicatorFigure, IndicatorKind, Measure, MemberValue,
    VariableValue,
};
use crate::catalogue::problem::{CatalogueLimits, ProblemReport};
use crate::fixed::FixedPoint;
use crate::ids::VariableId;

/// On a scale that reaches so far a level between 0 and 1 is one of another scale.
const WIDE: FixedPoint = FixedPoint::from_int(10);

/// A file has the name of what is in it; another version may have its number behind the id.
pub(super) fn file_name(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (id, version) in draft.instruments.keys() {
        let element = format!("instrument/{id}/{version}");
        let behind = ["-", ".", "-v", ".v"];
        let mut names = vec![id.to_string()];
        names.extend(behind.map(|between| format!("{id}{between}{version}")));
        look_at_name(draft, &element, "instruments", &names, report);
    }
    for id in draft.measures.keys() {
        let names = [id.to_string()];
        look_at_name(draft, &format!("measure/{id}"), "measures", &names, report);
    }
}

fn look_at_name(
    draft: &CatalogueDraft,
    element: &str,
    folder: &str,
    names: &[String],
    report: &mut ProblemReport<'_>,
) {
    let (file, _) = draft.sites.find(element);
    let path = |name: &String| format!("{folder}/{name}.toml");
    if !names.iter().any(|name| path(name) == file) {
        let message = format!(
            "the id is {}; a file has the name of what is in it, here {}",
            names[0],
            path(&names[0])
        );
        report.add(element, "file-name", message);
    }
}

/// A variable reaches as far as what it reads: what lies beyond is counted as its end.
pub(super) fn variable_range(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (id, measure) in &draft.measures {
        for variable in &measure.variables {
            let VariableValue::Number(value) = &variable.value else {
                continue;
            };
            let Some((min, max)) = range_of(draft, measure, value) else {
                continue;
            };
            let element = format!("measure/{id}/variable/{}", variable.id);
            // Where the end is no multiple of the grain, the one beside it is meant.
            let far = |one: FixedPoint, other: FixedPoint| {
                (one - other).micros().abs() >= variable.grain.micros().max(1)
            };
            if far(variable.min, min) {
                let message = format!("min is {}, and what it reads begins at {min}", variable.min);
                report.add(&format!("{element}/grain"), "range-meant", message);
            }
            if far(variable.max, max) {
                let message = format!("max is {}, and what it reads ends at {max}", variable.max);
                report.add(&format!("{element}/grain"), "range-meant", message);
            }
        }
    }
}

/// A condition may hold or not: a bound lies on the scale.
pub(super) fn condition(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (id, measure) in &draft.measures {
        for variable in &measure.variables {
            if let VariableValue::Flag(conditions) = &variable.value {
                let element = format!("measure/{id}/variable/{}", variable.id);
                look_at_conditions(draft, measure, &element, conditions, report);
            }
        }
        if let Some(parts) = &measure.parts {
            let element = format!("measure/{id}/parts");
            look_at_conditions(draft, measure, &element, &parts.when, report);
        }
    }
}

fn look_at_conditions(
    draft: &CatalogueDraft,
    measure: &Measure,
    element: &str,
    conditions: &[Condition],
    report: &mut ProblemReport<'_>,
) {
    for condition in conditions {
        let Some((min, max)) = range_of(draft, measure, &condition.value) else {
            continue;
        };
        let bound = match condition.test {
            ConditionTest::AtMost(bound)
            | ConditionTest::AtLeast(bound)
            | ConditionTest::Below(bound)
            | ConditionTest::Above(bound) => bound,
        };
        if !(min..=max).contains(&bound) {
            let message = format!("{bound} is not on the scale, which is from {min} to {max}");
            report.add(element, "bound-meant", message);
        }
    }
}

/// The values that this may have, where its scale says so.
fn range_of(
    draft: &CatalogueDraft,
    measure: &Measure,
    value: &MemberValue,
) -> Option<(FixedPoint, FixedPoint)> {
    let instrument: &Instrument = draft.instrument_of(measure)?;
    let scale: &Scale = instrument.scale(value.scale()?)?;
    let (min, max) = (scale.min, scale.max);
    match value {
        MemberValue::Score(_) | MemberValue::First(_) | MemberValue::Last(_) => Some((min, max)),
        MemberValue::Change(_) => Some((min - max, max - min)),
        _ => None,
    }
}

/// A level is on the scale on which the figure is shown.
pub(super) fn target(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for indicator in &draft.indicators {
        let (Some(target), Some(measure)) =
            (indicator.target, draft.measures.get(&indicator.measure))
        else {
            continue;
        };
        let levels = [target.green, target.yellow];
        let between = |level: &FixedPoint| *level > FixedPoint::ZERO && *level < FixedPoint::ONE;
        let of_one = levels.iter().any(between)
            || levels
                .iter()
                .all(|it| *it <= FixedPoint::ONE && *it >= FixedPoint::ZERO)
                && levels.contains(&FixedPoint::ONE);
        let element = format!("indicator/{}/{}/target", measure.id, indicator.id);
        let share = matches!(
            indicator.kind,
            IndicatorKind::Proportion | IndicatorKind::Index
        );
        if share && of_one {
            let message = format!(
                "{} and {} are levels of a figure from 0 to 1; this one is from 0 to 100, so write 60 \
                 for six in ten",
                target.green, target.yellow
            );
            report.add(&element, "target-meant", message);
        } else if indicator.kind == IndicatorKind::Mean
            && levels.iter().any(between)
            && is_wide(draft, measure, indicator)
        {
            let message = format!(
                "{} and {} are levels of a figure from 0 to 1; this one has the values of its scale",
                target.green, target.yellow
            );
            report.add(&element, "target-meant", message);
        }
    }
}

/// The figure is a mean of scores of a wide scale.
fn is_wide(draft: &CatalogueDraft, measure: &Measure, indicator: &Indicator) -> bool {
    let IndicatorFigure::Variable(id) = &indicator.figure else {
        return false;
    };
    let named = |id: &VariableId| measure.variables.iter().find(|it| it.id == *id);
    let Some(variable) = named(id) else {
        return false;
    };
    let scores = |value: &&MemberValue| {
        matches!(
            value,
            MemberValue::Score(_) | MemberValue::First(_) | MemberValue::Last(_)
        )
    };
    let values = variable.value.values();
    let ranges = values.into_iter().filter(scores);
    let mut ranges = ranges.filter_map(|value| range_of(draft, measure, value));
    ranges.any(|(_, max)| max >= WIDE)
}

/// An item whose values are codes has one for its highest value.
pub(super) fn last_code(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for ((id, version), instrument) in &draft.instruments {
        for item in &instrument.items {
            let highest = item.values.iter().map(|coded| coded.value).max();
            let Some(highest) = highest.filter(|it| *it < item.max) else {
                continue;
            };
            let step = item.step.micros().max(1);
            let below = (highest.micros() - item.min.micros()) / step + 1;
            let all_below = usize::try_from(below) == Ok(item.values.len());
            if all_below && item.values.len() > 1 {
                let message = format!(
                    "max is {}, and the last value that has a code is {highest}",
                    item.max
                );
                let element = format!("instrument/{id}/{version}/item/{}", item.id);
                report.add(&element, "range-meant", message);
            }
        }
    }
}
