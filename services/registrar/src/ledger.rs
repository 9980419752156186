//! Waiting for the aggregator. Comes in: one partition of the ledger. Goes out: that a month is
//! closed there. The invariant: a withdrawal erases nothing that a close before it still reads.

use medvirk_domain::time::Month;
use medvirk_eventlog::Log;
use medvirk_records::genesis;
use medvirk_records::ledger::wait_for_close;

use crate::RegistrarError;

/// Waits until the partition's ledger has every close that a `PeriodClose` of `month` makes. A month
/// before the deployment's first one is never closed.
pub(crate) async fn wait_for(
    log: &dyn Log,
    partition: u32,
    month: Month,
) -> Result<(), RegistrarError> {
    match genesis::read(log).await? {
        Some(genesis) if month >= genesis.first_month => {
            Ok(wait_for_close(log, partition, month).await?)
        }
        _ => Ok(()),
    }
}
