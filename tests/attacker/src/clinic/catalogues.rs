//! Catalogues in plain numbers. Goes out: the measures that the program brings, made-up ones, and
//! what a January may change.

mod parts;

mod feedback;
mod january;
mod joined;
pub mod monitoring;
mod random;

pub use january::{Change, january};
pub use joined::{before_apart, joined};
pub(crate) use parts::ONE;
pub use parts::{
    ALLIANCE, CARETAKER, CHILD_ALLIANCE, CHILD_CARETAKER, CHILD_OUTCOME, DEPRESSION,
    GROUP_ALLIANCE, Limits, MONITORING_2, MONITORING_3, OUTCOME, POINT, SHORT_SURVEY, STATUS,
    SURVEY,
};
pub use random::random;

use super::Form;
use crate::public::{Facts, Instrument, Kind, Measure, On, Part, Scale, Test, Unit, Value};
use parts::{condition, flag, measure, number, scale};

/// A unit with that number in that institution and trust.
pub fn unit(number: usize, institution: usize, trust: usize) -> Unit {
    Unit {
        id: format!("u{number:03}"),
        institution: format!("i{institution}"),
        trust: format!("t{trust}"),
        single_therapist: false,
        single_device: false,
        there: true,
    }
}

/// The catalogue that the program brings, with other organisations and limits.
pub fn shipped(from: i32, units: Vec<Unit>, limits: Limits) -> Facts {
    let total = |id: &str, max: i64, step: i64| Instrument {
        id: id.to_owned(),
        kind: Kind::Total,
        scales: vec![scale("total", 0, max, step)],
    };
    let survey = |id: &str, kind: Kind| Instrument {
        id: id.to_owned(),
        kind,
        scales: ["treatment", "milieu", "outcome"]
            .map(|id| scale(id, 0, 100 * ONE, 25 * ONE))
            .into(),
    };
    let mut instruments = vec![
        total("fit-srs", 40 * ONE, ONE / 10),
        feedback::outcome_scale("fit-ors"),
        total("bdi-total", 63 * ONE, ONE),
        survey("kem", Kind::Indices),
        survey("kem-short", Kind::ShortIndices),
        point(),
        status(),
    ];
    instruments.extend(feedback::instruments());
    instruments.extend(monitoring::instruments());
    let mut measures = vec![
        depression(limits),
        feedback::alliance("fit.alliance", ALLIANCE, limits),
        feedback::sessions("fit.alliance-sessions", ALLIANCE, limits),
        course(limits),
        feedback::own_outcome(limits),
        experience("kem.experience", SURVEY, true, limits),
        response(limits),
        experience("kem.short-experience", SHORT_SURVEY, false, limits),
        points(limits),
        start(limits),
        states(limits),
    ];
    measures.extend(feedback::measures(limits));
    measures.extend(monitoring::measures(limits));
    measures.sort_by(|one, other| one.id.cmp(&other.id));
    Facts {
        from,
        shipped: true,
        joined: false,
        instruments,
        measures,
        units,
    }
}

/// A session's forms, with what was answered of each, in tenths and points.
pub fn session(srs: Option<i64>, ors: Option<i64>, bdi: Option<i64>) -> Vec<Form> {
    let form = |instrument: usize, score: Option<i64>| {
        score.map(|score| Form {
            instrument,
            scores: vec![Some(score)],
        })
    };
    let tenths = |tenths: i64| tenths * ONE / 10;
    let all = [
        form(ALLIANCE, srs.map(tenths)),
        ors.map(|ors| outcome(OUTCOME, tenths(ors))),
        form(DEPRESSION, bdi.map(|points| points * ONE)),
    ];
    all.into_iter().flatten().collect()
}

/// A form of an outcome scale, by the cut-off of whoever it is by and about: an adult, unless the
/// scale is for others.
pub fn outcome(instrument: usize, total: i64) -> Form {
    outcome_below(
        instrument,
        total,
        match instrument {
            CHILD_OUTCOME => 32,
            CHILD_CARETAKER | CARETAKER => 28,
            _ => 25,
        },
    )
}

/// The same with another cut-off.
pub fn outcome_below(instrument: usize, total: i64, cutoff: i64) -> Form {
    let clinical = i64::from(total < cutoff * ONE) * ONE;
    Form {
        instrument,
        scores: vec![Some(total), Some(clinical)],
    }
}

