//! What is checked when the log is opened.

use std::time::Duration;

use medvirk_eventlog::contract::{KafkaSandbox, LogSandbox as _, PARTITIONS};
use medvirk_eventlog::kafka::KafkaConfig;
use medvirk_eventlog::{
    Log, LogConfigError, LogOpenError, MissingTopics, Topic, UnusableSetting, open_kafka,
};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;

use crate::brokers;

#[tokio::test]
async fn topics_are_created_once_and_a_log_without_them_is_not_opened() {
    let sandbox = KafkaSandbox::without_topics(&brokers());
    let refused = open_kafka(sandbox.config(), PARTITIONS).await.err();
    let Some(LogOpenError::NoTopics(MissingTopics { topics })) = &refused else {
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
    let created = sandbox.create(&settings).await;
    let opened = open_kafka(sandbox.config(), PARTITIONS).await;
    for told in [
        created.unwrap_err().to_string(),
        opened.err().unwrap().to_string(),
    ] {
        for (name, value, safe) in unsafe_ones {
            let wanted = format!("feedback.events: {name} is {value}; safe is {safe}");
            assert!(told.contains(&wanted), "{wanted} is not in {told}");
        }
        assert!(!told.contains("indicator.ledger"), "{told}");
    }
}

/// Sets how long the ledger is kept, as somebody would do with Kafka's own tools.
async fn keep_ledger_for(sandbox: &KafkaSandbox, milliseconds: &str) {
    let config = sandbox.config();
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", config.brokers.join(","))
        .create()
        .expect("a client can be made");
    let ledger = format!("{}indicator.ledger", config.prefix);
    // What is not named is set back to the broker's own default.
    let settings = [
        ("min.insync.replicas", "1"),
        ("unclean.leader.election.enable", "false"),
        ("max.message.bytes", "33619968"),
        ("message.timestamp.type", "LogAppendTime"),
        ("cleanup.policy", "delete"),
        ("retention.bytes", "-1"),
        ("retention.ms", milliseconds),
    ];
    let mut altered = AlterConfig::new(ResourceSpecifier::Topic(&ledger));
    for (name, value) in settings {
        altered = altered.set(name, value);
    }
    let answers = admin.alter_configs([&altered], &AdminOptions::new());
    let answers = answers.await.expect("the brokers answer");
    assert!(answers.iter().all(Result::is_ok));
}

/// What is said of the settings, once it is something else than before; brokers take a moment.
async fn said_after(log: &dyn Log, before: &str) -> String {
    let said = async {
        loop {
            let checked = log.check_settings().await;
            let said = checked
                .err()
                .map_or(String::new(), |error| error.to_string());
            if said != before {
                return said;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let said = tokio::time::timeout(Duration::from_secs(60), said).await;
    said.expect("the brokers take the setting over")
}

#[tokio::test]
async fn a_setting_that_is_changed_later_is_found_by_the_next_look() {
    let sandbox = KafkaSandbox::fresh(&brokers()).await;
    let log = sandbox.open().await;
    log.check_settings().await.unwrap();
    keep_ledger_for(&sandbox, "604800000").await;
    let told = said_after(&*log, "").await;
    let wanted = "indicator.ledger: retention.ms is 604800000; safe is -1";
    assert!(told.contains(wanted), "{told}");
    keep_ledger_for(&sandbox, "-1").await;
    assert_eq!(said_after(&*log, &told).await, "");
}

#[tokio::test]
async fn too_few_copies_are_refused() {
    let sandbox = KafkaSandbox::fresh(&brokers()).await;
    let config = KafkaConfig {
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
    let config = KafkaConfig {
        brokers: vec!["127.0.0.1:1".to_owned()],
        request_timeout: Duration::from_secs(1),
        ..KafkaConfig::default()
    };
    let refused = open_kafka(config, PARTITIONS).await.err().unwrap();
    assert!(
        matches!(refused, LogOpenError::Unreachable(_)),
        "{refused:?}"
    );
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
            matches!(
                &refused,
                LogOpenError::Config(LogConfigError::Setting(UnusableSetting { name: told }))
                    if told == name
            ),
            "{refused:?}"
        );
        assert!(
            !refused.to_string().contains(value) || value == "1",
            "{refused}"
        );
    }
}
