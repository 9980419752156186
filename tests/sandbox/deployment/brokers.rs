//! The brokers of a deployment. Comes in: how many. Goes out: real brokers, which everybody, they
//! themselves included, reaches through a network that a test can break.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use medvirk_kafka::{BrokerCluster, ClusterOptions};
use tokio::task::block_in_place;

use crate::network::{Caller, Network};

/// Brokers, and the network around them. Several deployments may use the same, one after the other.
pub struct Brokers {
    cluster: Mutex<BrokerCluster>,
    network: Network,
    addresses: Vec<String>,
}

impl Brokers {
    /// Starts so many. It blocks, so it needs a runtime of several threads.
    ///
    /// # Panics
    /// When Kafka is not there or does not start.
    pub async fn start(many: usize) -> Arc<Self> {
        let (network, mut advertised) = (Network::default(), Vec::new());
        let mut addresses = Vec::new();
        for number in 1..=many {
            let server = name(number);
            let address = network.listen(Caller::KafkaClient, &server).await;
            advertised.push(address.port());
            addresses.push(address.to_string());
        }
        let options = ClusterOptions {
            brokers: many,
            advertised,
            ..ClusterOptions::default()
        };
        // All are asked for through proxies that do not know yet where they lead: brokers try
        // again until they do.
        let cluster = block_in_place(|| BrokerCluster::for_test(&options)).expect("brokers start");
        for (number, broker) in (1..).zip(cluster.brokers()) {
            network.place(&name(number), broker.address());
        }
        Arc::new(Self {
            cluster: Mutex::new(cluster),
            network,
            addresses,
        })
    }

    /// `kill -9` of the broker of this number, from 1.
    pub fn kill(&self, number: usize) {
        block_in_place(|| self.cluster().broker(number - 1).kill());
    }

    /// Starts it again; it takes some seconds until it answers.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn launch(&self, number: usize) {
        let launched = block_in_place(|| self.cluster().broker(number - 1).launch());
        launched.expect("a broker is started again");
    }

    /// Waits until it answers.
    ///
    /// # Panics
    /// When it ends instead, or takes three minutes.
    pub async fn ready(self: &Arc<Self>, number: usize) {
        let brokers = self.clone();
        let ready = move || brokers.cluster().broker(number - 1).ready();
        let ready = tokio::task::spawn_blocking(ready).await;
        ready
            .expect("waiting ends")
            .expect("a broker answers again");
    }

    /// Stops it in the middle of what it does.
    pub fn pause(&self, number: usize) {
        self.cluster().broker(number - 1).pause();
    }

    /// Lets it go on.
    pub fn resume(&self, number: usize) {
        self.cluster().broker(number - 1).resume();
    }

    pub(super) fn addresses(&self) -> &[String] {
        &self.addresses
    }

    pub(super) fn network(&self) -> Network {
        self.network.clone()
    }

    fn cluster(&self) -> MutexGuard<'_, BrokerCluster> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a broker is called on the network.
pub fn name(number: usize) -> String {
    format!("broker-{number}")
}
