//! How many dead letters wait. Comes in: the topic `feedback.dead-letter`. Goes out: a gauge by reason,
//! which is right also after a restart, and after letters were replayed, erased or expired. The
//! invariant: of a letter only its reason is shown.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use medvirk_eventlog::{Error, Log, Step, Topic, Walk};
use medvirk_runtime::Stop;
use tokio::time::Instant;

use crate::metrics;
use crate::standing_letters::StandingLetters;

/// How often it is looked for new ones.
const EVERY: Duration = Duration::from_secs(5);

/// How often the topic is read from its beginning: brokers forget what has expired without a word.
const ANEW_EVERY: Duration = Duration::from_hours(1);

/// Tells how many dead letters wait, until `stop`. Nothing depends on it.
pub async fn tell_dead_letters(log: Arc<dyn Log>, stop: Stop) {
    let telling = async {
        let mut told = BTreeMap::new();
        loop {
            let begun = Instant::now();
            let (mut waiting, mut next) = (StandingLetters::default(), 0);
            while begun.elapsed() < ANEW_EVERY {
                match read(&log, next, &mut waiting).await {
                    Ok(end) => next = end,
                    Err(error) => tracing::debug!(%error, "cannot count the dead letters"),
                }
                told = tell(&told, waiting.by_reason());
                tokio::time::sleep(EVERY).await;
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.stopped() => {}
        () = telling => {}
    }
}

/// Reads on from an offset, and gives the next one.
async fn read(log: &Arc<dyn Log>, from: u64, waiting: &mut StandingLetters) -> Result<u64, Error> {
    let end = log.end(Topic::DeadLetter, 0).await?;
    let mut walk = Walk::through(log.clone(), Topic::DeadLetter, 0, from.min(end)..end);
    while let Some(step) = walk.step().await? {
        if let Step::Records { batch, .. } = step {
            for stored in batch.records {
                waiting.apply(stored.key, stored.value.as_deref());
            }
        }
    }
    Ok(end)
}

/// A reason of which none waits any more is told as 0.
fn tell(told: &BTreeMap<String, u64>, waiting: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let gone = told.keys().filter(|reason| !waiting.contains_key(*reason));
    gone.for_each(|reason| metrics::dead_letters_waiting(reason, 0));
    for (reason, letters) in &waiting {
        metrics::dead_letters_waiting(reason, *letters);
    }
    waiting
}

#[cfg(test)]
mod tests {
    use medvirk_eventlog::NewRecord;
    use medvirk_eventlog::codec::{DeadLetter, encode_dead_letter};

    use super::*;

    fn letter(key: &[u8], reason: &str) -> NewRecord {
        let letter = DeadLetter {
            topic: Topic::Events,
            partition: 0,
            offset: 3,
            reason: reason.to_owned(),
            key: key.to_vec(),
            value: b"x".to_vec(),
            set_aside_at: 0,
        };
        NewRecord::new(key.to_vec(), encode_dead_letter(&letter))
    }

    #[tokio::test]
    async fn letters_that_were_dealt_with_wait_no_more_and_copies_count_once() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("file:{}", dir.path().display());
        let log = medvirk_eventlog::open(&url, 1).await.unwrap();
        for record in [
            letter(b"a", "unknown-unit"),
            letter(b"a", "unknown-unit"),
            letter(b"b", "unknown-unit"),
            letter(b"c", "malformed"),
            NewRecord::tombstone(b"c".to_vec()),
        ] {
            log.append(Topic::DeadLetter, 0, record).await.unwrap();
        }
        let mut waiting = StandingLetters::default();
        let next = read(&log, 0, &mut waiting).await.unwrap();
        assert_eq!(waiting.by_reason(), [("unknown-unit".to_owned(), 2)].into());
        let replayed = NewRecord::tombstone(b"b".to_vec());
        log.append(Topic::DeadLetter, 0, replayed).await.unwrap();
        read(&log, next, &mut waiting).await.unwrap();
        assert_eq!(waiting.by_reason(), [("unknown-unit".to_owned(), 1)].into());
    }
}
