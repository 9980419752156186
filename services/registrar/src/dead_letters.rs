//! Dead letters that must go: of people who withdrew, and old ones. Comes in: the topic
//! `feedback.dead-letter`. Goes out: keys to be erased there. The invariant: whatever a dead letter
//! holds that names a person can be erased, also when it was written after the withdrawal had been
//! carried out.
//!
//! A value that cannot be decoded names nobody; it leaves when it is old. One that is damaged in the
//! log keeps nobody else's from being erased.

use medvirk_domain::record::LogRecord;
use medvirk_eventlog::{Log, LogStepError, Topic};
use medvirk_records::codec::{self, DeadLetter};
use medvirk_records::dead_letters::StandingLetters;
use medvirk_store::registry::PartitionErasure;

use crate::metrics;

/// Dead letters that must go.
pub struct ErasableLetters {
    /// Their keys, in the order of the log: keys have a random part, and a run must be repeatable.
    pub keys: Vec<Vec<u8>>,
    /// How many others are damaged, so that nobody knows what is in them.
    pub damaged: u64,
}

/// The dead letters that any of the erasures names.
pub async fn of(
    log: &dyn Log,
    erasures: &[PartitionErasure],
) -> Result<ErasableLetters, LogStepError> {
    find(log, |letter| {
        erasures.iter().any(|erasure| names(erasure, letter))
    })
    .await
}

/// Those that were set aside before then, in milliseconds since 1970.
pub async fn before(log: &dyn Log, then: i64) -> Result<ErasableLetters, LogStepError> {
    find(log, |letter| letter.set_aside_at < then).await
}

async fn find(
    log: &dyn Log,
    wanted: impl Fn(&DeadLetter) -> bool,
) -> Result<ErasableLetters, LogStepError> {
    let mut letters = StandingLetters::new(usize::MAX);
    let keep = |letter: DeadLetter| wanted(&letter).then_some(());
    letters.read_on(log, keep).await?;
    let damaged = letters.damaged();
    metrics::damaged_letters(damaged);
    let letters = letters.into_ordered().into_iter();
    let keys = letters.map(|letter| letter.key).collect();
    Ok(ErasableLetters { keys, damaged })
}

fn names(erasure: &PartitionErasure, letter: &DeadLetter) -> bool {
    let in_reach = letter.topic == Topic::Events
        && letter.partition == erasure.partition
        && letter.offset < erasure.before;
    match codec::decode_event(&letter.value) {
        Ok(LogRecord::Event(event)) if in_reach => {
            erasure.scope.covers(&event.body) && event.subject() == erasure.subject
        }
        _ => false,
    }
}
