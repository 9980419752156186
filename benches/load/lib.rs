//! What the benchmarks fold: episodes of twelve sessions, or of two, with one outcome form each, as
//! ingest writes them. Comes in: how many. Goes out: encoded records of one partition.

pub mod nation;

use std::ops::Range;

use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, SourceFile, shipped};
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{Form, ItemResponse, Respondent};
use medvirk_domain::ids::{Pseudonym, UnitId};
use medvirk_domain::partition;
use medvirk_domain::record::{EpisodeEnding, EpisodeKey, Event, EventBody};
use medvirk_domain::time::Day;
use medvirk_records::catalogue::hash_of;
use medvirk_records::codec::encode_event;

/// Sessions of an episode.
pub const SESSIONS: i32 = 12;
const TABLETS: [&str; 3] = ["tablet-1", "tablet-2", "tablet-3"];

/// A partition of a deployment with one of them.
pub struct Load {
    /// The catalogue that ships with the program.
    pub catalogue: Catalogue,
    units: Vec<UnitId>,
}

impl Load {
    /// On the shipped catalogue.
    pub fn new() -> Self {
        Self::of(&shipped())
    }

    /// On another one, which obeys every rule.
    pub fn of(files: &[SourceFile]) -> Self {
        let catalogue = Catalogue::load(files, hash_of(files), CatalogueLimits::default());
        let catalogue = catalogue.expect("the catalogue obeys every rule");
        let all = catalogue.organisations.trusts.keys();
        assert!(
            all.into_iter()
                .all(|trust| partition::of_trust(trust, 1) == 0)
        );
        let units = catalogue.organisations.units.keys().cloned().collect();
        Self { catalogue, units }
    }

    /// Everything that is sent of so many episodes, interleaved as weeks go by.
    pub fn records(&self, episodes: u32) -> Vec<Vec<u8>> {
        let first = Day::from_civil(2024, 1, 8);
        let mut records = Vec::new();
        let mut push = |event: Event| records.push(encode_event(&event));
        for number in 0..episodes {
            let opened = EventBody::EpisodeOpened {
                episode: episode(number),
                day: first,
                therapist: Some(Pseudonym::new(bytes(3, number % 997))),
            };
            push(self.event(number, 0, "epj", opened));
        }
        for session in 0..SESSIONS {
            for number in 0..episodes {
                let body = EventBody::Session {
                    episode: episode(number),
                    day: Day(first.0 + 7 * session),
                    number: session.unsigned_abs() + 1,
                    revision: 0,
                    forms: vec![outcome_form(number, session)],
                };
                let tablet = TABLETS[number as usize % TABLETS.len()];
                push(self.event(number, session + 1, tablet, body));
            }
        }
        for number in 0..episodes / 2 {
            let day = Day(first.0 + 7 * SESSIONS);
            let closed = EventBody::EpisodeClosed {
                episode: episode(number),
                day,
                ending: EpisodeEnding::Planned,
            };
            push(self.event(number, SESSIONS + 1, "epj", closed));
        }
        records
    }

    /// Everything that is sent of episodes that begin and end in January 2024, after two sessions.
    pub fn in_january(&self, episodes: Range<u32>) -> Vec<Vec<u8>> {
        let first = Day::from_civil(2024, 1, 8);
        let mut records = Vec::with_capacity(4 * episodes.len());
        for number in episodes {
            let opened = EventBody::EpisodeOpened {
                episode: episode(number),
                day: first,
                therapist: Some(Pseudonym::new(bytes(3, number % 997))),
            };
            let session = |number_of: i32| EventBody::Session {
                episode: episode(number),
                day: Day(first.0 + 7 * number_of),
                number: number_of.unsigned_abs() + 1,
                revision: 0,
                forms: vec![outcome_form(number, number_of)],
            };
            let closed = EventBody::EpisodeClosed {
                episode: episode(number),
                day: Day(first.0 + 14),
                ending: EpisodeEnding::Planned,
            };
            let tablet = TABLETS[number as usize % TABLETS.len()];
            let all = [
                ("epj", opened),
                (tablet, session(0)),
                (tablet, session(1)),
                ("epj", closed),
            ];
            for (step, (sender, body)) in (0..).zip(all) {
                records.push(encode_event(&self.event(number, step, sender, body)));
            }
        }
        records
    }

    fn event(&self, number: u32, step: i32, sender: &str, body: EventBody) -> Event {
        Event {
            sender: sender.to_owned(),
            catalogue: self.catalogue.hash,
            submission_id: bytes(4, number ^ (step.unsigned_abs() << 24)),
            ingested_at: 1_720_000_000_000,
            unit: self.units[number as usize % self.units.len()].clone(),
            body,
        }
    }
}

impl Default for Load {
    fn default() -> Self {
        Self::new()
    }
}

fn episode(number: u32) -> EpisodeKey {
    EpisodeKey {
        person: Pseudonym::new(bytes(1, number)),
        episode: Pseudonym::new(bytes(2, number)),
    }
}

/// Sixteen bytes that look like a keyed hash.
fn bytes(kind: u8, number: u32) -> [u8; 16] {
    let seed = (u128::from(kind) << 32 | u128::from(number)) + 1;
    seed.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
        .to_be_bytes()
}

fn outcome_form(number: u32, session: i32) -> Form {
    let items = ["individual", "interpersonal", "social", "overall"];
    let value = |place: usize| {
        let tenths = (number as i32 + 7 * session + place as i32) % 101;
        ItemResponse::Value(FixedPoint::from_micros(i64::from(tenths) * 100_000))
    };
    Form {
        instrument: "fit-ors".parse().expect("an instrument's id"),
        version: 1,
        respondent: Respondent::Patient,
        items: items
            .iter()
            .enumerate()
            .map(|(place, item)| (item.parse().expect("an item's id"), value(place)))
            .collect(),
        total: None,
        age: None,
    }
}
