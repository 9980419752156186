//! Topics and records. Comes in: names, keys and values. Goes out: the same, typed. The
//! invariant: a value never shows itself in `Debug`.

use std::fmt;

/// The largest record: key and value together, in bytes. A close of a whole trust fits.
pub const MAX_RECORD_BYTES: usize = 32 * 1024 * 1024;

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
