//! The settings of one broker. Comes in: who it is and who the others are. Goes out: a properties
//! file. The invariant: what the project promises with three brokers (replication 3, two in sync)
//! is the default of a cluster of three.

use std::fmt::Write as _;
use std::path::Path;

/// Where a broker listens, on the loopback address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BrokerPorts {
    pub(crate) clients: u16,
    /// What clients and other brokers are told.
    pub(crate) advertised: u16,
    pub(crate) controller: u16,
}

/// What a broker logs: trouble, to standard error.
pub(crate) const LOG: &str = "\
status = error
appender.err.type = Console
appender.err.name = err
appender.err.target = SYSTEM_ERR
appender.err.layout.type = PatternLayout
appender.err.layout.pattern = %d %p %c %m%n
rootLogger.level = warn
rootLogger.appenderRef.err.ref = err
";

/// Every broker is a controller too. `number` counts from 1; `own` settings come last and win.
pub(crate) fn properties(
    number: usize,
    all: &[BrokerPorts],
    data: &Path,
    own: &[(String, String)],
) -> String {
    let BrokerPorts {
        clients,
        advertised,
        controller,
    } = all[number - 1];
    let voters: Vec<String> = (1..)
        .zip(all)
        .map(|(number, ports)| format!("{number}@127.0.0.1:{}", ports.controller))
        .collect();
    let replication = all.len().min(3);
    let in_sync = if replication < 3 { 1 } else { 2 };
    let mut text = format!(
        "\
process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
listeners=CLIENTS://127.0.0.1:{clients},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://127.0.0.1:{advertised}
listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor={replication}
min.insync.replicas={in_sync}
unclean.leader.election.enable=false
offsets.topic.replication.factor={replication}
offsets.topic.num.partitions=4
offsets.retention.minutes=525600
transaction.state.log.replication.factor={replication}
transaction.state.log.min.isr={in_sync}
share.coordinator.state.topic.replication.factor={replication}
share.coordinator.state.topic.min.isr={in_sync}
group.initial.rebalance.delay.ms=0
log.cleaner.backoff.ms=200
log.cleaner.dedupe.buffer.size=8388608
log.initial.task.delay.ms=200
log.index.size.max.bytes=65536
controlled.shutdown.enable=true
",
        voters = voters.join(","),
        data = data.display(),
    );
    for (name, value) in own {
        writeln!(text, "{name}={value}").expect("a string takes everything");
    }
    text
}

/// What makes brokers ask who is there, over TLS. They come as this user to one another.
pub(crate) fn protected(
    keystore: &Path,
    ca: &Path,
    user: &str,
    password: &str,
) -> impl Iterator<Item = (String, String)> {
    let scram = format!(
        "org.apache.kafka.common.security.scram.ScramLoginModule required \
         username=\"{user}\" password=\"{password}\";"
    );
    let token = format!(
        "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required \
         unsecuredLoginStringClaim_sub=\"{user}\";"
    );
    [
        (
            "listener.security.protocol.map",
            "CLIENTS:SASL_SSL,CONTROLLER:PLAINTEXT".to_owned(),
        ),
        ("ssl.keystore.type", "PEM".to_owned()),
        ("ssl.keystore.location", keystore.display().to_string()),
        // A broker tries its own certificate at its start.
        ("ssl.truststore.type", "PEM".to_owned()),
        ("ssl.truststore.location", ca.display().to_string()),
        (
            "sasl.enabled.mechanisms",
            "SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER".to_owned(),
        ),
        (
            "sasl.mechanism.inter.broker.protocol",
            "SCRAM-SHA-512".to_owned(),
        ),
        (
            "listener.name.clients.scram-sha-256.sasl.jaas.config",
            scram.clone(),
        ),
        (
            "listener.name.clients.scram-sha-512.sasl.jaas.config",
            scram,
        ),
        ("listener.name.clients.oauthbearer.sasl.jaas.config", token),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
}
