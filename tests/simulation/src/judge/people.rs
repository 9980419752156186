//! People, one by one. Comes in: the closes of the ledger, registry tables and dead letters. Goes
//! out: the first person who is somewhere twice, or where nobody of that name may be. The
//! invariant: who is in a row is read from its sums, whatever the fold says.

use std::collections::BTreeSet;

use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::EventBody;
use medvirk_domain::row::{Close, Row};
use medvirk_eventlog::Topic;
use medvirk_records::codec;

use super::reading::Reading;
use crate::story::{self, CODES, PERSONS};
use crate::world::State;

/// How often each person and each code is in a row.
#[derive(Default)]
pub(super) struct Seen {
    persons: [u64; PERSONS as usize],
    codes: [u64; CODES as usize],
}

/// Who is in a row, by its powers of two.
fn bits(row: &Row) -> impl Iterator<Item = u8> {
    let sums = row
        .variables()
        .iter()
        .map(|variable| (variable.sum / 1_000_000) as u64);
    let bits: u64 = (0..).zip(sums).map(|(ten, sum)| sum << (10 * ten)).sum();
    (0..64).filter(move |bit| bits >> bit & 1 == 1)
}

impl Seen {
    /// Nobody is in a row who has withdrawn before it; and a row holds whom it says.
    pub(super) fn look_at(&mut self, close: &Close, reading: &Reading) -> Result<(), String> {
        for row in &close.rows {
            let of_codes = match row.measure().as_str() {
                "e-tag" => false,
                "s-exit" => true,
                _ => continue,
            };
            let month = close.month;
            let members: Vec<u8> = bits(row).collect();
            if members.len() != row.persons() as usize {
                let persons = row.persons();
                return Err(format!("{month}: a row of {persons} holds {members:?}"));
            }
            for member in members {
                let (times, whom) = if of_codes {
                    self.code(member)
                } else {
                    self.person(member)
                };
                *times += 1;
                if reading.withdrawn_before(close.offset, whom) {
                    return Err(format!("{month}: {member} has withdrawn and is in a row"));
                }
            }
        }
        Ok(())
    }

    fn person(&mut self, bit: u8) -> (&mut u64, Pseudonym) {
        (&mut self.persons[usize::from(bit)], story::person(bit))
    }

    /// The second answer to a code has a bit of its own.
    fn code(&mut self, bit: u8) -> (&mut u64, Pseudonym) {
        let number = bit % CODES;
        (&mut self.codes[usize::from(number)], story::code(number))
    }

    /// Nobody is in more rows than episodes were closed, and no code in two.
    pub(super) fn once(&self, readings: &[Reading]) -> Result<(), String> {
        let closed = closed_episodes(readings);
        for (number, times) in (0..).zip(self.persons) {
            let most = closed.iter().filter(|(whose, _)| *whose == number).count();
            if times > most as u64 {
                return Err(format!(
                    "person {number} is in {times} rows of {most} episodes"
                ));
            }
        }
        match self.codes.iter().position(|times| *times > 1) {
            Some(number) => Err(format!("code {number} is in several rows")),
            None => Ok(()),
        }
    }
}

/// Person and episode of every ending.
fn closed_episodes(readings: &[Reading]) -> BTreeSet<(u8, Pseudonym)> {
    let events = readings.iter().flat_map(Reading::events);
    let closed = events.filter_map(|(_, event)| match &event.body {
        EventBody::EpisodeClosed { episode, .. } => {
            Some((story::number_of(&episode.person), episode.episode))
        }
        _ => None,
    });
    closed.collect()
}

/// Every event is in the registry tables, or it is gone from tables and log alike.
pub(super) fn registry(
    state: &State,
    partition: u32,
    reading: &Reading,
    bad: &BTreeSet<u64>,
) -> Result<(), String> {
    for (told, event) in reading.events() {
        let place = (partition, told.offset);
        let has_key = state.registry.keys.contains_key(&place);
        let has_row = state.registry.rows.contains_key(&place);
        let is_bad = bad.contains(&told.offset);
        let is_gone = reading.is_gone(told.offset, event);
        let what = if is_gone && !told.erased {
            "withdrawn and still in the log"
        } else if is_gone && (has_key || has_row) {
            "withdrawn and still in the registry"
        } else if !is_gone && told.erased {
            "erased, though nobody withdrew"
        } else if !is_gone && !has_key {
            "not known to the registry by its key"
        } else if !is_gone && has_row == is_bad {
            "good without a row, or bad with one"
        } else {
            continue;
        };
        return Err(format!("{place:?} is {what}"));
    }
    Ok(())
}

/// What is bad, and nothing else, was set aside, and nobody who withdrew is in it any more.
pub(super) fn dead_letters(
    state: &State,
    readings: &[Reading],
    bad: &BTreeSet<(u32, u64)>,
) -> Result<(), String> {
    let find = |(partition, offset): (u32, u64)| {
        let mut events = readings[partition as usize].events();
        events.find(|(told, _)| told.offset == offset)
    };
    let mut aside = BTreeSet::new();
    for slot in state.records.of(Topic::DeadLetter, 0) {
        let Some(value) = &slot.record.value else {
            continue;
        };
        let letter = codec::decode_dead_letter(value).map_err(|error| error.to_string())?;
        let place = (letter.partition, letter.offset);
        aside.insert(place);
        let gone = find(place)
            .is_some_and(|(told, event)| readings[place.0 as usize].is_gone(told.offset, event));
        if gone && !slot.erased {
            return Err(format!("{place:?} is withdrawn and still set aside"));
        }
    }
    // What was erased before anybody folded it needs none.
    let erased = |place: &&(u32, u64)| find(**place).is_some_and(|(told, _)| told.erased);
    let mut missing = bad.difference(&aside).filter(|place| !erased(place));
    if let Some(place) = missing.next() {
        return Err(format!("{place:?} is bad and was not set aside"));
    }
    match aside.difference(bad).next() {
        Some(place) => Err(format!("{place:?} was set aside and is good")),
        None => Ok(()),
    }
}
