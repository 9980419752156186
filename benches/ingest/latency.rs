//! How long an acknowledgement takes at a steady rate, so many a second whatever the answers take.
//! Comes in: the servers and the brokers. Goes out: a table. The producer writes a record as ingest
//! does, to a topic that is set up in the same way, and waits for nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use medvirk_benches::Load;
use medvirk_eventlog::{Topic, kafka};
use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use tokio::time::MissedTickBehavior;

use crate::server::{KAFKA_PARTITIONS, Server};
use crate::tablets::{Tablet, request};
use crate::{Failed, median};

/// One is sent so often.
const EVERY: Duration = Duration::from_millis(1);
/// The number of submissions that each round sends.
const SENT: usize = 10_000;
/// Before anything is measured.
const WARM_UP: usize = 2_000;
/// Connections over which ingest and the echo get them, in turn.
const CONNECTIONS: usize = 32;

/// The tail of a round, in milliseconds.
struct Round {
    p50: f64,
    p99: f64,
    most: f64,
}

pub(crate) async fn measure(
    servers: &[Server],
    brokers: &str,
    rounds: usize,
) -> Result<(), Failed> {
    let producer = Producer::start(brokers).await?;
    let mut names = vec!["baseline: a producer, `acks=all`"];
    let mut tablets = Vec::new();
    for server in servers {
        names.push(server.name);
        let mut of_server = Vec::new();
        for _ in 0..CONNECTIONS {
            of_server.push(Tablet::connect(server).await?);
        }
        tablets.push(of_server);
    }
    let mut measured: Vec<Vec<Round>> = names.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        let many = if round == 0 { WARM_UP } else { SENT };
        eprintln!("round {round} of {rounds}: {many} acknowledgements of each");
        let mut of_round = vec![at_rate(many, |_| producer.clone().send()).await?];
        for tablets in &tablets {
            let send = |number: usize| {
                let mut tablet = tablets[number % CONNECTIONS].clone();
                async move { tablet.send(request(number)).await }
            };
            of_round.push(at_rate(many, send).await?);
        }
        if round > 0 {
            measured
                .iter_mut()
                .zip(of_round)
                .for_each(|(all, one)| all.push(one));
        }
    }
    table(&names, &measured);
    Ok(())
}

/// Sends at the rate, and gives how long the acknowledgements took.
async fn at_rate<F>(many: usize, send: impl Fn(usize) -> F) -> Result<Round, Failed>
where
    F: Future<Output = Result<(), Failed>> + Send + 'static,
{
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut sent = Vec::with_capacity(many);
    for number in 0..many {
        ticks.tick().await;
        let sending = send(number);
        sent.push(tokio::spawn(async move {
            let begun = Instant::now();
            sending.await?;
            Ok::<_, Failed>(begun.elapsed())
        }));
    }
    let mut took = Vec::with_capacity(many);
    for one in sent {
        took.push(one.await??.as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    let at = |share: f64| took[((took.len() - 1) as f64 * share).round() as usize];
    Ok(Round {
        p50: at(0.5),
        p99: at(0.99),
        most: at(1.0),
    })
}

fn table(names: &[&str], measured: &[Vec<Round>]) {
    println!(
        "\n| milliseconds, 1,000 a second, median of rounds | p50 | p99 | most | p99 × producer |\n|---|---|---|---|---|"
    );
    let baseline = median(measured[0].iter().map(|round| round.p99));
    for (name, rounds) in names.iter().zip(measured) {
        let of = |part: fn(&Round) -> f64| median(rounds.iter().map(part));
        let (p50, p99, most) = (of(|it| it.p50), of(|it| it.p99), of(|it| it.most));
        println!(
            "| {name} | {p50:.2} | {p99:.2} | {most:.2} | {:.2} |",
            p99 / baseline
        );
    }
}

/// A producer and nothing else.
struct Producer {
    client: FutureProducer,
    topic: String,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl Producer {
    async fn start(brokers: &str) -> Result<Arc<Self>, Failed> {
        let replication = brokers.split(',').count();
        let url = format!("kafka://{brokers}/bare?replication={replication}");
        let config = kafka::KafkaConfig::from_url(&url)?;
        kafka::create_topics(&config, KAFKA_PARTITIONS).await?;
        let client = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("acks", "all")
            // As ingest has them: a record waits for no others, unless five requests are under way.
            .set("linger.ms", "0")
            .set("enable.idempotence", "true")
            .create()?;
        Ok(Arc::new(Self {
            client,
            topic: format!("bare{}", Topic::Events),
            key: vec![7; 32],
            value: Load::new().records(1).swap_remove(1),
        }))
    }

    async fn send(self: Arc<Self>) -> Result<(), Failed> {
        let record = FutureRecord::to(&self.topic)
            .partition(0)
            .key(&self.key)
            .payload(&self.value);
        let delivered = self.client.send(record, Duration::ZERO).await;
        // The record comes back with the error.
        delivered.map_err(|(error, _)| error)?;
        Ok(())
    }
}
