//! The configuration of every role but the engine. Comes in: a TOML file and
//! `MEDVIRK__SECTION__KEY` variables. Goes out: a [`MedvirkConfig`]. The invariant: everything has a
//! default that works on one machine, and an unknown key is an error.

mod database;
mod protection;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use medvirk_aggregator::EmptyMonths;
use medvirk_eventlog::kafka;
use medvirk_runtime::{config, telemetry};
use medvirk_terminal::{CommandExit, error};
use serde::Deserialize;

use protection::{SaslSection, TlsSection, security};

pub(crate) use database::{DatabaseLogin, DatabaseSection, DatabaseUser};

/// An engine has at least so long to answer.
const SHORTEST_SILENCE: Duration = Duration::from_secs(1);

/// Everything that can be configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MedvirkConfig {
    /// Where everything of this machine is kept: keys, the embedded log and tables, checkpoints.
    pub(crate) data: PathBuf,
    /// The keys of the deployment; without it, `secrets` in the data folder.
    pub(crate) secrets: Option<PathBuf>,
    pub(crate) log: LogSection,
    pub(crate) deployment: DeploymentSection,
    pub(crate) listen: ListenSection,
    pub(crate) engine: EngineSection,
    /// The server of the indicator tables; without it, `up` starts the embedded engine.
    pub(crate) indicators: Option<DatabaseSection>,
    /// The server of the registry tables; without it, `up` starts the embedded engine.
    pub(crate) registry: Option<DatabaseSection>,
    pub(crate) aggregator: AggregatorSection,
    pub(crate) telemetry: telemetry::TelemetryConfig,
}

/// Which log the deployment has, and where.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogSection {
    /// Where the log is kept.
    pub(crate) backend: LogBackend,
    /// Partitions of the event log, fixed for the life of a deployment; without it, 2 on the
    /// embedded log and 12 on Kafka.
    pub(crate) partitions: Option<u32>,
    /// Folder of the embedded log; without it, `log` in the data folder.
    pub(crate) dir: Option<PathBuf>,
    pub(crate) kafka: KafkaSection,
}

/// Where the log is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogBackend {
    /// In a file of this machine, by one process.
    #[default]
    Embedded,
    /// On Kafka, by as many processes as it takes.
    Kafka,
}

/// Where the brokers are, and how to work with them.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct KafkaSection {
    /// Such as `kafka-1:9092`; some are enough, they name the others.
    pub(crate) brokers: Vec<String>,
    /// Comes before the names of topics and groups.
    pub(crate) prefix: String,
    /// How many brokers have each record: 3, or 1 for development.
    pub(crate) replication: u32,
    /// How long the brokers may take to store a record; then nobody knows.
    #[serde(with = "humantime_serde")]
    pub(crate) delivery_timeout: Duration,
    /// How long they may take to answer anything else, before they are asked again.
    #[serde(with = "humantime_serde")]
    pub(crate) request_timeout: Duration,
    /// How many records may wait to be sent; one more is refused at once.
    pub(crate) queue_records: u32,
    /// How many bytes may wait to be sent.
    pub(crate) queue_bytes: u32,
    /// How often the client's statistics become metrics.
    #[serde(with = "humantime_serde")]
    pub(crate) statistics_every: Duration,
    /// TLS to the brokers, if it is used.
    pub(crate) tls: Option<TlsSection>,
    /// Who this is, if brokers ask.
    pub(crate) sasl: Option<SaslSection>,
    /// Settings of librdkafka by its own names, such as `socket.keepalive.enable`.
    pub(crate) client: BTreeMap<String, String>,
    /// What `tls` and `sasl` say, with the secret that they name.
    #[serde(skip)]
    security: kafka::KafkaSecurity,
}

impl std::fmt::Debug for KafkaSection {
    /// The client's settings may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", kafka::KafkaConfig::from(self))
    }
}

impl From<&KafkaSection> for kafka::KafkaConfig {
    fn from(config: &KafkaSection) -> Self {
        Self {
            brokers: config.brokers.clone(),
            prefix: config.prefix.clone(),
            replication: config.replication,
            delivery_timeout: config.delivery_timeout,
            request_timeout: config.request_timeout,
            queue_records: config.queue_records,
            queue_bytes: config.queue_bytes,
            statistics_every: config.statistics_every,
            security: config.security.clone(),
            client: config.client.clone(),
        }
    }
}

impl Default for KafkaSection {
    fn default() -> Self {
        let config = kafka::KafkaConfig::default();
        Self {
            brokers: config.brokers,
            prefix: config.prefix,
            replication: config.replication,
            delivery_timeout: config.delivery_timeout,
            request_timeout: config.request_timeout,
            queue_records: config.queue_records,
            queue_bytes: config.queue_bytes,
            statistics_every: config.statistics_every,
            tls: None,
            sasl: None,
            security: config.security,
            client: config.client,
        }
    }
}

/// What is fixed when a deployment is founded.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DeploymentSection {
    /// The first month of the indicators, YYYY-MM; without it, the month of the first start.
    pub(crate) first_month: Option<String>,
    /// The catalogue that is in force from that month; without it, the shipped one.
    pub(crate) catalogue: Option<PathBuf>,
}

/// Where to listen. Port 0 takes a free one; `addresses.json` in the data folder tells which.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListenSection {
    /// All gRPC services, and FHIR over HTTP for ingest.
    pub(crate) grpc: SocketAddr,
    /// Report: JSON and web page. A process without that role listens there not at all.
    pub(crate) http: SocketAddr,
    /// Health, readiness and metrics.
    pub(crate) admin: SocketAddr,
}

