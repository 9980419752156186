//! Erasure of each person between any two steps, and comparison of all that was ever public.

use std::collections::BTreeSet;

use medvirk_attacker::attack::contributions;
use medvirk_attacker::calendar::reckon;
use medvirk_attacker::clinic::{Body, Event, Habits, Story, generate};
use medvirk_attacker::public::{Public, Row};
use medvirk_attacker::rng::Rng;
use medvirk_attacker::victim::broken::{self, Broken};
use medvirk_attacker::victim::{Ledger, Victim};

use crate::{seeds, share};

fn without_withdrawals(seed: u64, habits: &Habits) -> Story {
    let mut story = generate(seed, habits);
    story
        .events
        .retain(|event| !matches!(event.body, Body::Withdraw { .. }));
    story
}

/// The person withdraws at that place in the log.
fn withdrawn(story: &Story, person: u32, place: usize) -> Story {
    let mut story = story.clone();
    let event = Event {
        sender: 0,
        unit: 0,
        body: Body::Withdraw { person },
    };
    story.events.insert(place, event);
    story
}

/// The log after everything of the person was erased from it.
fn erased(story: &Story, person: u32) -> Story {
    let mut story = story.clone();
    let mut events = std::mem::take(&mut story.events);
    let is_control = |event: &Event| matches!(event.body, Body::Withdraw { .. });
    events.retain(|event| is_control(event) || story.person(event) != Some(person));
    story.events = events;
    story
}

fn is_close(event: &Event) -> bool {
    matches!(event.body, Body::Close { .. })
}

/// The beginning of every month, and a place inside.
fn places(story: &Story, rng: &mut Rng) -> Vec<usize> {
    let closes = story
        .events
        .iter()
        .enumerate()
        .filter(|(_, event)| is_close(event));
    let mut places = vec![0];
    for (close, _) in closes {
        let before = places[places.len() - 1];
        places.push(before + rng.below((close - before) as u32 + 1) as usize);
        places.push(close + 1);
    }
    places
}

/// Rows that only one of two publications has.
fn changed<'a>(one: &'a Public, other: &'a Public) -> Vec<&'a Row> {
    let alone = |these: &'a Public, those: &'a Public| {
        these
            .rows
            .iter()
            .filter(|row| !those.rows.contains(row))
            .collect::<Vec<&Row>>()
    };
    [alone(one, other), alone(other, one)].concat()
}

#[test]
fn an_erasure_changes_nothing_that_was_public_and_isolates_nobody() {
    let seed = seeds("erasure", 1)[0];
    let mut rng = Rng::new(seed);
    let story = without_withdrawals(seed, &Habits::usual(2, 13, 5.0));
    let victim = Victim::of(&story);
    let usual = victim.publish(&story);
    let persons: BTreeSet<u32> = story.patients.iter().copied().collect();
    let mut runs = 0;
    for person in &persons {
        for place in places(&story, &mut rng) {
            let closed = story.events[..place]
                .iter()
                .filter(|event| is_close(event))
                .count();
            let story = withdrawn(&story, *person, place);
            let ledger = victim.publish_after(&story, &Ledger::default());
            let public = victim.public(&ledger);
            let last_closed = story.first + closed as i32 - 1;
            let before = |public: &Public| {
                let rows = public.rows.iter().filter(|row| row.closed <= last_closed);
                rows.cloned().collect::<Vec<Row>>()
            };
            assert_eq!(before(&public), before(&usual), "what is public changes");
            let erased = erased(&story, *person);
            let replayed = victim.publish_after(&erased, &ledger.up_to(closed));
            assert_eq!(
                victim.public(&replayed),
                public,
                "a replay of the erased log differs"
            );
            check_later(&story, &public, (*person, last_closed));
            runs += 1;
        }
    }
    println!(
        "  {} persons, {runs} erasures: 0 rows changed, 0 persons isolated",
        persons.len()
    );
}

/// The person is in no later row, and all that was ever public isolates nobody.
fn check_later(story: &Story, public: &Public, (person, last_closed): (u32, i32)) {
    let (calendar, truth) = reckon(story, public);
    assert_eq!(truth.contradiction(public, &calendar), None);
    for (place, row) in public.rows.iter().enumerate() {
        let last = calendar.last_ones(place);
        let there = last
            .iter()
            .any(|one| one.patient == person && !one.measure.starts_with("kem"));
        assert!(
            row.closed <= last_closed || !there,
            "{person} is in a later row"
        );
    }
    for measure in &public.facts.measures {
        let k = measure.k as usize / if measure.codes { 2 } else { 1 };
        let found = contributions::attack(public, &calendar, (&measure.id, 0), k);
        assert!(found.disjoint && found.in_few.is_empty() && found.solved.is_empty());
    }
}

#[test]
fn an_erasure_touches_no_other_trust() {
    let seed = seeds("erasure and other trusts", 1)[0];
    let story = without_withdrawals(seed, &Habits::usual(8, 12, 6.0));
    let victim = Victim::of(&story);
    let usual = victim.publish(&story);
    let facts = &usual.facts;
    let persons: BTreeSet<u32> = story.patients.iter().copied().collect();
    for person in persons.iter().step_by(persons.len() / 20) {
        let of = story
            .events
            .iter()
            .find(|event| story.person(event) == Some(*person));
        let Some(unit) = of.map(|event| event.unit) else {
            continue;
        };
        let public = victim.publish(&withdrawn(&story, *person, 0));
        for row in changed(&usual, &public) {
            let home = &facts.units[unit].trust;
            let covered = (0..facts.units.len()).filter(|unit| facts.covers(row, *unit));
            assert!(
                covered
                    .map(|unit| &facts.units[unit].trust)
                    .all(|trust| trust == home)
            );
        }
    }
}

#[test]
fn amended_rows_isolate_who_withdrew() {
    let seed = seeds("erasure, broken", 1)[0];
    let story = without_withdrawals(seed, &Habits::usual(2, 6, 10.0));
    let facts = Victim::of(&story).facts().clone();
    let persons: BTreeSet<u32> = story.patients.iter().copied().collect();
    let (mut isolated, mut shown) = (0, 0);
    for person in persons {
        let story = withdrawn(&story, person, story.events.len());
        let exposed = broken::publish(&story, &facts, Broken::Amending);
        let of = ("fit.alliance", 0);
        let found = contributions::attack(&exposed.public, &exposed.calendar, of, 5);
        let is_of = |place: &usize| exposed.calendar.contributions[*place].patient == person;
        let in_row = exposed.calendar.rows.iter().flatten().any(is_of);
        shown += usize::from(in_row);
        isolated += usize::from(found.solved.keys().any(is_of));
    }
    println!(
        "  {:.0} % of {shown} persons isolated",
        share(isolated, shown)
    );
    assert!(2 * isolated > shown);
}
