//! The first record of the ledger: what is fixed for the life of a deployment, and how two of them
//! can differ.

use medvirk_domain::ids::DeploymentId;
use medvirk_domain::time::Month;

/// How a trust is placed on a partition, in this version.
pub const PARTITIONER: &str = "murmur2";

/// What is fixed for the life of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// Random id of the deployment.
    pub deployment: DeploymentId,
    /// Partitions of `feedback.events` and of the ledger.
    pub partitions: u32,
    /// How a trust is placed on a partition.
    pub partitioner: String,
    /// The first month of the indicators; older contributions go to the registry only.
    pub first_month: Month,
}

impl Genesis {
    /// A new deployment with a random id.
    pub fn new(partitions: u32, first_month: Month) -> Self {
        Self {
            deployment: DeploymentId::new(rand::random()),
            partitions,
            partitioner: PARTITIONER.to_owned(),
            first_month,
        }
    }
}

/// How the genesis in the ledger differs from what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenesisMismatch {
    /// Another number of partitions.
    #[error("it has {found} partitions, not {wanted}")]
    Partitions {
        /// What the ledger's first record says.
        found: u32,
        /// What the configuration says.
        wanted: u32,
    },
    /// Another way to place trusts.
    #[error("it places trusts by {found:?}, not by {wanted:?}")]
    Partitioner {
        /// What the ledger's first record says.
        found: String,
        /// What the configuration says.
        wanted: String,
    },
    /// The ledger begins in another first month.
    #[error("its first month is {found}, not {wanted}")]
    FirstMonth {
        /// What the ledger's first record says.
        found: Month,
        /// What the configuration says.
        wanted: Month,
    },
}
