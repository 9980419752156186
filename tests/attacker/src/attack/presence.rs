//! Presence. Knowledge: the calendar. Which rows there are, for which spans, of how many persons,
//! how many of them new, with or without squares: all of that is predicted from who and how many,
//! by the published rule and nothing else. What is predicted says nothing that the calendar does
//! not; a row that should be there and is not, or the other way round, does.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::{Calendar, Contribution};
use crate::public::{Facts, Figure, Level, Measure, Public, Row, Variable};

/// How the prediction compares with what is public.
#[derive(Debug, Default)]
pub struct Found {
    /// Rows that are as predicted.
    pub predicted: usize,
    /// Rows that should be there and are not,
    pub missing: Vec<Row>,
    /// and that should not and are.
    pub unexpected: Vec<Row>,
    /// Persons of the rows that are missing: each is known to be as all others of the row are.
    pub told: usize,
}

/// From so many persons on, and so many steps, there are squares.
const SQUARES: (usize, i64) = (12, 20);

/// Predicts the rows and compares them with what is public.
pub fn attack(public: &Public, calendar: &Calendar) -> Found {
    let mut found = Found::default();
    let mut year = Year::default();
    for (&month, waiting) in &calendar.waiting {
        for (_, person) in calendar
            .withdrawn
            .iter()
            .filter(|(close, _)| *close == month)
        {
            year.known.retain(|(.., counted)| counted != person);
        }
        let mut rows = predict(public.facts(month), waiting, month, &mut year);
        if month % 12 == 11 {
            year = Year::default();
        }
        for row in public.rows.iter().filter(|row| row.closed == month) {
            let bare = row.without_sums();
            match rows.iter().position(|one| *one == bare) {
                Some(place) => {
                    rows.swap_remove(place);
                    found.predicted += 1;
                }
                None => found.unexpected.push(bare),
            }
        }
        found.missing.extend(rows);
    }
    found.told = found.missing.iter().map(|row| row.persons as usize).sum();
    found
}

/// Who is in a row of the year already, by measure and unit. Codes are never counted twice.
#[derive(Default)]
struct Year {
    known: BTreeSet<(String, usize, u32)>,
}

/// What a group is about.
type Key = (Level, String, String);

fn predict(facts: &Facts, waiting: &[Contribution], month: i32, year: &mut Year) -> Vec<Row> {
    let mut rows = Vec::new();
    for measure in &facts.measures {
        let trusts: BTreeSet<&String> = facts.units.iter().map(|unit| &unit.trust).collect();
        for trust in trusts {
            let of = |one: &&Contribution| {
                *one.measure == *measure.id
                    && facts.units[one.unit].trust == *trust
                    && is_due(measure, one, month)
            };
            let mut left: Vec<&Contribution> = waiting.iter().filter(of).collect();
            let unit = |one: &Contribution| facts.units[one.unit].id.clone();
            let institution = |one: &Contribution| facts.units[one.unit].institution.clone();
            let none = String::new;
            let stages: [&dyn Fn(&Contribution) -> Key; 4] = [
                &|one| (Level::Unit, unit(one), one.part.to_string()),
                &|one| (Level::Unit, unit(one), none()),
                &|one| (Level::Institution, institution(one), none()),
                &|_| (Level::Trust, trust.clone(), none()),
            ];
            let stages = &stages[..if month % 12 == 11 { 4 } else { 1 }];
            for key in stages {
                let mut groups: BTreeMap<Key, Vec<&Contribution>> = BTreeMap::new();
                for one in std::mem::take(&mut left) {
                    groups.entry(key(one)).or_default().push(one);
                }
                for (key, group) in groups {
                    match row(facts, measure, &key, month, &group) {
                        Some(row) => rows.push(year.count(row, measure, &group)),
                        None => left.extend(group),
                    }
                }
            }
        }
    }
    rows
}

fn is_due(measure: &Measure, one: &Contribution, month: i32) -> bool {
    let from = match month % 12 {
        11 => month - 11,
        last if last % 4 == 3 => month - 3,
        _ if measure.tertial => return false,
        _ => month,
    };
    (from..=month).contains(&one.waits)
}

