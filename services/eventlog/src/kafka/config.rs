//! What can be configured. Comes in: brokers, a prefix, limits, settings of the client library.
//! Goes out: the library's own configuration. The invariant: what a promise rests on (acks,
//! idempotence, isolation) cannot be set by anybody.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use super::security::KafkaSecurity;
use crate::cause::UnusableSetting;
use crate::error::LogConfigError;
use crate::topic::{MAX_RECORD_BYTES, Topic};

/// What a record's frame may need in addition, in bytes.
pub(super) const FRAME_BYTES: usize = 64 * 1024;

/// Settings of the library that may be given by its own names: how to reach the brokers. Who this
/// is and whether TLS is used is said in [`KafkaSecurity`] only.
const OPEN: [&str; 5] = [
    "broker.address.",
    "client.",
    "reconnect.",
    "socket.",
    "ssl.",
];

/// Where the brokers are, and how to work with them.
#[derive(Clone)]
pub struct KafkaConfig {
    /// `host:port` of some brokers; they name the others.
    pub brokers: Vec<String>,
    /// Comes before the names of topics and groups, so that several deployments can share
    /// brokers; may be empty.
    pub prefix: String,
    /// How many brokers have each record; 3, or 1 for development.
    pub replication: u32,
    /// How long the brokers may take to store a record, repeats included; then nobody knows, and the
    /// record is stored when they can.
    pub delivery_timeout: Duration,
    /// How long the brokers may take to answer anything else, before they are asked again.
    pub request_timeout: Duration,
    /// How many records may wait to be sent.
    pub queue_records: u32,
    /// How many bytes may wait to be sent.
    pub queue_bytes: u32,
    /// How often the library's statistics become metrics; zero is never.
    pub statistics_every: Duration,
    /// How connections are protected, and who this is.
    pub security: KafkaSecurity,
    /// Settings of librdkafka by its own names, such as `socket.keepalive.enable`; see
    /// [`KafkaConfig::check`].
    pub client: BTreeMap<String, String>,
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            brokers: Vec::new(),
            prefix: String::new(),
            replication: 3,
            delivery_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(5),
            queue_records: 100_000,
            queue_bytes: 256 << 20,
            statistics_every: Duration::from_secs(15),
            security: KafkaSecurity::default(),
            client: BTreeMap::new(),
        }
    }
}

impl fmt::Debug for KafkaConfig {
    /// Settings of the library may be secrets: their names are enough.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaConfig")
            .field("brokers", &self.brokers)
            .field("prefix", &self.prefix)
            .field("replication", &self.replication)
            .field("security", &self.security)
            .field("client", &self.client.keys())
            .finish_non_exhaustive()
    }
}

