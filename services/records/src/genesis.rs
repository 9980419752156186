//! Genesis: what is fixed for the life of a deployment. Comes in: what this process was
//! configured with. Goes out: what the deployment was founded with. The invariant: the first
//! record of ledger partition 0 decides, whoever wrote it; who differs from it does not start.

use std::time::Duration;

use medvirk_domain::ids::DeploymentId;
use medvirk_domain::time::Month;
use medvirk_eventlog::{Log, NewRecord, Topic};

use crate::Error;
use crate::codec::{LedgerRecord, decode_ledger, encode_genesis};

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
pub enum Mismatch {
    /// Another number of partitions.
    #[error("it has {found} partitions, not {wanted}")]
    Partitions {
        /// In the ledger.
        found: u32,
        /// As configured.
        wanted: u32,
    },
    /// Another way to place trusts.
    #[error("it places trusts by {found:?}, not by {wanted:?}")]
    Partitioner {
        /// In the ledger.
        found: String,
        /// As configured.
        wanted: String,
    },
    /// Another first month.
    #[error("its first month is {found}, not {wanted}")]
    FirstMonth {
        /// In the ledger.
        found: Month,
        /// As configured.
        wanted: Month,
    },
    /// The ledger does not begin with a genesis.
    #[error("its ledger does not begin with a genesis")]
    NotFirst,
}

/// The genesis of this log, if it was founded.
pub async fn read(log: &dyn Log) -> Result<Option<Genesis>, Error> {
    let batch = log.read(Topic::Ledger, 0, 0, 1, Duration::ZERO).await?;
    let Some(first) = batch.records.first() else {
        return Ok(None);
    };
    match decode_ledger(first.value.as_deref().unwrap_or_default()) {
        Ok(LedgerRecord::Genesis(genesis)) => Ok(Some(genesis)),
        Ok(LedgerRecord::Close(_)) => Err(Error::Genesis(Mismatch::NotFirst)),
        Err(source) => Err(Error::Undecodable {
            topic: Topic::Ledger,
            partition: 0,
            offset: first.offset,
            source,
        }),
    }
}

/// Founds the deployment where the ledger is empty, and checks it where it is not. Gives what the
/// ledger holds; its id may differ from the one that was asked for.
pub async fn found_or_check(log: &dyn Log, wanted: Genesis) -> Result<Genesis, Error> {
    let found = match read(log).await? {
        Some(found) => found,
        _ => {
            let record = NewRecord::new(b"genesis".to_vec(), encode_genesis(&wanted));
            log.append(Topic::Ledger, 0, record).await?;
            // Somebody else may have been first.
            let first = read(log).await?;
            first.ok_or(Error::Genesis(Mismatch::NotFirst))?
        }
    };
    compare(&found, &wanted).map_err(Error::Genesis)?;
    Ok(found)
}

fn compare(found: &Genesis, wanted: &Genesis) -> Result<(), Mismatch> {
    if found.partitions != wanted.partitions {
        return Err(Mismatch::Partitions {
            found: found.partitions,
            wanted: wanted.partitions,
        });
    }
    if found.partitioner != wanted.partitioner {
        return Err(Mismatch::Partitioner {
            found: found.partitioner.clone(),
            wanted: wanted.partitioner.clone(),
        });
    }
    if found.first_month != wanted.first_month {
        return Err(Mismatch::FirstMonth {
            found: found.first_month,
            wanted: wanted.first_month,
        });
    }
    Ok(())
}
