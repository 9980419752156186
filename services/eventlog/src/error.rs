//! What can go wrong. The invariant: no error shows a key or a value.

use std::path::PathBuf;

use crate::Topic;

/// What can go wrong with the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too much is waiting to be written; nothing was taken. Try again later
    /// (`RESOURCE_EXHAUSTED`).
    #[error("the log has too much waiting")]
    Full,
    /// The record may or may not be stored (`UNAVAILABLE`).
    #[error("the log could not say whether it stored the record")]
    Unknown,
    /// The log cannot do it now; nothing was stored (`UNAVAILABLE`).
    #[error("the log is unavailable: {action}")]
    Unavailable {
        /// What was attempted, such as "open log".
        action: &'static str,
        /// Why, where the store said so.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// A record is missing or is not what was written. Whoever reads stops.
    #[error(
        "the log is damaged: {topic}, partition {partition}, offset {offset}: {what}; put the record \
         back from a copy of the log (\"Damage\" in services/eventlog/README.md)"
    )]
    Corrupt {
        /// The topic of the damaged record.
        topic: Topic,
        /// The partition in which it stands.
        partition: u32,
        /// from which offset on,
        offset: u64,
        /// and what is wrong.
        what: &'static str,
    },
    /// Another process has this log open.
    #[error("the log in {} is open in another process; stop that one first", dir.display())]
    Locked {
        /// Folder of the log.
        dir: PathBuf,
    },
    /// The log was created with another number of partitions.
    #[error("the log has {found} partitions, not {wanted}; their number is fixed for ever")]
    Partitions {
        /// The number with which the topic was created.
        found: u32,
        /// What the configuration says.
        wanted: u32,
    },
    /// The files are of another version.
    #[error("the log's files have format {found}; this program reads format {known}")]
    Format {
        /// The number that the file has.
        found: i64,
        /// The newest number that this version knows.
        known: i64,
    },
    /// The URL is not one of a log that this program was built with.
    #[error("a log's address is file:DIR or kafka://HOST:PORT[,HOST:PORT…][/PREFIX]")]
    Url,
    /// A setting of the Kafka client that is unknown, closed, or cannot work.
    #[error("the setting {name} of the Kafka client cannot be used so")]
    Setting {
        /// Its name; its value may be a secret.
        name: String,
    },
    /// TLS is configured in a program that was built without it.
    #[error("this program was built without TLS to Kafka; build it with the feature kafka-tls")]
    NoTls,
    /// No broker answers, or none that this client may talk to.
    #[error("Kafka does not answer at {brokers} ({why}); is it running?")]
    Unreachable {
        /// What the configuration says.
        brokers: String,
        /// What the client says.
        why: String,
    },
    /// The topics were never created.
    #[error("Kafka has no topic {}; `medvirk admin topics` creates what is missing", topics.join(", "))]
    NoTopics {
        /// The names of the topics that are missing.
        topics: Vec<String>,
    },
    /// The brokers do not create a topic.
    #[error("Kafka does not create the topic {topic}: {why}")]
    NotCreated {
        /// The name of the topic.
        topic: String,
        /// What the brokers say.
        why: String,
    },
    /// So few copies of a partition are up to date that no append is acknowledged.
    #[error(
        "{topic}, partition {partition}: {in_sync} copies are up to date, and an acknowledgement takes \
         {needed}; start the brokers that are down"
    )]
    NoQuorum {
        /// The name of the topic.
        topic: String,
        /// The first partition of it that is concerned.
        partition: i32,
        /// How many copies are up to date; 0 where no broker leads.
        in_sync: usize,
        /// How many there must be.
        needed: usize,
    },
    /// A promise of the log cannot be kept with these settings.
    #[error("settings of Kafka that are unsafe: {}", list(.0))]
    Unsafe(Vec<UnsafeSetting>),
    /// There is no such partition.
    #[error("{topic} has no partition {partition}")]
    NoPartition {
        /// The topic of the log.
        topic: Topic,
        /// What was asked for.
        partition: u32,
    },
    /// A compacted topic takes no record without a key.
    #[error("{topic} takes no record without a key")]
    Keyless {
        /// The topic of the log.
        topic: Topic,
    },
    /// A topic that is kept for ever takes no tombstones.
    #[error("{topic} takes no tombstones: it is kept for ever")]
    KeptForEver {
        /// The topic of the log.
        topic: Topic,
    },
    /// The record, or what is to be appended at once, is too large.
    #[error("a record of {bytes} bytes is larger than {limit}")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// An offset beyond the end: the reader knows more than the log has.
    #[error("{topic}, partition {partition}, ends at {end}; offset {offset} is beyond it")]
    BeyondEnd {
        /// The topic of the log.
        topic: Topic,
        /// The partition of the log.
        partition: u32,
        /// What was asked for.
        offset: u64,
        /// The offset after the last record.
        end: u64,
    },
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

fn list(all: &[UnsafeSetting]) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.join("; ")
}

impl Error {
    /// True if the same may succeed later without anybody's help, as with a full queue, a broker
    /// that is away, or a disk that has no room.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Full
                | Self::Unknown
                | Self::Unavailable { .. }
                | Self::Unreachable { .. }
                | Self::NoQuorum { .. }
        )
    }

    /// The thread that would have answered has ended.
    pub(crate) fn stopped(action: &'static str) -> Self {
        Self::unavailable(action, "the log's thread has ended")
    }

    pub(crate) fn unavailable(
        action: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable {
            action,
            source: Some(source.into()),
        }
    }
}
