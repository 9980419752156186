//! One log, told to many kinds of deployment. Comes in: a year's turn of simulated clinics, in one
//! total order. Goes out: the rows of the same records on 1, 3 and 12 partitions, embedded and on
//! Kafka. The invariant: they are the same rows, bit for bit; only where they were folded differs.

use std::time::{Duration, Instant};

use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, shipped};
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::partition;
use medvirk_domain::record::LogRecord;
use medvirk_eventlog::{Log, NewRecord, Topic};
use medvirk_records::codec::decode_event;
use medvirk_tests::log::records_in;
use medvirk_tests::tally::lines_in;
use medvirk_tests::{Brokers, Deployment, Kind, System};

/// December is where what was left over is put together.
const FIRST_MONTH: &str = "2023-10";
const LAST_MONTH: &str = "2024-01";

/// How long a fold of all of it may take.
const FOLD: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn the_same_log_gives_the_same_rows_on_any_number_of_partitions_and_either_backend() {
    let told = embedded(1).start().await;
    let mut simulate = vec!["simulate", "--from", "2023-10-01", "--to", "2024-01-31"];
    simulate.extend(["--close", "--seed", "5"]);
    told.run(&simulate);
    let rows = without_partition(&lines_in(&told.reader("indicators")).await);
    assert!(rows.len() > 50, "{} rows", rows.len());
    assert_eq!(told.terminate().await, Some(0));
    let log = told.log(1).await;

    for partitions in [3, 12] {
        let system = embedded(partitions).prepare();
        spread(log.as_ref(), system.log(partitions).await.as_ref()).await;
        system.start().await;
        until_folded(|| system.closed_until()).await;
        let found = lines_in(&system.reader("indicators")).await;
        assert_eq!(without_partition(&found), rows, "embedded, {partitions}");
        assert_eq!(system.terminate().await, Some(0));
    }
    let brokers = Brokers::start(1).await;
    for partitions in [1, 3, 12] {
        let deployment = Deployment::builder()
            .on(&brokers)
            .partitions(partitions)
            .first_month(FIRST_MONTH)
            .with(Kind::Aggregator, 2)
            .prepare()
            .await;
        spread(log.as_ref(), deployment.log().await.as_ref()).await;
        deployment.start().await;
        until_folded(|| async { Some(deployment.status(0).await?.closed_until) }).await;
        let found = lines_in(&deployment.reader("indicators").await).await;
        assert_eq!(without_partition(&found), rows, "Kafka, {partitions}");
    }
}

fn embedded(partitions: u32) -> medvirk_tests::Builder {
    System::builder()
        .first_month(FIRST_MONTH)
        .setting("LOG__PARTITIONS", &partitions.to_string())
}

async fn until_folded<F: Future<Output = Option<String>>>(closed_until: impl Fn() -> F) {
    let begun = Instant::now();
    while closed_until().await.as_deref() != Some(LAST_MONTH) {
        assert!(begun.elapsed() < FOLD, "not folded in {FOLD:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Gives a fresh log the catalogues of a log of one partition, and each record where it belongs: an
/// event to its trust's partition, a control record to every one.
async fn spread(log: &dyn Log, other: &dyn Log) {
    let partitions = other.partitions(Topic::Events);
    let catalogue = Catalogue::load(
        &shipped(),
        CatalogueHash::new([0; 32]),
        CatalogueLimits::default(),
    );
    let catalogue = catalogue.expect("the shipped catalogue");
    let mut dealt = vec![Vec::new(); partitions as usize];
    for stored in records_in(log, Topic::Events, 0).await {
        let record = NewRecord {
            key: stored.key,
            value: stored.value,
        };
        let value = record.value.as_deref().expect("nobody withdrew");
        match decode_event(value).expect("a readable log") {
            LogRecord::Event(event) => {
                let trust = catalogue.organisations.trust_of(&event.unit);
                let partition = partition::of_trust(trust.expect("a unit"), partitions);
                dealt[partition as usize].push(record);
            }
            LogRecord::Control(_) => dealt.iter_mut().for_each(|part| part.push(record.clone())),
        }
    }
    let plans = records_in(log, Topic::Catalogue, 0).await;
    for stored in plans {
        let record = NewRecord {
            key: stored.key,
            value: stored.value,
        };
        let appended = other.append(Topic::Catalogue, 0, record).await;
        appended.expect("a fresh log");
    }
    for (partition, records) in (0..).zip(dealt) {
        for some in records.chunks(1_000) {
            let appended = other.append_all(Topic::Events, partition, some.to_vec());
            appended.await.expect("a fresh log");
        }
    }
}

/// Rows as text end with the partition that folded them.
fn without_partition(lines: &[String]) -> Vec<String> {
    let cut = |line: &String| line.rsplit_once(',').map(|(row, _)| row.to_owned());
    let mut rows: Vec<String> = lines.iter().filter_map(cut).collect();
    rows.sort();
    rows
}
