//! Inserts rows into the tables of the registry.

use clickhouse::{Row, RowWrite};
use medvirk_domain::ids::DeploymentId;
use medvirk_domain::time::Month;

use super::wire::{
    EpisodeRow, InvitationRow, LogKeyRow, PeriodClosedRow, RegistryFormRow, SessionFormRow,
    SurveyFormRow,
};
use super::{MIGRATIONS, RegistryBatch};
use crate::connection::{ClickHouseServer, DatabaseConnection, fetch, fetch_one};
use crate::error::Error;
use crate::migration;
use crate::ownership::{self, TableOwnership};

#[derive(Row, serde::Deserialize)]
struct NamedKey {
    log_offset: u64,
    #[serde(with = "serde_bytes")]
    key: Vec<u8>,
}

/// Writes and erases. What it erases is in `erasure.rs`.
#[derive(Clone)]
pub struct RegistryWriter {
    pub(super) server: ClickHouseServer,
}

impl RegistryWriter {
    /// Connects nothing yet.
    ///
    /// # Errors
    /// If the database's name is no identifier.
    pub fn new(connection: &DatabaseConnection) -> Result<Self, Error> {
        let server = ClickHouseServer::new(connection)?;
        Ok(Self { server })
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
        ownership::claim(&self.server, ours).await
    }

    /// Keys of the log that the tables name, with their offsets: the first and the last of the
    /// partition, at most `many` of each. None where there are no tables yet.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn some_log_keys(
        &self,
        partition: u32,
        many: u32,
    ) -> Result<Vec<(u64, Vec<u8>)>, Error> {
        let mut found = Vec::new();
        for order in ["ASC", "DESC"] {
            let sql = format!(
                "SELECT log_offset, key FROM log_keys WHERE partition = ? \
                 ORDER BY log_offset {order} LIMIT ?"
            );
            let query = self.server.query(&sql).bind(partition).bind(many);
            match fetch::<NamedKey>("look at some log keys", query).await {
                Err(error) if error.is_not_migrated() => return Ok(found),
                rows => found.extend(rows?.into_iter().map(|row| (row.log_offset, row.key))),
            }
        }
        Ok(found)
    }

    /// Creates the database and brings it to the newest version; does nothing where it is.
    ///
    /// # Errors
    /// If the server fails, or the database belongs to another version.
    pub async fn migrate(&self) -> Result<(), Error> {
        migration::migrate(&self.server, MIGRATIONS).await
    }

    /// Inserts a batch, one statement per table. A repeat does no harm.
    ///
    /// # Errors
    /// If the server fails; the batch may be there in part then: repeat the call.
    pub async fn insert(&self, batch: &RegistryBatch) -> Result<(), Error> {
        // Keys first: nothing is ever stored that an erasure could not find in the log.
        self.table::<_, LogKeyRow>("log_keys", &batch.log_keys)
            .await?;
        tokio::try_join!(
            self.table::<_, SessionFormRow>("session_forms", &batch.session_forms),
            self.table::<_, RegistryFormRow>("registry_forms", &batch.registry_forms),
            self.table::<_, SurveyFormRow>("survey_forms", &batch.survey_forms),
            self.table::<_, EpisodeRow>("episodes", &batch.episodes),
            self.table::<_, InvitationRow>("invitations", &batch.invitations),
            self.table::<_, PeriodClosedRow>("period_closes", &batch.period_closes),
        )?;
        Ok(())
    }

    /// The newest month that the partition's log has a [`super::PeriodClosed`] for before an
    /// offset.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn newest_period_close(
        &self,
        partition: u32,
        before: u64,
    ) -> Result<Option<Month>, Error> {
        const READ: &str = "read the period closes";
        // Of a month the first counts, but any of them proves that it may be closed.
        let sql = "SELECT max(month) FROM period_closes WHERE partition = ? AND log_offset < ?";
        let query = self.server.query(sql).bind(partition).bind(before);
        let newest = fetch::<u32>(READ, query).await?;
        Ok(newest.first().and_then(|month| Month::from_yyyymm(*month)))
    }

    /// True if the tables have nothing of a partition: new tables are filled from the whole log.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn is_empty(&self, partition: u32) -> Result<bool, Error> {
        let sql = "SELECT count() FROM log_keys WHERE partition = ?";
        let query = self.server.query(sql).bind(partition);
        Ok(fetch_one::<u64>("count log keys", query).await? == 0)
    }

    async fn table<'a, T, R>(&self, table: &'static str, rows: &'a [T]) -> Result<(), Error>
    where
        R: From<&'a T> + for<'b> Row<Value<'b> = R> + RowWrite,
    {
        let rows: Vec<R> = rows.iter().map(R::from).collect();
        self.server
            .insert("insert registry rows", table, &rows)
            .await
    }
}
