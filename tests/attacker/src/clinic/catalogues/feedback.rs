//! Feedback-informed treatment as others see it: caretakers, children, members of groups. Goes out:
//! the instruments, one for each respondent, and the measures.

use super::parts::{
    CARETAKER, CHILD_ALLIANCE, CHILD_CARETAKER, CHILD_OUTCOME, GROUP_ALLIANCE, Limits, ONE,
    OUTCOME, condition, flag, measure, number, scale,
};
use crate::public::{Instrument, Kind, Measure, On, Part, Test, Value, Variable};

/// A scale of four marks; with it, whether it is in the clinical range of respondent and age.
pub(super) fn outcome_scale(id: &str) -> Instrument {
    Instrument {
        id: id.to_owned(),
        kind: Kind::Total,
        scales: vec![
            scale("total", 0, 40 * ONE, ONE / 10),
            scale("clinical", 0, ONE, ONE),
        ],
    }
}

/// In the order of their places.
pub(super) fn instruments() -> Vec<Instrument> {
    let alliance = |id: &str| Instrument {
        id: id.to_owned(),
        kind: Kind::Total,
        scales: vec![scale("total", 0, 40 * ONE, ONE / 10)],
    };
    vec![
        outcome_scale("fit-cors"),
        outcome_scale("fit-cors"),
        outcome_scale("fit-ors"),
        alliance("fit-csrs"),
        alliance("fit-gsrs"),
    ]
}

/// All but the outcome of adults and its course.
pub(super) fn measures(limits: Limits) -> Vec<Measure> {
    let outcome = |id: &str, place: usize| outcome(id, place, limits, Vec::new());
    vec![
        alliance("fit.child-alliance", CHILD_ALLIANCE, limits),
        sessions("fit.child-alliance-sessions", CHILD_ALLIANCE, limits),
        course(limits),
        outcome("fit.child-outcome", CHILD_OUTCOME),
        outcome("fit.child-outcome-caretaker", CHILD_CARETAKER),
        alliance("fit.group-alliance", GROUP_ALLIANCE, limits),
        sessions("fit.group-alliance-sessions", GROUP_ALLIANCE, limits),
        outcome("fit.outcome-caretaker", CARETAKER),
    ]
}

/// How a month's alliance is.
pub(super) fn alliance(id: &str, place: usize, limits: Limits) -> Measure {
    let score = Value::Score(0);
    let variables = vec![
        number("score", score, 0, 40 * ONE, ONE / 10, false),
        flag("below-cutoff", &[(score, Test::Below, 36 * ONE)]),
    ];
    measure(id, On::Session(place), limits, variables)
}

/// How many sessions of a month had a form.
pub(super) fn sessions(id: &str, place: usize, limits: Limits) -> Measure {
    measure(id, On::Session(place), limits, vec![forms("sessions")])
}

/// Numbers of forms of a month, which are added up.
pub(super) fn forms(id: &str) -> Variable {
    Variable {
        adds: true,
        ..number(id, Value::Forms, 0, 31 * ONE, ONE, false)
    }
}

/// How patients' own outcome is.
pub(super) fn own_outcome(limits: Limits) -> Measure {
    outcome("fit.outcome", OUTCOME, limits, Vec::new())
}

/// What stood beside it before others' knowledge and answers were kept apart.
pub(super) fn endings() -> Vec<Variable> {
    let unplanned = (Value::Unplanned, Test::AtLeast, ONE);
    let unimproved = (Value::Change(0), Test::Below, 5 * ONE);
    vec![
        flag("unplanned", &[unplanned]),
        flag("unplanned-unimproved", &[unplanned, unimproved]),
        flag("transfer", &[(Value::Transfer, Test::AtLeast, ONE)]),
    ]
}

fn outcome(id: &str, place: usize, limits: Limits, more: Vec<Variable>) -> Measure {
    let (first, change) = (Value::First(0), Value::Change(0));
    let improved = (change, Test::AtLeast, 5 * ONE);
    let recovered = (Value::Last(1), Test::AtMost, 0);
    let mut variables = vec![
        number("first", first, 0, 40 * ONE, ONE / 10, true),
        number("change", change, -40 * ONE, 40 * ONE, ONE / 10, true),
        flag("improved", &[improved]),
        flag("recovered", &[improved, recovered]),
        flag("deteriorated", &[(change, Test::AtMost, -5 * ONE)]),
    ];
    variables.extend(more);
    let part = Part {
        when: vec![condition(Value::First(1), Test::AtLeast, ONE)],
        then: "clinical".to_owned(),
        otherwise: "not-clinical".to_owned(),
    };
    Measure {
        part: Some(part),
        ..measure(id, On::Closed(place), limits, variables)
    }
}

fn course(limits: Limits) -> Measure {
    let variables = vec![
        number("sessions", Value::Forms, 0, 200 * ONE, ONE, false),
        flag("regular", &[(Value::Gap, Test::AtMost, 31 * ONE)]),
    ];
    measure(
        "fit.child-course",
        On::Closed(CHILD_OUTCOME),
        limits,
        variables,
    )
}
