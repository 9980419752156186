//! The configuration of every role but the engine. Comes in: a TOML file and
//! `MEDVIRK__SECTION__KEY` variables. Goes out: a [`Config`]. The invariant: everything has a
//! default that works on one machine, and an unknown key is an error.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use medvirk_runtime::{config, telemetry};
use medvirk_store::Connection;
use secrecy::SecretString;
use serde::Deserialize;

/// Everything that can be configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Where everything of this machine is kept: keys, the embedded log and tables, checkpoints.
    pub(crate) data: PathBuf,
    pub(crate) log: Log,
    pub(crate) deployment: Deployment,
    pub(crate) listen: Listen,
    pub(crate) engine: Engine,
    /// The server of the indicator tables; without it, `up` starts the embedded engine.
    pub(crate) indicators: Option<Database>,
    /// The server of the registry tables; without it, `up` starts the embedded engine.
    pub(crate) registry: Option<Database>,
    pub(crate) aggregator: Aggregator,
    pub(crate) telemetry: telemetry::Config,
}

/// The log.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// `file:DIR`; without it, `log` in the data folder.
    pub(crate) url: Option<String>,
    /// Partitions of the event log; fixed for the life of a deployment.
    pub(crate) partitions: u32,
}

/// What is fixed when a deployment is founded.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Deployment {
    /// The first month of the indicators, YYYY-MM; without it, the month of the first start.
    pub(crate) first_month: Option<String>,
    /// The catalogue that is in force from that month; without it, the shipped one.
    pub(crate) catalogue: Option<PathBuf>,
}

/// Where to listen. Port 0 takes a free one; `addresses.json` in the data folder tells which.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Listen {
    pub(crate) grpc: SocketAddr,
    /// Report: JSON and web page.
    pub(crate) http: SocketAddr,
    /// Health, readiness and metrics.
    pub(crate) admin: SocketAddr,
}

/// The embedded engines of `up`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Engine {
    /// libchdb.so; without it, the variable MEDVIRK_CHDB, or where `cargo xtask engine` puts it.
    pub(crate) library: Option<PathBuf>,
    /// Where the engine of the indicators listens.
    pub(crate) indicators: SocketAddr,
    /// Where the engine of the registry listens.
    pub(crate) registry: SocketAddr,
}

/// A ClickHouse server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    /// Such as `http://127.0.0.1:8123`.
    pub(crate) url: String,
    /// Name of the database.
    pub(crate) database: String,
    /// Who writes.
    pub(crate) writer: User,
    /// Who reads.
    pub(crate) reader: User,
}

/// A user of a ClickHouse server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) name: String,
    /// File with the password, readable by its owner only.
    pub(crate) password_file: PathBuf,
}

/// How the aggregator works.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Aggregator {
    /// Closes months when they are due.
    pub(crate) auto_close: bool,
    /// How often the tables are compared with the ledger.
    #[serde(with = "humantime_serde")]
    pub(crate) compare_every: Duration,
}

/// Reads the file and the variables of the environment.
pub(crate) fn load(path: Option<&Path>) -> anyhow::Result<Config> {
    load_with(path, &config::overrides(std::env::vars()))
}

fn load_with(path: Option<&Path>, overrides: &BTreeMap<String, String>) -> anyhow::Result<Config> {
    config::load(path, overrides).context("read configuration")
}

impl Config {
    /// Address of the log.
    pub(crate) fn log_url(&self) -> String {
        let embedded = || format!("file:{}", self.data.join("log").display());
        self.log.url.clone().unwrap_or_else(embedded)
    }
}

impl Database {
    pub(crate) fn writer(&self) -> anyhow::Result<Connection> {
        self.connection(&self.writer)
    }

    pub(crate) fn reader(&self) -> anyhow::Result<Connection> {
        self.connection(&self.reader)
    }

    fn connection(&self, user: &User) -> anyhow::Result<Connection> {
        let password = medvirk_runtime::secret::load(&user.password_file)?;
        let password = std::str::from_utf8(&password)
            .context("a password is text")?
            .trim();
        Ok(Connection {
            url: self.url.clone(),
            user: user.name.clone(),
            password: SecretString::from(password.to_owned()),
            database: self.database.clone(),
        })
    }
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: "./medvirk-data".into(),
            log: Log::default(),
            deployment: Deployment::default(),
            listen: Listen::default(),
            engine: Engine::default(),
            indicators: None,
            registry: None,
            aggregator: Aggregator::default(),
            telemetry: telemetry::Config::default(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            url: None,
            partitions: 2,
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            grpc: local(50051),
            http: local(8080),
            admin: local(8081),
        }
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            library: None,
            indicators: local(8123),
            registry: local(8124),
        }
    }
}

impl Default for Aggregator {
    fn default() -> Self {
        Self {
            auto_close: true,
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
        assert_eq!(config.log.partitions, 5);
    }
}
