//! Brokers that stop, die and come back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use medvirk_eventlog::contract::{KafkaSandbox, PARTITIONS, read_all};
use medvirk_eventlog::kafka::KafkaConfig;
use medvirk_eventlog::{Log, LogAppendError, NewRecord, PassingError as _, Topic, open_kafka};
use medvirk_kafka::{BrokerCluster, ClusterOptions};

/// Longer than anything takes on a slow machine; a test that needs it has failed.
const DEADLINE: Duration = Duration::from_secs(120);

fn record(number: usize) -> NewRecord {
    NewRecord::new(format!("key {number}").into(), vec![7; 300])
}

fn cluster(brokers: usize) -> BrokerCluster {
    let options = ClusterOptions {
        brokers,
        ..ClusterOptions::default()
    };
    BrokerCluster::for_test(&options).expect("brokers start")
}

/// Appends until one is acknowledged, which is soon on a machine that is not busy, and gives that
/// one. Each has its own key, from 1,000 on: one that is unknown may be there or not.
async fn one_stored(log: &dyn Log) -> NewRecord {
    let stored = async {
        for number in 1_000.. {
            let appended = log.append(Topic::Events, 0, record(number)).await;
            if appended.is_ok() {
                return record(number);
            }
        }
        unreachable!("there are always more numbers")
    };
    let stored = tokio::time::timeout(DEADLINE, stored).await;
    stored.expect("brokers acknowledge")
}

