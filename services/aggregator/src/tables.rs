//! What the publisher needs of the indicator tables. Comes in: closes. Goes out: number and hash
//! of what the tables' view has. The invariant: nothing here decides anything; it is a trait so
//! that the publisher can be run against tables that fail when a test wants them to.

use std::collections::BTreeMap;

use async_trait::async_trait;
use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use medvirk_store::{Error, IndicatorWriter, RowsHash, TableRebuild};

/// The indicator tables, as [`IndicatorWriter`] writes and reads them back. What its methods
/// promise holds here too.
#[async_trait]
pub trait IndicatorTables: Send + Sync + 'static {
    /// The table\'s own method: see [`IndicatorWriter::closes`].
    async fn closes(&self, partition: u32) -> Result<BTreeMap<Month, RowsHash>, Error>;

    /// The table\'s own method: see [`IndicatorWriter::months_with_rows`].
    async fn months_with_rows(&self, partition: u32) -> Result<Vec<Month>, Error>;

    /// The table\'s own method: see [`IndicatorWriter::read_back_year`].
    async fn read_back_year(
        &self,
        partition: u32,
        year: i32,
    ) -> Result<BTreeMap<Month, RowsHash>, Error>;

    /// The table\'s own method: see [`IndicatorWriter::insert_close`].
    async fn insert_close(
        &self,
        partition: u32,
        partitions: u32,
        close: &Close,
    ) -> Result<(), Error>;

    /// The table\'s own method: see [`IndicatorWriter::optimise`].
    async fn optimise(&self, year: i32) -> Result<(), Error>;

    /// The table\'s own method: see [`IndicatorWriter::tidy`].
    async fn tidy(&self) -> Result<(), Error>;

    /// The table\'s own method: see [`IndicatorWriter::rebuild`].
    async fn rebuild(&self) -> Result<Box<dyn ReplacementTables>, Error>;
}

/// Tables that are being filled beside the ones in use, as [`TableRebuild`] does it.
#[async_trait]
pub trait ReplacementTables: Send {
    /// The table\'s own method: see [`TableRebuild::insert_close`].
    async fn insert_close(
        &mut self,
        partition: u32,
        partitions: u32,
        close: &Close,
    ) -> Result<(), Error>;

    /// The table\'s own method: see [`TableRebuild::exchange`].
    async fn exchange(self: Box<Self>) -> Result<(), Error>;
}

#[async_trait]
impl IndicatorTables for IndicatorWriter {
    async fn closes(&self, partition: u32) -> Result<BTreeMap<Month, RowsHash>, Error> {
        self.closes(partition).await
    }

    async fn months_with_rows(&self, partition: u32) -> Result<Vec<Month>, Error> {
        self.months_with_rows(partition).await
    }

    async fn read_back_year(
        &self,
        partition: u32,
        year: i32,
    ) -> Result<BTreeMap<Month, RowsHash>, Error> {
        self.read_back_year(partition, year).await
    }

    async fn insert_close(
        &self,
        partition: u32,
        partitions: u32,
        close: &Close,
    ) -> Result<(), Error> {
        self.insert_close(partition, partitions, close).await
    }

    async fn optimise(&self, year: i32) -> Result<(), Error> {
        self.optimise(year).await
    }

    async fn tidy(&self) -> Result<(), Error> {
        self.tidy().await
    }

    async fn rebuild(&self) -> Result<Box<dyn ReplacementTables>, Error> {
        Ok(Box::new(self.rebuild().await?))
    }
}

#[async_trait]
impl ReplacementTables for TableRebuild {
    async fn insert_close(
        &mut self,
        partition: u32,
        partitions: u32,
        close: &Close,
    ) -> Result<(), Error> {
        self.insert_close(partition, partitions, close).await
    }

    async fn exchange(self: Box<Self>) -> Result<(), Error> {
        (*self).exchange().await
    }
}
