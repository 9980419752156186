//! Victims that publish what the production rule does, and something more, or less.

use std::collections::{BTreeMap, BTreeSet};

use super::Exposed;
use crate::calendar::{Contribution, Identity};
use crate::public::{Level, Row};

/// After a withdrawal the rows are published anew without whoever is gone.
#[must_use]
pub fn amended(mut seen: Exposed, gone: &dyn Fn(&Contribution) -> bool) -> Exposed {
    for place in 0..seen.public.rows.len() {
        let stays = |one: &usize| !gone(&seen.calendar.contributions[*one]);
        let members = seen.calendar.rows[place].iter().copied();
        let left: Vec<usize> = members.filter(stays).collect();
        let row = seen.public.rows[place].clone();
        let k = seen.public.measure_of(&row).k as usize;
        if left.len() < seen.calendar.rows[place].len() && left.len() >= k {
            seen.push(row, left);
        }
    }
    seen
}

/// After a correction of a contribution the row that it is in is published anew.
#[must_use]
pub fn corrected(mut seen: Exposed, place: usize, values: Vec<i64>) -> Exposed {
    let row = seen
        .calendar
        .rows
        .iter()
        .position(|row| row.contains(&place));
    let Some(row) = row else {
        return seen;
    };
    let new = seen.calendar.contributions.len();
    let contribution = seen.calendar.contributions[place].clone();
    seen.calendar.contributions.push(contribution);
    seen.truth.values.push(values);
    let mut members = seen.calendar.rows[row].clone();
    members.retain(|one| *one != place);
    members.push(new);
    seen.push(seen.public.rows[row].clone(), members);
    seen
}

/// After a renewal what the person had sent before waits again, and is in later rows once more.
#[must_use]
pub fn resurrected(mut seen: Exposed, person: u32) -> Exposed {
    for row in 1..seen.calendar.rows.len() {
        let back: Vec<usize> = (0..row)
            .filter(|earlier| same_series(&seen.public.rows[*earlier], &seen.public.rows[row]))
            .flat_map(|earlier| seen.calendar.rows[earlier].clone())
            .filter(|one| seen.calendar.contributions[*one].patient == person)
            .collect();
        if !back.is_empty() {
            seen.calendar.rows[row].extend(back);
            let measure = seen.public.measure_of(&seen.public.rows[row]).clone();
            seen.public.rows[row].figures = seen.figures(row, &measure);
            seen.public.rows[row].persons = seen.calendar.members(row).len() as u32;
            return seen;
        }
    }
    seen
}

fn same_series(one: &Row, other: &Row) -> bool {
    (&one.measure, &one.organisation, &one.part)
        == (&other.measure, &other.organisation, &other.part)
}

/// Instead of its rows every institution's year, and in January, when the tree has changed, the
/// same year again under the new tree.
#[must_use]
pub fn restated(mut seen: Exposed) -> Exposed {
    let [old, new] = &seen.public.catalogues[..] else {
        return seen;
    };
    let mut years: BTreeMap<(String, String, i32), BTreeSet<usize>> = BTreeMap::new();
    for (place, one) in seen.calendar.contributions.iter().enumerate() {
        for facts in [old, new] {
            let institution = facts.units[one.unit].institution.clone();
            let key = (one.measure.to_string(), institution, facts.from);
            if one.waits < new.from {
                years.entry(key).or_default().insert(place);
            }
        }
    }
    let (first, last) = (new.from - 12, new.from - 1);
    seen.public.rows.clear();
    seen.calendar.rows.clear();
    for ((measure, organisation, from), places) in years {
        let row = Row {
            measure,
            level: Level::Institution,
            organisation,
            first,
            last,
            part: String::new(),
            persons: 0,
            new_in_year: None,
            single_therapist: false,
            single_device: false,
            closed: from.max(last),
            figures: Vec::new(),
        };
        seen.push(row, places.into_iter().collect());
    }
    seen
}

/// What comes late opens the row of its own month again, instead of waiting.
#[must_use]
pub fn reopened(mut seen: Exposed, measure: &str) -> Exposed {
    let late = |one: &Contribution| match one.identity {
        Identity::Month { month, .. } if one.waits > month => Some(month),
        _ => None,
    };
    for place in 0..seen.calendar.contributions.len() {
        let one = &seen.calendar.contributions[place];
        let Some(month) = late(one).filter(|_| *one.measure == *measure) else {
            continue;
        };
        for members in &mut seen.calendar.rows {
            members.retain(|member| *member != place);
        }
        let unit = seen.public.catalogues[0].units[one.unit].id.clone();
        let rows = seen.public.rows.iter();
        let own = rows.rev().position(|row| {
            row.measure == measure
                && row.organisation == unit
                && (row.first, row.last) == (month, month)
        });
        if let Some(own) = own.map(|back| seen.public.rows.len() - 1 - back) {
            let mut members = seen.calendar.rows[own].clone();
            members.push(place);
            seen.push(seen.public.rows[own].clone(), members);
        }
    }
    seen
}

/// New persons are counted in rows of parts too.
#[must_use]
pub fn with_news(mut seen: Exposed) -> Exposed {
    let mut known: BTreeSet<(String, usize, i32, u32)> = BTreeSet::new();
    for place in 0..seen.public.rows.len() {
        let row = &seen.public.rows[place];
        let year = row.closed.div_euclid(12);
        let last = seen.calendar.last_ones(place);
        let keys = last
            .iter()
            .map(|one| (row.measure.clone(), one.unit, year, one.counted));
        let keys: Vec<_> = keys.collect();
        let new = keys.iter().filter(|key| !known.contains(key)).count();
        known.extend(keys);
        seen.public.rows[place].new_in_year = Some(new as u32);
    }
    seen
}

/// Rows in which all have, or nobody has, what a flag says are held back.
#[must_use]
pub fn hidden(mut seen: Exposed, of: (&str, usize)) -> Exposed {
    let alike = |row: &Row| {
        let all = i64::from(row.persons) * 1_000_000;
        row.measure == of.0 && [0, all].contains(&row.figures[of.1].sum)
    };
    let kept: Vec<bool> = seen.public.rows.iter().map(|row| !alike(row)).collect();
    let mut keep = kept.iter();
    seen.public.rows.retain(|_| keep.next() == Some(&true));
    let mut keep = kept.iter();
    seen.calendar.rows.retain(|_| keep.next() == Some(&true));
    seen
}
