//! Rank and pairs. Knowledge: the calendar. One unknown per contribution; every row is an
//! equation in those that it sums. Which unknowns, or combinations of a few persons' unknowns, do
//! all rows of all closes determine? (What a single close determines, all closes do.)

use std::collections::{BTreeMap, BTreeSet};

use crate::algebra::{Equation, Reduced};
use crate::calendar::Calendar;
use crate::public::Public;

/// What was found of one variable of one measure.
#[derive(Debug, Default)]
pub struct Found {
    /// How many contributions are in rows.
    pub unknowns: usize,
    /// Those that are determined, with their values in millionths.
    pub solved: BTreeMap<usize, i64>,
    /// The best guess of each, in millionths: its row's mean.
    pub guesses: BTreeMap<usize, f64>,
    /// How many contributions are in a determined combination of two.
    pub in_pairs: usize,
    /// How many patients are in a determined combination of contributions of fewer patients than
    /// may be.
    pub in_few: BTreeSet<u32>,
    /// Patients in the smallest determined combination that was found.
    pub fewest: usize,
    /// True if the rows have no contribution in common. Then every combination of rows contains
    /// all persons of one of them, so `fewest` is exact for all combinations.
    pub disjoint: bool,
}

/// Attacks one variable; `few` is how many persons must not be found together.
pub fn attack(public: &Public, calendar: &Calendar, of: (&str, usize), few: usize) -> Found {
    let equations = equations(public, calendar, of.0, of.1);
    let mut weights: BTreeMap<usize, usize> = BTreeMap::new();
    for unknown in equations.iter().flat_map(|equation| equation.terms.keys()) {
        *weights.entry(*unknown).or_default() += 1;
    }
    let reduced = Reduced::of(&equations);
    let mut found = Found {
        unknowns: weights.len(),
        solved: reduced.solved(),
        in_pairs: reduced.in_pairs().len(),
        guesses: means(&equations),
        in_few: BTreeSet::new(),
        fewest: usize::MAX,
        disjoint: weights.values().all(|weight| *weight == 1),
    };
    for support in reduced.supports() {
        let patient = |place: &usize| calendar.contributions[*place].patient;
        let patients: BTreeSet<u32> = support.iter().map(patient).collect();
        found.fewest = found.fewest.min(patients.len());
        if patients.len() < few {
            found.in_few.extend(patients);
        }
    }
    found
}

/// The rows of a measure as equations of one of its variables.
fn equations(public: &Public, calendar: &Calendar, id: &str, place: usize) -> Vec<Equation> {
    let variable = &public.measure(id).variables[place];
    let rows = public
        .rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.measure == id);
    let equation = |(number, row): (usize, &crate::public::Row)| Equation {
        terms: calendar
            .support(number, variable)
            .into_iter()
            .map(|one| (one, 1))
            .collect(),
        sum: row.figures[place].sum,
    };
    rows.map(equation).collect()
}

/// Where rows have nothing in common nobody can guess better than by the mean of the row.
fn means(equations: &[Equation]) -> BTreeMap<usize, f64> {
    let of = |equation: &Equation| {
        let mean = equation.sum as f64 / equation.terms.len() as f64;
        let unknowns = equation.terms.keys().copied();
        unknowns.map(|unknown| (unknown, mean)).collect::<Vec<_>>()
    };
    equations.iter().flat_map(of).collect()
}
