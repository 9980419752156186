//! Genesis: what is fixed for the life of a deployment. Comes in: what this process was
//! configured with. Goes out: what the deployment was founded with. The invariant: the first
//! record of ledger partition 0 decides, whoever wrote it; who differs from it does not start.

use std::time::Duration;

use medvirk_eventlog::{Log, NewRecord, Topic};

pub use crate::genesis_record::{Genesis, GenesisMismatch, PARTITIONER};

use crate::codec::{LedgerRecord, decode_ledger, encode_genesis};
use crate::error::{FoundingError, GenesisReadError, UndecodableRecord};

/// The genesis of this log, if it was founded.
pub async fn read(log: &dyn Log) -> Result<Option<Genesis>, GenesisReadError> {
    let batch = log.read(Topic::Ledger, 0, 0, 1, Duration::ZERO).await?;
    let Some(first) = batch.records.first() else {
        return Ok(None);
    };
    match decode_ledger(first.value.as_deref().unwrap_or_default()) {
        Ok(LedgerRecord::Genesis(genesis)) => Ok(Some(genesis)),
        Ok(LedgerRecord::Close(_)) => Err(GenesisReadError::NotFirst),
        Err(source) => {
            let undecodable = UndecodableRecord {
                topic: Topic::Ledger,
                partition: 0,
                offset: first.offset,
                source,
            };
            Err(undecodable.into())
        }
    }
}

/// Founds the deployment where the ledger is empty, and checks it where it is not. Gives what the
/// ledger holds; its id may differ from the one that was asked for.
pub async fn found_or_check(log: &dyn Log, wanted: Genesis) -> Result<Genesis, FoundingError> {
    let found = match read(log).await? {
        Some(found) => found,
        _ => {
            let record = NewRecord::new(b"genesis".to_vec(), encode_genesis(&wanted));
            log.append(Topic::Ledger, 0, record).await?;
            // Somebody else may have been first.
            let first = read(log).await?;
            first.ok_or(GenesisReadError::NotFirst)?
        }
    };
    compare(&found, &wanted).map_err(FoundingError::Mismatch)?;
    Ok(found)
}

fn compare(found: &Genesis, wanted: &Genesis) -> Result<(), GenesisMismatch> {
    if found.partitions != wanted.partitions {
        return Err(GenesisMismatch::Partitions {
            found: found.partitions,
            wanted: wanted.partitions,
        });
    }
    if found.partitioner != wanted.partitioner {
        return Err(GenesisMismatch::Partitioner {
            found: found.partitioner.clone(),
            wanted: wanted.partitioner.clone(),
        });
    }
    if found.first_month != wanted.first_month {
        return Err(GenesisMismatch::FirstMonth {
            found: found.first_month,
            wanted: wanted.first_month,
        });
    }
    Ok(())
}
