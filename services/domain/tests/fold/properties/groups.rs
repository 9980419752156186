//! Of rows and who is in them. The reference lists the members; the fold has the same rows.

use super::*;
use crate::reference::{Contribution, Released};

proptest! {
    #![proptest_config(cases(100))]

    /// Promise 3: no contribution is ever in two rows, whatever is sent again.
    #[test]
    fn a_contribution_is_in_at_most_one_row(scenario in scenario(Wildness { incidents: false, ..Wildness::FULL })) {
        let (world, log) = told(&scenario);
        let mut shown: BTreeMap<Key, Month> = BTreeMap::new();
        for close in compare(&world, &log, &Ledger::new()) {
            for member in close.released.iter().flat_map(|one| &one.members) {
                let before = shown.insert(member.key(), close.month);
                prop_assert!(before.is_none(), "{:?} in {before:?} and {}", member.key(), close.month);
            }
        }
    }

    /// Whatever waits stays or enters a row; at the end of the year nothing is left but the rest.
    #[test]
    fn a_contribution_is_in_one_row_or_in_the_rest_of_its_year(scenario in scenario(CALM)) {
        let (world, log) = told(&scenario);
        let mut waiting: BTreeSet<Key> = BTreeSet::new();
        let mut settled: BTreeSet<Key> = BTreeSet::new();
        for close in compare(&world, &log, &Ledger::new()) {
            let here: BTreeSet<Key> = close.waiting.iter().map(Contribution::key).collect();
            prop_assert!(waiting.is_subset(&here), "something vanished before {}", close.month);
            prop_assert!(settled.is_disjoint(&here), "something came back in {}", close.month);
            let rest: BTreeSet<Key> = close.rest().iter().map(|one| one.key()).collect();
            settled.extend(here.difference(&rest).cloned());
            waiting = rest;
            if close.month.ends_year() {
                settled.append(&mut waiting);
            }
        }
    }

    /// The same from the fold's own rows: everybody's answer is a power of two, so that the sums
    /// say who is in a row, and the scenario says who must be.
    #[test]
    fn the_sums_name_everybody_once(scenario in scenario(CALM)) {
        let (world, log) = told(&scenario);
        let mut shown = BTreeSet::new();
        for row in rows_of(&world, &log).values().flatten() {
            if row.measure().as_str() == "e-tag" {
                let persons = persons_by_sum(row);
                prop_assert_eq!(persons.len(), row.persons() as usize);
                for person in persons {
                    prop_assert!(shown.insert(person), "person {person} twice");
                }
            }
        }
        let mut rest = BTreeSet::new();
        let closes = compare(&world, &log, &Ledger::new());
        for close in closes.iter().filter(|close| close.month.ends_year()) {
            let left = close.rest();
            let tagged = left.iter().filter(|one| one.measure.as_str() == "e-tag");
            rest.extend(tagged.map(|one| one.person.as_bytes()[0]));
        }
        prop_assert!(shown.is_disjoint(&rest));
        let all: BTreeSet<u8> = shown.union(&rest).copied().collect();
        let Some(december) = (0..scenario.months).rev().find(|after| {
            world.first.plus(i32::from(*after)).ends_year()
        }) else {
            return Ok(());
        };
        let due = must_count(&scenario, i32::from(december));
        prop_assert!(due.is_subset(&all), "{:?} are missing", due.difference(&all));
    }

    /// §4.5, from the members alone.
    #[test]
    fn every_row_is_releasable(scenario in scenario(Wildness::FULL)) {
        let (world, log) = told(&scenario);
        for close in compare(&world, &log, &Ledger::new()) {
            for released in &close.released {
                assert_releasable(&world, close.month, released);
            }
        }
    }

    /// §4.7: measure, level, organisation, span, part and month of close name one row.
    #[test]
    fn the_key_of_a_row_is_unique(scenario in scenario(Wildness::FULL)) {
        let (world, log) = told(&scenario);
        for rows in rows_of(&world, &log).values() {
            let key = |row: &Row| {
                let organisation = (row.level(), row.organisation().to_owned());
                let span = (row.first(), row.last(), row.part().to_owned());
                (row.measure().clone(), organisation, span)
            };
            let keys: BTreeSet<_> = rows.iter().map(key).collect();
            prop_assert_eq!(keys.len(), rows.len());
        }
    }
}

/// Nothing contradicts anything, everything comes in its month.
const CALM: Wildness = Wildness {
    conflicts: false,
    incidents: false,
    disorder: false,
    one_episode: true,
    slow: false,
    months: 30,
};

/// Whose bits are in the sums of `e-tag`.
fn persons_by_sum(row: &Row) -> Vec<u8> {
    let mut persons = Vec::new();
    for (ten, variable) in row.variables().iter().enumerate() {
        let sum = variable.sum / 1_000_000;
        let bits = (0..10).filter(|bit| sum >> bit & 1 == 1);
        persons.extend(bits.map(|bit| ten as u8 * 10 + bit));
    }
    persons
}

