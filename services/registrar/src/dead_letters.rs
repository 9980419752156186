//! Dead letters of people who withdrew. Comes in: the topic `feedback.dead-letter`. Goes out: keys
//! to be erased there. The invariant: whatever a dead letter holds that names a person can be
//! erased, also when it was written after the withdrawal had been carried out.
//!
//! A value that cannot be decoded names nobody; it leaves with the topic's retention.

use std::time::Duration;

use medvirk_domain::record::{Record, Scope};
use medvirk_eventlog::{Error, Log, Stored, Topic, codec};
use medvirk_store::registry::Erasure;

use crate::admission;

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 4 << 20;

/// Keys of the dead letters that any of the erasures names.
pub(crate) async fn keys_of(log: &dyn Log, erasures: &[Erasure]) -> Result<Vec<Vec<u8>>, Error> {
    let end = log.end(Topic::DeadLetter, 0).await?;
    let (mut next, mut keys) = (0, Vec::new());
    while next < end {
        let batch = log
            .read(Topic::DeadLetter, 0, next, READ_BYTES, Duration::ZERO)
            .await?;
        let named = batch
            .records
            .into_iter()
            .filter(|stored| erasures.iter().any(|erasure| names(erasure, stored)));
        keys.extend(named.map(|stored| stored.key));
        next = batch.next;
    }
    Ok(keys)
}

fn names(erasure: &Erasure, stored: &Stored) -> bool {
    let Some(letter) = stored.value.as_deref() else {
        return false;
    };
    let Ok(letter) = codec::decode_dead_letter(letter) else {
        return false;
    };
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
