//! Across measures. Knowledge: the calendar, and that every session has the forms of both outcome
//! measures, so that both count the same sessions. One unknown per episode: how many it had. The
//! rows of one measure are split into parts and those of the other are not, so they differ by few.

use std::collections::BTreeMap;

use crate::algebra::{Equation, Reduced};
use crate::calendar::{Calendar, Identity};
use crate::public::Public;

/// What was found: how many episodes are in rows, and those whose number of sessions is
/// determined, in millionths.
#[derive(Debug)]
pub struct Found {
    /// Episodes in rows of either measure.
    pub episodes: usize,
    /// By any of an episode's contributions.
    pub solved: BTreeMap<usize, i64>,
}

/// Attacks a variable of each of some measures, given as measure and place.
pub fn attack(public: &Public, calendar: &Calendar, counts: &[(&str, usize)]) -> Found {
    let mut first: BTreeMap<Identity, usize> = BTreeMap::new();
    let mut equations = Vec::new();
    for (number, row) in public.rows.iter().enumerate() {
        let Some((id, place)) = counts.iter().find(|(id, _)| *id == row.measure) else {
            continue;
        };
        let variable = &public.measure(id).variables[*place];
        let support = calendar.support(number, variable).into_iter();
        let unknown = support.map(|one| {
            let identity = calendar.contributions[one].identity;
            (*first.entry(identity).or_insert(one), 1)
        });
        let terms = unknown.collect();
        let sum = row.figures[*place].sum;
        equations.push(Equation { terms, sum });
    }
    let solved = Reduced::of(&equations).solved();
    Found {
        episodes: first.len(),
        solved,
    }
}
