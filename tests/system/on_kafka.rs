//! What operators do, with the log on a real broker: dead letters, and a withdrawal with its
//! receipt. Everything else of a deployment on Kafka is tried with many processes elsewhere.

use std::sync::Arc;

use medvirk_domain::fixed::FixedPoint;
use medvirk_eventlog::{Log, NewRecord, Topic};
use medvirk_kafka::{BrokerCluster, ClusterOptions};
use medvirk_records::codec::{encode_event, event_key};
use medvirk_tests::cohort::{everybody, rows_of};
use medvirk_tests::{System, eventually, medvirk};

use super::dead_letters::{catalogue_of, ids_of, last_of_south_a, session, until_there_are};

/// A broker, a system whose log is there, and that log.
async fn started() -> (BrokerCluster, System, Arc<dyn Log>) {
    let cluster = BrokerCluster::for_test(&ClusterOptions::default()).unwrap();
    let brokers = format!("[\"{}\"]", cluster.bootstrap());
    let settings = [
        ("LOG__BACKEND", "kafka"),
        ("LOG__PARTITIONS", "2"),
        ("LOG__KAFKA__BROKERS", &brokers),
        ("LOG__KAFKA__REPLICATION", "1"),
    ];
    let named = settings.map(|(key, value)| (format!("MEDVIRK__{key}"), value));
    let variables = named.each_ref().map(|(key, value)| (key.as_str(), *value));
    let told = medvirk(&["admin", "topics"], &variables).expect(0).out;
    assert!(told.contains("feedback.dead-letter is created"), "{told}");
    let builder = System::builder().cohort();
    let builder = settings
        .into_iter()
        .fold(builder, |builder, (key, value)| builder.setting(key, value));
    let system = builder.start().await;
    let url = format!("kafka://{}?replication=1", cluster.bootstrap());
    let log = medvirk_eventlog::open(&url, 2).await.unwrap();
    (cluster, system, log)
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_shown_without_content_and_sent_in_again() {
    let (_cluster, system, log) = started().await;
    let catalogue = catalogue_of(&system).await;
    let (mut people, mut last) = (everybody(&["north-a", "south-a"], "2024-01"), Vec::new());
    let others = people.len() - 1;
    last.extend(people.drain(others..));
    let wrong = session(
        "north-a",
        catalogue,
        1,
        FixedPoint::from_micros(777_123_456),
    );
    let misplaced = last_of_south_a(catalogue);
    let bad = [
        b"\xff\xffgarbage that is no protobuf".to_vec(),
        encode_event(&wrong),
    ];
    for value in bad.into_iter().chain(misplaced.iter().map(encode_event)) {
        // The partition of the trust `north`.
        let record = NewRecord::new(event_key(rand::random()), value);
        log.append(Topic::Events, 0, record).await.unwrap();
    }
    let letters = until_there_are(&system, 6).await;
    for line in &letters {
        let id = line.split_once(':').unwrap().0;
        let shown = system.run(&["admin", "dead-letter", "show", id]);
        assert!(shown.contains("feedback.events, partition 0"), "{shown}");
        assert!(
            !shown.contains("777") && !shown.contains("garbage"),
            "{shown}"
        );
    }

    // What only lay in the wrong place counts when it is sent in again; the rest stays.
    system.send_people(&people).await;
    let ids = ids_of(&letters, "wrong-partition");
    let replay = [&["admin", "dead-letter", "replay"][..], &ids].concat();
    let told = system.run(&replay);
    assert!(told.contains("4 sent in again, 0 still refused"), "{told}");
    until_there_are(&system, 2).await;
    system.close("2024-01").await;
    assert_eq!(
        system.cohort_rows().await,
        rows_of(&[people, last].concat())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_says_by_when_the_brokers_have_erased_it() {
    let (_cluster, system, _log) = started().await;
    let people = everybody(&["north-a"], "2024-01");
    system.send_people(&people).await;
    system.settled().await;
    let file = system.data().join("reference");
    std::fs::write(&file, people[3].reference()).unwrap();
    let withdraw = [
        "admin",
        "withdraw",
        "--trust",
        "north",
        "--no-wait",
        "--patient",
    ];
    let told = system.run(&[&withdraw[..], &[file.to_str().unwrap()]].concat());
    let receipt = told.split_once("\nreceipt ").unwrap().1;
    let receipt = receipt.split_once('\n').unwrap().0;

    let asked = || async {
        let asked = system.try_run(&["admin", "withdrawal", receipt]);
        (asked.code == 0).then_some(asked.out)
    };
    let told = eventually("it is carried out", asked).await;
    let by = told.split_once("compacted what was sent out of their files by ");
    let by = by.unwrap().1.split_once(';').unwrap().0;
    // From now on the day stands, whenever one asks.
    let kept = told.split_once("receipt from now on: ").unwrap().1.trim();
    let told = system.run(&["admin", "withdrawal", kept]);
    assert!(told.contains(by) && !told.contains("from now on"), "{told}");
    let withdrawn = &told["withdrawn at ".len()..][.."2024-01-01".len()];
    let date = |text: &str| text[..10].parse::<jiff::civil::Date>().unwrap();
    let days = (date(by) - date(withdrawn)).get_days();
    // A week until a segment is closed, a day at most for that, a week until it is compacted.
    assert!((15..=16).contains(&days), "{days} days");
}
