//! What somebody with every clinic's calendar knows: who was seen where and when, by whom, who sent
//! which form, who withdrew, and in which part each is; but no answer. Comes in: the story and the
//! public rows. Goes out: which contributions are in which row, worked out from the published
//! rules. Beside it, apart, the truth: the answers. The invariant: an attack gets the calendar and
//! never the truth; where its reckoning is wrong, [`Truth::contradiction`] says so.

mod contribution;
mod heard;
pub mod sight;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::clinic::{Body, Story};
use crate::public::{Public, Row, Variable};
pub use contribution::{Contribution, Identity};
use heard::Heard;

/// Who is in which row.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    /// All contributions that have entered a row or been dropped in a December.
    pub contributions: Vec<Contribution>,
    /// For each public row the places of its contributions.
    pub rows: Vec<Vec<usize>>,
    /// What waited at each close.
    pub waiting: BTreeMap<i32, Vec<Contribution>>,
    /// Who withdrew (not which codes), before the close of which month.
    pub withdrawn: Vec<(i32, u32)>,
}

/// The values of each of the calendar's contributions, in the order of the measure's variables.
#[derive(Clone, Default)]
pub struct Truth {
    /// The values in whole millionths.
    pub values: Vec<Vec<i64>>,
}

impl Calendar {
    /// A row's contributions by who is counted, each with the last one of them at the end.
    pub fn members(&self, row: usize) -> BTreeMap<u32, Vec<usize>> {
        let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for &place in &self.rows[row] {
            let counted = self.contributions[place].counted;
            members.entry(counted).or_default().push(place);
        }
        for places in members.values_mut() {
            places.sort_by_key(|place| self.contributions[*place].order());
        }
        members
    }

    /// The contributions whose values a variable of a row adds.
    pub fn support(&self, row: usize, variable: &Variable) -> Vec<usize> {
        let mut support = Vec::new();
        for places in self.members(row).into_values() {
            match places.last() {
                Some(last) if !variable.adds => support.push(*last),
                _ => support.extend(places),
            }
        }
        support
    }

    /// The last contribution of each member of a row.
    pub fn last_ones(&self, row: usize) -> Vec<&Contribution> {
        let members = self.members(row);
        let last = members.values().filter_map(|places| places.last());
        last.map(|place| &self.contributions[*place]).collect()
    }
}

impl Truth {
    /// The first row whose persons or sums are not those of the calendar's reckoning, if any.
    pub fn contradiction(&self, public: &Public, calendar: &Calendar) -> Option<String> {
        let wrong = |(place, row): &(usize, &Row)| {
            let measure = public.measure_of(row);
            let sums = measure.variables.iter().zip(&row.figures).enumerate();
            let mut differs = false;
            for (number, (variable, figure)) in sums {
                let support = calendar.support(*place, variable);
                let sum: i64 = support.iter().map(|one| self.values[*one][number]).sum();
                differs |= sum != figure.sum;
            }
            differs || calendar.members(*place).len() != row.persons as usize
        };
        let (place, row) = public.rows.iter().enumerate().find(wrong)?;
        let known = calendar.members(place).len();
        Some(format!(
            "row {place} is {row:?}, the calendar has {known} persons"
        ))
    }
}

/// Works out from story and rows who is in which row.
pub fn reckon(story: &Story, public: &Public) -> (Calendar, Truth) {
    let mut heard = Heard::new(story);
    let mut calendar = Calendar {
        rows: vec![Vec::new(); public.rows.len()],
        ..Calendar::default()
    };
    let mut truth = Truth::default();
    let mut waiting: BTreeMap<(Arc<str>, Identity), i32> = BTreeMap::new();
    let mut entered = BTreeSet::new();
    let mut withdrawn = Vec::new();
    for event in story.taken() {
        let Body::Close { month } = event.body else {
            if let Body::Withdraw { person } = event.body {
                // Whoever comes back begins anew.
                let stays = |identity: &Identity| identity.person() != Some(person);
                waiting.retain(|(_, identity), _| stays(identity));
                entered.retain(|(_, identity)| stays(identity));
                withdrawn.push(person);
            }
            heard.hear(event);
            continue;
        };
        let before = withdrawn.drain(..).map(|person| (month, person));
        calendar.withdrawn.extend(before);
        let rows: Vec<usize> = closed_in(public, month);
        let mut still = BTreeMap::new();
        let mut all = Vec::new();
        for (mut one, values) in heard.contributions(month) {
            let key = (one.measure.clone(), one.identity);
            if entered.contains(&key) {
                continue;
            }
            one.waits = waiting.get(&key).copied().unwrap_or(month);
            all.push(one.clone());
            let row = rows.iter().find(|row| takes(public, **row, &one));
            if row.is_none() && month % 12 != 11 {
                still.insert(key, one.waits);
                continue;
            }
            entered.insert(key);
            if let Some(row) = row {
                calendar.rows[*row].push(calendar.contributions.len());
            }
            calendar.contributions.push(one);
            truth.values.push(values);
        }
        calendar.waiting.insert(month, all);
        waiting = still;
        heard.closed(month);
    }
    (calendar, truth)
}

fn closed_in(public: &Public, month: i32) -> Vec<usize> {
    let rows = public.rows.iter().enumerate();
    rows.filter(|(_, row)| row.closed == month)
        .map(|(place, _)| place)
        .collect()
}

/// True if the row is about the contribution: its organisation, part and waiting month.
fn takes(public: &Public, row: usize, one: &Contribution) -> bool {
    let row = &public.rows[row];
    *row.measure == *one.measure
        && public.facts(row.closed).covers(row, one.unit)
        && (row.part.is_empty() || *row.part == *one.part)
        && (row.first..=row.last).contains(&one.waits)
}
