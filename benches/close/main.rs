//! How long it takes from a `PeriodClose` until all rows of the close can be queried, beside what
//! the fold needs for the close alone, and one INSERT of the same rows.
//!
//! Comes in: how many persons (`MEDVIRK_PERSONS`, else 100,000), how many units (`MEDVIRK_UNITS`,
//! else one for 500 persons) and how many rounds (`MEDVIRK_ROUNDS`, else 1). Goes out: a table for
//! each round. A round has a log and an engine of its own; everything is in one partition, so that
//! one task closes it all.

#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use clickhouse::Client;
use medvirk_aggregator::{
    Aggregator, AggregatorConfig, AggregatorDependencies, CheckpointFolder, PartitionProgress,
};
use medvirk_benches::{Load, nation};
use medvirk_domain::catalogue::{CatalogueLimits, SourceFile};
use medvirk_domain::fold::{FOLD_VERSION, Fold};
use medvirk_domain::record::{ControlRecord, LogRecord};
use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use medvirk_eventlog::{Log, NewRecord, Topic};
use medvirk_records::catalogue::{PlanFollower, activate, ensure_plan};
use medvirk_records::codec::decode_event;
use medvirk_records::control;
use medvirk_runtime::clock::noon;
use medvirk_runtime::{ManualClock, StopToken};
use medvirk_store::IndicatorWriter;
use medvirk_store::sandbox::{EngineSandbox, client, serve_if_asked};

type Failed = Box<dyn std::error::Error>;

const MONTH: &str = "2024-01";
/// When it is closed.
const CLOSED_ON: &str = "2024-02-10";
/// Persons whose events are made and appended together.
const BATCH: u32 = 1_000;
/// How exactly the moment is met.
const POLL: Duration = Duration::from_millis(5);
/// How often the rows are inserted for the baseline.
const INSERTS: usize = 5;

fn main() -> Result<(), Failed> {
    // The engine is another process of this program.
    if serve_if_asked() {
        return Ok(());
    }
    let persons = number("MEDVIRK_PERSONS", 100_000)?;
    let units = number("MEDVIRK_UNITS", (persons / 500).max(1))?;
    let files = nation::files(units as usize);
    let runtime = tokio::runtime::Runtime::new()?;
    for _ in 0..number("MEDVIRK_ROUNDS", 1)? {
        runtime.block_on(round(persons, &files))?;
    }
    Ok(())
}

async fn round(persons: u32, files: &[SourceFile]) -> Result<(), Failed> {
    let load = Load::of(files);
    let folder = tempfile::tempdir()?;
    let log = format!("file:{}", folder.path().join("log").display());
    let log = medvirk_eventlog::open(&log, 1).await?;
    let plans = PlanFollower::open(log.clone(), CatalogueLimits::default()).await?;
    activate(&*log, &plans, files.to_vec(), MONTH.parse()?, None).await?;
    fill(&*log, &load, persons).await?;

    let (close, alone) = close_alone(&load, persons)?;
    let engine = EngineSandbox::start("the engine of a benchmark");
    let insert = insert_alone(&engine, &close).await?;

    let writer = IndicatorWriter::new(&engine.writer("indicators"))?;
    writer.migrate().await?;
    let deps = AggregatorDependencies {
        log: log.clone(),
        plans: plans.clone(),
        writer: Arc::new(writer),
        checkpoints: Arc::new(CheckpointFolder::new(folder.path().join("checkpoints"))),
        clock: Arc::new(ManualClock::default()),
    };
    let config = AggregatorConfig {
        first_month: MONTH.parse()?,
        compare_every: Duration::from_secs(60),
    };
    let aggregator = Aggregator::new(config, deps);
    let (handle, stop) = (aggregator.handle(), StopToken::new());
    let running = tokio::spawn(aggregator.run(stop.clone()));
    let folded = |one: &PartitionProgress| one.here && one.caught_up;
    while !handle.progress().iter().all(folded) {
        tokio::time::sleep(POLL).await;
    }

    ensure_plan(&*log, &plans, MONTH.parse::<Month>()?.next()).await?;
    let shown = client(&engine.reader("indicators"));
    let mut obeyed = None;
    let begun = Instant::now();
    let month = MONTH.parse()?;
    let due = noon(CLOSED_ON.parse()?);
    let close_now = ControlRecord::PeriodClose {
        month,
        ingested_at: due,
    };
    control::broadcast(&*log, close_now, due).await?;
    while rows_shown(&shown).await? < close.rows.len() as u64 {
        if handle.present() > month {
            obeyed.get_or_insert_with(|| begun.elapsed());
        }
        tokio::time::sleep(POLL).await;
    }
    let took = begun.elapsed();
    let obeyed = obeyed.unwrap_or(took);
    table(persons, close.rows.len(), alone, insert, obeyed, took);
    stop.stop();
    Ok(running.await??)
}