/// The embedded engines of `up`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EngineSection {
    /// libchdb.so; without it, the variable MEDVIRK_CHDB, or where `cargo xtask engine` puts it.
    pub(crate) library: Option<PathBuf>,
    /// Where the engine of the indicators listens.
    pub(crate) indicators: SocketAddr,
    /// Where the engine of the registry listens.
    pub(crate) registry: SocketAddr,
    /// How long an engine may answer nothing, not even while it is busy with other things, before it
    /// is killed and started again; longer where somebody holds one in a debugger.
    #[serde(with = "humantime_serde")]
    pub(crate) silence: Duration,
}

/// How the aggregator works.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AggregatorSection {
    /// Closes months when they are due.
    pub(crate) auto_close: bool,
    /// Closes also months of which the log has no record, for ever empty.
    pub(crate) close_empty: bool,
    /// How often the tables are compared with the ledger.
    #[serde(with = "humantime_serde")]
    pub(crate) compare_every: Duration,
}

/// Reads the file, the variables of the environment, and the secret that Kafka asks for.
pub(crate) fn load(path: Option<&Path>) -> anyhow::Result<MedvirkConfig> {
    let mut config = load_with(path, &config::overrides(std::env::vars()))?;
    if config.engine.silence < SHORTEST_SILENCE {
        let message =
            "engine.silence is shorter than a second: an engine that is busy would be killed";
        return Err(error(CommandExit::Config, message));
    }
    let kafka = &mut config.log.kafka;
    kafka.security = security(kafka.tls.as_ref(), kafka.sasl.as_ref())
        .context("read how connections to Kafka are protected")?;
    Ok(config)
}

fn load_with(
    path: Option<&Path>,
    overrides: &BTreeMap<String, String>,
) -> anyhow::Result<MedvirkConfig> {
    config::load(path, overrides).context("read configuration")
}

impl MedvirkConfig {
    /// Folder of the embedded log.
    pub(crate) fn log_dir(&self) -> PathBuf {
        let beside = || self.data.join("log");
        self.log.dir.clone().unwrap_or_else(beside)
    }

    /// Partitions of the event log.
    pub(crate) fn partitions(&self) -> u32 {
        let usual = match self.log.backend {
            LogBackend::Embedded => 2,
            LogBackend::Kafka => 12,
        };
        self.log.partitions.unwrap_or(usual)
    }

    /// Folder of the keys that all processes of a deployment share.
    pub(crate) fn secrets_dir(&self) -> PathBuf {
        let beside = || self.data.join("secrets");
        self.secrets.clone().unwrap_or_else(beside)
    }
}

impl AggregatorSection {
    /// What is done with a month that is due, by itself; none where somebody has to ask.
    pub(crate) fn closing(&self) -> Option<EmptyMonths> {
        self.auto_close.then(|| self.empty_months())
    }

    /// What becomes of a month that is due and of which the log has no record.
    pub(crate) fn empty_months(&self) -> EmptyMonths {
        if self.close_empty {
            EmptyMonths::Close
        } else {
            EmptyMonths::StayOpen
        }
    }
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

impl Default for MedvirkConfig {
    fn default() -> Self {
        Self {
            data: "./medvirk-data".into(),
            secrets: None,
            log: LogSection::default(),
            deployment: DeploymentSection::default(),
            listen: ListenSection::default(),
            engine: EngineSection::default(),
            indicators: None,
            registry: None,
            aggregator: AggregatorSection::default(),
            telemetry: telemetry::TelemetryConfig::default(),
        }
    }
}

impl Default for ListenSection {
    fn default() -> Self {
        Self {
            grpc: local(50051),
            http: local(8080),
            admin: local(8081),
        }
    }
}

impl Default for EngineSection {
    fn default() -> Self {
        Self {
            library: None,
            indicators: local(8123),
            registry: local(8124),
            silence: Duration::from_secs(30),
        }
    }
}

impl Default for AggregatorSection {
    fn default() -> Self {
        Self {
            auto_close: true,
            close_empty: false,
            compare_every: Duration::from_secs(60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_configuration_is_read_whole() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/config");
        let mut samples = 0;
        for entry in std::fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                load_with(Some(&path), &BTreeMap::new()).unwrap();
                samples += 1;
            }
        }
        assert!(samples > 0, "no sample in {}", dir.display());
    }

    #[test]
    fn a_variable_overrides_a_key() {
        let overrides = [("MEDVIRK__LOG__PARTITIONS".to_owned(), "5".to_owned())];
        let config = load_with(None, &overrides.into()).unwrap();
        assert_eq!(config.partitions(), 5);
    }

    #[test]
    fn each_backend_has_its_usual_partitions() {
        let of = |backend: &str| {
            let overrides = [("MEDVIRK__LOG__BACKEND".to_owned(), backend.to_owned())];
            load_with(None, &overrides.into()).unwrap().partitions()
        };
        assert_eq!((of("embedded"), of("kafka")), (2, 12));
    }

    #[test]
    fn a_password_of_the_kafka_client_is_not_shown() {
        let mut config = MedvirkConfig::default();
        let name = "ssl.key.password".to_owned();
        config.log.kafka.client.insert(name, "canary".to_owned());
        let shown = format!("{config:?}");
        assert!(shown.contains("ssl.key.password") && !shown.contains("canary"));
    }
}
