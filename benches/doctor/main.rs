//! How long `medvirk admin doctor` takes on a large log, and what it adds to the memory of `up`.
//!
//! Comes in: how many events (`MEDVIRK_EVENTS`, else 200,000), and the program (`MEDVIRK_BIN`, else
//! the one beside). Goes out: a table, with a start without a checkpoint as the baseline: that reads
//! and folds the same log once. The doctor does so too, and reads it three times more, beside the
//! tables.

#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]

use std::time::{Duration, Instant};

use medvirk_benches::{Load, SESSIONS};
use medvirk_eventlog::{NewRecord, Topic};
use medvirk_proto::admin::v1::GetStatusRequest;
use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_tests::System;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// The number of records that are appended together.
const BATCH: usize = 2_000;
/// Between two questions whether it is done.
const POLL: Duration = Duration::from_millis(50);

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let events: usize = match std::env::var("MEDVIRK_EVENTS") {
        Ok(number) => number.parse()?,
        Err(_) => 200_000,
    };
    let builder = System::builder().setting("LOG__PARTITIONS", "1");
    let system = builder.setting("ENGINE__SILENCE", "\"2m\"").start().await;
    system.terminate().await;
    eprintln!("{events} events are written");
    fill(&system, events).await?;
    println!("| {events} events | s | memory of `up`, MiB |\n|---|---|---|");

    let begun = Instant::now();
    system.spawn();
    folded(&system).await;
    println!(
        "| baseline: {} |",
        row("start without a checkpoint", begun, &system)?
    );
    kept(&system).await;
    println!(
        "| {} |",
        row("until the registry has all too", begun, &system)?
    );

    // The peak begins anew.
    std::fs::write(format!("/proc/{}/clear_refs", system.pid()), "5")?;
    let before = status(system.pid(), "VmRSS")?;
    let begun = Instant::now();
    let ran = system.try_run(&["admin", "doctor"]);
    println!(
        "| {} (before: {before}) |",
        row("`admin doctor`", begun, &system)?
    );
    eprintln!("{}{}", ran.out, ran.err);
    Ok(())
}

/// Everything of so many events, behind what the log has.
async fn fill(system: &System, events: usize) -> Result<(), Failed> {
    // An opening, its sessions, and every other one is closed.
    let of_two = 2 * (SESSIONS.unsigned_abs() + 1) + 1;
    let episodes = u32::try_from(events)?.div_ceil(of_two) * 2;
    let mut records = Load::new().records(episodes);
    records.truncate(events);
    let log = system.log(1).await;
    let fresh =
        |value: &Vec<u8>| NewRecord::new(rand::random::<[u8; 16]>().to_vec(), value.clone());
    for batch in records.chunks(BATCH) {
        let batch = batch.iter().map(fresh).collect();
        log.append_all(Topic::Events, 0, batch).await?;
    }
    Ok(())
}

/// Waits until it is ready: everything is folded.
async fn folded(system: &System) {
    while system.addresses().is_none() || system.health("/readyz").await.0 != 200 {
        tokio::time::sleep(POLL).await;
    }
}

/// Waits until everything is in the registry.
async fn kept(system: &System) {
    let mut admin = AdminServiceClient::new(system.channel().await);
    loop {
        let status = admin.get_status(system.as_admin(GetStatusRequest {})).await;
        if status.is_ok_and(|status| status.into_inner().registry_lag == 0) {
            return;
        }
        tokio::time::sleep(POLL).await;
    }
}

fn row(title: &str, begun: Instant, system: &System) -> Result<String, Failed> {
    let seconds = begun.elapsed().as_secs_f64();
    let peak = status(system.pid(), "VmHWM")?;
    Ok(format!("{title} | {seconds:.1} | {peak}"))
}

/// A line of the process's status, in MiB.
fn status(pid: u32, name: &str) -> Result<u64, Failed> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(number.ok_or("a line of a status")?.parse::<u64>()? / 1024)
}
