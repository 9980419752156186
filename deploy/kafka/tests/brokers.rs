//! A cluster lives as long as the test that started it, and keeps what it knows over a kill.

use medvirk_kafka::{BrokerCluster, ClusterOptions};

#[test]
fn a_broker_is_killed_paused_and_started_again_and_leaves_nothing_behind() {
    let mut cluster = BrokerCluster::for_test(&ClusterOptions::default()).unwrap();
    let folder = cluster.brokers()[0].data();
    let address = cluster.bootstrap();
    let first = cluster.brokers()[0].pid().unwrap();

    cluster.broker(0).kill();
    assert!(cluster.brokers()[0].pid().is_none());
    cluster.broker(0).start().unwrap();
    let second = cluster.brokers()[0].pid().unwrap();
    assert!(first != second && cluster.bootstrap() == address);

    cluster.brokers()[0].pause();
    cluster.brokers()[0].resume();
    cluster.brokers()[0].ready().unwrap();

    drop(cluster);
    assert!(!folder.exists());
    assert!(!std::path::Path::new(&format!("/proc/{second}")).exists());
}
