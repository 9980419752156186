//! Catalogues that join what others can see with what only answers tell, which the rule `apart`
//! refuses: the one that was shipped before it, and a small one with every way of joining.

use super::parts::{Limits, ONE, OUTCOME, condition, flag, measure, number, scale};
use super::{feedback, shipped};
use crate::public::{Facts, Instrument, Kind, Measure, On, Part, Scale, Test, Unit, Value};

/// What was shipped before the rule: endings beside outcomes, split by an answer, and numbers of
/// sessions beside scores.
pub fn before_apart(from: i32, units: Vec<Unit>, limits: Limits) -> Facts {
    let mut facts = shipped(from, units, limits);
    facts.joined = true;
    let is_new = |id: &str| id.ends_with("-sessions") || id.ends_with(".forms");
    facts.measures.retain(|one| !is_new(&one.id));
    for one in &mut facts.measures {
        match (one.id.as_str(), one.on) {
            ("fit.outcome", _) => one.variables.extend(feedback::endings()),
            ("fit.course", On::Closed(OUTCOME)) => one.variables.truncate(3),
            (id, _) if id.ends_with(".state") => one.variables.push(feedback::forms("forms")),
            (id, _) if id.starts_with("fit.") && id.ends_with("alliance") => {
                one.variables.push(feedback::forms("sessions"));
            }
            _ => {}
        }
    }
    facts
}

/// Sex and age beside mood in one instrument, mood alone in the next, age and mood in the last.
pub fn joined(from: i32, units: Vec<Unit>, limits: Limits) -> Facts {
    let mood = || scale("mood", 0, 40 * ONE, ONE);
    let seen = |id: &str, max: i64| Scale {
        seen: true,
        required: true,
        ..scale(id, 0, max * ONE, ONE)
    };
    let instrument = |id: &str, scales: Vec<Scale>| Instrument {
        id: id.to_owned(),
        kind: Kind::Items,
        scales,
    };
    Facts {
        from,
        shipped: false,
        joined: true,
        instruments: vec![
            instrument("check-in", vec![seen("sex", 1), seen("age", 100), mood()]),
            instrument("rating", vec![mood()]),
            instrument("diary", vec![seen("age", 100), mood()]),
        ],
        measures: vec![
            by_flags("a.flags", limits),
            by_part("b.part", limits),
            by_absence("c.absence", limits),
        ],
        units,
    }
}

/// Flags that hold only of women, of the old, and of those who ended treatment themselves.
fn by_flags(id: &str, limits: Limits) -> Measure {
    let low = (Value::First(2), Test::AtMost, 20 * ONE);
    let mood = number("mood", Value::First(2), 0, 40 * ONE, ONE, false);
    let among = |id: &str, seen: (Value, Test, i64)| flag(id, &[seen, low]);
    let variables = vec![
        mood,
        among("women-low", (Value::First(0), Test::AtLeast, ONE)),
        among("old-low", (Value::First(1), Test::AtLeast, 70 * ONE)),
        among("unplanned-low", (Value::Unplanned, Test::AtLeast, ONE)),
    ];
    measure(id, On::Closed(0), limits, variables)
}

/// Numbers of sessions and days, split by an answer.
fn by_part(id: &str, limits: Limits) -> Measure {
    let variables = vec![
        number("change", Value::Change(0), -40 * ONE, 40 * ONE, ONE, false),
        number("sessions", Value::Forms, 0, 200 * ONE, ONE, false),
        number("days", Value::Days, 0, 1_000 * ONE, ONE, false),
    ];
    let part = Part {
        when: vec![condition(Value::First(0), Test::AtMost, 20 * ONE)],
        then: "low".to_owned(),
        otherwise: "high".to_owned(),
    };
    Measure {
        part: Some(part),
        ..measure(id, On::Closed(1), limits, variables)
    }
}

/// Age and numbers of sessions of those who answered.
fn by_absence(id: &str, limits: Limits) -> Measure {
    let variables = vec![
        number("mood", Value::Score(1), 0, 40 * ONE, ONE, false),
        number("age", Value::Score(0), 0, 100 * ONE, ONE, false),
        number("sessions", Value::Forms, 0, 31 * ONE, ONE, false),
    ];
    measure(id, On::Session(2), limits, variables)
}
