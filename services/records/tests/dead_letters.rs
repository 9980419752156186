//! Dead letters that stand: what was dealt with is gone, and copies are one letter.

#![allow(clippy::unwrap_used)] // Helpers of tests may, as tests may.

use medvirk_eventlog::contract::{EmbeddedSandbox, LogSandbox as _};
use medvirk_eventlog::{NewRecord, Topic};
use medvirk_records::codec::{DeadLetter, encode_dead_letter};
use medvirk_records::dead_letters::{StandingLetters, reason_word};

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
    let sandbox = EmbeddedSandbox::fresh();
    let log = sandbox.open().await;
    for record in [
        letter(b"a", "unknown-unit"),
        letter(b"a", "unknown-unit"),
        letter(b"b", "unknown-unit"),
        letter(b"c", "malformed"),
        NewRecord::tombstone(b"c".to_vec()),
    ] {
        log.append(Topic::DeadLetter, 0, record).await.unwrap();
    }
    let mut waiting = StandingLetters::new(10);
    let keep = |letter: DeadLetter| Some(reason_word(&letter));
    waiting.read_on(log.as_ref(), keep).await.unwrap();
    assert_eq!(waiting.by_reason(), [("unknown-unit".to_owned(), 2)].into());
    let replayed = NewRecord::tombstone(b"b".to_vec());
    log.append(Topic::DeadLetter, 0, replayed).await.unwrap();
    waiting.read_on(log.as_ref(), keep).await.unwrap();
    assert_eq!(waiting.by_reason(), [("unknown-unit".to_owned(), 1)].into());
    assert_eq!(waiting.number(), 1);
    let left: Vec<_> = waiting
        .into_ordered()
        .into_iter()
        .map(|it| it.offset)
        .collect();
    assert_eq!(left, [0], "of two copies the first is the letter");
}
