//! Dead letters that must go: of people who withdrew, and old ones. Comes in: the topic
//! `feedback.dead-letter`. Goes out: keys to be erased there. The invariant: whatever a dead letter
//! holds that names a person can be erased, also when it was written after the withdrawal had been
//! carried out.
//!
//! A value that cannot be decoded names nobody; it leaves when it is old.

use std::collections::BTreeMap;
use std::time::Duration;

use medvirk_domain::record::{Record, Scope};
use medvirk_eventlog::codec::DeadLetter;
use medvirk_eventlog::{Error, Log, Stored, Topic, codec};
use medvirk_store::registry::Erasure;

use crate::admission;

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 4 << 20;

/// Keys of the dead letters that any of the erasures names.
pub(crate) async fn keys_of(log: &dyn Log, erasures: &[Erasure]) -> Result<Vec<Vec<u8>>, Error> {
    keys(log, |letter| {
        erasures.iter().any(|erasure| names(erasure, letter))
    })
    .await
}

/// Keys of the dead letters that were set aside before then, in milliseconds since 1970.
pub(crate) async fn keys_before(log: &dyn Log, then: i64) -> Result<Vec<Vec<u8>>, Error> {
    keys(log, |letter| letter.set_aside_at < then).await
}

/// In the order of the log: keys have a random part, and a run must be repeatable.
async fn keys(log: &dyn Log, wanted: impl Fn(&DeadLetter) -> bool) -> Result<Vec<Vec<u8>>, Error> {
    let end = log.end(Topic::DeadLetter, 0).await?;
    let (mut next, mut places) = (0, BTreeMap::new());
    while next < end {
        let batch = log
            .read(Topic::DeadLetter, 0, next, READ_BYTES, Duration::ZERO)
            .await?;
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
        next = batch.next;
    }
    let mut keys: Vec<_> = places.into_iter().collect();
    keys.sort_unstable_by_key(|(_, offset)| *offset);
    Ok(keys.into_iter().map(|(key, _)| key).collect())
}

fn names(erasure: &Erasure, letter: &DeadLetter) -> bool {
    let in_reach = letter.topic == Topic::Events
        && letter.partition == erasure.partition
        && letter.offset < erasure.before;
    match codec::decode_event(&letter.value) {
        Ok(Record::Event(event)) if in_reach => {
            let wanted = erasure.scope == Scope::All || admission::is_registry_form(&event);
            wanted && admission::subject(&event) == erasure.subject
        }
        _ => false,
    }
}
