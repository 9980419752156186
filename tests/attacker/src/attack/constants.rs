//! A constant per person over many months. Knowledge: the calendar, and that the answer of a
//! person never changes. One unknown per person: the same people come again, so the rows are
//! equations in few unknowns.

use std::collections::{BTreeMap, BTreeSet};

use crate::algebra::{Equation, Reduced, guesses};
use crate::calendar::Calendar;
use crate::public::Public;

/// What the attack found in all rows.
#[derive(Debug, Default)]
pub struct Found {
    /// Who is in some row.
    pub persons: BTreeSet<u32>,
    /// Whose value is determined, with it in millionths.
    pub solved: BTreeMap<u32, i64>,
    /// The best guess of everybody's value, in millionths.
    pub guesses: BTreeMap<u32, f64>,
}

/// Attacks one variable, given as measure and place. `noise` is what the attacker believes of how
/// much an answer varies from month to month, as a ratio to how much persons differ (variances).
pub fn attack(public: &Public, calendar: &Calendar, of: (&str, usize), noise: f64) -> Found {
    let (mut persons, mut equations) = (Vec::new(), Vec::new());
    let mut places: BTreeMap<u32, usize> = BTreeMap::new();
    let (mut total, mut known) = (0.0, 0.0);
    let rows = public
        .rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.measure == of.0);
    for (number, row) in rows {
        let mut equation = Equation {
            sum: row.figures[of.1].sum,
            ..Equation::default()
        };
        for one in calendar.last_ones(number) {
            let place = *places.entry(one.patient).or_insert_with(|| {
                persons.push(one.patient);
                persons.len() - 1
            });
            *equation.terms.entry(place).or_default() += 1;
        }
        total += row.figures[of.1].sum as f64;
        known += f64::from(row.persons);
        equations.push(equation);
    }
    let solved = Reduced::of(&equations).solved();
    let guesses = guesses(
        &equations,
        persons.len(),
        total / f64::max(known, 1.0),
        noise,
    );
    Found {
        solved: solved
            .into_iter()
            .map(|(place, value)| (persons[place], value))
            .collect(),
        guesses: persons.iter().copied().zip(guesses).collect(),
        persons: persons.into_iter().collect(),
    }
}
