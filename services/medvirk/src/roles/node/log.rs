//! The log that the configuration names.

use std::sync::Arc;

use anyhow::Context;
use medvirk_eventlog::Log;

use crate::config::{LogBackend, MedvirkConfig};

/// The configured log. Whoever opens the embedded one first finds out that another process has it.
pub(crate) async fn open_log(config: &MedvirkConfig) -> anyhow::Result<Arc<dyn Log>> {
    match config.log.backend {
        LogBackend::Embedded => {
            let dir = config.log_dir();
            let url = format!("file:{}", dir.display());
            let log = medvirk_eventlog::open(&url, config.partitions()).await;
            log.with_context(|| format!("open log {}", dir.display()))
        }
        LogBackend::Kafka => {
            let kafka = (&config.log.kafka).into();
            let log = medvirk_eventlog::open_kafka(kafka, config.partitions()).await;
            log.context("open log")
        }
    }
}
