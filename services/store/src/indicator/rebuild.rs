//! Rebuilding the tables from the ledger. Comes in: every close. Goes out: new tables in the place
//! of the old ones. The invariant: nothing is exchanged unless the new table reads back as the
//! closes that were put in, so that readers see the same before, meanwhile and afterwards.

use std::collections::BTreeMap;

use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use tokio::sync::OwnedRwLockWriteGuard;

use super::MIGRATIONS;
use super::hash::{RowsHash, hash_of};
use super::insertion::{insert, narrow};
use super::read_back;
use crate::connection::{ClickHouseServer, execute};
use crate::error::Error;
use crate::migration;

const NEW: [&str; 2] = ["indicator_rows_new", "closes_new"];

/// Tables that are being filled beside the ones in use. Dropping it leaves those as they are.
#[must_use]
pub struct TableRebuild {
    server: ClickHouseServer,
    expected: BTreeMap<(u32, Month), RowsHash>,
    _alone: OwnedRwLockWriteGuard<()>,
}

impl TableRebuild {
    pub(super) async fn begin(
        server: ClickHouseServer,
        alone: OwnedRwLockWriteGuard<()>,
    ) -> Result<Self, Error> {
        drop_new(&server).await?;
        // What somebody dropped is there again, empty, so that there is something to exchange with.
        migration::repeat(&server, MIGRATIONS).await?;
        for (new, old) in [(NEW[0], "indicator_rows"), (NEW[1], "closes")] {
            let sql = format!("CREATE TABLE {new} AS {old}");
            execute("create a table beside", server.query(&sql)).await?;
        }
        server.forget_schema().await;
        Ok(Self {
            server,
            expected: BTreeMap::new(),
            _alone: alone,
        })
    }

    /// Puts in a close, as [`super::IndicatorWriter::insert_close`] does.
    ///
    /// # Errors
    /// If the server fails: repeat the call.
    pub async fn insert_close(
        &mut self,
        partition: u32,
        partitions: u32,
        close: &Close,
    ) -> Result<(), Error> {
        let [narrow_partition, narrow_partitions] = [partition, partitions].map(narrow);
        insert(
            &self.server,
            NEW,
            narrow_partition,
            narrow_partitions,
            close,
        )
        .await?;
        self.expected
            .insert((partition, close.month), hash_of(close));
        Ok(())
    }

    /// Compares what was put in with what is there, and exchanges the tables.
    ///
    /// # Errors
    /// If they differ ([`Error::Disagrees`]) or the server fails; the old tables are in use then,
    /// or, after half an exchange, the new rows with the old closes, which say the same.
    pub async fn exchange(self) -> Result<(), Error> {
        for ((partition, month), expected) in &self.expected {
            let from = "(SELECT * FROM indicator_rows_new FINAL)";
            if read_back::month(&self.server, from, *partition, *month).await? != *expected {
                let (partition, month) = (*partition, *month);
                return Err(Error::Disagrees { partition, month });
            }
        }
        for (new, old) in [(NEW[0], "indicator_rows"), (NEW[1], "closes")] {
            let sql = format!("EXCHANGE TABLES {new} AND {old}");
            execute("exchange two tables", self.server.query(&sql)).await?;
        }
        drop_new(&self.server).await
    }
}

async fn drop_new(server: &ClickHouseServer) -> Result<(), Error> {
    for table in NEW {
        let sql = format!("DROP TABLE IF EXISTS {table} SYNC");
        execute("drop a table beside", server.query(&sql)).await?;
    }
    Ok(())
}
