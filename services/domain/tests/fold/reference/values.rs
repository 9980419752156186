//! §4.1 of the reference: what a measure knows of one member of its population. Comes in: scored
//! forms. Goes out: the part and one value per variable, in millionths, or nothing at all.

use medvirk_domain::catalogue::{Condition, Measure, Test, Value, Variable, VariableValue};
use medvirk_domain::ids::ScaleId;

use super::Filled;

const ONE: i64 = 1_000_000;

/// What is known of a member of a population.
pub(crate) enum Facts {
    /// The form of a session, and how many of its kind there are in the month.
    Session(Filled, usize),
    /// The forms of an episode, in order.
    Episode(Vec<Filled>),
    /// The survey.
    Survey(Filled),
    /// Whether the code was answered.
    Invitation(bool),
}

/// The part (empty where there is none) and the values; `None` where anything is not known.
pub(crate) fn part_and_values(measure: &Measure, facts: &Facts) -> Option<(String, Vec<i64>)> {
    if matches!(facts, Facts::Episode(forms) if forms.is_empty()) {
        return None;
    }
    let part = match &measure.parts {
        None => String::new(),
        Some(parts) if all_hold(&parts.when, facts)? => parts.then.to_string(),
        Some(parts) => parts.otherwise.to_string(),
    };
    let mut values = Vec::new();
    for variable in &measure.variables {
        let value = match &variable.value {
            VariableValue::Number(number) => known(number, facts)?,
            VariableValue::Flag(conditions) => i64::from(all_hold(conditions, facts)?) * ONE,
        };
        values.push(settled(value, variable));
    }
    Some((part, values))
}

fn all_hold(conditions: &[Condition], facts: &Facts) -> Option<bool> {
    let mut hold = true;
    for condition in conditions {
        let value = known(&condition.value, facts)?;
        hold &= match condition.test {
            Test::AtMost(bound) => value <= bound.micros(),
            Test::AtLeast(bound) => value >= bound.micros(),
            Test::Below(bound) => value < bound.micros(),
            Test::Above(bound) => value > bound.micros(),
        };
    }
    Some(hold)
}

fn known(value: &Value, facts: &Facts) -> Option<i64> {
    match (value, facts) {
        (Value::Score(scale), Facts::Session(form, _) | Facts::Survey(form)) => form.scores[scale],
        (Value::Forms, Facts::Session(_, count)) => Some(*count as i64 * ONE),
        (Value::Forms, Facts::Episode(forms)) => Some(forms.len() as i64 * ONE),
        (Value::First(scale), Facts::Episode(forms)) => scores(forms, scale).first().copied(),
        (Value::Last(scale), Facts::Episode(forms)) => two(forms, scale).map(|(_, last)| last),
        (Value::Change(scale), Facts::Episode(forms)) => {
            two(forms, scale).map(|(first, last)| last - first)
        }
        (Value::Answered, Facts::Invitation(answered)) => Some(i64::from(*answered) * ONE),
        _ => panic!("the measure asks for what its population does not have"),
    }
}

fn scores(forms: &[Filled], scale: &ScaleId) -> Vec<i64> {
    forms.iter().filter_map(|form| form.scores[scale]).collect()
}

/// The first and the last score, where there are two.
fn two(forms: &[Filled], scale: &ScaleId) -> Option<(i64, i64)> {
    let scores = scores(forms, scale);
    (scores.len() >= 2).then(|| (scores[0], scores[scores.len() - 1]))
}

/// Clamped, and rounded to the grain, half away from zero.
fn settled(value: i64, variable: &Variable) -> i64 {
    let clamped = value.max(variable.min.micros()).min(variable.max.micros());
    let grain = variable.grain.micros();
    let steps = (2 * clamped.abs() + grain) / (2 * grain);
    clamped.signum() * steps * grain
}
