//! What a real broker does too seldom to wait for, by librdkafka's own mock of one.

use std::sync::Arc;

use rdkafka::admin::{ConfigResource, OwnedResourceSpecifier};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::Producer as _;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::config::KafkaConfig;
use super::producer::RecordProducer;
use super::topics::known_settings;
use crate::{LogAppendError, NewRecord};

#[tokio::test]
async fn a_producer_that_failed_for_good_is_replaced() {
    let mock = MockCluster::new(1).unwrap();
    mock.create_topic("t", 1, 1).unwrap();
    let config = KafkaConfig {
        brokers: vec![mock.bootstrap_servers()],
        ..KafkaConfig::default()
    };
    let producer = RecordProducer::new(Arc::new(config)).unwrap();
    let record = NewRecord::new(b"key".to_vec(), b"value".to_vec());
    let send = || producer.send("t", 0, &record).unwrap();
    assert_eq!(send().await.unwrap(), 0);
    let before = producer.current();

    let lost = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
    mock.request_errors(RDKafkaApiKey::Produce, &[lost]);
    assert!(matches!(send().await, Err(LogAppendError::Unknown)));
    assert!(before.client().fatal_error().is_some());

    send().await.unwrap();
    let after = producer.current();
    assert!(!Arc::ptr_eq(&before, &after) && after.client().fatal_error().is_none());
}

#[test]
fn an_address_is_read_whole_or_refused() {
    let config = KafkaConfig::from_url("kafka://a:1,b:2/medvirk.?replication=1").unwrap();
    assert_eq!(config.brokers, ["a:1", "b:2"]);
    assert_eq!(
        (config.prefix.as_str(), config.replication),
        ("medvirk.", 1)
    );
    let plain = KafkaConfig::from_url("kafka://a:1").unwrap();
    assert_eq!((plain.prefix.as_str(), plain.replication), ("", 3));
    for wrong in [
        "kafka://",
        "kafka://a",
        "kafka://a:1/?x=1",
        "kafka://a:1/p/q",
        "kafka://a:1/?replication=0",
        "http://a:1",
    ] {
        assert!(KafkaConfig::from_url(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_broker_that_does_not_know_a_topic_yet_tells_no_unsafe_setting() {
    let settings = ConfigResource {
        specifier: OwnedResourceSpecifier::Topic("indicator.ledger".to_owned()),
        entries: Vec::new(),
    };
    let error = known_settings(Ok(settings)).unwrap_err();
    assert_eq!(error, RDKafkaErrorCode::UnknownTopicOrPartition);
}
