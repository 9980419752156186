//! Dead letters that wait. Comes in: the records of `feedback.dead-letter`, in order. Goes out: how
//! many wait, by reason. The invariant: of a letter only its reason is kept.

use std::collections::{BTreeMap, HashMap};

use medvirk_eventlog::codec;

/// So many letters are followed by key; more are counted.
pub const LETTERS_FOLLOWED: usize = 100_000;

/// Dead letters that nobody has dealt with, by key; a record that was set aside twice is one.
#[derive(Default)]
pub struct StandingLetters {
    by_key: HashMap<Vec<u8>, String>,
    unreadable: u64,
    unfollowed: u64,
}

impl StandingLetters {
    /// A letter, or the tombstone that says it was dealt with.
    pub fn apply(&mut self, key: Vec<u8>, value: Option<&[u8]>) {
        let Some(value) = value else {
            self.by_key.remove(&key);
            return;
        };
        match codec::decode_dead_letter(value) {
            Ok(letter) if self.by_key.len() < LETTERS_FOLLOWED => {
                self.by_key.insert(key, word(&letter.reason));
            }
            Ok(_) => self.unfollowed += 1,
            Err(_) => self.unreadable += 1,
        }
    }

    /// How many wait, by reason.
    pub fn by_reason(&self) -> BTreeMap<String, u64> {
        let mut reasons = BTreeMap::new();
        for reason in self.by_key.values() {
            *reasons.entry(reason.clone()).or_default() += 1;
        }
        reasons
    }

    /// How many wait in all.
    pub fn number(&self) -> u64 {
        self.by_key.len() as u64 + self.unfollowed
    }

    /// How many cannot be read.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }
}

/// Reasons are words of a closed list; whatever else stands there is not shown.
fn word(reason: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    let is_word = reason.len() <= 40 && reason.bytes().all(plain);
    if is_word { reason } else { "other" }.to_owned()
}
