//! How many dead letters wait. Comes in: the topic `feedback.dead-letter`. Goes out: a gauge by reason,
//! which is right also after a restart, and after letters were replayed, erased or expired. The
//! invariant: of a letter only its reason is shown.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use medvirk_eventlog::Log;
use medvirk_records::codec::DeadLetter;
use medvirk_records::dead_letters::{StandingLetters, reason_word};
use medvirk_runtime::StopToken;
use tokio::time::Instant;

use crate::metrics;

/// How often it is looked for new ones.
const EVERY: Duration = Duration::from_secs(5);

/// So many letters are followed by key; more are counted.
const LETTERS_FOLLOWED: usize = 100_000;

/// How often the topic is read from its beginning: brokers forget what has expired without a word.
const ANEW_EVERY: Duration = Duration::from_hours(1);

/// Tells how many dead letters wait, until `stop`. Nothing depends on it.
pub async fn tell_dead_letters(log: Arc<dyn Log>, stop: StopToken) {
    let telling = async {
        let mut told = BTreeMap::new();
        loop {
            let begun = Instant::now();
            let mut waiting = StandingLetters::new(LETTERS_FOLLOWED);
            while begun.elapsed() < ANEW_EVERY {
                let keep = |letter: DeadLetter| Some(reason_word(&letter));
                if let Err(error) = waiting.read_on(log.as_ref(), keep).await {
                    tracing::debug!(%error, "cannot count the dead letters");
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

/// A reason of which none waits any more is told as 0.
fn tell(told: &BTreeMap<String, u64>, waiting: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let gone = told.keys().filter(|reason| !waiting.contains_key(*reason));
    gone.for_each(|reason| metrics::dead_letters_waiting(reason, 0));
    for (reason, letters) in &waiting {
        metrics::dead_letters_waiting(reason, *letters);
    }
    waiting
}