impl KafkaConfig {
    /// From an address `kafka://HOST:PORT[,HOST:PORT…][/PREFIX][?replication=N]`.
    ///
    /// # Errors
    /// [`LogConfigError::Url`] where it is not one.
    pub fn from_url(url: &str) -> Result<Self, LogConfigError> {
        let rest = url.strip_prefix("kafka://").ok_or(LogConfigError::Url)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (brokers, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let mut config = Self {
            brokers: brokers.split(',').map(str::to_owned).collect(),
            prefix: prefix.to_owned(),
            ..Self::default()
        };
        if !query.is_empty() {
            let replication = query
                .strip_prefix("replication=")
                .ok_or(LogConfigError::Url)?;
            config.replication = replication.parse().map_err(|_| LogConfigError::Url)?;
        }
        config.check()?;
        Ok(config)
    }

    /// Checks what can be checked without brokers.
    ///
    /// # Errors
    /// [`LogConfigError::Url`] without brokers or with a prefix that is not `a-z 0-9 - _ .`;
    /// [`LogConfigError::Setting`] for a setting of the library that is not one of `broker.address.*`,
    /// `client.*`, `reconnect.*`, `socket.*`, `ssl.*`, for SASL without TLS, and for a length or
    /// number that cannot work; [`LogConfigError::NoTls`] for TLS in a program that was built without.
    pub fn check(&self) -> Result<(), LogConfigError> {
        let fine = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let named = self.brokers.iter().all(|broker| broker.contains(':'));
        if self.brokers.is_empty() || !named || !self.prefix.chars().all(fine) {
            return Err(LogConfigError::Url);
        }
        let closed = |name: &&String| !OPEN.iter().any(|open| name.starts_with(open));
        if let Some(name) = self.client.keys().find(closed) {
            let name = name.clone();
            return Err(UnusableSetting { name }.into());
        }
        self.security.check()?;
        let second = Duration::from_secs(1);
        let limits = [
            ("replication", self.replication > 0),
            ("delivery_timeout", self.delivery_timeout >= second),
            ("request_timeout", self.request_timeout >= second),
            ("queue_records", self.queue_records > 0),
            ("queue_bytes", self.queue_bytes >= 1 << 20),
        ];
        match limits.iter().find(|(_, fine)| !fine) {
            Some((name, _)) => {
                let name = (*name).to_owned();
                Err(UnusableSetting { name }.into())
            }
            None => Ok(()),
        }
    }

    /// What the topic is called on these brokers.
    pub(super) fn topic_name(&self, topic: Topic) -> String {
        format!("{}{topic}", self.prefix)
    }

    /// What the group is called on these brokers.
    pub(super) fn group_name(&self, group: &str) -> String {
        format!("{}{group}", self.prefix)
    }

    /// What every client has.
    pub(super) fn base(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.brokers.join(","));
        config.set("client.id", "medvirk");
        config.set("reconnect.backoff.max.ms", "1000");
        config.set("topic.metadata.refresh.fast.interval.ms", "100");
        config.set(
            "message.max.bytes",
            (MAX_RECORD_BYTES + FRAME_BYTES).to_string(),
        );
        config.set_log_level(RDKafkaLogLevel::Info);
        for (name, value) in &self.client {
            config.set(name, value);
        }
        self.security.apply(&mut config);
        config
    }

    /// What the producer has in addition.
    pub(super) fn producer(&self) -> ClientConfig {
        let mut config = self.base();
        config.set("acks", "all");
        config.set("enable.idempotence", "true");
        // Records that come together go together, because the one before is still under way.
        config.set("linger.ms", "0");
        config.set("compression.type", "zstd");
        // Never given up by the library: after that it goes on under a new epoch, in which brokers take
        // what they have already. Whoever waits is told "unknown" by the log itself.
        config.set("message.timeout.ms", "0");
        config.set(
            "queue.buffering.max.messages",
            self.queue_records.to_string(),
        );
        config.set(
            "queue.buffering.max.kbytes",
            (self.queue_bytes >> 10).to_string(),
        );
        config.set("statistics.interval.ms", millis(self.statistics_every));
        config
    }

    /// What asks for ends and commits has in addition.
    pub(super) fn asking(&self) -> ClientConfig {
        let mut config = self.base();
        config.set("isolation.level", "read_uncommitted");
        config.set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false");
        config.set("allow.auto.create.topics", "false");
        config
    }

    /// What a member of a group has in addition. It reads nothing, so it keeps nothing.
    pub(super) fn member(&self, group: &str) -> ClientConfig {
        let mut config = self.asking();
        config.set("group.id", self.group_name(&format!("{group}.members")));
        config.set("partition.assignment.strategy", "cooperative-sticky");
        // One that was killed is missed after so long: the least that brokers allow by default.
        config.set("session.timeout.ms", "6000");
        config.set("heartbeat.interval.ms", "1500");
        config.set("auto.offset.reset", "latest");
        config.set("queued.min.messages", "1");
        config.set("queued.max.messages.kbytes", "1");
        config.set("fetch.message.max.bytes", "1");
        config
    }

    /// What a reader has in addition.
    pub(super) fn reading(&self) -> ClientConfig {
        let mut config = self.asking();
        // The library wants a name; nobody joins and nothing is committed by it.
        config.set("group.id", self.group_name("reader"));
        config.set("auto.offset.reset", "error");
        config.set("check.crcs", "true");
        // One that starts anew waits for the answer to what it asked before, at most so long.
        config.set("fetch.wait.max.ms", "100");
        config.set("fetch.error.backoff.ms", "100");
        config.set("fetch.queue.backoff.ms", "10");
        config.set("fetch.message.max.bytes", "4194304");
        config.set("queued.max.messages.kbytes", "16384");
        config
    }
}

fn millis(time: Duration) -> String {
    time.as_millis().to_string()
}