async fn fill(log: &dyn Log, load: &Load, persons: u32) -> Result<(), Failed> {
    for first in (0..persons).step_by(BATCH as usize) {
        let records = load.in_january(first..persons.min(first + BATCH));
        let fresh = || rand::random::<[u8; 16]>().to_vec();
        let records = records
            .into_iter()
            .map(|value| NewRecord::new(fresh(), value));
        log.append_all(Topic::Events, 0, records.collect()).await?;
    }
    Ok(())
}

/// What the fold alone needs for the close: everything that waits is listed, released and emptied.
fn close_alone(load: &Load, persons: u32) -> Result<(Close, Duration), Failed> {
    let month: Month = MONTH.parse()?;
    let catalogue = &load.catalogue;
    let mut fold = Fold::new(0, 1, month, catalogue);
    for first in (0..persons).step_by(BATCH as usize) {
        for record in load.in_january(first..persons.min(first + BATCH)) {
            let Ok(LogRecord::Event(event)) = decode_event(&record) else {
                return Err("our own record cannot be read".into());
            };
            let folded = fold.apply_event(&event, catalogue);
            folded.map_err(|refusal| refusal.as_str())?;
        }
    }
    let begun = Instant::now();
    let waiting = fold.begin_close(month, catalogue);
    let rows = fold.release(&waiting, catalogue);
    fold.obey(waiting, &rows, catalogue, catalogue);
    let took = begun.elapsed();
    let close = Close {
        month,
        offset: 0,
        catalogue: catalogue.hash,
        fold_version: FOLD_VERSION,
        rows,
    };
    Ok((close, took))
}

/// One INSERT of the rows, as bytes that are ready, into an empty table of the same shape.
async fn insert_alone(engine: &EngineSandbox, close: &Close) -> Result<Duration, Failed> {
    let database = engine.writer("alone");
    let writer = IndicatorWriter::new(&database)?;
    writer.migrate().await?;
    writer.insert_close(0, 1, close).await?;
    let client = client(&database);
    let rows = client.query("SELECT * FROM indicator_rows");
    let rows = rows.fetch_bytes("RowBinary")?.collect().await?;
    let mut took = Vec::new();
    for _ in 0..INSERTS {
        writer.clear().await?;
        let begun = Instant::now();
        let mut insert =
            client.insert_formatted_with("INSERT INTO indicator_rows FORMAT RowBinary");
        insert.send(rows.clone()).await?;
        insert.end().await?;
        took.push(begun.elapsed());
    }
    took.sort();
    Ok(took[INSERTS / 2])
}

async fn rows_shown(client: &Client) -> Result<u64, Failed> {
    let sql = "SELECT count() FROM indicator \
               WHERE close_month IN (SELECT month FROM shown_months)";
    Ok(client.query(sql).fetch_one().await?)
}

fn table(
    persons: u32,
    rows: usize,
    alone: Duration,
    insert: Duration,
    obeyed: Duration,
    took: Duration,
) {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("| {persons} persons, {rows} rows | ms |\n|---|---|");
    for (what, time) in [
        ("baseline: the fold's part of the close", alone),
        ("baseline: one INSERT of the same rows", insert),
        ("`PeriodClose` → in the ledger, and obeyed", obeyed),
        ("`PeriodClose` → all rows queryable", took),
    ] {
        println!("| {what} | {:.0} |", ms(time));
    }
    let goal = ms(alone) + 2.0 * ms(insert);
    println!(
        "| × the fold's part and two INSERTs | {:.2} |",
        ms(took) / goal
    );
}

fn number(name: &str, otherwise: u32) -> Result<u32, Failed> {
    match std::env::var(name) {
        Ok(number) => Ok(number.parse()?),
        Err(_) => Ok(otherwise),
    }
}
