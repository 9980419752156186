//! Waiting for the aggregator. Comes in: one partition of the ledger. Goes out: that a month is
//! closed there. The invariant: a withdrawal erases nothing that a close before it still reads.

use std::time::Duration;

use medvirk_domain::time::Month;
use medvirk_eventlog::{Log, Topic};
use medvirk_records::Error;
use medvirk_records::codec::{self, LedgerRecord};
use medvirk_records::genesis;

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 4 << 20;
/// How long a read waits for something new.
const READ_WAIT: Duration = Duration::from_millis(500);

/// Waits until the partition's ledger has every close that a `PeriodClose` of `month` makes.
/// Closes are appended in order, so the last one tells.
pub(crate) async fn wait_for(log: &dyn Log, partition: u32, month: Month) -> Result<(), Error> {
    let Some(first) = first_month(log).await? else {
        return Ok(());
    };
    if month < first {
        return Ok(());
    }
    let mut next = 0;
    loop {
        let batch = log
            .read(Topic::Ledger, partition, next, READ_BYTES, READ_WAIT)
            .await?;
        for stored in &batch.records {
            let value = stored.value.as_deref().unwrap_or_default();
            let record = codec::decode_ledger(value).map_err(|source| Error::Undecodable {
                topic: Topic::Ledger,
                partition,
                offset: stored.offset,
                source,
            })?;
            if matches!(record, LedgerRecord::Close(close) if close.month >= month) {
                return Ok(());
            }
        }
        next = batch.next;
    }
}

/// The deployment's first month; closes of earlier ones are never made.
async fn first_month(log: &dyn Log) -> Result<Option<Month>, Error> {
    let genesis = genesis::read(log).await?;
    Ok(genesis.map(|genesis| genesis.first_month))
}
