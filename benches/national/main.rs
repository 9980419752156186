//! What the nation's figures over very many rows cost, beside the same sums in the engine itself.
//!
//! Comes in: how many rows, about (`MEDVIRK_ROWS`, else 1,000,000), and years (`MEDVIRK_YEARS`, else
//! 10). Goes out: what the report's rows take of memory and time until it can answer, and a table of
//! its answers. The engine adds up its table as it is, without `FINAL`. Both are asked in turn.

#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]

mod rows;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clickhouse::Client;
use medvirk_benches::nation;
use medvirk_domain::catalogue::{Catalogue, CatalogueLimits};
use medvirk_domain::time::Month;
use medvirk_proto::indicator::v1::indicator_service_client::IndicatorServiceClient;
use medvirk_proto::indicator::v1::{Period, QueryIndicatorsRequest};
use medvirk_records::catalogue::{PlanFollower, activate, ensure_plan};
use medvirk_report::Report;
use medvirk_runtime::auth::{AccessToken, TokenIssuer, TokenRole, TokenUnits};
use medvirk_runtime::{Clock, SystemClock};
use medvirk_store::sandbox::{EngineSandbox, client, serve_if_asked};
use medvirk_store::{IndicatorReader, IndicatorWriter};
use tokio::net::TcpListener;
use tonic::Request;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint};

/// The last month that is closed.
const LAST: &str = "2025-12";
const A_DAY: Duration = Duration::from_secs(86_400);
/// How often each is asked.
const TIMES: usize = 5;
const SUMS: &str = "variable, sum, sum_sq, persons, new_in_year";

type Failed = Box<dyn std::error::Error>;
type Reports = IndicatorServiceClient<Channel>;

fn main() -> Result<(), Failed> {
    // The engine is another process of this program.
    if serve_if_asked() {
        return Ok(());
    }
    tokio::runtime::Runtime::new()?.block_on(run())
}

async fn run() -> Result<(), Failed> {
    let wanted = number("MEDVIRK_ROWS", 1_000_000)?;
    let years = number("MEDVIRK_YEARS", 10)?;
    let last: Month = LAST.parse()?;
    let first = last.next().plus(-12 * i32::try_from(years)?);
    let folder = tempfile::tempdir()?;
    let (plans, catalogue) = planned(folder.path(), rows::units(wanted, years), first).await?;

    let engine = EngineSandbox::start("the engine of a benchmark");
    let writer = IndicatorWriter::new(&engine.writer("indicators"))?;
    writer.migrate().await?;
    let client = client(&engine.writer("indicators"));
    let begun = Instant::now();
    let count = rows::fill(&client, &writer, &catalogue, first, last).await?;
    let took = begun.elapsed().as_secs_f64();
    println!("{count} rows of {years} years, written in {took:.0} s");

    let (issuer, clock) = (TokenIssuer::generate()?, Arc::new(SystemClock));
    let rows = Arc::new(IndicatorReader::new(&engine.reader("indicators"))?);
    let report = Report::new(rows, Arc::new(plans), issuer.verifier(), clock);
    let before = memory("VmRSS:")?;
    let begun = Instant::now();
    report.look().await?;
    let took = begun.elapsed().as_secs_f64();
    let held = memory("VmRSS:")? - before;
    let peak = memory("VmHWM:")?;
    println!(
        "read into memory in {took:.1} s: {} MiB, {} bytes a row; at most {} MiB",
        held >> 20,
        held / count,
        peak >> 20
    );

    let mut reports = serve(&report).await?;
    let bearer = token(&issuer)?;
    println!("\n| the nation | engine, ms | report, ms | × | figures |\n|---|---|---|---|---|");
    let of_year = (LAST.parse::<Month>()?.year_start().to_string(), LAST);
    let spans = [
        ("the last year", Period::Span, Some(of_year)),
        ("every year", Period::Year, None),
    ];
    for (name, period, span) in spans {
        let (mut engine, mut report, mut figures) = (Vec::new(), Vec::new(), 0);
        for _ in 0..TIMES {
            let begun = Instant::now();
            sums(&client, span.is_some()).await?;
            engine.push(begun.elapsed());
            let begun = Instant::now();
            figures = ask(&mut reports, &bearer, period, span.clone()).await?;
            report.push(begun.elapsed());
        }
        let (engine, report) = (middle(engine), middle(report));
        println!(
            "| {name} | {engine:.0} | {report:.0} | {:.2} | {figures} |",
            report / engine
        );
    }
    Ok(())
}

