//! How long an aggregator that starts needs to the end of its log, with and without a checkpoint,
//! beside what reading and decoding the same records costs alone; and what it keeps in memory.
//!
//! Comes in: how many events (`MEDVIRK_EVENTS`, else 500,000) and the log's address
//! (`MEDVIRK_LOG`, else an embedded one in a folder of its own; `kafka` starts a broker). Goes out: a table. Each
//! measurement is a process of its own, so that its memory is its own.

#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]

mod tables;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use medvirk_aggregator::{
    Aggregator, AggregatorConfig, AggregatorDependencies, CheckpointFolder, PartitionProgress,
};
use medvirk_benches::{Load, SESSIONS};
use medvirk_domain::catalogue::{CatalogueLimits, shipped};
use medvirk_eventlog::{Log, NewRecord, Topic};
use medvirk_proto::log::v1::Envelope;
use medvirk_records::catalogue::{PlanFollower, activate};
use medvirk_runtime::{ManualClock, StopToken};
use prost::Message;

/// The number of records that are appended together.
const BATCH: usize = 2_000;
/// As the aggregator reads.
const READ_BYTES: usize = 4 << 20;
/// How exactly the end is met.
const POLL: Duration = Duration::from_millis(10);
const FIRST_MONTH: &str = "2024-01";

/// What is measured, in the order in which it is.
const MEASUREMENTS: [(&str, &str); 4] = [
    ("decode", "baseline: read and decode, no fold"),
    ("without", "start without a checkpoint"),
    ("with", "start with a checkpoint at the end"),
    ("behind", "start with one, 100,000 events behind"),
];
const BEHIND: usize = 100_000;

type Failed = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    if let Ok(what) = std::env::var("MEDVIRK_MEASURE") {
        return measure(&what).await;
    }
    let events: usize = match std::env::var("MEDVIRK_EVENTS") {
        Ok(number) => number.parse()?,
        Err(_) => 500_000,
    };
    let folder = tempfile::tempdir()?;
    let (url, _brokers) = place(folder.path()).await?;
    eprintln!("{events} events are written");
    let rest = fill(&url, events).await?;
    println!("| {events} events | s | events/s | memory, MiB |\n|---|---|---|---|");
    for (what, title) in MEASUREMENTS {
        if what == "behind" {
            append(&*medvirk_eventlog::open(&url, 1).await?, &rest).await?;
        }
        let told = in_a_process(what, &url, folder.path())?;
        println!("| {title} | {told} |");
    }
    Ok(())
}

/// Where the log is; brokers that must stay alive with it.
async fn place(folder: &Path) -> Result<(String, Option<medvirk_kafka::BrokerCluster>), Failed> {
    match std::env::var("MEDVIRK_LOG") {
        Ok(kafka) if kafka == "kafka" => {
            let cluster =
                medvirk_kafka::BrokerCluster::for_test(&medvirk_kafka::ClusterOptions::default())?;
            let url = format!("kafka://{}?replication=1", cluster.bootstrap());
            let config = medvirk_eventlog::kafka::KafkaConfig::from_url(&url)?;
            medvirk_eventlog::kafka::create_topics(&config, 1).await?;
            Ok((url, Some(cluster)))
        }
        Ok(url) => Ok((url, None)),
        Err(_) => Ok((format!("file:{}", folder.join("log").display()), None)),
    }
}

/// Fills a fresh log, and gives the records that come later.
async fn fill(url: &str, events: usize) -> Result<Vec<Vec<u8>>, Failed> {
    let log = medvirk_eventlog::open(url, 1).await?;
    let plans = PlanFollower::open(log.clone(), CatalogueLimits::default()).await?;
    activate(&*log, &plans, shipped(), FIRST_MONTH.parse()?, None).await?;
    // An opening, its sessions, and every other one is closed.
    let of_two = 2 * (SESSIONS.unsigned_abs() + 1) + 1;
    let episodes = u32::try_from(events + BEHIND)?.div_ceil(of_two) * 2;
    let mut records = Load::new().records(episodes);
    records.truncate(events + BEHIND);
    let rest = records.split_off(events);
    append(&*log, &records).await?;
    Ok(rest)
}

