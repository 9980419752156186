//! Real Kafka brokers, for tests and for development.
//!
//! Comes in: the jars that `cargo xtask kafka fetch` has copied, a Java, a folder. Goes out: one
//! broker or several that answer, which can be killed, paused and started again. The invariant: a
//! broker of a test ends with the test's process, however that ends; one that is to stay is ended
//! by its own pid and by nothing else.

// In reading order.
mod cluster;

mod broker;

mod settings;

mod program;

pub use broker::{Broker, end};
pub use cluster::{BrokerCluster, ClusterOptions};
pub use program::{JARS, JAVA, KafkaProgram, find_java};
