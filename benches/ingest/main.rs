//! What taking a submission costs, beside a bare echo of the same message; and how long its
//! acknowledgement takes, beside a bare producer on the same brokers.
//!
//! Comes in: how many submissions are sent in each round (`MEDVIRK_SUBMISSIONS`, else 20,000), how
//! many rounds (`MEDVIRK_ROUNDS`, else 5), and how many brokers (`MEDVIRK_BROKERS`, else 1). Goes
//! out: two tables. Each server is a process of its own, and this one is the client of all; they
//! take turns, so that what else the machine does meets them alike.

#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]

mod latency;
mod server;
mod tablets;

use server::Server;
use tablets::Tablets;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Sent before anything is measured.
const WARM_UP: usize = 4_000;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    // Every server is another process of this program.
    if let Ok(what) = std::env::var(server::SERVE) {
        return server::serve(&what).await;
    }
    let submissions = number("MEDVIRK_SUBMISSIONS", 20_000)?;
    let rounds = number("MEDVIRK_ROUNDS", 5)?;
    let options = medvirk_kafka::ClusterOptions {
        brokers: number("MEDVIRK_BROKERS", 1)?,
        ..medvirk_kafka::ClusterOptions::default()
    };
    let cluster = medvirk_kafka::BrokerCluster::for_test(&options)?;
    let brokers = cluster.bootstrap();
    let kafka = format!("kafka://{brokers}?replication={}", options.brokers);
    let servers = [
        Server::start("baseline: echo of the same message", "echo")?,
        Server::start("ingest, log in memory", "memory")?,
        Server::start("ingest, log on Kafka", &kafka)?,
    ];
    cpu(&servers, submissions, rounds).await?;
    latency::measure(&servers, &brokers, rounds).await
}

/// Processor time of the server's process for each submission, by rounds.
async fn cpu(servers: &[Server], submissions: usize, rounds: usize) -> Result<(), Failed> {
    let tablets = Tablets::new();
    let mut measured: Vec<Vec<Used>> = servers.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        // The first round is for caches and connections.
        let submissions = if round == 0 { WARM_UP } else { submissions };
        eprintln!("round {round} of {rounds}: {submissions} submissions to each");
        for (server, measured) in servers.iter().zip(&mut measured) {
            let before = server.processor_time()?;
            tablets.send(server, submissions).await?;
            let after = server.processor_time()?;
            if round > 0 {
                measured.push(Used::between(before, after, submissions));
            }
        }
    }
    table(servers, &measured);
    Ok(())
}

fn table(servers: &[Server], measured: &[Vec<Used>]) {
    println!(
        "| µs of processor time for a submission | all | in the kernel | in the log's threads | × echo | by rounds |"
    );
    println!("|---|---|---|---|---|---|");
    let baseline = &measured[0];
    for (server, measured) in servers.iter().zip(measured) {
        let of = |part: fn(&Used) -> f64| median(measured.iter().map(part));
        let (all, kernel, log) = (of(|it| it.all), of(|it| it.kernel), of(|it| it.log));
        // Each round against the echo of the same round.
        let rounds = measured.iter().zip(baseline);
        let ratios = rounds.map(|(used, echo)| used.all / echo.all);
        let least = ratios.clone().fold(f64::MAX, f64::min);
        let most = ratios.clone().fold(0.0, f64::max);
        let (name, ratio) = (server.name, median(ratios));
        println!(
            "| {name} | {all:.1} | {kernel:.1} | {log:.1} | {ratio:.2} | {least:.2} to {most:.2} |"
        );
    }
}

/// Microseconds for a submission.
struct Used {
    all: f64,
    kernel: f64,
    log: f64,
}

impl Used {
    fn between(before: server::Time, after: server::Time, submissions: usize) -> Self {
        let each = |seconds: f64| seconds * 1e6 / submissions as f64;
        Self {
            all: each(after.all - before.all),
            kernel: each(after.kernel - before.kernel),
            log: each(after.log - before.log),
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn number(name: &str, otherwise: usize) -> Result<usize, Failed> {
    match std::env::var(name) {
        Ok(number) => Ok(number.parse()?),
        Err(_) => Ok(otherwise),
    }
}