async fn append(log: &dyn Log, records: &[Vec<u8>]) -> Result<(), Failed> {
    for batch in records.chunks(BATCH) {
        let fresh = || rand::random::<[u8; 16]>().to_vec();
        let batch = batch
            .iter()
            .map(|value| NewRecord::new(fresh(), value.clone()));
        log.append_all(Topic::Events, 0, batch.collect()).await?;
    }
    Ok(())
}

/// Runs one measurement, and gives its columns.
fn in_a_process(what: &str, url: &str, folder: &Path) -> Result<String, Failed> {
    let told = Command::new(std::env::current_exe()?)
        .env("MEDVIRK_MEASURE", what)
        .env("MEDVIRK_LOG", url)
        .env("MEDVIRK_CHECKPOINTS", folder.join("checkpoints"))
        .output()?;
    if !told.status.success() {
        return Err(String::from_utf8_lossy(&told.stderr).into());
    }
    Ok(String::from_utf8(told.stdout)?.trim().to_owned())
}

/// One measurement: seconds, events per second, and the memory that the process has then.
async fn measure(what: &str) -> Result<(), Failed> {
    let log = medvirk_eventlog::open(&std::env::var("MEDVIRK_LOG")?, 1).await?;
    let begun = Instant::now();
    let end = log.end(Topic::Events, 0).await?;
    let told = |took: f64| -> Result<(), Failed> {
        let memory = resident_mib()?;
        println!("{took:.2} | {:.0} | {memory}", end as f64 / took);
        Ok(())
    };
    if what == "decode" {
        decode(&*log, end).await?;
        return told(begun.elapsed().as_secs_f64());
    }
    let aggregator = aggregator(log).await?;
    let (handle, stop) = (aggregator.handle(), StopToken::new());
    let running = tokio::spawn(aggregator.run(stop.clone()));
    // Here: until the work is dealt out, everything may be another process's.
    let folded = |one: &PartitionProgress| one.here && one.caught_up;
    while !handle.progress().iter().all(folded) {
        tokio::time::sleep(POLL).await;
    }
    told(begun.elapsed().as_secs_f64())?;
    // As SIGTERM does it: what it has folded is in its checkpoint then.
    stop.stop();
    Ok(running.await??)
}

/// Reads the whole log.
async fn decode(log: &dyn Log, end: u64) -> Result<(), Failed> {
    let mut next = 0;
    while next < end {
        let batch = log
            .read(Topic::Events, 0, next, READ_BYTES, Duration::ZERO)
            .await?;
        for value in batch.records.iter().filter_map(|it| it.value.as_deref()) {
            std::hint::black_box(Envelope::decode(value)?);
        }
        next = batch.next;
    }
    Ok(())
}

/// On tables that have nothing: no month is closed, so everything is still held.
async fn aggregator(log: Arc<dyn Log>) -> Result<Aggregator, Failed> {
    let plans = PlanFollower::open(log.clone(), CatalogueLimits::default()).await?;
    let config = AggregatorConfig {
        first_month: FIRST_MONTH.parse()?,
        compare_every: Duration::from_secs(60),
    };
    let folder = CheckpointFolder::new(std::env::var("MEDVIRK_CHECKPOINTS")?.into());
    let deps = AggregatorDependencies {
        log,
        plans,
        writer: Arc::new(tables::Empty),
        checkpoints: Arc::new(folder),
        clock: Arc::new(ManualClock::default()),
    };
    Ok(Aggregator::new(config, deps))
}

/// As the kernel counts it.
fn resident_mib() -> Result<u64, Failed> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.ok_or("the kernel counts memory")?.parse::<u64>()? / 1024)
}
