//! Taking the indicator tables into use. Comes in: a log, tables, and the id of the log's deployment.
//! Goes out: tables of this version that name the deployment. The invariant: nothing is written into
//! tables of another deployment; tables from before they named one are taken only if everything in
//! them is in the ledger.

use std::sync::Arc;

use medvirk_domain::ids::DeploymentId;
use medvirk_eventlog::{Log, Topic};
use medvirk_store::{IndicatorWriter, TableOwnership, hash_of};

use crate::AggregatorError;
use medvirk_records::ledger::LedgerView;

/// Brings the tables to this version and claims them, unless they are another deployment's.
///
/// # Errors
/// [`medvirk_store::Error::OtherDeployment`] where they name another one,
/// [`AggregatorError::ForeignTables`] where they name none and hold what the ledger has not; when log
/// or tables fail.
pub async fn adopt(
    log: &Arc<dyn Log>,
    writer: &IndicatorWriter,
    ours: DeploymentId,
) -> Result<(), AggregatorError> {
    if writer.ownership(ours).await? == TableOwnership::Unclaimed {
        for partition in 0..log.partitions(Topic::Ledger) {
            match compare(log, writer, partition).await {
                // Tables that are not there hold nothing of anybody.
                Err(AggregatorError::Store(error)) if error.is_not_migrated() => break,
                compared => compared?,
            }
        }
    }
    writer.migrate().await?;
    Ok(writer.claim(ours).await?)
}

/// What one partition of the tables has is in the ledger, with the same rows.
async fn compare(
    log: &Arc<dyn Log>,
    writer: &IndicatorWriter,
    partition: u32,
) -> Result<(), AggregatorError> {
    let marked = writer.closes(partition).await?;
    let with_rows = writer.months_with_rows(partition).await?;
    let mut ledger = LedgerView::new(log.clone(), partition);
    ledger.read_to_end().await?;
    let closes = ledger.closes();
    let differs = marked
        .iter()
        .find(|(month, marked)| closes.get(month).map(hash_of) != Some(**marked))
        .map(|(month, _)| month);
    let lacking = with_rows.iter().find(|month| !closes.contains_key(month));
    match differs.or(lacking) {
        None => Ok(()),
        Some(month) => Err(AggregatorError::ForeignTables {
            partition,
            month: *month,
        }),
    }
}