/// Who has a closed episode and a form of `e-tag` that counts, all of it by that month.
fn must_count(scenario: &Scenario, december: i32) -> BTreeSet<u8> {
    let mut persons = BTreeSet::new();
    for course in &scenario.courses {
        let month = |after: u8| i32::from(course.start) + i32::from(after);
        let ended = course.ending.as_ref().map(|end| month(end.after));
        let known = |unit: u8| ![6, 8].contains(&unit);
        let counts = course.visits.iter().any(|visit| {
            let tagged = visit.forms & 0b1000 != 0;
            let here = known(course.unit + u8::from(visit.away));
            // In the next trust it is not this episode.
            let other_trust = visit.away && [3, 6].contains(&course.unit);
            tagged && here && !other_trust && visit.sender != 0 && month(visit.after) <= december
        });
        let end = course.ending.as_ref();
        let end_away = end.is_some_and(|end| end.away);
        let ends_here =
            known(course.unit + u8::from(end_away)) && !(end_away && [3, 6].contains(&course.unit));
        let in_time = ended.is_some_and(|ended| (0..=december).contains(&ended));
        if counts && in_time && ends_here && known(course.unit) {
            persons.insert(course.person);
        }
    }
    persons
}

/// At least k persons; r without any one source; k without any one organisation below.
fn assert_releasable(world: &World, month: Month, released: &Released) {
    let catalogue = world.plan(month);
    let row = &released.row;
    let measure = &catalogue.measures[row.measure()];
    let mut last: BTreeMap<_, &Contribution> = BTreeMap::new();
    for one in &released.members {
        let placed = last.entry(one.person).or_insert(one);
        if (one.placed, &one.identity) > (placed.placed, &placed.identity) {
            *placed = one;
        }
    }
    let (k, r) = (measure.k, measure.r);
    let all =
        |keep: &dyn Fn(&Contribution) -> bool| last.values().filter(|one| keep(one)).count() as u32;
    assert!(all(&|_| true) >= k && row.persons() == all(&|_| true));
    let units = &catalogue.organisations.units;
    if row.level() != RowLevel::Unit {
        for taken in units.keys() {
            assert!(
                all(&|one| one.unit != *taken) >= k,
                "without {taken}: {row:?}"
            );
        }
    }
    if row.level() == RowLevel::Trust {
        for taken in catalogue.organisations.institutions.keys() {
            let left = all(&|one| units[&one.unit].institution != *taken);
            assert!(left >= k, "without {taken}: {row:?}");
        }
    }
    if measure.identity == medvirk_domain::catalogue::CountedIdentity::Code {
        return;
    }
    for taken in released.members.iter().map(|one| one.therapist) {
        let left = all(&|one| one.therapist != taken);
        assert!(row.single_therapist() || left >= r, "a therapist: {row:?}");
    }
    for taken in released.members.iter().flat_map(|one| &one.senders) {
        let sent: BTreeSet<_> = released
            .members
            .iter()
            .filter(|one| one.senders.contains(taken))
            .map(|one| one.person)
            .collect();
        let left = all(&|one| !sent.contains(&one.person));
        assert!(row.single_device() || left >= r, "{taken}: {row:?}");
    }
}

/// The comparison says something: random logs have rows of every kind.
#[test]
fn random_logs_reach_every_kind_of_row() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..300 {
        let scenario = scenario(Wildness::FULL).new_tree(&mut runner);
        let (world, log) = told(&scenario.unwrap().current());
        for row in rows_of(&world, &log).values().flatten() {
            *seen.entry(kind(row)).or_default() += 1;
        }
    }
    let wanted = [
        "e-mood Unit high month",
        "e-mood Unit low tertial",
        "e-mood Unit - year",
        "e-mood Institution - year",
        "e-care Unit - tertial",
        "m-ally Unit - month",
        "m-ally Unit - tertial",
        "m-ally Unit - year",
        "m-ally Institution - year",
        "m-ally Trust - year",
        "m-calm Unit - tertial",
        "m-calm Unit - year",
        "m-extra Unit - month",
        "s-exit Unit - month",
        "s-sent Unit - month",
        "spread",
    ];
    for one in wanted {
        assert!(seen.contains_key(one), "{one} is not among {seen:#?}");
    }
}

fn kind(row: &Row) -> String {
    if row.variables().iter().any(|one| one.sum_sq.is_some()) {
        return "spread".to_owned();
    }
    let span = if row.first() == row.last() {
        "month"
    } else if row.first() == row.last().tertial_start() {
        "tertial"
    } else {
        "year"
    };
    let part = if row.part().is_empty() {
        "-"
    } else {
        row.part()
    };
    format!("{} {:?} {part} {span}", row.measure(), row.level())
}
