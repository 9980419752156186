//! Dead letters. Comes in: the topic `feedback.dead-letter`, and the records that must be there.
//! Goes out: those that are not, and how many wait, by reason. The invariant: keys are compared
//! and never shown, and of a letter only its reason is.

use std::collections::HashMap;

use crate::check::DoctorCheck;
use medvirk_eventlog::{LogStepError, Topic};
use medvirk_records::codec::DeadLetter;
use medvirk_records::dead_letters::{StandingLetters, reason_word};

use crate::run::{DoctorRun, RESTORE, count};

/// So many letters, and so many records that must have one, are followed by key.
const LETTERS_FOLLOWED: usize = 100_000;

/// Letters that wait, each with the reason that may be shown.
pub(crate) type WaitingLetters = StandingLetters<String>;

/// No letter is read yet.
pub(crate) fn no_letters() -> WaitingLetters {
    StandingLetters::new(LETTERS_FOLLOWED)
}

fn keep_reason(letter: DeadLetter) -> Option<String> {
    Some(reason_word(&letter))
}

/// Records that must have a dead letter, by key.
#[derive(Default)]
pub(crate) struct ExpectedDeadLetters {
    by_key: HashMap<Vec<u8>, ((u32, u64), &'static str)>,
    pub(crate) unfollowed: u64,
}

impl ExpectedDeadLetters {
    /// Notes a record by its key and place.
    pub(crate) fn add(&mut self, key: &[u8], place: (u32, u64), reason: &'static str) {
        if self.by_key.len() < LETTERS_FOLLOWED {
            self.by_key.insert(key.to_owned(), (place, reason));
        } else {
            self.unfollowed += 1;
        }
    }

    /// Those that have none, in order.
    pub(crate) fn left(&self) -> Vec<((u32, u64), &'static str)> {
        let mut left: Vec<_> = self.by_key.values().copied().collect();
        left.sort_unstable();
        left
    }
}

/// Reads the topic. What has a dead letter, or had one that was dealt with, leaves `refused`.
pub(crate) async fn look(
    run: &mut DoctorRun,
    refused: &mut ExpectedDeadLetters,
) -> Result<WaitingLetters, LogStepError> {
    let mut waiting = no_letters();
    let mut walk = run.walk(Topic::DeadLetter, 0).await?;
    while let Some(step) = walk.step().await? {
        let records = run.tally.note(Topic::DeadLetter, 0, step);
        for stored in records.unwrap_or_default() {
            refused.by_key.remove(&stored.key);
            waiting.apply(stored, keep_reason);
        }
    }
    Ok(waiting)
}

/// How many wait, and why.
pub(crate) fn check(waiting: &WaitingLetters) -> DoctorCheck {
    let mut check = DoctorCheck::new("dead letters");
    let all = count(waiting.number(), "dead letter", "dead letters");
    check.compared = format!("{all} waiting");
    for (reason, letters) in waiting.by_reason() {
        let found = format!("{letters} set aside: {reason}");
        let advice = "`medvirk admin dead-letter list` names their places; mend the cause, \
            then `medvirk admin dead-letter replay`";
        check.waits(found, advice);
    }
    if waiting.unreadable() > 0 {
        let found = count(waiting.unreadable(), "dead letter", "dead letters");
        let found = format!("{found} cannot be read");
        check.differs(found, RESTORE);
    }
    check
}

#[cfg(test)]
mod tests {
    use crate::check::DoctorVerdict;
    use medvirk_eventlog::StoredRecord;
    use medvirk_records::codec::encode_dead_letter;

    use super::*;

    fn stored(key: &[u8], value: Option<Vec<u8>>) -> StoredRecord {
        StoredRecord {
            offset: 0,
            key: key.to_owned(),
            value,
        }
    }

    fn letter(key: &[u8], reason: &str) -> Vec<u8> {
        encode_dead_letter(&DeadLetter {
            topic: Topic::Events,
            partition: 0,
            offset: 3,
            reason: reason.to_owned(),
            key: key.to_owned(),
            value: vec![1],
            set_aside_at: 0,
        })
    }

    #[test]
    fn what_waits_is_counted_by_reason_and_what_was_dealt_with_is_not() {
        let mut waiting = no_letters();
        assert_eq!(check(&waiting).verdict, DoctorVerdict::Agrees);
        for (key, reason) in [
            (b"a", "protobuf"),
            (b"b", "unit"),
            (b"b", "unit"),
            (b"c", "unit"),
        ] {
            waiting.apply(stored(key, Some(letter(key, reason))), keep_reason);
        }
        waiting.apply(stored(b"c", None), keep_reason);
        waiting.apply(
            stored(b"d", Some(letter(b"d", "Ola Nordmann"))),
            keep_reason,
        );
        let check = check(&waiting);
        assert_eq!(check.verdict, DoctorVerdict::Waits);
        assert_eq!(check.compared, "3 dead letters waiting");
        let found: Vec<_> = check
            .findings
            .iter()
            .map(|one| one.found.as_str())
            .collect();
        let expected = [
            "1 set aside: other",
            "1 set aside: protobuf",
            "1 set aside: unit",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn only_so_many_records_are_followed() {
        let mut refused = ExpectedDeadLetters::default();
        for number in 0..LETTERS_FOLLOWED as u64 + 3 {
            refused.add(&number.to_be_bytes(), (0, number), "unit");
        }
        assert_eq!(
            (refused.left().len(), refused.unfollowed),
            (LETTERS_FOLLOWED, 3)
        );
    }
}
