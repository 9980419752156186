//! From the ledger to ClickHouse. Comes in: one partition of the ledger, and the tables as their
//! view shows them. Goes out: tables equal to the ledger. The invariants: one close is one insert,
//! repeated with the same rows after any error; rows that the ledger lacks are a stop; a rebuild
//! has the tables for itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use medvirk_eventlog::Topic;
use medvirk_runtime::StopToken;
use medvirk_store::{RowsHash, hash_of};

use crate::patience::given_up;
use crate::{AggregatorConfig, AggregatorError, AggregatorHandle, metrics};
use medvirk_records::ledger::LedgerView;

/// How long to wait after a failed attempt.
const RETRY: Duration = Duration::from_millis(500);

/// So many inserts of a close that do not make the tables right, one after the other, show that
/// something else is wrong.
const INSERTS: usize = 3;

/// What a rebuild made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RebuildResult {
    /// Rows in the tables.
    pub rows: u64,
    /// Months in the tables.
    pub months: u64,
}

/// Keeps one partition of the tables equal to the ledger until `stop`.
pub(crate) async fn run(
    partition: u32,
    config: AggregatorConfig,
    handle: AggregatorHandle,
    stop: StopToken,
) -> Result<(), AggregatorError> {
    let mut ledger = LedgerView::new(handle.deps.log.clone(), partition);
    while !stop.is_stopped() {
        let closed = handle.progress.get(partition).closed;
        // What is under way is repeated at the next start.
        let published = tokio::select! {
            biased;
            published = publish(partition, &handle, &mut ledger) => published,
            () = given_up(&stop) => return Ok(()),
        };
        let wait = match published {
            Ok(published) => {
                handle.note(partition, |progress| progress.published = published);
                config.compare_every
            }
            Err(AggregatorError::Store(error)) => {
                metrics::inserted("failed");
                tracing::warn!(%error, "cannot publish; trying again");
                make_room(&handle, &stop).await;
                RETRY
            }
            Err(error) => return Err(error),
        };
        // Always the same order: a run must be repeatable.
        tokio::select! {
            biased;
            () = stop.stopped() => {}
            () = handle.progress.wait_for(partition, |progress| progress.closed != closed) => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    Ok(())
}

/// What the tables lack may be room, and merges leave parts behind that take it.
async fn make_room(handle: &AggregatorHandle, stop: &StopToken) {
    let tidied = tokio::select! {
        biased;
        tidied = handle.deps.writer.tidy() => tidied,
        () = given_up(stop) => return,
    };
    if let Err(error) = tidied {
        tracing::warn!(%error, "cannot tidy the tables");
    }
}

/// Compares the tables with the ledger, which is read to its end after the view, and inserts
/// every close that differs. Says which month is the last one that is there.
async fn publish(
    partition: u32,
    handle: &AggregatorHandle,
    ledger: &mut LedgerView,
) -> Result<Option<Month>, AggregatorError> {
    let _alone = handle.tables.lock().await;
    let writer = &handle.deps.writer;
    let told = writer.closes(partition).await?;
    let held = writer.months_with_rows(partition).await?;
    ledger.read_to_end().await?;
    let mut shown = told.keys().chain(&held);
    let foreign = |month: &&Month| !ledger.closes().contains_key(month);
    if let Some(month) = shown.find(foreign) {
        return Err(AggregatorError::NotInLedger {
            partition,
            month: *month,
        });
    }
    let years = mend(partition, handle, ledger, told).await?;
    for year in years {
        // It makes FINAL nearly free; the rows are right without it.
        if let Err(error) = writer.optimise(year).await {
            tracing::warn!(year, %error, "cannot merge the year");
        }
    }
    Ok(ledger.closes().keys().next_back().copied())
}

/// Inserts every close that differs, and compares again. What inserts do not make right is a row
/// that the ledger has not. One insert does not tell: what it brought may have vanished since,
/// with a lost part or with tables that another process has exchanged. Says which years changed.
async fn mend(
    partition: u32,
    handle: &AggregatorHandle,
    ledger: &LedgerView,
    mut told: BTreeMap<Month, RowsHash>,
) -> Result<BTreeSet<i32>, AggregatorError> {
    let (log, writer) = (&handle.deps.log, &handle.deps.writer);
    let mut years = BTreeSet::new();
    for _ in 0..INSERTS {
        let missing = missing(partition, handle, ledger, &told).await?;
        if missing.is_empty() {
            return Ok(years);
        }
        for (month, close) in missing {
            let partitions = log.partitions(Topic::Ledger);
            writer.insert_close(partition, partitions, close).await?;
            metrics::inserted("inserted");
            years.insert(month.year());
        }
        told = writer.closes(partition).await?;
    }
    match missing(partition, handle, ledger, &told).await?.first() {
        Some((month, _)) => {
            let month = **month;
            Err(AggregatorError::NotInLedger { partition, month })
        }
        None => Ok(years),
    }
}

/// The closes of the ledger that the tables have not, or have otherwise.
async fn missing<'a>(
    partition: u32,
    handle: &AggregatorHandle,
    ledger: &'a LedgerView,
    told: &BTreeMap<Month, RowsHash>,
) -> Result<Vec<(&'a Month, &'a Close)>, AggregatorError> {
    let years: BTreeSet<i32> = ledger.closes().keys().map(|month| month.year()).collect();
    let mut held = BTreeMap::new();
    for year in years {
        held.extend(handle.deps.writer.read_back_year(partition, year).await?);
    }
    let differs = |(month, close): &(&Month, &Close)| {
        let wanted = hash_of(close);
        // A month without rows is not among those that were read back.
        let rows = held.get(month).copied().unwrap_or_else(RowsHash::empty);
        told.get(month) != Some(&wanted) || rows != wanted
    };
    Ok(ledger.closes().iter().filter(differs).collect())
}

impl AggregatorHandle {
    /// Drops the tables' contents and builds them from the ledger, beside; then exchanges them.
    ///
    /// # Errors
    /// When the ledger cannot be read, or the tables cannot be written; the old ones stay.
    pub async fn rebuild(&self) -> Result<RebuildResult, AggregatorError> {
        rebuild(self).await
    }
}

/// Fills tables beside from the whole ledger and exchanges them with the ones in use.
async fn rebuild(handle: &AggregatorHandle) -> Result<RebuildResult, AggregatorError> {
    let _alone = handle.tables.lock().await;
    let partitions = handle.deps.log.partitions(Topic::Ledger);
    let mut rebuild = handle.deps.writer.rebuild().await?;
    let (mut rows, mut months) = (0, BTreeSet::new());
    for partition in 0..partitions {
        let mut ledger = LedgerView::new(handle.deps.log.clone(), partition);
        ledger.read_to_end().await?;
        for (month, close) in ledger.closes() {
            rebuild.insert_close(partition, partitions, close).await?;
            rows += close.rows.len() as u64;
            months.insert(*month);
        }
    }
    rebuild.exchange().await?;
    Ok(RebuildResult {
        rows,
        months: months.len() as u64,
    })
}

#[cfg(test)]
pub(crate) mod tests;
