//! Carrying out a withdrawal in one partition (design §5). Comes in: the control record. Goes out:
//! log and tables without the person. The invariants: the steps go in this order; each may be
//! repeated, and after a crash all are; only what stands before the withdrawal is touched.

use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::WithdrawalScope;
use medvirk_eventlog::{Log, NewRecord, Topic};
use medvirk_store::registry::{ControlAction, ControlMark, PartitionErasure};

use crate::{RegistrarError, RegistryTables, dead_letters, ledger, metrics};

/// Appended at once, at most.
const TOMBSTONES: usize = 1_000;

/// The steps of an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasureStep {
    /// Wait until the ledger has every close that precedes the withdrawal.
    Ledger,
    /// From now on the views leave the person out.
    Mark,
    /// The log is told what to erase: events, and dead letters.
    Tombstones,
    /// The log erases it, where it can be asked to.
    Compaction,
    /// The rows leave the tables and the disk.
    Rows,
    /// So do the log keys; nothing else would tell what is in the log.
    Keys,
}

impl ErasureStep {
    /// All steps, in their order.
    pub const ALL: [Self; 6] = [
        Self::Ledger,
        Self::Mark,
        Self::Tombstones,
        Self::Compaction,
        Self::Rows,
        Self::Keys,
    ];
}

/// A withdrawal at its place in a partition.
#[derive(Clone, Copy)]
pub struct PlacedWithdrawal {
    /// The partition that it stands in.
    pub partition: u32,
    /// Its offset in the partition.
    pub offset: u64,
    /// Pseudonym of the patient or the survey code.
    pub subject: Pseudonym,
    /// What the withdrawal erases.
    pub scope: WithdrawalScope,
}

impl PlacedWithdrawal {
    /// The erasure that it asks for.
    pub fn erasure(&self) -> PartitionErasure {
        PartitionErasure {
            partition: self.partition,
            subject: self.subject,
            scope: self.scope,
            before: self.offset,
        }
    }
}

/// Does one step. Every record before the withdrawal must be in the tables.
///
/// # Errors
/// When log or tables fail: repeat from the first step on.
pub async fn perform(
    step: ErasureStep,
    withdrawal: &PlacedWithdrawal,
    log: &dyn Log,
    writer: &dyn RegistryTables,
) -> Result<(), RegistrarError> {
    let (partition, erasure) = (withdrawal.partition, withdrawal.erasure());
    match step {
        ErasureStep::Ledger => {
            let newest = writer.newest_period_close(partition, withdrawal.offset);
            if let Some(month) = newest.await? {
                ledger::wait_for(log, partition, month).await?;
            }
        }
        ErasureStep::Mark => {
            let mark = ControlMark {
                partition,
                log_offset: withdrawal.offset,
                subject: withdrawal.subject,
                action: ControlAction::Withdrawn(withdrawal.scope),
            };
            writer.mark(&mark).await?;
        }
        ErasureStep::Tombstones => tombstone_all(&[erasure], log, writer).await?,
        ErasureStep::Compaction => {
            log.compact().await?;
        }
        ErasureStep::Rows => writer.delete_rows(&[erasure]).await?,
        ErasureStep::Keys => writer.delete_keys(&[erasure]).await?,
    }
    Ok(())
}

/// Tombstones every event and dead letter that the erasures name.
pub(crate) async fn tombstone_all(
    erasures: &[PartitionErasure],
    log: &dyn Log,
    writer: &dyn RegistryTables,
) -> Result<(), RegistrarError> {
    let mut events = Vec::new();
    for erasure in erasures {
        let keys = writer.log_keys(erasure).await?;
        let keys: Vec<_> = keys.into_iter().map(|key| key.key).collect();
        events.extend(keys.iter().cloned());
        tombstone(log, Topic::Events, erasure.partition, keys).await?;
    }
    let mut letters = dead_letters::of(log, erasures).await?;
    if letters.damaged > 0 {
        // A dead letter has its event's key, and any of the damaged ones may be one of these.
        letters.keys.extend(events);
    }
    tombstone(log, Topic::DeadLetter, 0, letters.keys).await
}

/// Appends tombstones and awaits the acknowledgements.
pub(crate) async fn tombstone(
    log: &dyn Log,
    topic: Topic,
    partition: u32,
    keys: Vec<Vec<u8>>,
) -> Result<(), RegistrarError> {
    for some in keys.chunks(TOMBSTONES) {
        let records = some.iter().cloned().map(NewRecord::tombstone).collect();
        log.append_all(topic, partition, records).await?;
        metrics::tombstones(some.len());
    }
    Ok(())
}
