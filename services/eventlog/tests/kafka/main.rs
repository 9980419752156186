//! The log on Kafka, against real brokers.

#![cfg(feature = "kafka")]

mod erasure;
mod faults;
mod membership;
#[cfg(feature = "kafka-tls")]
mod protected;
mod secrecy;
mod settings;

use std::sync::OnceLock;

use medvirk_eventlog::contract::KafkaSandbox;
use medvirk_kafka::{BrokerCluster, ClusterOptions};

/// One broker for the tests of this process that leave it alone; it ends with the process.
static CLUSTER: OnceLock<BrokerCluster> = OnceLock::new();

fn brokers() -> String {
    let start = || BrokerCluster::for_test(&ClusterOptions::default()).expect("a broker starts");
    CLUSTER.get_or_init(start).bootstrap()
}

medvirk_eventlog::contract_suite!(KafkaSandbox::fresh(&brokers()).await);
