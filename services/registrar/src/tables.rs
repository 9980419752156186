//! What the registrar needs of the registry tables. Comes in: rows, marks, erasures. Goes out: what
//! the tables have. The invariant: nothing here decides anything. The store's `RegistryWriter` does
//! the work. It stands behind a trait so that the registrar can be run against tables that fail when
//! a test wants them to.

use async_trait::async_trait;
use medvirk_domain::time::Month;
use medvirk_store::registry::{ControlMark, LogKey, PartitionErasure};
use medvirk_store::{Error, RegistryBatch, RegistryWriter};

/// The registry tables, as [`RegistryWriter`] writes them and erases from them. What its methods
/// promise holds here too.
#[async_trait]
pub trait RegistryTables: Send + Sync + 'static {
    /// As the writer has it: see [`RegistryWriter::insert`].
    async fn insert(&self, batch: &RegistryBatch) -> Result<(), Error>;

    /// As the writer has it: see [`RegistryWriter::newest_period_close`].
    async fn newest_period_close(
        &self,
        partition: u32,
        before: u64,
    ) -> Result<Option<Month>, Error>;

    /// As the writer has it: see [`RegistryWriter::is_empty`].
    async fn is_empty(&self, partition: u32) -> Result<bool, Error>;

    /// As the writer has it: see [`RegistryWriter::mark`].
    async fn mark(&self, mark: &ControlMark) -> Result<(), Error>;

    /// As the writer has it: see [`RegistryWriter::marks`].
    async fn marks(&self, partition: u32) -> Result<Vec<ControlMark>, Error>;

    /// As the writer has it: see [`RegistryWriter::log_keys`].
    async fn log_keys(&self, erasure: &PartitionErasure) -> Result<Vec<LogKey>, Error>;

    /// As the writer has it: see [`RegistryWriter::delete_rows`].
    async fn delete_rows(&self, erasures: &[PartitionErasure]) -> Result<(), Error>;

    /// As the writer has it: see [`RegistryWriter::delete_keys`].
    async fn delete_keys(&self, erasures: &[PartitionErasure]) -> Result<(), Error>;

    /// As the writer has it: see [`RegistryWriter::tidy`].
    async fn tidy(&self) -> Result<(), Error>;
}

#[async_trait]
impl RegistryTables for RegistryWriter {
    async fn insert(&self, batch: &RegistryBatch) -> Result<(), Error> {
        self.insert(batch).await
    }

    async fn newest_period_close(
        &self,
        partition: u32,
        before: u64,
    ) -> Result<Option<Month>, Error> {
        self.newest_period_close(partition, before).await
    }

    async fn is_empty(&self, partition: u32) -> Result<bool, Error> {
        self.is_empty(partition).await
    }

    async fn mark(&self, mark: &ControlMark) -> Result<(), Error> {
        self.mark(mark).await
    }

    async fn marks(&self, partition: u32) -> Result<Vec<ControlMark>, Error> {
        self.marks(partition).await
    }

    async fn log_keys(&self, erasure: &PartitionErasure) -> Result<Vec<LogKey>, Error> {
        self.log_keys(erasure).await
    }

    async fn delete_rows(&self, erasures: &[PartitionErasure]) -> Result<(), Error> {
        self.delete_rows(erasures).await
    }

    async fn delete_keys(&self, erasures: &[PartitionErasure]) -> Result<(), Error> {
        self.delete_keys(erasures).await
    }

    async fn tidy(&self) -> Result<(), Error> {
        self.tidy().await
    }
}