/// How often each key is in a partition.
async fn times(log: &dyn Log, partition: u32) -> BTreeMap<Vec<u8>, u32> {
    let mut times = BTreeMap::new();
    for stored in read_all(log, Topic::Events, partition).await {
        *times.entry(stored.key).or_default() += 1;
    }
    times
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_at_once_and_loses_nothing_that_it_took() {
    let cluster = cluster(1);
    let sandbox = KafkaSandbox::fresh(&cluster.bootstrap()).await;
    let config = KafkaConfig {
        queue_records: 10,
        delivery_timeout: DEADLINE,
        ..sandbox.config()
    };
    let log = open_kafka(config, PARTITIONS).await.unwrap();
    log.append(Topic::Events, 0, record(0)).await.unwrap();
    cluster.brokers()[0].pause();
    let append = |number| {
        let log = log.clone();
        tokio::spawn(async move { log.append(Topic::Events, 0, record(number)).await })
    };
    let mut appends: FuturesUnordered<_> = (1..=25).map(append).collect();
    // What is refused is refused without the broker, which does not answer.
    for _ in 0..15 {
        let ended = tokio::time::timeout(DEADLINE / 2, appends.next()).await;
        let ended = ended.unwrap().unwrap().unwrap();
        assert!(matches!(ended, Err(LogAppendError::Full)));
    }
    cluster.brokers()[0].resume();
    assert_eq!(appends.len(), 10);
    while let Some(append) = appends.next().await {
        append.unwrap().unwrap();
    }
    let times = times(&*log, 0).await;
    assert!(times.len() == 11 && times.values().all(|times| *times == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_no_broker_answers_is_unknown_and_the_log_goes_on_after_it() {
    let mut cluster = cluster(1);
    let sandbox = KafkaSandbox::fresh(&cluster.bootstrap()).await;
    let config = KafkaConfig {
        delivery_timeout: Duration::from_secs(2),
        ..sandbox.config()
    };
    let log = open_kafka(config, PARTITIONS).await.unwrap();
    let before = one_stored(&*log).await;
    let (log_too, end) = (log.clone(), log.end(Topic::Events, 0).await.unwrap());
    // Somebody reads on all the while.
    let reader = tokio::spawn(async move {
        let (mut from, mut keys) = (end, Vec::new());
        while keys.last() != Some(&record(2).key) {
            let read = log_too.read(Topic::Events, 0, from, 1 << 20, Duration::from_secs(1));
            let batch = read.await.unwrap();
            keys.extend(batch.records.into_iter().map(|stored| stored.key));
            from = batch.next;
        }
        keys
    });
    cluster.broker(0).kill();
    let unknown = tokio::time::timeout(DEADLINE, log.append(Topic::Events, 0, record(1))).await;
    assert!(matches!(unknown.unwrap(), Err(LogAppendError::Unknown)));
    cluster.broker(0).start().unwrap();
    let stored = async {
        // The client may need a moment to find its broker again.
        while log.append(Topic::Events, 0, record(2)).await.is_err() {}
    };
    tokio::time::timeout(DEADLINE, stored).await.unwrap();
    let keys = tokio::time::timeout(DEADLINE, reader)
        .await
        .unwrap()
        .unwrap();
    assert!(!keys.contains(&before.key));
    let times = times(&*log, 0).await;
    assert_eq!(times.get(&before.key), Some(&1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_append_is_one_record_also_where_the_one_before_it_was_given_up() {
    const HALF: Duration = Duration::from_secs(1);
    let cluster = cluster(1);
    let sandbox = KafkaSandbox::fresh(&cluster.bootstrap()).await;
    let config = KafkaConfig {
        delivery_timeout: 2 * HALF,
        ..sandbox.config()
    };
    let log = open_kafka(config, PARTITIONS).await.unwrap();
    one_stored(&*log).await;
    let append = |number| {
        let log = log.clone();
        tokio::spawn(async move { log.append(Topic::Events, 0, record(number)).await })
    };
    // Both lie before a broker that reads nothing; when the first is given up, the second is not.
    cluster.brokers()[0].pause();
    let first = append(1);
    tokio::time::sleep(HALF).await;
    let second = append(2);
    assert!(matches!(first.await.unwrap(), Err(LogAppendError::Unknown)));
    cluster.brokers()[0].resume();
    // It may be unknown as well, but never twice.
    second.await.unwrap().ok();
    let stored = async { while log.append(Topic::Events, 0, record(3)).await.is_err() {} };
    tokio::time::timeout(DEADLINE, stored).await.unwrap();
    let times = times(&*log, 0).await;
    let twice = times.values().filter(|times| **times > 1).count();
    assert_eq!(twice, 0, "records that one append has written twice");
}

/// Appends one after the other until it is told to stop; a failed one is tried again under a new
/// key. Returns what was acknowledged.
async fn write(
    log: Arc<dyn Log>,
    writer: usize,
    stop: tokio::sync::watch::Receiver<bool>,
) -> Vec<Vec<u8>> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        if *stop.borrow() {
            return acknowledged;
        }
        let record = record(writer * 1_000_000 + number);
        let key = record.key.clone();
        if log.append(Topic::Events, 0, record).await.is_ok() {
            acknowledged.push(key);
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_three_brokers_have_acknowledged_survives_a_kill_of_each() {
    let mut cluster = cluster(3);
    let sandbox = KafkaSandbox::fresh(&cluster.bootstrap()).await;
    let log = open_kafka(sandbox.config(), PARTITIONS).await.unwrap();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let writers: Vec<_> = (0..4)
        .map(|writer| tokio::spawn(write(log.clone(), writer, stopped.clone())))
        .collect();
    for broker in 0..3 {
        // The log goes on meanwhile: two of three are in sync.
        cluster.broker(broker).kill();
        let end = log.end(Topic::Events, 0).await.unwrap();
        let goes_on = async {
            while log.end(Topic::Events, 0).await.unwrap() < end + 100 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(DEADLINE, goes_on).await.unwrap();
        cluster.broker(broker).start().unwrap();
    }
    stop.send_replace(true);
    // Until they have stopped, more is acknowledged than any reader has seen.
    let written = join_all(writers).await;
    let times = times(&*log, 0).await;
    let mut acknowledged = 0;
    for writer in written {
        for key in writer.unwrap() {
            assert_eq!(times.get(&key), Some(&1), "acknowledged, and there once");
            acknowledged += 1;
        }
    }
    assert!(acknowledged >= 300 && times.values().all(|times| *times == 1));
}

/// Without a leader, or with too few copies that are up to date, nothing is acknowledged, and it is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_says_when_it_has_no_quorum_and_when_it_has_one_again() {
    let mut cluster = cluster(3);
    let sandbox = KafkaSandbox::fresh(&cluster.bootstrap()).await;
    let log = open_kafka(sandbox.config(), PARTITIONS).await.unwrap();
    let is_there = async |wanted: bool| {
        let comes = async {
            while log.check_quorum().await.is_ok() != wanted {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(DEADLINE, comes).await.unwrap();
    };
    is_there(true).await;
    cluster.broker(0).kill();
    cluster.broker(1).kill();
    is_there(false).await;
    let told = log.check_quorum().await.unwrap_err();
    assert!(told.is_passing(), "{told}");
    cluster.broker(0).start().unwrap();
    cluster.broker(1).start().unwrap();
    is_there(true).await;
}
