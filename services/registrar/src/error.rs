//! What stops a registrar. The invariant: no error shows a key, a value or a reference.

use medvirk_domain::ids::CatalogueHash;
use medvirk_records::codec::DecodeError;

/// What stops a registrar, or an attempt of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log could not be used.
    #[error("cannot use the log")]
    Log(#[from] medvirk_records::Error),
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

impl Error {
    /// True if the same may succeed later without anybody's help.
    pub(crate) fn is_passing(&self) -> bool {
        use medvirk_store::Error as Store;
        match self {
            Self::Log(error) => error.is_passing(),
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

impl medvirk_eventlog::PassingError for Error {
    fn is_passing(&self) -> bool {
        Self::is_passing(self)
    }
}

impl From<medvirk_eventlog::Error> for Error {
    fn from(error: medvirk_eventlog::Error) -> Self {
        Self::Log(error.into())
    }
}
