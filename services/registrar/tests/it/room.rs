//! Tables on a full disk.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use medvirk_domain::time::Month;
use medvirk_registrar::RegistryTables;
use medvirk_store::error::FailureCause;
use medvirk_store::registry::{ControlMark, LogKey, PartitionErasure};
use medvirk_store::{Error, RegistryBatch, RegistryWriter};

/// The tables, with no room from the first insert on until they are tidied after it.
pub(crate) struct NoRoom {
    tables: RegistryWriter,
    refused: AtomicBool,
    tidied: AtomicBool,
}

impl NoRoom {
    pub(crate) fn until_tidied(tables: RegistryWriter) -> Self {
        Self {
            tables,
            refused: AtomicBool::new(false),
            tidied: AtomicBool::new(false),
        }
    }
}

#[async_trait]
impl RegistryTables for NoRoom {
    async fn insert(&self, batch: &RegistryBatch) -> Result<(), Error> {
        if batch.is_empty() || self.tidied.load(Ordering::SeqCst) {
            return self.tables.insert(batch).await;
        }
        self.refused.store(true, Ordering::SeqCst);
        Err(Error::Failed {
            attempt: "insert registry rows",
            cause: FailureCause::Refused(243),
        })
    }

    async fn newest_period_close(
        &self,
        partition: u32,
        before: u64,
    ) -> Result<Option<Month>, Error> {
        self.tables.newest_period_close(partition, before).await
    }

    async fn is_empty(&self, partition: u32) -> Result<bool, Error> {
        self.tables.is_empty(partition).await
    }

    async fn mark(&self, mark: &ControlMark) -> Result<(), Error> {
        self.tables.mark(mark).await
    }

    async fn marks(&self, partition: u32) -> Result<Vec<ControlMark>, Error> {
        self.tables.marks(partition).await
    }

    async fn log_keys(&self, erasure: &PartitionErasure) -> Result<Vec<LogKey>, Error> {
        self.tables.log_keys(erasure).await
    }

    async fn delete_rows(&self, erasures: &[PartitionErasure]) -> Result<(), Error> {
        self.tables.delete_rows(erasures).await
    }

    async fn delete_keys(&self, erasures: &[PartitionErasure]) -> Result<(), Error> {
        self.tables.delete_keys(erasures).await
    }

    async fn tidy(&self) -> Result<(), Error> {
        self.tables.tidy().await?;
        let refused = self.refused.load(Ordering::SeqCst);
        self.tidied.store(refused, Ordering::SeqCst);
        Ok(())
    }
}
