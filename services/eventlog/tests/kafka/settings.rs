//! What is checked when the log is opened.

use std::time::Duration;

use medvirk_eventlog::contract::{KafkaSandbox, PARTITIONS};
use medvirk_eventlog::kafka::Config;
use medvirk_eventlog::{Error, Topic, open_kafka};

use crate::brokers;

#[tokio::test]
async fn topics_are_created_once_and_a_log_without_them_is_not_opened() {
    let sandbox = KafkaSandbox::without_topics(&brokers());
    let refused = open_kafka(sandbox.config(), PARTITIONS).await.err();
    let Some(Error::NoTopics { topics }) = &refused else {
        panic!("{refused:?}");
    };
    assert_eq!(topics.len(), 4);
    assert!(
        refused
            .unwrap()
            .to_string()
            .contains("medvirk admin topics")
    );

    assert_eq!(sandbox.create(&[]).await.unwrap(), Topic::ALL);
    assert_eq!(sandbox.create(&[]).await.unwrap(), []);
    open_kafka(sandbox.config(), PARTITIONS).await.unwrap();
}

#[tokio::test]
async fn an_unsafe_setting_is_refused_with_its_name_its_value_and_the_safe_one() {
    let unsafe_ones = [
        ("cleanup.policy", "delete", "compact"),
        ("segment.ms", "604800001", "at most 604800000"),
        ("max.compaction.lag.ms", "86400000000", "at most 604800000"),
        ("unclean.leader.election.enable", "true", "false"),
        ("max.message.bytes", "1000000", "at least 33619968"),
        ("message.timestamp.type", "CreateTime", "LogAppendTime"),
    ];
    let sandbox = KafkaSandbox::without_topics(&brokers());
    let settings: Vec<_> = unsafe_ones
        .iter()
        .map(|(name, value, _)| (*name, *value))
        .collect();
    for refused in [
        sandbox.create(&settings).await.map(|_| ()),
        open_kafka(sandbox.config(), PARTITIONS).await.map(|_| ()),
    ] {
        let told = refused.unwrap_err().to_string();
        for (name, value, safe) in unsafe_ones {
            let wanted = format!("feedback.events: {name} is {value}; safe is {safe}");
            assert!(told.contains(&wanted), "{wanted} is not in {told}");
        }
        assert!(!told.contains("indicator.ledger"), "{told}");
    }
}

#[tokio::test]
async fn too_few_copies_are_refused() {
    let sandbox = KafkaSandbox::fresh(&brokers()).await;
    let config = Config {
        replication: 3,
        ..sandbox.config()
    };
    let told = open_kafka(config, PARTITIONS)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(
        told.contains("replication.factor is 1; safe is at least 3"),
        "{told}"
    );
    assert!(
        told.contains("min.insync.replicas is 1; safe is at least 2"),
        "{told}"
    );
}

#[tokio::test]
async fn brokers_that_are_not_there_are_named() {
    let config = Config {
        brokers: vec!["127.0.0.1:1".to_owned()],
        request_timeout: Duration::from_secs(1),
        ..Config::default()
    };
    let refused = open_kafka(config, PARTITIONS).await.err().unwrap();
    assert!(matches!(refused, Error::Unreachable { .. }), "{refused:?}");
    assert!(refused.to_string().contains("127.0.0.1:1"));
}

#[tokio::test]
async fn what_a_promise_rests_on_cannot_be_set() {
    for (name, value) in [
        ("acks", "1"),
        ("enable.idempotence", "false"),
        ("isolation.level", "read_committed"),
        ("debug", "all"),
        ("security.protocol", "plaintext"),
        ("sasl.password", "canary"),
    ] {
        let mut config = KafkaSandbox::without_topics(&brokers()).config();
        config.client.insert(name.to_owned(), value.to_owned());
        let refused = open_kafka(config, PARTITIONS).await.err().unwrap();
        assert!(
            matches!(&refused, Error::Setting { name: told } if told == name),
            "{refused:?}"
        );
        assert!(
            !refused.to_string().contains(value) || value == "1",
            "{refused}"
        );
    }
}
