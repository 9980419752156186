//! Late forms. Knowledge: who was seen where in which month, but not when their forms came. A row
//! of one month that lacks one person, and the next row, which has one more or has not, say who may
//! have been late. (What a late form says is in no row by itself.)

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::{Calendar, Identity};
use crate::public::{Level, Public};

/// Who was seen, by unit and month.
type Visits = BTreeMap<(usize, i32), BTreeSet<u32>>;

/// What the attack found in all rows.
#[derive(Debug, Default)]
pub struct Found {
    /// Months of units in which one person is lacking.
    pub lacking: usize,
    /// Those whom only one explanation fits: unit, month and person.
    pub named: BTreeSet<(usize, i32, u32)>,
    /// Where more than one fits, and how many do.
    pub candidates: Vec<usize>,
}

/// Looks at the rows of single months of a measure's units.
pub fn attack(public: &Public, calendar: &Calendar, measure: &str) -> Found {
    let mut visits = Visits::new();
    for one in calendar
        .contributions
        .iter()
        .filter(|one| *one.measure == *measure)
    {
        if let Identity::Month {
            unit,
            month,
            person,
        } = one.identity
        {
            visits.entry((unit, month)).or_default().insert(person);
        }
    }
    let mut rows: BTreeMap<(usize, i32), usize> = BTreeMap::new();
    for row in &public.rows {
        if row.measure == measure && row.level == Level::Unit && row.first == row.last {
            let units = &public.facts(row.closed).units;
            let unit = units.iter().position(|unit| unit.id == row.organisation);
            let persons = row.persons as usize;
            rows.extend(unit.map(|unit| ((unit, row.first), persons)));
        }
    }
    let mut found = Found::default();
    for ((unit, month), persons) in &rows {
        let (now, next) = ((*unit, *month), (*unit, *month + 1));
        let (Some(seen), Some(after)) = (visits.get(&now), rows.get(&next)) else {
            continue;
        };
        if *persons + 1 != seen.len() {
            continue;
        }
        found.lacking += 1;
        let none = BTreeSet::new();
        let seen_after = visits.get(&next).unwrap_or(&none);
        // One more than were seen: somebody who did not come again. As many: somebody who did.
        let fits = |person: &&u32| match after.checked_sub(seen_after.len()) {
            Some(1) => !seen_after.contains(person),
            Some(0) => seen_after.contains(person),
            _ => true,
        };
        let fitting: Vec<&u32> = seen.iter().filter(fits).collect();
        match fitting[..] {
            [person] => {
                found.named.insert((*unit, *month, *person));
            }
            _ => found.candidates.push(fitting.len()),
        }
    }
    found
}
