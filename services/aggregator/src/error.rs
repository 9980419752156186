//! What stops an aggregator. The invariant: no error shows a key, a value or a reference.

use medvirk_domain::fold::FOLD_VERSION;
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::time::Month;
use medvirk_eventlog::{
    LogAppendError, LogReadError, LogStepError, OffsetReadError, PassingError, UnavailableLog,
};
use medvirk_records::codec::DecodeError;
use medvirk_records::{LedgerReadError, PlanWriteError, PlansReadError};

/// What stops an aggregator.
#[derive(Debug, thiserror::Error)]
pub enum AggregatorError {
    /// The log does not say what its work is.
    #[error("cannot use the log")]
    Join(#[from] UnavailableLog),
    /// The events cannot be read.
    #[error("cannot use the log")]
    Read(#[from] LogReadError),
    /// The events cannot be looked through for those of a month.
    #[error("cannot use the log")]
    Search(#[from] LogStepError),
    /// The log takes no close and no dead letter.
    #[error("cannot use the log")]
    Append(#[from] LogAppendError),
    /// The ledger cannot be read.
    #[error("cannot use the log")]
    Ledger(#[from] LedgerReadError),
    /// Catalogues and plans cannot be read.
    #[error("cannot use the log")]
    Plans(#[from] PlansReadError),
    /// A month that is due cannot be closed.
    #[error("cannot use the log")]
    MonthClose(#[from] MonthCloseError),
    /// A record that must not be set aside cannot be read: it is of a newer schema, or a control
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
    /// A month is closed and no plan says what is in force in it.
    #[error("the topic catalogue has no plan for {month}; activate a catalogue from that month")]
    NoPlan {
        /// The month in question.
        month: Month,
    },
    /// A plan asks for a fold that this binary does not have.
    #[error(
        "{month} wants fold version {wanted}; this program has {FOLD_VERSION}: use a newer one"
    )]
    FoldVersion {
        /// The month in question.
        month: Month,
        /// The version that its plan names.
        wanted: u32,
    },
    /// The tables have a close that the ledger has not. Somebody else writes to them, or the
    /// ledger was lost.
    #[error(
        "the tables have rows of {month} in partition {partition} that the ledger lacks; find out \
         who wrote them, then delete the indicator tables: they are built anew from the ledger"
    )]
    NotInLedger {
        /// The partition of the record.
        partition: u32,
        /// The month in question.
        month: Month,
    },
    /// Tables that name no deployment have a close that the ledger has not, or has otherwise.
    #[error(
        "the indicator tables name no deployment, and in partition {partition} their {month} is not \
         what this log's ledger says; name a database of this deployment, or, if they are its own, \
         delete them: they are built anew from the ledger"
    )]
    ForeignTables {
        /// The partition of the record.
        partition: u32,
        /// The month in question.
        month: Month,
    },
    /// The tables cannot be read or written.
    #[error("cannot use the indicator tables")]
    Store(#[from] medvirk_store::Error),
    /// A loop ended by a panic.
    #[error("a task of the aggregator panicked")]
    Panicked,
}

impl From<OffsetReadError> for AggregatorError {
    fn from(error: OffsetReadError) -> Self {
        Self::Read(error.into())
    }
}

/// Why a month was not closed in every partition; repeating it is harmless.
#[derive(Debug, thiserror::Error)]
pub enum MonthCloseError {
    /// The month after it has no plan, and none was written.
    #[error(transparent)]
    Plan(#[from] PlanWriteError),
    /// The close is not in every partition.
    #[error(transparent)]
    Append(#[from] LogAppendError),
}

impl PassingError for MonthCloseError {
    fn is_passing(&self) -> bool {
        match self {
            Self::Plan(error) => error.is_passing(),
            Self::Append(error) => error.is_passing(),
        }
    }
}
