//! How quickly the dashboard loads and changes with ten years of national rows, what the JSON
//! answers behind it cost, and what a close costs the first who asks after it.
//!
//! Comes in: how many units (`MEDVIRK_UNITS`, else 125) and years (`MEDVIRK_YEARS`, else 10). Goes
//! out: tables. A report of this process answers, from an engine of its own; `measure.mjs` asks it,
//! alone and through Chromium. With `MEDVIRK_SERVE=1` it serves until its input ends.

#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]

mod rows;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use medvirk_benches::nation;
use medvirk_domain::catalogue::{Catalogue, CatalogueLimits};
use medvirk_domain::time::Month;
use medvirk_eventlog::Log;
use medvirk_records::catalogue::{PlanFollower, activate, ensure_plan, tell_involvement};
use medvirk_report::Report;
use medvirk_runtime::auth::{AccessToken, TokenIssuer, TokenRole, TokenUnits};
use medvirk_runtime::{Clock, StopToken, SystemClock, admin_http};
use medvirk_store::sandbox::{EngineSandbox, serve_if_asked};
use medvirk_store::{IndicatorReader, IndicatorWriter};

/// The last month that is closed: a whole year, so that the newest year is the largest.
const LAST: &str = "2025-12";
/// Partitions of the ledger, as in the embedded log.
const PARTITIONS: u32 = 2;
const A_DAY: Duration = Duration::from_secs(86_400);

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    // The engine is another process of this program.
    if serve_if_asked() {
        return Ok(());
    }
    tokio::runtime::Runtime::new()?.block_on(run())
}

async fn run() -> Result<(), Failed> {
    let units = number("MEDVIRK_UNITS", 125)?;
    let years = i32::try_from(number("MEDVIRK_YEARS", 10)?)?;
    let last: Month = LAST.parse()?;
    let first = last.next().plus(-12 * years);
    let folder = tempfile::tempdir()?;
    let log = medvirk_eventlog::open(&format!("file:{}", folder.path().display()), 1).await?;
    let (plans, catalogue) = planned(&*log, &log, units, first, last).await?;

    let engine = EngineSandbox::start("the engine of a benchmark");
    let writer = IndicatorWriter::new(&engine.writer("indicators"))?;
    writer.migrate().await?;
    let before_last = last.previous();
    let closed = rows::fill(&writer, &catalogue, first, before_last, PARTITIONS).await?;
    println!("{units} units, {years} years but a month: {closed} rows");

    let before = resident_mib()?;
    let issuer = TokenIssuer::generate()?;
    let rows = IndicatorReader::new(&engine.reader("indicators"))?;
    let (verifier, clock) = (issuer.verifier(), Arc::new(SystemClock));
    let report = Report::new(Arc::new(rows), Arc::new(plans), verifier, clock);
    let begun = Instant::now();
    report.look().await?;
    let took = begun.elapsed().as_secs_f64();
    println!(
        "read into memory in {took:.1} s; {} MiB then",
        resident_mib()?
    );
    let more = rows::fill(&writer, &catalogue, last, last, PARTITIONS).await?;
    let begun = Instant::now();
    report.look().await?;
    let took = begun.elapsed().as_millis();
    println!("the first question after another close, of {more} rows: {took} ms");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let (address, stop) = (listener.local_addr()?, StopToken::new());
    let serving = tokio::spawn(admin_http::serve(listener, report.router(), stop.clone()));
    // As the role does.
    let (kept, until) = (report.clone(), stop.clone());
    let keeping = tokio::spawn(async move { kept.keep_fresh(&until).await });
    measure(address, &token(&issuer)?).await?;
    println!(
        "memory of the report: {} MiB, {before} before",
        resident_mib()?
    );
    stop.stop();
    keeping.await?;
    Ok(serving.await??)
}

/// A log in which every month is planned, and every unit has told of itself.
async fn planned(
    log: &dyn Log,
    shared: &Arc<dyn Log>,
    units: usize,
    first: Month,
    last: Month,
) -> Result<(PlanFollower, Arc<Catalogue>), Failed> {
    let plans = PlanFollower::open(shared.clone(), CatalogueLimits::default()).await?;
    activate(log, &plans, nation::files(units), first, None).await?;
    let mut month = first;
    while month <= last {
        month = month.next();
        if month == last.next() {
            let catalogue = plans.in_force(last).ok_or("a plan was activated")?;
            for told in nation::involvement(&catalogue, first.year()..=last.year()) {
                tell_involvement(log, &told).await?;
            }
        }
        ensure_plan(log, &plans, month).await?;
    }
    let catalogue = plans.in_force(last).ok_or("a plan was activated")?;
    Ok((plans, catalogue))
}

fn token(issuer: &TokenIssuer) -> Result<String, Failed> {
    let token = AccessToken {
        subject: "benchmark".to_owned(),
        roles: [TokenRole::IndicatorRead].into(),
        units: TokenUnits::All,
    };
    Ok(issuer.issue(&token, A_DAY, SystemClock.now_ms())?)
}

async fn measure(address: SocketAddr, token: &str) -> Result<(), Failed> {
    let address = format!("http://{address}/");
    if std::env::var_os("MEDVIRK_SERVE").is_some() {
        println!("{address}#token={token}");
        let end = || std::io::stdin().read_line(&mut String::new());
        tokio::task::spawn_blocking(end).await??;
        return Ok(());
    }
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let web: PathBuf = benches.join("../services/report/web");
    let begun = Instant::now();
    let ended = tokio::process::Command::new("node")
        .arg(benches.join("dashboard/measure.mjs"))
        .args([&address, token])
        .current_dir(web)
        .status()
        .await?;
    if !ended.success() {
        return Err("the measurement failed".into());
    }
    println!("measured in {:.0} s", begun.elapsed().as_secs_f64());
    Ok(())
}

fn number(name: &str, otherwise: usize) -> Result<usize, Failed> {
    match std::env::var(name) {
        Ok(number) => Ok(number.parse()?),
        Err(_) => Ok(otherwise),
    }
}

/// As the kernel counts it.
fn resident_mib() -> Result<u64, Failed> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.ok_or("the kernel counts memory")?.parse::<u64>()? / 1024)
}
