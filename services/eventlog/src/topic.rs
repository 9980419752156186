//! Topics and records. Comes in: names, keys and values. Goes out: the same, typed. The
//! invariant: a value never shows itself in `Debug`.

use std::fmt;

use crate::{Error, MAX_RECORD_BYTES};

/// How many bytes may be appended at once.
const APPEND_BYTES: usize = 2 * MAX_RECORD_BYTES;

/// A dead letter is kept for this many days (§3).
pub const DEAD_LETTER_DAYS: u64 = 90;

/// A topic of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// What clinics and patients sent, and control records. Compacted.
    Events,
    /// One close per partition and month. Kept for ever.
    Ledger,
    /// What could not be folded, whole. Compacted.
    DeadLetter,
    /// Catalogues and plans. Kept for ever.
    Catalogue,
}

impl Topic {
    /// All topics of the log.
    pub const ALL: [Self; 4] = [
        Self::Events,
        Self::Ledger,
        Self::DeadLetter,
        Self::Catalogue,
    ];

    /// Its name, as Kafka has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "feedback.events",
            Self::Ledger => "indicator.ledger",
            Self::DeadLetter => "feedback.dead-letter",
            Self::Catalogue => "catalogue",
        }
    }

    /// The topic of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name() == name)
    }

    /// True where tombstones erase; every record of it needs a key.
    pub const fn is_compacted(self) -> bool {
        matches!(self, Self::Events | Self::DeadLetter)
    }

    /// True where it has as many partitions as the deployment; otherwise it has one.
    pub const fn is_partitioned(self) -> bool {
        matches!(self, Self::Events | Self::Ledger)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A record to append.
#[derive(Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// Its key; not empty on a compacted topic.
    pub key: Vec<u8>,
    /// Its value; `None` is a tombstone, which erases what was stored with this key before it.
    pub value: Option<Vec<u8>>,
}

impl NewRecord {
    /// A record with a value.
    pub fn new(key: Vec<u8>, value: Vec<u8>) -> Self {
        Self {
            key,
            value: Some(value),
        }
    }

    /// A record that erases what was stored with this key before it.
    pub fn tombstone(key: Vec<u8>) -> Self {
        Self { key, value: None }
    }
}

impl fmt::Debug for NewRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewRecord(redacted)")
    }
}

/// A record of the log.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its place in the partition.
    pub offset: u64,
    /// The key under which it was appended.
    pub key: Vec<u8>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
}

impl fmt::Debug for StoredRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredRecord({}, redacted)", self.offset)
    }
}

/// What one read gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordBatch {
    /// In the order of their offsets; gaps are normal.
    pub records: Vec<StoredRecord>,
    /// Where to read on.
    pub next: u64,
}

/// What a compaction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactionResult {
    /// How many records were erased.
    pub erased: u64,
}

/// Everything that can be refused is refused before it is queued, so that a
/// batch fails for reasons of the store only.
pub(crate) fn check(topic: Topic, records: &[NewRecord]) -> Result<(), Error> {
    let mut all = 0;
    for record in records {
        if topic.is_compacted() && record.key.is_empty() {
            return Err(Error::Keyless { topic });
        }
        if !topic.is_compacted() && record.value.is_none() {
            return Err(Error::KeptForEver { topic });
        }
        let bytes = record.key.len() + record.value.as_ref().map_or(0, Vec::len);
        if bytes > MAX_RECORD_BYTES {
            let limit = MAX_RECORD_BYTES;
            return Err(Error::TooLarge { bytes, limit });
        }
        all += bytes;
    }
    if all > APPEND_BYTES {
        let (bytes, limit) = (all, APPEND_BYTES);
        return Err(Error::TooLarge { bytes, limit });
    }
    Ok(())
}
