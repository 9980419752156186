//! The log: the one place where anything that was acknowledged is kept.
//!
//! Comes in: records for four topics. Goes out: the same records, in the order of their offsets,
//! to whoever follows. The invariant: an append returns only when the record is durable, offsets
//! of a partition only grow, and what was read once is read again the same, unless it was erased
//! by a tombstone. What the bytes mean is in `medvirk-records`; the log itself looks at keys only.

#![warn(missing_docs)]

// What a log is.
mod append_rules;
mod log;
mod membership;
mod metrics;
mod topic;

// What can go wrong, and what is tried again.
mod cause;
mod error;
mod retry;

// How it is opened and read through.
mod opening;
mod walk;

// How it is kept, and what every backend must hold.
#[cfg(feature = "test-util")]
pub mod contract;
mod embedded;
#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "test-util")]
pub mod layer;

pub use cause::{
    DamagedRecord, MissingTopics, OffsetBeyondEnd, PartitionCountMismatch, UnavailableLog,
    UnknownPartition, UnreachableBrokers, UnsafeSetting, UnsafeSettings, UnusableSetting,
};
pub use error::{
    ClientStartError, CompactionError, LogAppendError, LogConfigError, LogOpenError, LogReadError,
    LogSettingsError, LogStepError, OffsetCommitError, OffsetReadError, QuorumError,
    TopicCreationError,
};
pub use log::{CHECK_SETTINGS_EVERY, Log, ROLL_EVERY};
pub use membership::GroupMembership;
pub use metrics::describe as describe_metrics;
pub use opening::open;
#[cfg(feature = "kafka")]
pub use opening::open_kafka;
pub use retry::{PassingError, RETRY_PAUSE, repeat_while_passing};
pub use topic::{
    CompactionResult, DEAD_LETTER_DAYS, MAX_RECORD_BYTES, NewRecord, RecordBatch, StoredRecord,
    Topic,
};
pub use walk::{LogStep, LogWalk, verify};
