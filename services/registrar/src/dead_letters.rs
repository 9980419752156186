//! Dead letters that must go: of people who withdrew, and old ones. Comes in: the topic
//! `feedback.dead-letter`. Goes out: keys to be erased there. The invariant: whatever a dead letter
//! holds that names a person can be erased, also when it was written after the withdrawal had been
//! carried out.
//!
//! A value that cannot be decoded names nobody; it leaves when it is old. One that is damaged in the
//! log keeps nobody else's from being erased.

use std::collections::BTreeMap;

use medvirk_domain::record::{Record, Scope};
use medvirk_eventlog::codec::DeadLetter;
use medvirk_eventlog::{Error, Log, Step, Stored, Topic, Walk, codec};
use medvirk_store::registry::Erasure;

use crate::{admission, metrics};

/// Dead letters that must go.
pub struct Found {
    /// Their keys, in the order of the log: keys have a random part, and a run must be repeatable.
    pub keys: Vec<Vec<u8>>,
    /// How many others are damaged, so that nobody knows what is in them.
    pub damaged: usize,
}

/// The dead letters that any of the erasures names.
pub async fn of(log: &dyn Log, erasures: &[Erasure]) -> Result<Found, Error> {
    find(log, |letter| {
        erasures.iter().any(|erasure| names(erasure, letter))
    })
    .await
}

/// Those that were set aside before then, in milliseconds since 1970.
pub async fn before(log: &dyn Log, then: i64) -> Result<Found, Error> {
    find(log, |letter| letter.set_aside_at < then).await
}

async fn find(log: &dyn Log, wanted: impl Fn(&DeadLetter) -> bool) -> Result<Found, Error> {
    let mut walk = Walk::whole(log, Topic::DeadLetter, 0).await?;
    let (mut places, mut damaged) = (BTreeMap::new(), 0);
    while let Some(step) = walk.step().await? {
        let Step::Records { batch, .. } = step else {
            // One that cannot be read must not keep the others.
            damaged += 1;
            continue;
        };
        for Stored { offset, key, value } in batch.records {
            let Some(value) = value else {
                // Brokers may keep for days what has its tombstone already.
                places.remove(&key);
                continue;
            };
            if codec::decode_dead_letter(&value).is_ok_and(|letter| wanted(&letter)) {
                places.entry(key).or_insert(offset);
            }
        }
    }
    metrics::damaged_letters(damaged);
    let mut keys: Vec<_> = places.into_iter().collect();
    keys.sort_unstable_by_key(|(_, offset)| *offset);
    let keys = keys.into_iter().map(|(key, _)| key).collect();
    Ok(Found { keys, damaged })
}

fn names(erasure: &Erasure, letter: &DeadLetter) -> bool {
    let in_reach = letter.topic == Topic::Events
        && letter.partition == erasure.partition
        && letter.offset < erasure.before;
    match codec::decode_event(&letter.value) {
        Ok(Record::Event(event)) if in_reach => {
            let wanted = erasure.scope == Scope::All || admission::is_registry_form(&event);
            wanted && event.subject() == erasure.subject
        }
        _ => false,
    }
}
