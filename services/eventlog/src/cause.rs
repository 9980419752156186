//! Causes: what can be wrong with a log, each by itself, for the errors of the operations to name.
//! The invariant: no cause shows a key or a value.

use crate::topic::Topic;

/// The log cannot do it now; nothing was stored (`UNAVAILABLE`).
#[derive(Debug, thiserror::Error)]
#[error("the log is unavailable: {action}")]
pub struct UnavailableLog {
    /// What was attempted, such as "open log".
    pub action: &'static str,
    /// Why, where the store said so.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl UnavailableLog {
    /// What was attempted, where nothing more is known.
    pub fn attempting(action: &'static str) -> Self {
        Self {
            action,
            source: None,
        }
    }

    /// What was attempted, and why it failed.
    pub(crate) fn because(
        action: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            action,
            source: Some(source.into()),
        }
    }

    /// The thread that would have answered has ended.
    pub(crate) fn stopped(action: &'static str) -> Self {
        Self::because(action, "the log's thread has ended")
    }
}

/// A record is missing or is not what was written. Whoever reads stops.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the log is damaged: {topic}, partition {partition}, offset {offset}: {what}; put the record \
     back from a copy of the log (\"Damage\" in services/eventlog/README.md)"
)]
pub struct DamagedRecord {
    /// The topic of the damaged record.
    pub topic: Topic,
    /// The partition in which it stands.
    pub partition: u32,
    /// The offset from which on it is damaged.
    pub offset: u64,
    /// What is wrong with the record.
    pub what: &'static str,
}

/// There is no such partition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{topic} has no partition {partition}")]
pub struct UnknownPartition {
    /// The topic of the log.
    pub topic: Topic,
    /// What was asked for.
    pub partition: u32,
}

/// An offset beyond the end: the reader knows more than the log has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{topic}, partition {partition}, ends at {end}; offset {offset} is beyond it")]
pub struct OffsetBeyondEnd {
    /// The topic of the log.
    pub topic: Topic,
    /// The partition of the log.
    pub partition: u32,
    /// What was asked for.
    pub offset: u64,
    /// The offset after the last record.
    pub end: u64,
}

/// The log was created with another number of partitions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the log has {found} partitions, not {wanted}; their number is fixed for ever")]
pub struct PartitionCountMismatch {
    /// The number with which the topic was created.
    pub found: u32,
    /// What the configuration says.
    pub wanted: u32,
}

/// A setting of the Kafka client that is unknown, closed, or cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the setting {name} of the Kafka client cannot be used so")]
pub struct UnusableSetting {
    /// Its name; its value may be a secret.
    pub name: String,
}

/// No broker answers, or none that this client may talk to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Kafka does not answer at {brokers} ({why}); is it running?")]
pub struct UnreachableBrokers {
    /// What the configuration says.
    pub brokers: String,
    /// What the client says.
    pub why: String,
}

/// The topics were never created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Kafka has no topic {}; `medvirk admin topics` creates what is missing", topics.join(", "))]
pub struct MissingTopics {
    /// The names of the topics that are missing.
    pub topics: Vec<String>,
}

/// A setting of a topic with which a promise cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{topic}: {setting} is {found}; safe is {safe}")]
pub struct UnsafeSetting {
    /// The name of the topic.
    pub topic: String,
    /// The name of the setting.
    pub setting: String,
    /// The value that was found.
    pub found: String,
    /// Which values are safe.
    pub safe: String,
}

/// A promise of the log cannot be kept with these settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("settings of Kafka that are unsafe: {}", list(.0))]
pub struct UnsafeSettings(pub Vec<UnsafeSetting>);

fn list(all: &[UnsafeSetting]) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.join("; ")
}
