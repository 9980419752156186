//! What stops a registrar. The invariant: no error shows a key, a value or a reference.

use medvirk_domain::ids::CatalogueHash;
use medvirk_eventlog::{
    CompactionError, LogAppendError, LogReadError, LogStepError, OffsetCommitError,
    OffsetReadError, PassingError, UnavailableLog,
};
use medvirk_records::codec::DecodeError;
use medvirk_records::{GenesisReadError, LedgerReadError, PlansReadError};

/// What stops a registrar, or an attempt of it.
#[derive(Debug, thiserror::Error)]
pub enum RegistrarError {
    /// The log does not say what its work is.
    #[error("cannot use the log")]
    Join(#[from] UnavailableLog),
    /// The events cannot be read.
    #[error("cannot use the log")]
    Read(#[from] LogReadError),
    /// The dead letters cannot be looked through.
    #[error("cannot use the log")]
    DeadLetters(#[from] LogStepError),
    /// The log takes no tombstone.
    #[error("cannot use the log")]
    Append(#[from] LogAppendError),
    /// Where it reads on is not remembered.
    #[error("cannot use the log")]
    Commit(#[from] OffsetCommitError),
    /// What tombstones name is not erased yet.
    #[error("cannot use the log")]
    Compaction(#[from] CompactionError),
    /// Catalogues cannot be read.
    #[error("cannot use the log")]
    Plans(#[from] PlansReadError),
    /// What the deployment was founded with is not known.
    #[error("cannot use the log")]
    Genesis(#[from] GenesisReadError),
    /// The ledger cannot be read.
    #[error("cannot use the log")]
    Ledger(#[from] LedgerReadError),
    /// The registry tables could not be used.
    #[error("cannot use the registry tables")]
    Store(#[from] medvirk_store::Error),
    /// A record that must not be skipped cannot be read: it is of a newer schema, or a control
    /// record. A newer binary may know it.
    #[error("cannot go on at partition {partition}, offset {offset} of feedback.events")]
    Record {
        /// The partition of the record.
        partition: u32,
        /// The offset of the record.
        offset: u64,
        /// Why it cannot be read.
        #[source]
        source: DecodeError,
    },
    /// A record names a catalogue that was never written to the topic `catalogue`.
    #[error("partition {partition}, offset {offset} names catalogue {hash}, which the log has not")]
    UnknownCatalogue {
        /// The partition of the record.
        partition: u32,
        /// The offset of the record.
        offset: u64,
        /// The catalogue that it names.
        hash: CatalogueHash,
    },
    /// Tables that name no deployment speak of a record that the log has not.
    #[error(
        "the registry tables name no deployment, and what they hold of partition {partition}, offset \
         {offset} is not of this log; name a database of this deployment, or, if the tables are its \
         own, delete them: they are filled anew from the log"
    )]
    ForeignTables {
        /// The partition of the record.
        partition: u32,
        /// The offset of the record.
        offset: u64,
    },
    /// A task ended by a panic.
    #[error("a task of the registrar panicked")]
    Panicked,
}

impl PassingError for RegistrarError {
    fn is_passing(&self) -> bool {
        use medvirk_store::Error as Store;
        match self {
            Self::Join(_) => true,
            Self::Read(error) => error.is_passing(),
            Self::DeadLetters(error) => error.is_passing(),
            Self::Append(error) => error.is_passing(),
            Self::Commit(error) => error.is_passing(),
            Self::Compaction(error) => error.is_passing(),
            Self::Plans(error) => error.is_passing(),
            Self::Genesis(error) => error.is_passing(),
            Self::Ledger(error) => error.is_passing(),
            Self::Store(error) => {
                matches!(error, Store::Failed { .. } | Store::NotYetErased { .. })
            }
            Self::Record { .. }
            | Self::UnknownCatalogue { .. }
            | Self::ForeignTables { .. }
            | Self::Panicked => false,
        }
    }
}

impl From<OffsetReadError> for RegistrarError {
    fn from(error: OffsetReadError) -> Self {
        Self::Read(error.into())
    }
}
