//! Dead letters that stand: those that nobody has sent in again or erased. Comes in: the topic
//! `feedback.dead-letter`. Goes out: each letter once, as far as its reader keeps it. The invariant:
//! a tombstone removes a letter, a record that was set aside twice is one letter, and a letter that
//! is damaged hides no other one.

use std::collections::{BTreeMap, HashMap};

use medvirk_eventlog::{Log, LogStep, LogStepError, LogWalk, StoredRecord, Topic};

use crate::codec::{DeadLetter, decode_dead_letter};

/// Dead letters that stand, by key. Of each letter its reader keeps a `T`.
pub struct StandingLetters<T> {
    by_key: HashMap<Vec<u8>, (u64, T)>,
    limit: usize,
    /// Where reading goes on in the topic.
    next: u64,
    unfollowed: u64,
    unreadable: u64,
    damaged: u64,
}

/// One dead letter that stands.
#[derive(Clone, PartialEq, Eq)]
pub struct StandingLetter<T> {
    /// Its place in the topic of the dead letters.
    pub offset: u64,
    /// Its key, which is the key of the record that was set aside.
    pub key: Vec<u8>,
    /// What its reader keeps of it.
    pub kept: T,
}

impl<T> StandingLetters<T> {
    /// So many letters are kept; more are counted.
    pub fn new(limit: usize) -> Self {
        Self {
            by_key: HashMap::new(),
            limit,
            next: 0,
            unfollowed: 0,
            unreadable: 0,
            damaged: 0,
        }
    }

    /// Reads on to the present end of the topic, round what is damaged. `keep` says what to keep of
    /// a letter; nothing where the letter does not concern this reader.
    ///
    /// # Errors
    /// When the log does not answer. Reading goes on where it stopped.
    pub async fn read_on(
        &mut self,
        log: &dyn Log,
        keep: impl Fn(DeadLetter) -> Option<T>,
    ) -> Result<(), LogStepError> {
        let end = log.end(Topic::DeadLetter, 0).await?;
        let range = self.next.min(end)..end;
        let mut walk = LogWalk::through(log, Topic::DeadLetter, 0, range);
        while let Some(step) = walk.step().await? {
            match step {
                LogStep::Records { batch, .. } => {
                    for stored in batch.records {
                        self.apply(stored, &keep);
                    }
                    self.next = batch.next;
                }
                LogStep::Damaged { offset, .. } => {
                    self.damaged += 1;
                    self.next = offset + 1;
                }
            }
        }
        self.next = end;
        Ok(())
    }

    /// Applies a letter, or the tombstone that says it was dealt with.
    pub fn apply(&mut self, stored: StoredRecord, keep: impl Fn(DeadLetter) -> Option<T>) {
        let StoredRecord { offset, key, value } = stored;
        let Some(value) = value else {
            // Brokers may keep for days what has its tombstone already.
            self.by_key.remove(&key);
            return;
        };
        let Ok(letter) = decode_dead_letter(&value) else {
            self.unreadable += 1;
            return;
        };
        let Some(kept) = keep(letter) else {
            return;
        };
        if self.by_key.len() < self.limit {
            self.by_key.entry(key).or_insert((offset, kept));
        } else {
            self.unfollowed += 1;
        }
    }

    /// How many stand in all.
    pub fn number(&self) -> u64 {
        self.by_key.len() as u64 + self.unfollowed
    }

    /// How many are whole and cannot be decoded.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// How many are damaged in the log, so that nobody knows what is in them.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Those that are kept, in the order of the topic.
    pub fn into_ordered(self) -> Vec<StandingLetter<T>> {
        let letters = self.by_key.into_iter();
        let mut letters: Vec<_> = letters
            .map(|(key, (offset, kept))| StandingLetter { offset, key, kept })
            .collect();
        letters.sort_unstable_by_key(|letter| letter.offset);
        letters
    }
}

impl StandingLetters<String> {
    /// How many of them stand, by [`reason_word`].
    pub fn by_reason(&self) -> BTreeMap<String, u64> {
        let mut reasons = BTreeMap::new();
        for (_, reason) in self.by_key.values() {
            *reasons.entry(reason.clone()).or_default() += 1;
        }
        reasons
    }
}

/// The reason of a letter, as it may be shown. Reasons are words of a closed list; whatever else
/// stands there is "other".
pub fn reason_word(letter: &DeadLetter) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    let is_word = letter.reason.len() <= 40 && letter.reason.bytes().all(plain);
    if is_word {
        letter.reason.as_str()
    } else {
        "other"
    }
    .to_owned()
}
