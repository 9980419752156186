//! Bounded attempts at survey codes. Comes in: wrong codes, and the time. Goes out: whether
//! another one may be tried. The invariant: never more than a minute's worth at once.
//!
//! Libraries for this count a question when it is asked. Here only a wrong code counts, which is known
//! after it was tried: a right one takes nothing away from the next patient.

use std::sync::{Mutex, PoisonError};

const MINUTE_MS: i64 = 60_000;

/// A bucket of attempts that fills up evenly.
pub(crate) struct AttemptBucket {
    per_minute: i64,
    /// What is in the bucket, in attempts × [`MINUTE_MS`], and when that was so.
    left: Mutex<(i64, i64)>,
}

impl AttemptBucket {
    /// A full bucket of that size.
    pub(crate) fn per_minute(per_minute: u32, now_ms: i64) -> Self {
        let per_minute = i64::from(per_minute.max(1));
        Self {
            per_minute,
            left: Mutex::new((per_minute * MINUTE_MS, now_ms)),
        }
    }

    /// True if one may be tried now.
    pub(crate) fn allowed(&self, now_ms: i64) -> bool {
        self.with(now_ms, |left| *left >= MINUTE_MS)
    }

    /// Counts a code that was wrong.
    pub(crate) fn wrong(&self, now_ms: i64) {
        self.with(now_ms, |left| *left = (*left - MINUTE_MS).max(0));
    }

    fn with<T>(&self, now_ms: i64, then: impl FnOnce(&mut i64) -> T) -> T {
        let mut state = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, at_ms) = &mut *state;
        // A clock that goes back gives nothing, and takes nothing away.
        let passed = now_ms.saturating_sub(*at_ms).clamp(0, MINUTE_MS);
        *left = (*left + passed * self.per_minute).min(self.per_minute * MINUTE_MS);
        *at_ms = now_ms;
        then(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_run_out_and_come_back() {
        let attempts = AttemptBucket::per_minute(2, 0);
        attempts.wrong(0);
        assert!(attempts.allowed(0));
        attempts.wrong(0);
        assert!(!attempts.allowed(0));
        assert!(!attempts.allowed(29_999));
        assert!(attempts.allowed(30_000));
        attempts.wrong(30_000);
        assert!(!attempts.allowed(30_001));
        // A long pause gives two again, not more.
        attempts.wrong(10_000_000);
        attempts.wrong(10_000_000);
        assert!(!attempts.allowed(10_000_000));
        assert!(!attempts.allowed(9_000_000));
    }
}
