//! What each operation of the log can fail with. The invariant: no error shows a key or a value.
//!
//! ```text
//! LogConfigError      what an address or a configuration says cannot be used
//! LogOpenError        opening the log            TopicCreationError  creating its topics
//! LogAppendError      appending, rolling         CompactionError     erasing what tombstones name
//! LogReadError        reading                    LogStepError        reading round what is damaged
//! OffsetReadError     an end, a committed place  OffsetCommitError   committing a place
//! LogSettingsError    looking at the settings    QuorumError         asking whether appends would do
//! ```

use std::path::PathBuf;

use crate::cause::{
    DamagedRecord, MissingTopics, OffsetBeyondEnd, PartitionCountMismatch, UnavailableLog,
    UnknownPartition, UnreachableBrokers, UnsafeSettings, UnusableSetting,
};
use crate::retry::PassingError;
use crate::topic::Topic;

/// Why an address or a configuration is not one of a log.
#[derive(Debug, thiserror::Error)]
pub enum LogConfigError {
    /// The URL is not one of a log that this program was built with.
    #[error("a log's address is file:DIR or kafka://HOST:PORT[,HOST:PORT…][/PREFIX]")]
    Url,
    /// A setting of the Kafka client cannot be used so.
    #[error(transparent)]
    Setting(#[from] UnusableSetting),
    /// TLS is configured in a program that was built without it.
    #[error("this program was built without TLS to Kafka; build it with the feature kafka-tls")]
    NoTls,
}

/// Why a client of Kafka could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ClientStartError {
    /// The client does not know the setting, or not that value of it.
    #[error(transparent)]
    Setting(#[from] UnusableSetting),
    /// The client failed for another reason.
    #[error(transparent)]
    Unavailable(#[from] UnavailableLog),
}

/// Whoever appends or reads has a client already, so its settings were found usable.
impl From<ClientStartError> for UnavailableLog {
    fn from(error: ClientStartError) -> Self {
        match error {
            ClientStartError::Setting(setting) => Self::because("start kafka client", setting),
            ClientStartError::Unavailable(error) => error,
        }
    }
}

/// Why the log was not opened.
#[derive(Debug, thiserror::Error)]
pub enum LogOpenError {
    /// What the address or the configuration says cannot be used.
    #[error(transparent)]
    Config(#[from] LogConfigError),
    /// Another process has this log open.
    #[error("the log in {} is open in another process; stop that one first", dir.display())]
    Locked {
        /// Folder of the log.
        dir: PathBuf,
    },
    /// The files are of another version.
    #[error("the log's files have format {found}; this program reads format {known}")]
    Format {
        /// The number that the file has.
        found: i64,
        /// The newest number that this version knows.
        known: i64,
    },
    /// The log was created with another number of partitions.
    #[error(transparent)]
    Partitions(#[from] PartitionCountMismatch),
    /// A record at the end of a stream is missing or is not what was written.
    #[error(transparent)]
    Damaged(#[from] DamagedRecord),
    /// No broker of Kafka answers.
    #[error(transparent)]
    Unreachable(#[from] UnreachableBrokers),
    /// The topics of Kafka were never created.
    #[error(transparent)]
    NoTopics(#[from] MissingTopics),
    /// A promise of the log cannot be kept with the settings of Kafka.
    #[error(transparent)]
    Unsafe(#[from] UnsafeSettings),
    /// The files or the client cannot be used now.
    #[error(transparent)]
    Unavailable(#[from] UnavailableLog),
}

impl From<ClientStartError> for LogOpenError {
    fn from(error: ClientStartError) -> Self {
        match error {
            ClientStartError::Setting(setting) => Self::Config(setting.into()),
            ClientStartError::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

impl From<LogSettingsError> for LogOpenError {
    fn from(error: LogSettingsError) -> Self {
        match error {
            LogSettingsError::Client(error) => error.into(),
            LogSettingsError::Unreachable(error) => Self::Unreachable(error),
            LogSettingsError::NoTopics(error) => Self::NoTopics(error),
            LogSettingsError::Partitions(error) => Self::Partitions(error),
            LogSettingsError::Unsafe(error) => Self::Unsafe(error),
        }
    }
}

impl PassingError for LogOpenError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Unavailable(_))
    }
}

/// Why the topics of Kafka were not created, or cannot be used although they are there.
#[derive(Debug, thiserror::Error)]
pub enum TopicCreationError {
    /// What the configuration says cannot be used.
    #[error(transparent)]
    Config(#[from] LogConfigError),
    /// The brokers do not create a topic.
    #[error("Kafka does not create the topic {topic}: {why}")]
    NotCreated {
        /// The name of the topic.
        topic: String,
        /// What the brokers say.
        why: String,
    },
    /// Nobody answers, or a topic that is there is not as it must be.
    #[error(transparent)]
    Settings(#[from] LogSettingsError),
}

impl PassingError for TopicCreationError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Settings(error) if error.is_passing())
    }
}

/// Why the settings on which promises rest are not those that they must be, or nobody knows.
#[derive(Debug, thiserror::Error)]
pub enum LogSettingsError {
    /// The client that asks could not be started.
    #[error(transparent)]
    Client(#[from] ClientStartError),
    /// No broker says what the settings are.
    #[error(transparent)]
    Unreachable(#[from] UnreachableBrokers),
    /// The topics are not there, or not any more.
    #[error(transparent)]
    NoTopics(#[from] MissingTopics),
    /// A topic has another number of partitions.
    #[error(transparent)]
    Partitions(#[from] PartitionCountMismatch),
    /// These settings are not safe.
    #[error(transparent)]
    Unsafe(#[from] UnsafeSettings),
}

impl PassingError for LogSettingsError {
    fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Client(ClientStartError::Unavailable(_))
        )
    }
}

/// Why no append would be acknowledged now.
#[derive(Debug, thiserror::Error)]
pub enum QuorumError {
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
    /// No broker says how many copies there are.
    #[error(transparent)]
    Unreachable(#[from] UnreachableBrokers),
    /// The topics are not there any more.
    #[error(transparent)]
    NoTopics(#[from] MissingTopics),
}

impl PassingError for QuorumError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::NoQuorum { .. } | Self::Unreachable(_))
    }
}

/// Why records were not, or perhaps not, appended.
#[derive(Debug, thiserror::Error)]
pub enum LogAppendError {
    /// Too much is waiting to be written; nothing was stored. Try again later
    /// (`RESOURCE_EXHAUSTED`).
    #[error("the log has too much waiting")]
    Full,
    /// The record may or may not be stored (`UNAVAILABLE`).
    #[error("the log could not say whether it stored the record")]
    Unknown,
    /// The log cannot store it now; nothing was stored (`UNAVAILABLE`).
    #[error(transparent)]
    Unavailable(#[from] UnavailableLog),
    /// There is no such partition.
    #[error(transparent)]
    NoPartition(#[from] UnknownPartition),
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
}

impl PassingError for LogAppendError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Full | Self::Unknown | Self::Unavailable(_))
    }
}

/// Why nobody can say where a partition ends, or where a group reads on.
#[derive(Debug, thiserror::Error)]
pub enum OffsetReadError {
    /// There is no such partition.
    #[error(transparent)]
    NoPartition(#[from] UnknownPartition),
    /// The log does not answer now.
    #[error(transparent)]
    Unavailable(#[from] UnavailableLog),
}

impl PassingError for OffsetReadError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Why it is not, or perhaps not, remembered where a group reads on.
#[derive(Debug, thiserror::Error)]
pub enum OffsetCommitError {
    /// Too much is waiting to be written.
    #[error("the log has too much waiting")]
    Full,
    /// The offset may or may not be stored.
    #[error("the log could not say whether it stored the record")]
    Unknown,
    /// The log cannot store it now.
    #[error(transparent)]
    Unavailable(#[from] UnavailableLog),
    /// There is no such partition.
    #[error(transparent)]
    NoPartition(#[from] UnknownPartition),
    /// The offset is beyond the end.
    #[error(transparent)]
    BeyondEnd(#[from] OffsetBeyondEnd),
}

impl From<OffsetReadError> for OffsetCommitError {
    fn from(error: OffsetReadError) -> Self {
        match error {
            OffsetReadError::NoPartition(error) => Self::NoPartition(error),
            OffsetReadError::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

impl PassingError for OffsetCommitError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Full | Self::Unknown | Self::Unavailable(_))
    }
}

/// Why the next step of a [`LogWalk`](crate::LogWalk) failed, which goes round what is damaged.
#[derive(Debug, thiserror::Error)]
pub enum LogStepError {
    /// There is no such partition.
    #[error(transparent)]
    NoPartition(#[from] UnknownPartition),
    /// The offset is beyond the end.
    #[error(transparent)]
    BeyondEnd(#[from] OffsetBeyondEnd),
    /// The log does not answer now.
    #[error(transparent)]
    Unavailable(#[from] UnavailableLog),
}

impl From<OffsetReadError> for LogStepError {
    fn from(error: OffsetReadError) -> Self {
        match error {
            OffsetReadError::NoPartition(error) => Self::NoPartition(error),
            OffsetReadError::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

impl PassingError for LogStepError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Why records could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LogReadError {
    /// A record is missing or is not what was written.
    #[error(transparent)]
    Damaged(#[from] DamagedRecord),
    /// There is no such partition.
    #[error(transparent)]
    NoPartition(#[from] UnknownPartition),
    /// The offset is beyond the end.
    #[error(transparent)]
    BeyondEnd(#[from] OffsetBeyondEnd),
    /// The log does not answer now.
    #[error(transparent)]
    Unavailable(#[from] UnavailableLog),
}

impl From<OffsetReadError> for LogReadError {
    fn from(error: OffsetReadError) -> Self {
        match error {
            OffsetReadError::NoPartition(error) => Self::NoPartition(error),
            OffsetReadError::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

impl From<LogStepError> for LogReadError {
    fn from(error: LogStepError) -> Self {
        match error {
            LogStepError::NoPartition(error) => Self::NoPartition(error),
            LogStepError::BeyondEnd(error) => Self::BeyondEnd(error),
            LogStepError::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

impl PassingError for LogReadError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Why not everything that tombstones name is erased yet; what is left is erased later.
#[derive(Debug, thiserror::Error)]
pub enum CompactionError {
    /// A record may or may not be overwritten.
    #[error("the log could not say whether it stored the record")]
    Unknown,
    /// The log cannot erase it now.
    #[error(transparent)]
    Unavailable(#[from] UnavailableLog),
}

impl PassingError for CompactionError {
    /// Whatever stopped it, the tombstones still say what is to be erased.
    fn is_passing(&self) -> bool {
        true
    }
}