/// A survey or its short form in which all items of a scale have one mark, 1 to 5.
pub fn survey(instrument: usize, marks: [i64; 3]) -> Form {
    Form {
        instrument,
        scores: marks.map(|mark| Some((mark - 1) * 25 * ONE)).into(),
    }
}

fn depression(limits: Limits) -> Measure {
    let change = Value::Change(0);
    let variables = vec![
        number("first", Value::First(0), 0, 63 * ONE, ONE, true),
        number("change", change, -63 * ONE, 63 * ONE, ONE, true),
        flag("improved", &[(change, Test::AtMost, -9 * ONE)]),
        number("sessions", Value::Forms, 0, 100 * ONE, ONE, false),
    ];
    Measure {
        tertial: limits.tertial,
        ..measure("bdi.outcome", On::Closed(DEPRESSION), limits, variables)
    }
}

fn course(limits: Limits) -> Measure {
    let variables = vec![
        number("sessions", Value::Forms, 0, 200 * ONE, ONE, false),
        number("days", Value::Days, 0, 1_000 * ONE, ONE, false),
        flag("regular", &[(Value::Gap, Test::AtMost, 31 * ONE)]),
        number("unplanned", Value::Unplanned, 0, ONE, ONE, false),
        number("transfer", Value::Transfer, 0, ONE, ONE, false),
    ];
    measure("fit.course", On::Closed(OUTCOME), limits, variables)
}

fn experience(id: &str, survey: usize, spread: bool, limits: Limits) -> Measure {
    let index = |(place, id)| number(id, Value::Score(place), 0, 100 * ONE, ONE, spread);
    let scales = ["treatment", "milieu", "outcome"].into_iter().enumerate();
    measure(id, On::Survey(survey), limits, scales.map(index).collect())
}

fn point() -> Instrument {
    let scales = [
        ("status", 7),
        ("plan", 3),
        ("crisis-plan", 3),
        ("benefit", 5),
    ];
    // What staff did, and where treatment stands, others know; the benefit only the patient.
    let scales = scales.map(|(id, max)| Scale {
        seen: id != "benefit",
        ..scale(id, 0, max * ONE, ONE)
    });
    Instrument {
        id: "kvarus-point".to_owned(),
        kind: Kind::Point,
        scales: scales.into(),
    }
}

fn status() -> Instrument {
    Instrument {
        id: "lar-status".to_owned(),
        kind: Kind::Status,
        scales: vec![
            scale("substances", 0, 4 * ONE, ONE),
            scale("satisfaction", ONE, 5 * ONE, ONE / 2),
        ],
    }
}

fn points(limits: Limits) -> Measure {
    let variables = vec![
        number("points", Value::Forms, 0, 100 * ONE, ONE, false),
        flag(
            "every-three-months",
            &[(Value::Gap, Test::AtMost, 92 * ONE)],
        ),
    ];
    measure("kvarus.course", On::Closed(POINT), limits, variables)
}

/// Of each patient the first point; the active ones are a part.
fn start(limits: Limits) -> Measure {
    let is = |scale: usize, of: i64| {
        [Test::AtLeast, Test::AtMost].map(|test| (Value::Score(scale), test, of * ONE))
    };
    let variables = vec![
        flag("plan", &is(1, 2)),
        flag("crisis-plan", &is(2, 2)),
        flag(
            "large-benefit",
            &[(Value::Score(3), Test::AtLeast, 4 * ONE)],
        ),
    ];
    let part = Part {
        when: is(0, 1)
            .map(|(value, test, bound)| condition(value, test, bound))
            .into(),
        then: "active".to_owned(),
        otherwise: "not-active".to_owned(),
    };
    Measure {
        part: Some(part),
        ..measure("kvarus.start", On::First(POINT), limits, variables)
    }
}

/// Sensitive: twice as many, and by the tertial at the finest.
fn states(limits: Limits) -> Measure {
    let variables = vec![
        number("substances", Value::Score(0), 0, 4 * ONE, ONE, false),
        number(
            "satisfaction",
            Value::Score(1),
            ONE,
            5 * ONE,
            ONE / 2,
            false,
        ),
    ];
    let measure = measure("lar.status", On::Session(STATUS), limits, variables);
    Measure {
        k: 2 * limits.k,
        tertial: true,
        ..measure
    }
}

fn response(limits: Limits) -> Measure {
    let answered = number("answered", Value::Answered, 0, ONE, ONE, false);
    measure("kem.response", On::Invitation, limits, vec![answered])
}
