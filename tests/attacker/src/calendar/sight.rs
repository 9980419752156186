//! What others see of everybody who may be in a row: how treatment ended, sex, age, numbers of
//! sessions, days; and nothing that only an answer tells. Comes in: the story and the calendar.
//! Goes out: for each close whoever may have entered a row there. The invariant: measures are
//! stripped of everything that reads an answer before anybody is looked at, so no answer decides
//! who is seen, and none is in what is seen.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Calendar;
use super::contribution::{Contribution, Identity};
use super::heard::Heard;
use crate::clinic::catalogues::ONE;
use crate::clinic::{Body, Story};
use crate::public::{Facts, Measure, On, Public, Reading, Value, Variable};

/// Somebody who may be in a row, with what others see.
#[derive(Debug, Clone)]
pub struct SeenMember {
    /// Who, where and since when; its part only where others see that.
    pub contribution: Contribution,
    /// How many forms there are, where it is known.
    pub forms: Option<i64>,
    /// By the place of the variable: its value where others see it, or for a flag that joins it
    /// with an answer 1 where what they see of it holds.
    pub values: BTreeMap<usize, i64>,
}

/// Whoever may have entered a row, by close.
pub type Sight = BTreeMap<i32, Vec<SeenMember>>;

/// How much of a variable others see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeenShare {
    /// The attacker sees all of it.
    Whole,
    /// Some conditions of a flag; the others are on answers.
    Conditions,
    /// The attacker sees none of it.
    Nothing,
}

impl Facts {
    /// How much others see of each variable of a measure.
    pub fn seen_shares(&self, measure: &Measure) -> Vec<SeenShare> {
        let share = |variable: &Variable| {
            let values = variable.reading.values();
            let seen = |value: &&Value| self.is_seen(measure, **value);
            match values.iter().filter(seen).count() {
                0 => SeenShare::Nothing,
                all if all == values.len() => SeenShare::Whole,
                _ => SeenShare::Conditions,
            }
        };
        measure.variables.iter().map(share).collect()
    }

    /// True if others see in which part somebody is, or there are none.
    pub fn sees_part(&self, measure: &Measure) -> bool {
        let conditions = measure.part.iter().flat_map(|part| &part.when);
        conditions
            .into_iter()
            .all(|one| self.is_seen(measure, one.value))
    }

    fn stripped(&self, measure: &Measure) -> Measure {
        let mut variables: Vec<Variable> = Vec::new();
        if matches!(measure.on, On::Session(_) | On::Closed(_)) {
            variables.push(Variable {
                id: "all-forms".to_owned(),
                reading: Reading::Number(Value::Forms),
                min: 0,
                max: 1_000_000 * ONE,
                grain: ONE,
                adds: false,
                spread: false,
            });
        }
        let shares = self.seen_shares(measure);
        for (variable, share) in measure.variables.iter().zip(shares) {
            let mut variable = variable.clone();
            if let (SeenShare::Conditions, Reading::Flag(all)) = (share, &mut variable.reading) {
                all.retain(|one| self.is_seen(measure, one.value));
            }
            if share != SeenShare::Nothing {
                variables.push(variable);
            }
        }
        Measure {
            part: measure.part.clone().filter(|_| self.sees_part(measure)),
            variables,
            ..measure.clone()
        }
    }
}

/// Looks at everybody, at every close.
pub fn look(story: &Story, public: &Public, calendar: &Calendar) -> Sight {
    let mut seen = story.clone();
    for facts in &mut seen.catalogues {
        let measures = facts.measures.iter().map(|one| facts.stripped(one));
        facts.measures = measures.collect();
    }
    let entered = entered(public, calendar);
    let mut first_seen: HashMap<(Arc<str>, Identity), i32> = HashMap::new();
    let mut heard = Heard::new(&seen);
    let mut sight = Sight::new();
    for event in story.taken() {
        let Body::Close { month } = event.body else {
            heard.hear(event);
            continue;
        };
        let facts = Facts::in_force(&story.catalogues, month);
        let mut members = Vec::new();
        for (mut one, values) in heard.contributions(month) {
            let key = (one.measure.clone(), one.identity);
            one.waits = *first_seen.entry(key.clone()).or_insert(month);
            if entered.get(&key).is_some_and(|before| *before < month) {
                continue;
            }
            members.extend(member(facts, one, values));
        }
        sight.insert(month, members);
        heard.closed(month);
    }
    sight
}

fn member(facts: &Facts, contribution: Contribution, values: Vec<i64>) -> Option<SeenMember> {
    let measure = facts.find(&contribution.measure)?;
    let mut values = values.into_iter();
    let counts_forms = matches!(measure.on, On::Session(_) | On::Closed(_));
    let forms = counts_forms.then(|| values.next()).flatten();
    let shares = facts.seen_shares(measure).into_iter().enumerate();
    let places = shares.filter(|(_, share)| *share != SeenShare::Nothing);
    Some(SeenMember {
        contribution,
        forms: forms.map(|forms| forms / ONE),
        values: places.map(|(place, _)| place).zip(values).collect(),
    })
}

/// At which close each contribution entered a row, where it did.
fn entered(public: &Public, calendar: &Calendar) -> HashMap<(Arc<str>, Identity), i32> {
    let mut entered = HashMap::new();
    for (row, members) in public.rows.iter().zip(&calendar.rows) {
        for place in members {
            let one = &calendar.contributions[*place];
            entered.insert((one.measure.clone(), one.identity), row.closed);
        }
    }
    entered
}
