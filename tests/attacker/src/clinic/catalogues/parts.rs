//! What catalogues are put together of: the places of instruments, limits, scales and variables.

use crate::public::{Condition, Measure, On, Reading, Scale, Test, Value, Variable};

/// The number one in millionths.
pub(crate) const ONE: i64 = 1_000_000;

/// Places of the instruments that the program brings.
pub const ALLIANCE: usize = 0;
/// The outcome scale of adults.
pub const OUTCOME: usize = 1;
/// The total of the depression form.
pub const DEPRESSION: usize = 2;
/// The discharge survey in full.
pub const SURVEY: usize = 3;
/// The short form of the discharge survey.
pub const SHORT_SURVEY: usize = 4;
/// The register's measurement points.
pub const POINT: usize = 5;
/// The register's yearly status form.
pub const STATUS: usize = 6;

/// Children's own outcome scale,
pub const CHILD_OUTCOME: usize = 7;
/// and as a caretaker sees it.
pub const CHILD_CARETAKER: usize = 8;
/// An adolescent's, as a caretaker sees it.
pub const CARETAKER: usize = 9;
/// The alliance as children see it,
pub const CHILD_ALLIANCE: usize = 10;
/// and that of a member of a group.
pub const GROUP_ALLIANCE: usize = 11;
/// Adaptive monitoring, version 2.1.
pub const MONITORING_2: usize = 12;
/// Adaptive monitoring, version 3.1.
pub const MONITORING_3: usize = 13;

/// What a catalogue asks for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Persons; codes twice as many.
    pub k: u32,
    /// Persons without any one source.
    pub r: u32,
    /// The depression measure is shown by the tertial at the finest.
    pub tertial: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            k: 5,
            r: 3,
            tertial: false,
        }
    }
}

pub(super) fn scale(id: &str, min: i64, max: i64, step: i64) -> Scale {
    Scale {
        id: id.to_owned(),
        min,
        max,
        step,
        seen: false,
        required: false,
    }
}

pub(super) fn number(
    id: &str,
    value: Value,
    min: i64,
    max: i64,
    grain: i64,
    spread: bool,
) -> Variable {
    Variable {
        id: id.to_owned(),
        reading: Reading::Number(value),
        min,
        max,
        grain,
        adds: false,
        spread,
    }
}

pub(super) fn flag(id: &str, conditions: &[(Value, Test, i64)]) -> Variable {
    let conditions = conditions.iter().copied();
    let conditions = conditions.map(|(value, test, bound)| condition(value, test, bound));
    Variable {
        id: id.to_owned(),
        reading: Reading::Flag(conditions.collect()),
        min: 0,
        max: ONE,
        grain: ONE,
        adds: false,
        spread: false,
    }
}

pub(super) fn condition(value: Value, test: Test, bound: i64) -> Condition {
    Condition { value, test, bound }
}

pub(super) fn measure(id: &str, on: On, limits: Limits, variables: Vec<Variable>) -> Measure {
    let codes = matches!(on, On::Survey(_) | On::Invitation);
    Measure {
        id: id.to_owned(),
        on,
        k: limits.k * (1 + u32::from(codes)),
        r: limits.r,
        tertial: false,
        part: None,
        variables,
    }
}
