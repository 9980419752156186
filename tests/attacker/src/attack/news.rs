//! New persons. Knowledge: the calendar, but not in which part anybody is. How many persons of a
//! row are new says in which part those are who have been there before, where all or none of them
//! are in the row.

use std::collections::BTreeSet;

use crate::calendar::{Calendar, Contribution};
use crate::public::Public;

/// Close, unit, person, measure with its part, and whether the person is of that part.
pub type Told = (i32, usize, u32, (String, String), bool);

/// What the attack found in all rows.
#[derive(Debug, Default)]
pub struct Found {
    /// Persons who were in an earlier row of the year, in rows of parts.
    pub asked: usize,
    /// Those whose part is determined.
    pub told: BTreeSet<Told>,
}

/// Looks at every row that has a part.
pub fn attack(public: &Public, calendar: &Calendar) -> Found {
    let mut found = Found::default();
    for (place, row) in public.rows.iter().enumerate() {
        let facts = public.facts(row.closed);
        if row.part.is_empty() {
            continue;
        }
        let before = earlier(public, calendar, place);
        let waiting = calendar.waiting.get(&row.closed).into_iter().flatten();
        let candidate = |one: &&Contribution| {
            *one.measure == *row.measure
                && facts.covers(row, one.unit)
                && (row.first..=row.last).contains(&one.waits)
                && before.contains(&(one.unit, one.counted))
        };
        let back: BTreeSet<(usize, u32)> = waiting
            .filter(candidate)
            .map(|one| (one.unit, one.counted))
            .collect();
        found.asked += back.len();
        let Some(new) = row.new_in_year else {
            continue;
        };
        let there = (row.persons - new) as usize;
        let part = (row.measure.clone(), row.part.clone());
        if !back.is_empty() && (there == back.len() || there == 0) {
            let told = back
                .into_iter()
                .map(|(unit, person)| (row.closed, unit, person, part.clone(), there > 0));
            found.told.extend(told);
        }
    }
    found
}

/// Who is in an earlier row of the measure and year, by unit.
fn earlier(public: &Public, calendar: &Calendar, place: usize) -> BTreeSet<(usize, u32)> {
    let row = &public.rows[place];
    let same = |other: &&usize| {
        let other = &public.rows[**other];
        other.measure == row.measure && other.closed.div_euclid(12) == row.closed.div_euclid(12)
    };
    let rows: Vec<usize> = (0..place).collect();
    let rows = rows.iter().filter(same);
    let persons = rows.flat_map(|row| calendar.rows[*row].iter());
    persons
        .map(|one| {
            let one = &calendar.contributions[*one];
            (one.unit, one.counted)
        })
        .collect()
}
