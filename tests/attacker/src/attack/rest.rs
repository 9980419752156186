//! Totals minus rows. Knowledge: for each unit, institution and trust the yearly total of persons
//! and of every variable, as somebody else may publish them from individual data; and the public
//! rows. What is left when the rows are subtracted?

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Calendar;
use crate::public::Public;

/// What is left of the years of all units.
#[derive(Debug, Default)]
pub struct Rest {
    /// Units' years of a measure in which there was anybody.
    pub years: usize,
    /// Of these, how many leave fewer patients than k, but not none.
    pub few: usize,
    /// Contributions in more than one row: what the rows themselves would let one subtract.
    pub twice: usize,
    /// The share of contributions in rows, in percent.
    pub shown: f64,
}

/// Subtracts the public rows from the yearly totals.
pub fn attack(public: &Public, calendar: &Calendar) -> Rest {
    let mut times = vec![0usize; calendar.contributions.len()];
    for place in calendar.rows.iter().flatten() {
        times[*place] += 1;
    }
    let mut left: BTreeMap<(&str, usize, i32), BTreeSet<u32>> = BTreeMap::new();
    for (one, times) in calendar.contributions.iter().zip(&times) {
        let key = (&*one.measure, one.unit, one.waits.div_euclid(12));
        let patients = left.entry(key).or_default();
        if *times == 0 {
            patients.insert(one.patient);
        }
    }
    let few = left.iter().filter(|((measure, ..), patients)| {
        let k = public.measure(measure).k as usize;
        (1..k).contains(&patients.len())
    });
    let shown = times.iter().filter(|times| **times > 0).count();
    Rest {
        years: left.len(),
        few: few.count(),
        twice: times.iter().filter(|times| **times > 1).count(),
        shown: 100.0 * shown as f64 / times.len().max(1) as f64,
    }
}
