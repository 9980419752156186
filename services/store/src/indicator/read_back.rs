//! Reading back what was written. Comes in: a partition. Goes out: number and hash of its rows, as
//! the views show them, to be compared with the ledger. The invariant: the publisher, which mends,
//! and the doctor, which only looks, see the same.

use std::collections::BTreeMap;

use medvirk_domain::time::Month;

use super::hash::{self, RowsHash};
use super::wire::{self, ClosedRecord, IndicatorRecord};
use crate::connection::{ClickHouseServer, fetch};
use crate::error::Error;

const READ_BACK: &str = "read back the rows of a close";

/// The closes that are marked complete.
pub(super) async fn closes(
    server: &ClickHouseServer,
    partition: u32,
) -> Result<BTreeMap<Month, RowsHash>, Error> {
    let sql = "SELECT ?fields FROM closed WHERE partition = ? ORDER BY month";
    let query = server.query(sql).bind(partition);
    let mut closes = BTreeMap::new();
    for ClosedRecord {
        month, rows, hash, ..
    } in fetch("read the closes", query).await?
    {
        closes.insert(wire::month(month, "month")?, RowsHash { rows, hash });
    }
    Ok(closes)
}

/// `from` is a view or table that reads with `FINAL`.
pub(super) async fn month(
    server: &ClickHouseServer,
    from: &str,
    partition: u32,
    month: Month,
) -> Result<RowsHash, Error> {
    let sql = format!("SELECT ?fields FROM {from} WHERE partition = ? AND close_month = ?");
    let query = server.query(&sql).bind(partition).bind(month.yyyymm());
    let records = fetch::<IndicatorRecord>(READ_BACK, query).await?;
    Ok(hash::of_records(&records))
}

/// Every month of a year that has rows, in one query.
pub(super) async fn year(
    server: &ClickHouseServer,
    partition: u32,
    year: i32,
) -> Result<BTreeMap<Month, RowsHash>, Error> {
    let sql = "SELECT ?fields FROM indicator WHERE partition = ? \
               AND intDiv(close_month, 100) = ?";
    let query = server.query(sql).bind(partition).bind(year);
    let mut months: BTreeMap<u32, Vec<IndicatorRecord>> = BTreeMap::new();
    for record in fetch::<IndicatorRecord>(READ_BACK, query).await? {
        months.entry(record.close_month).or_default().push(record);
    }
    let hashed = |(yyyymm, records): (u32, Vec<IndicatorRecord>)| {
        let month = wire::month(yyyymm, "close_month")?;
        Ok((month, hash::of_records(&records)))
    };
    months.into_iter().map(hashed).collect()
}
