//! The log on Kafka holds the contract of every log, against a real broker.

#![cfg(feature = "kafka")]

use std::sync::OnceLock;

use medvirk_eventlog::contract::KafkaSandbox;
use medvirk_kafka::{Cluster, Options};

/// One broker for all tests of this process; it ends with it.
static CLUSTER: OnceLock<Cluster> = OnceLock::new();

fn brokers() -> String {
    let start = || Cluster::for_test(&Options::default()).expect("a broker starts");
    CLUSTER.get_or_init(start).bootstrap()
}

medvirk_eventlog::contract_suite!(KafkaSandbox::fresh(&brokers()).await);
