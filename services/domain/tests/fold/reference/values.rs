//! §4.1 of the reference: what a measure knows of one member of its population. Comes in: scored
//! forms. Goes out: the part and one value per variable, in millionths, or nothing at all.

use medvirk_domain::catalogue::{
    Condition, ConditionTest, Measure, MemberValue, Variable, VariableValue,
};
use medvirk_domain::ids::ScaleId;
use medvirk_domain::record::EpisodeEnding;
use medvirk_domain::time::Day;

use super::{Bounds, Filled};

const ONE: i64 = 1_000_000;

/// What is known of a member of a population.
pub(crate) enum Facts {
    /// The form of a session, and how many of its kind there are in the month.
    Session(Filled, usize),
    /// The forms of an episode with their days, in order; its first and last day and its end.
    Episode(Vec<(Day, Filled)>, (Day, Day), EpisodeEnding),
    /// The form that answered a survey code.
    Survey(Filled),
    /// Whether the code was answered.
    Invitation(bool),
}

/// The part (empty where there is none) and the values; `None` where anything is not known.
pub(crate) fn part_and_values(measure: &Measure, facts: &Facts) -> Option<(String, Vec<i64>)> {
    if matches!(facts, Facts::Episode(forms, ..) if forms.is_empty()) {
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
            ConditionTest::AtMost(bound) => value <= bound.micros(),
            ConditionTest::AtLeast(bound) => value >= bound.micros(),
            ConditionTest::Below(bound) => value < bound.micros(),
            ConditionTest::Above(bound) => value > bound.micros(),
        };
    }
    Some(hold)
}

fn known(value: &MemberValue, facts: &Facts) -> Option<i64> {
    match (value, facts) {
        (MemberValue::Score(scale), Facts::Session(form, _) | Facts::Survey(form)) => {
            form.scores[scale]
        }
        (MemberValue::Forms, Facts::Session(_, count)) => Some(*count as i64 * ONE),
        (MemberValue::Forms, Facts::Episode(forms, ..)) => Some(forms.len() as i64 * ONE),
        (MemberValue::First(scale), Facts::Episode(forms, ..)) => {
            scores(forms, scale).first().map(|(score, _)| *score)
        }
        (MemberValue::Last(scale), Facts::Episode(forms, ..)) => {
            two(forms, scale).map(|(_, (last, _))| last)
        }
        (MemberValue::Change(scale), Facts::Episode(forms, ..)) => {
            two(forms, scale).map(|((first, _), (last, _))| last - first)
        }
        (MemberValue::FirstClinical(scale), Facts::Episode(forms, ..)) => {
            clinical(scores(forms, scale).first()?)
        }
        (MemberValue::LastClinical(scale), Facts::Episode(forms, ..)) => {
            clinical(&two(forms, scale)?.1)
        }
        (MemberValue::Improved(scale), Facts::Episode(forms, ..)) => gained(forms, scale, 1),
        (MemberValue::Deteriorated(scale), Facts::Episode(forms, ..)) => gained(forms, scale, -1),
        (MemberValue::Days, Facts::Episode(_, (from, to), _)) => {
            Some(if to > from { to.0 - from.0 } else { 0 } as i64 * ONE)
        }
        (MemberValue::Gap, Facts::Episode(forms, (from, to), _)) => {
            let mut days: Vec<i32> = forms.iter().map(|(day, _)| day.0).collect();
            days.retain(|day| (from.0..=to.0).contains(day));
            days.extend([from.0, to.0.max(from.0)]);
            days.sort_unstable();
            let gaps = days.windows(2).map(|two| two[1] - two[0]);
            gaps.max().map(|gap| i64::from(gap) * ONE)
        }
        (MemberValue::Ended(wanted), Facts::Episode(_, _, how)) => {
            Some(i64::from(wanted == how) * ONE)
        }
        (MemberValue::Answered, Facts::Invitation(answered)) => Some(i64::from(*answered) * ONE),
        _ => panic!("the measure asks for what its population does not have"),
    }
}

/// A score and what it is judged by.
type Judged<'a> = (i64, &'a Bounds);

fn scores<'a>(forms: &'a [(Day, Filled)], scale: &ScaleId) -> Vec<Judged<'a>> {
    let score = |(_, form): &'a (Day, Filled)| Some((form.scores[scale]?, &form.bounds[scale]));
    forms.iter().filter_map(score).collect()
}

/// The first and the last score, where there are two.
fn two<'a>(forms: &'a [(Day, Filled)], scale: &ScaleId) -> Option<(Judged<'a>, Judged<'a>)> {
    let scores = scores(forms, scale);
    (scores.len() >= 2).then(|| (scores[0], scores[scores.len() - 1]))
}

/// A cut-off is no part of the clinical range.
fn clinical(judged: &Judged<'_>) -> Option<i64> {
    let (score, bounds) = judged;
    let cutoff = bounds.cutoff?;
    let inside = if bounds.higher_is_better {
        *score < cutoff
    } else {
        *score > cutoff
    };
    Some(i64::from(inside) * ONE)
}

/// A reliable change for the better (1) or the worse (−1), or more.
fn gained(forms: &[(Day, Filled)], scale: &ScaleId, way: i64) -> Option<i64> {
    let ((first, bounds), (last, _)) = two(forms, scale)?;
    let up = if bounds.higher_is_better { 1 } else { -1 };
    Some(i64::from((last - first) * up * way >= bounds.reliable_change?) * ONE)
}

/// Clamped, and rounded to the grain, half away from zero.
fn settled(value: i64, variable: &Variable) -> i64 {
    let clamped = value.max(variable.min.micros()).min(variable.max.micros());
    let grain = variable.grain.micros();
    let steps = (2 * clamped.abs() + grain) / (2 * grain);
    clamped.signum() * steps * grain
}
