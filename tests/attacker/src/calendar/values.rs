//! What a measure says of one member. Comes in: what is known of it. Goes out: its values and its
//! part, as the catalogue's texts say.

use crate::clinic::catalogues::ONE;
use crate::clinic::{Day, Ending, Form};
use crate::public::{Condition, Measure, Reading, Value, Variable};

/// What is known of a member.
pub(super) enum Known<'a> {
    /// One form, and how many there are.
    Session { form: &'a Form, forms: usize },
    /// All forms of an episode with their days, in order; its first and last day and its end.
    Episode {
        forms: &'a [(Day, &'a Form)],
        days: (Day, Day),
        ending: Ending,
    },
    /// What is known of a survey code.
    Code { answered: bool },
}

impl Known<'_> {
    fn number(&self, value: Value) -> Option<i64> {
        let scores = |scale: usize| match self {
            Self::Episode { forms, .. } => {
                let scores = forms.iter().filter_map(|(_, form)| form.scores[scale]);
                scores.collect::<Vec<i64>>()
            }
            Self::Session { .. } | Self::Code { .. } => Vec::new(),
        };
        let last = |scale| scores(scale).get(1..)?.last().copied();
        match (value, self) {
            (Value::Score(scale), Self::Session { form, .. }) => form.scores[scale],
            (Value::First(scale), _) => scores(scale).first().copied(),
            (Value::Last(scale), _) => last(scale),
            (Value::Change(scale), _) => Some(last(scale)? - scores(scale)[0]),
            (Value::Forms, Self::Session { forms, .. }) => Some(*forms as i64 * ONE),
            (Value::Forms, Self::Episode { forms, .. }) => Some(forms.len() as i64 * ONE),
            (Value::Days, Self::Episode { days, .. }) => {
                Some((days.1.number() - days.0.number()).max(0) * ONE)
            }
            (Value::Gap, Self::Episode { forms, days, .. }) => {
                Some(gap(forms, days.0, days.1) * ONE)
            }
            (Value::Unplanned, Self::Episode { ending, .. }) => {
                Some(flag(*ending == Ending::Unplanned))
            }
            (Value::Transfer, Self::Episode { ending, .. }) => {
                Some(flag(*ending == Ending::Transfer))
            }
            (Value::Answered, Self::Code { answered }) => Some(flag(*answered)),
            _ => None,
        }
    }

    /// `None` where a number is not known.
    fn all_hold(&self, conditions: &[Condition]) -> Option<bool> {
        let each = conditions
            .iter()
            .map(|one| Some((one, self.number(one.value)?)));
        let each: Option<Vec<_>> = each.collect();
        Some(each?.into_iter().all(|(one, number)| one.holds(number)))
    }
}

/// All variables; none of them unless every one is known.
pub(super) fn values(measure: &Measure, known: &Known<'_>) -> Option<Vec<i64>> {
    let of = |variable: &Variable| {
        let number = match &variable.reading {
            Reading::Number(value) => known.number(*value)?,
            Reading::Flag(conditions) => flag(known.all_hold(conditions)?),
        };
        Some(variable.shown(number))
    };
    measure.variables.iter().map(of).collect()
}

/// The part; empty where there is none. Nobody has one of whom it is not known.
pub(super) fn part<'a>(measure: &'a Measure, known: &Known<'_>) -> Option<&'a str> {
    let Some(part) = &measure.part else {
        return Some("");
    };
    let then = known.all_hold(&part.when)?;
    Some(if then { &part.then } else { &part.otherwise })
}

/// The longest time between two of: the first day, the forms up to the last day, the last day.
fn gap(forms: &[(Day, &Form)], from: Day, to: Day) -> i64 {
    if to < from {
        return 0;
    }
    let mut days: Vec<i64> = vec![from.number(), to.number()];
    let inside = forms.iter().filter(|(day, _)| (from..=to).contains(day));
    days.extend(inside.map(|(day, _)| day.number()));
    days.sort_unstable();
    days.windows(2)
        .map(|two| two[1] - two[0])
        .max()
        .unwrap_or(0)
}

fn flag(holds: bool) -> i64 {
    if holds { ONE } else { 0 }
}
