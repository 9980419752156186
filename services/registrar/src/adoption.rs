//! Taking the registry tables into use. Comes in: a log, tables, and the id of the log's deployment.
//! Goes out: tables of this version that name the deployment. The invariant: nothing is written into
//! tables of another deployment; tables from before they named one are taken only if they name
//! records of this log.

use std::time::Duration;

use medvirk_domain::ids::DeploymentId;
use medvirk_eventlog::{Log, LogReadError, Topic};
use medvirk_store::{RegistryWriter, TableOwnership};

use crate::RegistrarError;

/// How many records of each end of a partition are looked up. A key is half random, so one that
/// differs tells; rows of somebody else between ours are the doctor's to find.
const LOOKED_UP: u32 = 50;

/// Brings the tables to this version and claims them, unless they are another deployment's.
///
/// # Errors
/// [`medvirk_store::Error::OtherDeployment`] where they name another one, [`RegistrarError::ForeignTables`]
/// where they name none and speak of other records than the log's; when log or tables fail.
pub async fn adopt(
    log: &dyn Log,
    writer: &RegistryWriter,
    ours: DeploymentId,
) -> Result<(), RegistrarError> {
    if writer.ownership(ours).await? == TableOwnership::Unclaimed {
        for partition in 0..log.partitions(Topic::Events) {
            for (offset, key) in writer.some_log_keys(partition, LOOKED_UP).await? {
                if !may_be(log, (partition, offset), &key).await? {
                    return Err(RegistrarError::ForeignTables { partition, offset });
                }
            }
        }
    }
    writer.migrate().await?;
    Ok(writer.claim(ours).await?)
}

/// False if the log has another record there, or has not come so far.
async fn may_be(log: &dyn Log, place: (u32, u64), key: &[u8]) -> Result<bool, LogReadError> {
    let (partition, offset) = place;
    if offset >= log.end(Topic::Events, partition).await? {
        return Ok(false);
    }
    let read = log.read(Topic::Events, partition, offset, 1, Duration::ZERO);
    let batch = match read.await {
        // Damage tells nothing of whose the tables are.
        Err(LogReadError::Damaged(_)) => return Ok(true),
        batch => batch?,
    };
    // One that was erased leaves a gap.
    let there = batch.records.iter().find(|stored| stored.offset == offset);
    Ok(there.is_none_or(|stored| stored.key == key))
}
