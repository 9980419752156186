//! How a close is inserted, into the tables in use and into new ones beside them. The invariant: the
//! rows come first and the mark of the close last, so a close that is marked is whole.

use medvirk_domain::row::Close;

use super::hash::{RowsHash, hash_of};
use super::wire::{self, ClosedRecord};
use crate::connection::ClickHouseServer;
use crate::error::Error;

const INSERT_ROWS: &str = "insert the rows of a close";
const INSERT_CLOSE: &str = "insert a close";

/// Rows first, then the mark: a marked close is whole.
pub(super) async fn insert(
    server: &ClickHouseServer,
    [rows, closes]: [&str; 2],
    partition: u16,
    partitions: u16,
    close: &Close,
) -> Result<(), Error> {
    let records = wire::records(partition, close);
    server.insert(INSERT_ROWS, rows, &records).await?;
    let RowsHash { rows, hash } = hash_of(close);
    let closed = ClosedRecord {
        partition,
        partitions,
        month: close.month.yyyymm(),
        rows,
        hash,
    };
    server.insert(INSERT_CLOSE, closes, &[closed]).await
}

pub(super) fn narrow(number: u32) -> u16 {
    u16::try_from(number).expect("a deployment has fewer than 65,536 partitions")
}
