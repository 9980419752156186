//! What each operation on the records of the log can fail with. The invariant: no error shows a key
//! or a value.

use medvirk_domain::catalogue::CatalogueProblems;
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::time::Month;
use medvirk_eventlog::{LogAppendError, LogReadError, OffsetReadError, PassingError, Topic};

use crate::codec::DecodeError;
use crate::genesis_record::GenesisMismatch;

/// A record that must be understood was not.
#[derive(Debug, thiserror::Error)]
#[error("{topic}, partition {partition}, offset {offset} cannot be read")]
pub struct UndecodableRecord {
    /// The topic of the log.
    pub topic: Topic,
    /// The partition of the log.
    pub partition: u32,
    /// The offset in the partition.
    pub offset: u64,
    /// What was wrong with the value.
    pub source: DecodeError,
}

/// Why the catalogues and plans of the log are not known.
#[derive(Debug, thiserror::Error)]
pub enum PlansReadError {
    /// The topic cannot be read, or a record of it is damaged.
    #[error(transparent)]
    Read(#[from] LogReadError),
    /// A record of the topic cannot be decoded.
    #[error(transparent)]
    Undecodable(#[from] UndecodableRecord),
    /// A catalogue in the log breaks the rules of this program.
    #[error("catalogue {hash} of the log does not load:\n{problems}")]
    Unloadable {
        /// The hash of the catalogue.
        hash: CatalogueHash,
        /// The rules that the catalogue breaks.
        problems: CatalogueProblems,
    },
}

impl From<OffsetReadError> for PlansReadError {
    fn from(error: OffsetReadError) -> Self {
        Self::Read(error.into())
    }
}

impl PassingError for PlansReadError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Read(error) if error.is_passing())
    }
}

/// No catalogue was ever activated, or none for so early a month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no catalogue is in force in {month}; activate one")]
pub struct MissingPlan {
    /// The calendar month in question.
    pub month: Month,
}

/// Why the plan of a month was not written.
#[derive(Debug, thiserror::Error)]
pub enum PlanWriteError {
    /// What is in force now is not known.
    #[error(transparent)]
    Plans(#[from] PlansReadError),
    /// The log did not take the plan.
    #[error(transparent)]
    Append(#[from] LogAppendError),
    /// There is nothing to go on with.
    #[error(transparent)]
    NoPlan(#[from] MissingPlan),
}

impl PassingError for PlanWriteError {
    fn is_passing(&self) -> bool {
        match self {
            Self::Plans(error) => error.is_passing(),
            Self::Append(error) => error.is_passing(),
            Self::NoPlan(_) => false,
        }
    }
}

/// Why a catalogue was not put in force.
#[derive(Debug, thiserror::Error)]
pub enum ActivationError {
    /// What is in force now is not known.
    #[error(transparent)]
    Plans(#[from] PlansReadError),
    /// The catalogue breaks rules.
    #[error("the catalogue is refused:\n{0}")]
    Refused(CatalogueProblems),
    /// The month, or a later one, already has a plan.
    #[error("{month} already has a plan, or is before one; take a month after {latest}")]
    MonthTaken {
        /// What was asked for.
        month: Month,
        /// The last month with a plan.
        latest: Month,
    },
    /// The month is closed.
    #[error("{month} is closed already; take a month after {last_closed}")]
    MonthClosed {
        /// What was asked for.
        month: Month,
        /// The last closed month.
        last_closed: Month,
    },
    /// The log did not take the catalogue or its plan.
    #[error(transparent)]
    Append(#[from] LogAppendError),
    /// The plan was written and does not count.
    #[error(transparent)]
    NoPlan(#[from] MissingPlan),
}

impl PassingError for ActivationError {
    fn is_passing(&self) -> bool {
        match self {
            Self::Plans(error) => error.is_passing(),
            Self::Append(error) => error.is_passing(),
            Self::Refused(_)
            | Self::MonthTaken { .. }
            | Self::MonthClosed { .. }
            | Self::NoPlan(_) => false,
        }
    }
}

/// Why it is not known what the deployment was founded with.
#[derive(Debug, thiserror::Error)]
pub enum GenesisReadError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Read(#[from] LogReadError),
    /// The first record of the ledger cannot be decoded.
    #[error(transparent)]
    Undecodable(#[from] UndecodableRecord),
    /// The ledger does not begin with a genesis.
    #[error(
        "this is not the deployment that the ledger was founded for: its ledger does not begin with a \
         genesis"
    )]
    NotFirst,
}

impl PassingError for GenesisReadError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Read(error) if error.is_passing())
    }
}

/// Why the deployment was not founded, or is not this one.
#[derive(Debug, thiserror::Error)]
pub enum FoundingError {
    /// It is not known what the deployment was founded with.
    #[error(transparent)]
    Genesis(#[from] GenesisReadError),
    /// The log did not take the genesis.
    #[error(transparent)]
    Append(#[from] LogAppendError),
    /// The ledger begins with another genesis.
    #[error("this is not the deployment that the ledger was founded for: {0}")]
    Mismatch(GenesisMismatch),
}

impl PassingError for FoundingError {
    fn is_passing(&self) -> bool {
        match self {
            Self::Genesis(error) => error.is_passing(),
            Self::Append(error) => error.is_passing(),
            Self::Mismatch(_) => false,
        }
    }
}

/// Why the closes of a partition are not known.
#[derive(Debug, thiserror::Error)]
pub enum LedgerReadError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Read(#[from] LogReadError),
    /// A record of the ledger cannot be decoded.
    #[error(transparent)]
    Undecodable(#[from] UndecodableRecord),
}

impl From<OffsetReadError> for LedgerReadError {
    fn from(error: OffsetReadError) -> Self {
        Self::Read(error.into())
    }
}

impl PassingError for LedgerReadError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Read(error) if error.is_passing())
    }
}
