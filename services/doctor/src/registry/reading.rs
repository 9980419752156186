//! What the registry is examined with. The invariant: what cannot be read is named, and is not
//! taken for a fault.

use std::sync::Arc;

use medvirk_eventlog::{Log, LogStepError, OffsetReadError};
use medvirk_records::catalogue::PlanFollower;
use medvirk_records::{GenesisReadError, PlansReadError};
use medvirk_store::RegistryExaminer;

/// The log, and the registry tables with credentials that cannot write.
pub(crate) struct RegistryReading {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) plans: PlanFollower,
    pub(crate) tables: RegistryExaminer,
}

/// Why a partition could not be looked at to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegistryUnreadable {
    #[error("the log could not be read: {0}")]
    Offsets(#[from] OffsetReadError),
    #[error("the log could not be read: {0}")]
    Events(#[from] LogStepError),
    #[error("the log could not be read: {0}")]
    Genesis(#[from] GenesisReadError),
    #[error("the log could not be read: {0}")]
    Plans(#[from] PlansReadError),
    #[error("{0}")]
    Tables(#[from] medvirk_store::Error),
}
