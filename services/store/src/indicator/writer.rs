//! Writing closes, and reading them back for the comparison with the ledger.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use medvirk_domain::ids::DeploymentId;
use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use tokio::sync::RwLock;

use super::hash::RowsHash;
use super::insertion::{insert, narrow};
use super::rebuild::TableRebuild;
use super::{MIGRATIONS, read_back, wire};
use crate::connection::{ClickHouseServer, DatabaseConnection, execute, fetch};
use crate::error::Error;
use crate::migration;
use crate::ownership::{self, TableOwnership};

/// Writes closes. Clones share the lock that keeps inserts and a rebuild apart; so use clones of
/// one writer in a process.
#[derive(Clone)]
pub struct IndicatorWriter {
    pub(super) server: ClickHouseServer,
    pub(super) lock: Arc<RwLock<()>>,
    /// Whose the tables are, once they were claimed: a rebuild writes it down again.
    owner: Arc<OnceLock<DeploymentId>>,
}

impl IndicatorWriter {
    /// Connects nothing yet.
    ///
    /// # Errors
    /// If the database's name is no identifier.
    pub fn new(connection: &DatabaseConnection) -> Result<Self, Error> {
        Ok(Self {
            server: ClickHouseServer::new(connection)?,
            lock: Arc::default(),
            owner: Arc::default(),
        })
    }

    /// Whose tables these are. Asks for nothing else, and may be asked before the migration.
    ///
    /// # Errors
    /// [`Error::OtherDeployment`] where they name another one, or if the server fails.
    pub async fn ownership(&self, ours: DeploymentId) -> Result<TableOwnership, Error> {
        ownership::of_table(&self.server, ours).await
    }

    /// Writes down that the tables, which must have been migrated, are this deployment's.
    ///
    /// # Errors
    /// [`Error::OtherDeployment`] where they name another one, or if the server fails.
    pub async fn claim(&self, ours: DeploymentId) -> Result<(), Error> {
        ownership::claim(&self.server, ours).await?;
        // Set once, by whoever claims first; a process claims for one deployment.
        self.owner.set(ours).ok();
        Ok(())
    }

    /// Creates the database and brings it to the newest version; does nothing where it is.
    ///
    /// # Errors
    /// If the server fails, or the database belongs to another version.
    pub async fn migrate(&self) -> Result<(), Error> {
        migration::migrate(&self.server, MIGRATIONS).await
    }

    /// Inserts a close: its rows in one block, then the mark that it is complete. A repeat does no
    /// harm. `partition` is below `partitions`, and both below 65,536.
    ///
    /// # Errors
    /// If the server fails; the close may be there in part then: repeat the call.
    pub async fn insert_close(
        &self,
        partition: u32,
        partitions: u32,
        close: &Close,
    ) -> Result<(), Error> {
        let _shared = self.lock.read().await;
        let [partition, partitions] = [partition, partitions].map(narrow);
        let tables = ["indicator_rows", "closes"];
        insert(&self.server, tables, partition, partitions, close).await
    }

    /// The closes that are marked complete, with number and hash of their rows.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn closes(&self, partition: u32) -> Result<BTreeMap<Month, RowsHash>, Error> {
        read_back::closes(&self.server, partition).await
    }

    /// Number and hash of the rows that the view has for a partition and month.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn read_back(&self, partition: u32, month: Month) -> Result<RowsHash, Error> {
        read_back::month(&self.server, "indicator", partition, month).await
    }

    /// The same for every month of a year that has rows, in one query.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn read_back_year(
        &self,
        partition: u32,
        year: i32,
    ) -> Result<BTreeMap<Month, RowsHash>, Error> {
        read_back::year(&self.server, partition, year).await
    }

    /// Months of which the view has rows for the partition, whether a close is marked or not.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn months_with_rows(&self, partition: u32) -> Result<Vec<Month>, Error> {
        let sql = "SELECT DISTINCT close_month FROM indicator_rows WHERE partition = ? \
                   ORDER BY close_month";
        let query = self.server.query(sql).bind(partition);
        let months = fetch::<u32>("read the months that have rows", query).await?;
        let month = |yyyymm: u32| wire::month(yyyymm, "close_month");
        months.into_iter().map(month).collect()
    }

    /// Merges a year's table partition to one part, which makes reading it with `FINAL` cheap, and
    /// removes the parts that were merged from the disk.
    ///
    /// # Errors
    /// If the server fails; nothing is lost then.
    pub async fn optimise(&self, year: i32) -> Result<(), Error> {
        let _shared = self.lock.read().await;
        let sql = format!("OPTIMIZE TABLE indicator_rows PARTITION ID '{year}' FINAL");
        execute("merge a year", self.server.query(&sql)).await?;
        self.drop_old_parts().await
    }

    /// Removes from the disk what merges have left behind. A server does that by itself; the
    /// embedded engine does so seldom.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn tidy(&self) -> Result<(), Error> {
        let _shared = self.lock.read().await;
        self.drop_old_parts().await
    }

    async fn drop_old_parts(&self) -> Result<(), Error> {
        for table in ["indicator_rows", "closes"] {
            self.server.drop_old_parts(table).await?;
        }
        Ok(())
    }

    /// Starts to fill tables beside; inserts and merges of this writer and its clones wait until
    /// the [`TableRebuild`] ends. Readers notice nothing.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn rebuild(&self) -> Result<TableRebuild, Error> {
        let alone = self.lock.clone().write_owned().await;
        let rebuild = TableRebuild::begin(self.server.clone(), alone).await?;
        if let Some(owner) = self.owner.get() {
            // Somebody may have dropped that table too.
            ownership::claim(&self.server, *owner).await?;
        }
        Ok(rebuild)
    }

    /// Drops every row and close. The ledger has them.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn clear(&self) -> Result<(), Error> {
        let _alone = self.lock.write().await;
        for table in ["closes", "indicator_rows"] {
            let sql = format!("TRUNCATE TABLE {table} SYNC");
            execute("empty a table", self.server.query(&sql)).await?;
        }
        Ok(())
    }
}
