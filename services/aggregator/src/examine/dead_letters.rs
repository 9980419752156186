//! Dead letters. Comes in: the topic `feedback.dead-letter`, and the records that must be there.
//! Goes out: those that are not, and how many wait, by reason. The invariant: keys are compared
//! and never shown, and of a letter only its reason is.

use std::collections::{BTreeMap, HashMap};

use medvirk_eventlog::{Error as LogError, Topic};
use medvirk_records::codec;
use medvirk_runtime::examination::Check;

use super::{Examined, count};

/// So many records that cannot be folded are followed; more are counted.
const FOLLOWED: usize = 100_000;

/// Records that must have a dead letter, by key.
#[derive(Default)]
pub(super) struct Refused {
    by_key: HashMap<Vec<u8>, ((u32, u64), &'static str)>,
    pub(super) unfollowed: u64,
}

/// Dead letters that nobody has dealt with, by key; a record that was set aside twice is one.
#[derive(Default)]
pub(crate) struct Waiting {
    by_key: HashMap<Vec<u8>, String>,
    unreadable: u64,
    unfollowed: u64,
}

impl Refused {
    /// Notes a record by its key and place.
    pub(super) fn add(&mut self, key: &[u8], place: (u32, u64), reason: &'static str) {
        if self.by_key.len() < FOLLOWED {
            self.by_key.insert(key.to_owned(), (place, reason));
        } else {
            self.unfollowed += 1;
        }
    }

    /// Those that have none, in order.
    pub(super) fn left(&self) -> Vec<((u32, u64), &'static str)> {
        let mut left: Vec<_> = self.by_key.values().copied().collect();
        left.sort_unstable();
        left
    }
}

/// Reads the topic. What has a dead letter, or had one that was dealt with, leaves `refused`.
pub(super) async fn look(
    examined: &mut Examined,
    refused: &mut Refused,
) -> Result<Waiting, LogError> {
    let mut waiting = Waiting::default();
    let mut walk = examined.walk(Topic::DeadLetter, 0).await?;
    while let Some(step) = walk.step().await? {
        let records = examined.tally.note(Topic::DeadLetter, 0, step);
        for stored in records.unwrap_or_default() {
            refused.by_key.remove(&stored.key);
            waiting.take(stored.key, stored.value.as_deref());
        }
    }
    Ok(waiting)
}

impl Waiting {
    /// A letter, or the tombstone that says it was dealt with.
    pub(crate) fn take(&mut self, key: Vec<u8>, value: Option<&[u8]>) {
        let Some(value) = value else {
            self.by_key.remove(&key);
            return;
        };
        match codec::decode_dead_letter(value) {
            Ok(letter) if self.by_key.len() < FOLLOWED => {
                self.by_key.insert(key, word(&letter.reason));
            }
            Ok(_) => self.unfollowed += 1,
            Err(_) => self.unreadable += 1,
        }
    }

    /// How many wait, by reason.
    pub(crate) fn by_reason(&self) -> BTreeMap<String, u64> {
        let mut reasons = BTreeMap::new();
        for reason in self.by_key.values() {
            *reasons.entry(reason.clone()).or_default() += 1;
        }
        reasons
    }

    /// How many wait, and why.
    pub(super) fn check(&self) -> Check {
        let mut check = Check::new("dead letters");
        let all = self.by_key.len() as u64 + self.unfollowed;
        check.compared = format!("{} waiting", count(all, "dead letter", "dead letters"));
        for (reason, letters) in self.by_reason() {
            let found = format!("{letters} set aside: {reason}");
            let advice = "`medvirk admin dead-letter list` names their places; mend the cause, \
                then `medvirk admin dead-letter replay`";
            check.waits(found, advice);
        }
        if self.unreadable > 0 {
            let found = count(self.unreadable, "dead letter", "dead letters");
            let found = format!("{found} cannot be read");
            check.differs(found, super::RESTORE);
        }
        check
    }
}

/// Reasons are words of a closed list; whatever else stands there is not shown.
fn word(reason: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    let is_word = reason.len() <= 40 && reason.bytes().all(plain);
    if is_word { reason } else { "other" }.to_owned()
}

#[cfg(test)]
mod tests {
    use medvirk_records::codec::{DeadLetter, encode_dead_letter};
    use medvirk_runtime::examination::Verdict;

    use super::*;

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
        let mut waiting = Waiting::default();
        assert_eq!(waiting.check().verdict, Verdict::Agrees);
        for (key, reason) in [
            (b"a", "protobuf"),
            (b"b", "unit"),
            (b"b", "unit"),
            (b"c", "unit"),
        ] {
            waiting.take(key.to_vec(), Some(&letter(key, reason)));
        }
        waiting.take(b"c".to_vec(), None);
        waiting.take(b"d".to_vec(), Some(&letter(b"d", "Ola Nordmann")));
        let check = waiting.check();
        assert_eq!(check.verdict, Verdict::Waits);
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
        let mut refused = Refused::default();
        for number in 0..FOLLOWED as u64 + 3 {
            refused.add(&number.to_be_bytes(), (0, number), "unit");
        }
        assert_eq!((refused.left().len(), refused.unfollowed), (FOLLOWED, 3));
    }
}
