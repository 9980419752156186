//! Opening a log. Comes in: its address. Goes out: the log on whatever it is kept. The invariant: who
//! has it open works by the trait [`Log`] and does not know which backend it is.

use std::sync::Arc;

use crate::embedded::EmbeddedLog;
use crate::error::{LogConfigError, LogOpenError};
#[cfg(feature = "kafka")]
use crate::kafka::{KafkaConfig, KafkaLog};
use crate::log::Log;

/// Opens the log at `url`: `file:DIR` is the embedded one, which is created where there is none;
/// `kafka://HOST:PORT[,HOST:PORT…][/PREFIX][?replication=N]` is Kafka, whose topics must be there.
/// `partitions` must be what it was created with.
///
/// # Errors
/// [`LogConfigError::Url`] for an address of neither; what else, [`LogOpenError`] says.
pub async fn open(url: &str, partitions: u32) -> Result<Arc<dyn Log>, LogOpenError> {
    match url.split_once(':') {
        Some(("file", dir)) if !dir.is_empty() => {
            let dir = std::path::PathBuf::from(dir);
            Ok(Arc::new(EmbeddedLog::open(dir, partitions).await?))
        }
        #[cfg(feature = "kafka")]
        Some(("kafka", _)) => open_kafka(KafkaConfig::from_url(url)?, partitions).await,
        _ => Err(LogConfigError::Url.into()),
    }
}

/// Opens the log on Kafka, whose topics must be there and safe.
///
/// # Errors
/// Where the configuration cannot be used, brokers do not answer, or topics are missing or unsafe.
#[cfg(feature = "kafka")]
pub async fn open_kafka(
    config: KafkaConfig,
    partitions: u32,
) -> Result<Arc<dyn Log>, LogOpenError> {
    Ok(Arc::new(KafkaLog::open(config, partitions).await?))
}
