//! What can go wrong with the records of the log. The invariant: no error shows a key or a value.

use medvirk_domain::catalogue::CatalogueProblems;
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::time::Month;
use medvirk_eventlog::{Error as LogError, PassingError, Topic};

use crate::codec::DecodeError;

/// What can go wrong with what is kept in the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log itself failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A record that must be understood was not.
    #[error("{topic}, partition {partition}, offset {offset} cannot be read")]
    Undecodable {
        /// The topic of the log.
        topic: Topic,
        /// The partition of the log.
        partition: u32,
        /// The offset in the partition.
        offset: u64,
        /// What was wrong with the value.
        #[source]
        source: DecodeError,
    },
    /// The ledger does not begin with a genesis, or with another one.
    #[error("this is not the deployment that the ledger was founded for: {0}")]
    Genesis(crate::genesis_record::GenesisMismatch),
    /// A catalogue breaks rules.
    #[error("the catalogue is refused:\n{0}")]
    Refused(CatalogueProblems),
    /// A catalogue in the log breaks the rules of this program.
    #[error("catalogue {hash} of the log does not load:\n{problems}")]
    Unloadable {
        /// The hash of the catalogue.
        hash: CatalogueHash,
        /// The rules that the catalogue breaks.
        problems: CatalogueProblems,
    },
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
    /// No catalogue was ever activated, or none for so early a month.
    #[error("no catalogue is in force in {month}; activate one")]
    NoPlan {
        /// The calendar month in question.
        month: Month,
    },
}

impl Error {
    /// What the log itself said, where it was the log that failed.
    pub fn of_log(&self) -> Option<&LogError> {
        match self {
            Self::Log(error) => Some(error),
            _ => None,
        }
    }

    /// True if the same may succeed later without anybody's help.
    pub fn is_passing(&self) -> bool {
        self.of_log().is_some_and(LogError::is_passing)
    }
}

impl PassingError for Error {
    fn is_passing(&self) -> bool {
        Self::is_passing(self)
    }
}
