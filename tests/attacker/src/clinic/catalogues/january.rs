//! What a January may change (and no other month). Comes in: a catalogue. Goes out: the next one.

use super::parts::{ONE, condition};
use crate::public::{Facts, On, Part, Test, Value};
use crate::rng::Rng;

/// What a catalogue changes in January.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A unit moves to the other institution of its trust.
    Moved,
    /// A unit is new; some patients of its neighbour go there.
    Split,
    /// A unit leaves; its patients go to its neighbour.
    Merged,
    /// Single-source flags are switched on and off.
    Flags,
    /// k and r rise and fall.
    Limits,
    /// A part comes or goes.
    Parts,
    /// The finest span changes.
    Finest,
}

impl Change {
    /// Every change that is tried.
    pub const ALL: [Self; 7] = [
        Self::Moved,
        Self::Split,
        Self::Merged,
        Self::Flags,
        Self::Limits,
        Self::Parts,
        Self::Finest,
    ];
}

/// The two catalogues around a January, with one change. The first is the given one, but for a unit
/// that is new in the second.
pub fn january(rng: &mut Rng, mut old: Facts, from: i32, change: Change) -> Vec<Facts> {
    let unit = rng.below(old.units.len() as u32) as usize;
    if change == Change::Split {
        old.units[unit].there = false;
    }
    let mut new = Facts {
        from,
        ..old.clone()
    };
    match change {
        Change::Moved => {
            let here = &old.units[unit];
            let other = old
                .units
                .iter()
                .find(|other| other.trust == here.trust && other.institution != here.institution);
            if let Some(other) = other {
                new.units[unit].institution = other.institution.clone();
            }
        }
        Change::Split => new.units[unit].there = true,
        Change::Merged => new.units[unit].there = false,
        Change::Flags => {
            for unit in &mut new.units {
                unit.single_therapist ^= rng.percent(50);
                unit.single_device ^= rng.percent(50);
            }
        }
        Change::Limits => {
            for measure in &mut new.measures {
                let times = 1 + u32::from(measure.counts_codes());
                measure.k = times * (5 + rng.below(4));
                measure.r = 3 + rng.below(3);
            }
        }
        Change::Parts => parts(&mut new),
        Change::Finest => {
            for measure in &mut new.measures {
                measure.tertial ^= rng.percent(50);
            }
        }
    }
    vec![old, new]
}

/// Where there are parts there are none any more; measures of episodes without any are split by the
/// first score.
fn parts(facts: &mut Facts) {
    let low = Part {
        when: vec![condition(Value::First(0), Test::Below, 25 * ONE)],
        then: "low".to_owned(),
        otherwise: "high".to_owned(),
    };
    for measure in &mut facts.measures {
        measure.part = match (measure.on, measure.part.take()) {
            (On::Closed(_), None) => Some(low.clone()),
            _ => None,
        };
    }
}
