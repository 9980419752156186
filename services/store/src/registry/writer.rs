//! Inserting rows.

use clickhouse::{Row, RowWrite};
use medvirk_domain::time::Month;

use super::wire::{
    EpisodeRow, InvitationRow, LogKeyRow, PeriodClosedRow, RegistryFormRow, SessionFormRow,
    SurveyFormRow,
};
use super::{MIGRATIONS, RegistryBatch};
use crate::connection::{Connection, Server, fetch, fetch_one};
use crate::error::Error;
use crate::migration;

/// Writes and erases. What it erases is in [`super::erasure`].
#[derive(Clone)]
pub struct RegistryWriter {
    pub(super) server: Server,
}

impl RegistryWriter {
    /// Connects nothing yet.
    ///
    /// # Errors
    /// If the database's name is no identifier.
    pub fn new(connection: &Connection) -> Result<Self, Error> {
        let server = Server::new(connection)?;
        Ok(Self { server })
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