/// A log in which every month is planned, for a nation of so many units.
async fn planned(
    folder: &std::path::Path,
    units: usize,
    first: Month,
) -> Result<(PlanFollower, Arc<Catalogue>), Failed> {
    let log = medvirk_eventlog::open(&format!("file:{}", folder.display()), 1).await?;
    let plans = PlanFollower::open(log.clone(), CatalogueLimits::default()).await?;
    activate(&*log, &plans, nation::files(units), first, None).await?;
    let (mut month, last) = (first, LAST.parse()?);
    while month <= last {
        month = month.next();
        ensure_plan(&*log, &plans, month).await?;
    }
    let catalogue = plans.in_force(last).ok_or("a plan was activated")?;
    Ok((plans, catalogue))
}

async fn serve(report: &Report) -> Result<Reports, Failed> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = tonic::transport::Server::builder().add_service(report.service());
    tokio::spawn(server.serve_with_incoming(incoming));
    let channel = Endpoint::from_shared(address)?.connect().await?;
    Ok(Reports::new(channel).max_decoding_message_size(usize::MAX))
}

/// Every indicator of the nation; gives the number of figures.
async fn ask(
    reports: &mut Reports,
    bearer: &str,
    period: Period,
    span: Option<(String, &str)>,
) -> Result<usize, Failed> {
    let (from, to) = span.unwrap_or_default();
    let mut request = Request::new(QueryIndicatorsRequest {
        level: "nation".to_owned(),
        period: period.into(),
        from,
        to: to.to_owned(),
        ..QueryIndicatorsRequest::default()
    });
    request
        .metadata_mut()
        .insert("authorization", bearer.parse()?);
    let answer = reports.query_indicators(request).await?;
    Ok(answer.into_inner().figures.len())
}

/// Every sum of every measure and part, from the table as it is.
async fn sums(client: &Client, last_year: bool) -> Result<(), Failed> {
    let year = &LAST[..4];
    let of_year = format!("WHERE first_month > {year}00 AND last_month <= {year}12");
    let sql = format!(
        "SELECT measure, part, intDiv(first_month, 100) AS year, variable, sum(sum), sum(sum_sq), \
         sum(persons), sum(new_in_year) \
         FROM (SELECT measure, part, first_month, {SUMS} FROM indicator_rows {}) \
         ARRAY JOIN variable, sum, sum_sq GROUP BY measure, part, year, variable",
        if last_year { &of_year } else { "" }
    );
    client
        .query(&sql)
        .fetch_bytes("RowBinary")?
        .collect()
        .await?;
    Ok(())
}

fn token(issuer: &TokenIssuer) -> Result<String, Failed> {
    let token = AccessToken {
        subject: "benchmark".to_owned(),
        roles: [TokenRole::IndicatorRead].into(),
        units: TokenUnits::All,
    };
    let token = issuer.issue(&token, A_DAY, SystemClock.now_ms())?;
    Ok(format!("Bearer {token}"))
}

/// The median of these times in milliseconds.
fn middle(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}

fn number(name: &str, otherwise: usize) -> Result<usize, Failed> {
    match std::env::var(name) {
        Ok(number) => Ok(number.parse()?),
        Err(_) => Ok(otherwise),
    }
}

/// In bytes, as the kernel counts it.
fn memory(of: &str) -> Result<usize, Failed> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(of));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.ok_or("the kernel counts memory")?.parse::<usize>()? * 1024)
}