/// Members, each with the last contribution at the end.
fn members<'a>(group: &[&'a Contribution]) -> BTreeMap<u32, Vec<&'a Contribution>> {
    let mut members: BTreeMap<u32, Vec<&Contribution>> = BTreeMap::new();
    for one in group {
        members.entry(one.counted).or_default().push(one);
    }
    for all in members.values_mut() {
        all.sort_by_key(|one| one.order());
    }
    members
}

fn row(
    facts: &Facts,
    measure: &Measure,
    key: &Key,
    month: i32,
    group: &[&Contribution],
) -> Option<Row> {
    let members = members(group);
    let (level, organisation, part) = key.clone();
    let unit = facts
        .units
        .iter()
        .find(|unit| level == Level::Unit && unit.id == organisation);
    let flags = unit.map_or((false, false), |unit| {
        (unit.single_therapist, unit.single_device)
    });
    let last = || members.values().map(|all| all[all.len() - 1]);
    let most = |of: &dyn Fn(&Contribution) -> String| largest(last().map(|one| [of(one)]));
    let (n, k, r) = (members.len(), measure.k as usize, measure.r as usize);
    let enough = n >= k
        && (level == Level::Unit || n - most(&|one| one.unit.to_string()) >= k)
        && (level != Level::Trust
            || n - most(&|one| facts.units[one.unit].institution.clone()) >= k);
    let senders = members.values().map(|all| {
        let all = all.iter().flat_map(|one| &one.senders);
        all.copied().collect::<BTreeSet<u32>>()
    });
    let honest = measure.counts_codes()
        || (flags.0 || n - most(&|one| format!("{:?}", one.therapist)) >= r)
            && (flags.1 || n - largest(senders) >= r);
    let (first, last) = span(measure, group, month);
    (enough && honest).then(|| Row {
        measure: measure.id.clone(),
        level,
        organisation,
        first,
        last,
        part,
        persons: n as u32,
        new_in_year: None,
        single_therapist: flags.0,
        single_device: flags.1,
        closed: month,
        figures: measure
            .variables
            .iter()
            .map(|one| figure(one, measure, n))
            .collect(),
    })
}

fn figure(variable: &Variable, measure: &Measure, n: usize) -> Figure {
    let least = SQUARES.0 * (1 + usize::from(measure.counts_codes()));
    let shown = variable.spread && !variable.adds && variable.steps() >= SQUARES.1 && n >= least;
    Figure {
        sum: 0,
        sum_sq: shown.then_some(0),
    }
}

fn span(measure: &Measure, group: &[&Contribution], month: i32) -> (i32, i32) {
    let earliest = group.iter().map(|one| one.waits).min().unwrap_or(month);
    let tertial = month - month % 4;
    let first = if earliest == month && !measure.tertial {
        month
    } else if earliest >= tertial {
        tertial
    } else {
        month - month % 12
    };
    (first, month)
}

/// How many the most frequent source stands for.
fn largest<T: Ord>(sources: impl Iterator<Item = impl IntoIterator<Item = T>>) -> usize {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for source in sources.flatten() {
        *counts.entry(source).or_default() += 1;
    }
    counts.into_values().max().unwrap_or(0)
}

impl Year {
    fn count(&mut self, mut row: Row, measure: &Measure, group: &[&Contribution]) -> Row {
        let members = members(group);
        let is_new = |all: &&Vec<&Contribution>| {
            let last = all[all.len() - 1];
            let key = (row.measure.clone(), last.unit, last.counted);
            !self.known.contains(&key)
        };
        let new = members.values().filter(is_new).count();
        let keys = group
            .iter()
            .map(|one| (row.measure.clone(), one.unit, one.counted));
        self.known.extend(keys.collect::<Vec<_>>());
        row.new_in_year = (measure.is_monthly() || measure.part.is_none()).then_some(new as u32);
        row
    }
}
