//! The servers that are compared, each a process of its own. Comes in: which one. Goes out: its
//! address and a token for it, and what it has used of the processor. The invariant: a server ends
//! with whoever started it.

use std::future::{Ready, ready};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use medvirk_domain::catalogue::{CatalogueLimits, shipped};
use medvirk_eventlog::kafka;
use medvirk_ingest::{Ingest, IngestConfig, IngestDependencies};
use medvirk_proto::feedback::v1::SubmitSessionRequest;
use medvirk_records::catalogue::{PlanFollower, activate};
use medvirk_runtime::auth::{AccessToken, TokenIssuer, TokenRole, TokenUnits};
use medvirk_runtime::pseudonym::PseudonymKey;
use medvirk_runtime::secret::SecretKey;
use medvirk_runtime::{Clock, StopToken, SystemClock, telemetry};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::Failed;

/// Which server a process of this program is to be.
pub(crate) const SERVE: &str = "MEDVIRK_SERVE";
/// Where the log in memory is.
const MEMORY: &str = "/dev/shm";
/// As a deployment has them.
const EMBEDDED_PARTITIONS: u32 = 2;
pub(crate) const KAFKA_PARTITIONS: u32 = 12;
const FIRST_MONTH: &str = "2024-01";
const A_DAY: Duration = Duration::from_secs(86_400);
/// How often the kernel counts in a second; the same on every Linux that this runs on.
const TICKS: f64 = 100.0;

/// A running server and its folder.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) address: String,
    pub(crate) token: String,
    pub(crate) is_echo: bool,
    process: Child,
}

/// Processor time of a process, in seconds since its start.
#[derive(Clone, Copy)]
pub(crate) struct Time {
    pub(crate) all: f64,
    /// Of it in the kernel.
    pub(crate) kernel: f64,
    /// Of it in the log's own threads: SQLite's, or the Kafka library's.
    pub(crate) log: f64,
}

// === impl Server ===

impl Server {
    /// `what` is `echo`, `memory`, or the address of a log on Kafka.
    pub(crate) fn start(name: &'static str, what: &str) -> Result<Self, Failed> {
        let mut process = Command::new(std::env::current_exe()?)
            .env(SERVE, what)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut told = String::new();
        let output = process.stdout.take().ok_or("its output is ours")?;
        BufReader::new(output).read_line(&mut told)?;
        let (address, token) = told
            .trim()
            .split_once(' ')
            .ok_or("the server did not start")?;
        Ok(Self {
            name,
            address: format!("http://{address}"),
            token: token.to_owned(),
            is_echo: what == "echo",
            process,
        })
    }

    /// As the kernel counts it.
    pub(crate) fn processor_time(&self) -> Result<Time, Failed> {
        let of_process = Path::new("/proc").join(self.process.id().to_string());
        let (_, all, kernel) = used(&of_process)?;
        let mut log = 0.0;
        for thread in std::fs::read_dir(of_process.join("task"))? {
            let (name, time, _) = used(&thread?.path())?;
            let of_log = ["log-", "rdk:"].iter().any(|start| name.starts_with(start));
            log += if of_log || name.contains("polling") {
                time
            } else {
                0.0
            };
        }
        Ok(Time { all, kernel, log })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It removes its folder and ends; it may have ended already.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Name of a process or thread, and seconds: all, and of it in the kernel.
fn used(of: &Path) -> Result<(String, f64, f64), Failed> {
    let stat = std::fs::read_to_string(of.join("stat"))?;
    let (name, rest) = stat.rsplit_once(") ").ok_or("the kernel's form")?;
    let name = name.split_once('(').ok_or("the kernel's form")?.1;
    let fields: Vec<&str> = rest.split(' ').collect();
    let seconds = |field: usize| Ok::<_, Failed>(fields[field].parse::<f64>()? / TICKS);
    let (user, kernel) = (seconds(11)?, seconds(12)?);
    Ok((name.to_owned(), user + kernel, kernel))
}

// === what a server's process does ===

/// Serves until whoever started it has ended.
pub(crate) async fn serve(what: &str) -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let issuer = TokenIssuer::generate()?;
    println!("{} {}", listener.local_addr()?, token(&issuer)?);
    let stop = StopToken::new();
    tokio::spawn({
        let stop = stop.clone();
        async move {
            let end = || std::io::stdin().read_to_end(&mut Vec::new());
            let _ = tokio::task::spawn_blocking(end).await;
            stop.stop();
        }
    });
    if what == "echo" {
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let server = tonic::transport::Server::builder().add_service(Echo);
        let stopped = stop.stopped_owned();
        return Ok(server
            .serve_with_incoming_shutdown(incoming, stopped)
            .await?);
    }
    let memory = tempfile::tempdir_in(MEMORY)?;
    let ingest = ingest(what, memory.path(), &issuer).await?;
    let metrics = telemetry::install_metrics()?;
    tokio::spawn(metrics.upkeep(stop.clone()));
    let config = medvirk_front::FrontConfig::default();
    let services = medvirk_front::FrontServices {
        routes: ingest.routes(),
        names: Ingest::SERVICES.to_vec(),
        http: Ingest::FHIR,
    };
    Ok(medvirk_front::serve(&config, listener, services, stop).await?)
}

/// As the role has it.
async fn ingest(what: &str, memory: &Path, issuer: &TokenIssuer) -> Result<Ingest, Failed> {
    let log = if what == "memory" {
        let url = format!("file:{}", memory.display());
        medvirk_eventlog::open(&url, EMBEDDED_PARTITIONS).await?
    } else {
        let config = kafka::KafkaConfig::from_url(what)?;
        kafka::create_topics(&config, KAFKA_PARTITIONS).await?;
        medvirk_eventlog::open_kafka(config, KAFKA_PARTITIONS).await?
    };
    let plans = PlanFollower::open(log.clone(), CatalogueLimits::default()).await?;
    activate(&*log, &plans, shipped(), FIRST_MONTH.parse()?, None).await?;
    let deps = IngestDependencies {
        log,
        plans,
        present: tokio::sync::watch::channel(FIRST_MONTH.parse()?).1,
        verifier: issuer.verifier(),
        pseudonyms: PseudonymKey::new(&SecretKey::new(1, [4; 32])),
        codes: medvirk_ingest::code::SurveyCodes::new(&SecretKey::new(1, [3; 32]))?,
        clock: Arc::new(SystemClock),
    };
    Ok(Ingest::new(&IngestConfig::default(), deps)?)
}

fn token(issuer: &TokenIssuer) -> Result<String, Failed> {
    let token = AccessToken {
        subject: "tablet".to_owned(),
        roles: [TokenRole::FeedbackSubmit].into(),
        units: TokenUnits::All,
    };
    Ok(issuer.issue(&token, A_DAY, SystemClock.now_ms())?)
}

/// Gives back what it gets.
#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "medvirk.benches.Echo";
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = std::convert::Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let codec = ProstCodec::<SubmitSessionRequest, SubmitSessionRequest>::default();
        Box::pin(async move { Ok(Grpc::new(codec).unary(Echo, request).await) })
    }
}

impl UnaryService<SubmitSessionRequest> for Echo {
    type Response = SubmitSessionRequest;
    type Future = Ready<Result<Response<SubmitSessionRequest>, Status>>;

    fn call(&mut self, request: Request<SubmitSessionRequest>) -> Self::Future {
        ready(Ok(Response::new(request.into_inner())))
    }
}
