//! What tombstones name leaves the brokers' files, also where nobody writes any more.

use std::time::Duration;

use medvirk_eventlog::contract::{KafkaSandbox, LogSandbox as _, PARTITIONS, SOON_GONE};
use medvirk_eventlog::{NewRecord, ROLL_EVERY, Topic, open_kafka};
use medvirk_kafka::{BrokerCluster, ClusterOptions};

/// Longer than the brokers need, also on a busy machine.
const DEADLINE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_roll_no_erased_byte_is_in_any_segment_and_without_it_they_stay() {
    let cluster = BrokerCluster::for_test(&ClusterOptions::default()).unwrap();
    let broker = &cluster.brokers()[0];
    let sandbox = KafkaSandbox::without_topics(&cluster.bootstrap());
    sandbox.create(&SOON_GONE).await.unwrap();
    let log = sandbox.open().await;
    let places = [
        (Topic::Events, 0, "canary of a partition that is rolled"),
        (Topic::DeadLetter, 0, "canary of the dead letters"),
        (Topic::Events, 1, "canary of a quiet partition"),
    ];
    for (topic, partition, canary) in places {
        let key = vec![7; 32];
        let record = NewRecord::new(key.clone(), canary.into());
        log.append(topic, partition, record).await.unwrap();
        assert!(broker.has_on_disk(canary.as_bytes()), "{canary}");
        let tombstone = NewRecord::tombstone(key);
        log.append(topic, partition, tombstone).await.unwrap();
    }
    let stays = NewRecord::new(vec![8; 32], b"nobody erases this".into());
    log.append(Topic::Events, 0, stays).await.unwrap();

    let erased = async {
        for (topic, partition, canary) in &places[..2] {
            while broker.has_on_disk(canary.as_bytes()) {
                log.roll(*topic, *partition).await.unwrap();
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    };
    let erased = tokio::time::timeout(DEADLINE, erased).await;
    erased.expect("what tombstones name leaves the segments");
    assert!(broker.has_on_disk(b"nobody erases this"));
    assert!(broker.has_on_disk(places[2].2.as_bytes()));
}

#[tokio::test]
async fn how_long_it_takes_comes_from_the_settings_of_the_topics() {
    let cluster = crate::brokers();
    let quick = KafkaSandbox::without_topics(&cluster);
    quick.create(&SOON_GONE).await.unwrap();
    let usual = KafkaSandbox::without_topics(&cluster);
    usual.create(&[]).await.unwrap();
    for (sandbox, expected) in [
        (quick, ROLL_EVERY + Duration::from_millis(50 + 50 + 5_000)),
        // A week until a segment is closed, another until it is compacted, a minute for its file.
        (usual, Duration::from_secs(15 * 86_400 + 60)),
    ] {
        let log = open_kafka(sandbox.config(), PARTITIONS).await.unwrap();
        assert_eq!(log.erased_within(), expected);
    }
}
