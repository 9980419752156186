//! Adaptive monitoring, in two versions: the scales that measures read. Goes out: instruments,
//! measures, and the items of each scale as the catalogue's texts have them.

use super::feedback::forms;
use super::parts::{Limits, MONITORING_2, MONITORING_3, ONE, measure, number, scale};
use crate::public::{Instrument, Kind, Measure, On, Value, Variable};

/// A scale and its items, the trigger first; a `-` behind an item says that it is reversed.
pub type Items = (&'static str, &'static [&'static str]);

const SUICIDE: Items = ("suicide", &["q19", "q105", "q77", "q106"]);
/// Of items that have no "not relevant" that counts.
const ALLIANCE: &str = "alliance";
const QUALITY: &str = "quality-of-life";

/// The scales of version 2.1.
const SCALES_2: [Items; 7] = [
    ("functioning", &["q140-", "q27-", "q141"]),
    ("hopelessness", &["q115", "q15-", "q61", "q24", "q88"]),
    ("environment", &["q136-", "q80-", "q138-", "q139-", "q137"]),
    (
        "social-safety",
        &["q43-", "q131-", "q40-", "q132-", "q62-", "q50-"],
    ),
    ("substance-use", &["q59", "q4", "q107", "q35"]),
    SUICIDE,
    (ALLIANCE, &["q11", "q12", "q13", "q14"]),
];

/// The scales of version 3.1.
const SCALES_3: [Items; 7] = [
    ("functioning", &["q140.1-", "q207", "q217-", "q220-"]),
    ("hopelessness", &["q115", "q61", "q24", "q88"]),
    (
        "social-support",
        &["q204-", "q43-", "q212-", "q222-", "q221-"],
    ),
    (QUALITY, &["q226"]),
    ("substance-use", &["q59.1", "q4.1", "q107.1", "q35.1"]),
    SUICIDE,
    (ALLIANCE, &["q235", "q236", "q237"]),
];

/// The scales of an instrument, in the order of a form's scores.
pub fn scales(place: usize) -> &'static [Items] {
    match place {
        MONITORING_2 => &SCALES_2,
        _ => &SCALES_3,
    }
}

/// What "not relevant" counts as, in millionths, in the direction of the scale.
pub fn not_relevant(scale: &str) -> Option<i64> {
    (![ALLIANCE, QUALITY].contains(&scale)).then_some(ONE)
}

/// The lowest and the highest mark of an item, in millionths.
pub fn marks(scale: &str) -> (i64, i64) {
    match scale {
        QUALITY => (0, 10 * ONE),
        _ => (ONE, 7 * ONE),
    }
}

/// In the order of their places.
pub(super) fn instruments() -> Vec<Instrument> {
    let instrument = |(id, place): (&str, usize)| Instrument {
        id: id.to_owned(),
        kind: Kind::Monitoring,
        scales: scales(place)
            .iter()
            .map(|(id, _)| {
                let (min, max) = marks(id);
                scale(id, min, max, ONE)
            })
            .collect(),
    };
    [("norse-2", MONITORING_2), ("norse-3", MONITORING_3)]
        .map(instrument)
        .into()
}

/// By month: the state, substance use, suicidal thoughts, the alliance.
pub(super) fn measures(limits: Limits) -> Vec<Measure> {
    let of = |name: &str, place: usize, coarse: &[&str]| {
        let all = scales(place);
        let score = |at: usize, spread: bool| {
            let (min, max) = marks(all[at].0);
            let grain = if all[at].0 == QUALITY { ONE } else { ONE / 20 };
            number(all[at].0, Value::Score(at), min, max, grain, spread)
        };
        let state: Vec<Variable> = (0..4)
            .map(|at| score(at, !coarse.contains(&all[at].0)))
            .collect();
        let measure = |what: &str, variables| {
            measure(
                &format!("{name}.{what}"),
                On::Session(place),
                limits,
                variables,
            )
        };
        let sensitive = |what: &str, at: usize| Measure {
            k: 2 * limits.k,
            tertial: true,
            ..measure(what, vec![score(at, false)])
        };
        [
            measure("alliance", vec![score(6, false)]),
            measure("forms", vec![forms("forms")]),
            measure("state", state),
            sensitive("substance-use", 4),
            sensitive("suicide", 5),
        ]
    };
    let old = of("norse-2", MONITORING_2, &["functioning"]);
    let new = of("norse-3", MONITORING_3, &[QUALITY]);
    old.into_iter().chain(new).collect()
}
