//! One process of the service. Comes in: a configuration, the roles to run, and where the tables
//! are. Goes out: listening servers and running loops. The invariant: everything stops in the
//! direction of flow: first nothing is accepted any more, then what is in flight is finished, then
//! the loops behind the log end, and the tables go last.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use medvirk_aggregator::{Aggregator, Deps as AggregatorDeps};
use medvirk_domain::catalogue::{Limits, shipped};
use medvirk_domain::time::Month;
use medvirk_eventlog::catalogue::{self as catalogues, Plans};
use medvirk_eventlog::genesis::{self, Genesis};
use medvirk_eventlog::{Log, catalogue};
use medvirk_ingest::code::Codes;
use medvirk_ingest::{Ingest, server};
use medvirk_proto::admin::v1::admin_service_server::AdminServiceServer;
use medvirk_registrar::Registrar;
use medvirk_report::Report;
use medvirk_runtime::auth::Issuer;
use medvirk_runtime::pseudonym::Pseudonyms;
use medvirk_runtime::telemetry::Metrics;
use medvirk_runtime::{Clock, Readiness, Stop, SystemClock, admin_http, telemetry, this_month};
use medvirk_store::{Connection, IndicatorReader, IndicatorWriter, RegistryReader, RegistryWriter};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::service::RoutesBuilder;

use super::Roles;
use super::admin_service::Admin;
use crate::client::read_dir;
use crate::config::{Config, Database};
use crate::exit::{Code, error};

/// No call takes longer, a month's close and a rebuild included.
const CALL: Duration = Duration::from_secs(120);

/// Where the tables are, and who writes and reads them.
pub(crate) struct Databases {
    pub(crate) indicators: Pair,
    pub(crate) registry: Pair,
}

/// The two users of one database.
pub(crate) struct Pair {
    pub(crate) writer: Connection,
    pub(crate) reader: Connection,
}

/// Where a process listens; written to `addresses.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Addresses {
    /// gRPC.
    pub(crate) grpc: SocketAddr,
    /// Report over HTTP.
    pub(crate) http: SocketAddr,
    /// Health, readiness and metrics.
    pub(crate) admin: SocketAddr,
    /// The embedded engine of the indicators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) indicators: Option<SocketAddr>,
    /// The embedded engine of the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) registry: Option<SocketAddr>,
}

/// A process, ready to run.
pub(crate) struct Node {
    roles: Roles,
    listeners: Listeners,
    readiness: Readiness,
    metrics: Metrics,
    routes: RoutesBuilder,
    /// Names of the gRPC services, for health checks.
    services: Vec<&'static str>,
    aggregator: Aggregator,
    registrar: Registrar,
    report: Report,
    plans: Plans,
    /// Kept up to date where no aggregator runs here.
    planned: watch::Sender<Month>,
    clock: Arc<dyn Clock>,
    auto_close: bool,
}

struct Listeners {
    grpc: TcpListener,
    http: TcpListener,
    admin: TcpListener,
}

/// The keys of a deployment, in the folder `secrets`; made at the first start.
struct Keys {
    issuer: Issuer,
    pseudonyms: Pseudonyms,
    codes: Codes,
}

impl Databases {
    /// Both, from the configuration.
    pub(crate) fn configured(config: &Config) -> anyhow::Result<Self> {
        let pair = |database: &Option<Database>, name: &str| {
            let missing = || {
                let message = format!(
                    "the configuration names no [{name}] database; only `up` brings its own"
                );
                error(Code::Config, message)
            };
            let database = database.as_ref().ok_or_else(missing)?;
            anyhow::Ok(Pair {
                writer: database.writer()?,
                reader: database.reader()?,
            })
        };
        Ok(Self {
            indicators: pair(&config.indicators, "indicators")?,
            registry: pair(&config.registry, "registry")?,
        })
    }
}

impl Node {
    /// Opens everything, checks it, and binds the listeners; nothing is served yet.
    pub(crate) async fn start(
        config: &Config,
        roles: Roles,
        databases: Databases,
    ) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let log = open_log(config).await?;
        let genesis = found(config, log.as_ref(), clock.as_ref()).await?;
        let plans = open_plans(config, &log, genesis.first_month).await?;
        let keys = Keys::load_or_create(config)?;
        let verifier = keys.issuer.verifier();
        let stores = Stores::open(databases, roles).await?;

        let aggregator = Aggregator::new(
            medvirk_aggregator::Config {
                checkpoints: config.data.join("checkpoints"),
                first_month: genesis.first_month,
                compare_every: config.aggregator.compare_every,
            },
            AggregatorDeps {
                log: log.clone(),
                plans: plans.clone(),
                writer: stores.indicator_writer,
                clock: clock.clone(),
            },
        );
        let registrar = Registrar::new(
            medvirk_registrar::Config::default(),
            medvirk_registrar::Deps {
                log: log.clone(),
                plans: plans.clone(),
                writer: stores.registry_writer,
                reader: stores.registry_reader,
                pseudonyms: keys.pseudonyms.clone(),
                verifier: verifier.clone(),
                clock: clock.clone(),
            },
        );
        let report = Report::new(
            Arc::new(stores.indicator_reader),
            Arc::new(plans.clone()),
            verifier.clone(),
            clock.clone(),
        );
        let planned = watch::Sender::new(genesis.first_month);
        let present = if roles.aggregate {
            aggregator.handle().watch_present()
        } else {
            planned.subscribe()
        };
        let ingest = Ingest::new(
            &medvirk_ingest::Config::default(),
            medvirk_ingest::Deps {
                log: log.clone(),
                plans: plans.clone(),
                present,
                verifier: verifier.clone(),
                pseudonyms: keys.pseudonyms.clone(),
                codes: keys.codes.clone(),
                clock: clock.clone(),
            },
        )?;
        let admin = Admin {
            log,
            plans: plans.clone(),
            aggregator: aggregator.handle(),
            registrar: registrar.handle(),
            pseudonyms: keys.pseudonyms,
            codes: keys.codes,
            verifier,
            clock: clock.clone(),
            first_month: genesis.first_month,
        };
        let mut routes = RoutesBuilder::default();
        let mut services = Vec::new();
        if roles.ingest {
            ingest.add_to(&mut routes);
            services.extend(Ingest::SERVICES);
        }
        if roles.registrar {
            routes.add_service(registrar.service());
            services.push("medvirk.curve.v1.CurveService");
        }
        if roles.report {
            routes.add_service(report.service());
            services.push("medvirk.indicator.v1.IndicatorService");
        }
        if roles.aggregate {
            routes.add_service(AdminServiceServer::new(admin).max_decoding_message_size(64 << 20));
            services.push("medvirk.admin.v1.AdminService");
        }
        Ok(Self {
            roles,
            listeners: Listeners::bind(config).await?,
            readiness: Readiness::of(&[]),
            metrics: telemetry::install_metrics()?,
            routes,
            services,
            aggregator,
            registrar,
            report,
            plans,
            planned,
            clock,
            auto_close: config.aggregator.auto_close,
        })
    }

    /// Where it listens.
    pub(crate) fn addresses(&self) -> anyhow::Result<Addresses> {
        Ok(Addresses {
            grpc: self.listeners.grpc.local_addr()?,
            http: self.listeners.http.local_addr()?,
            admin: self.listeners.admin.local_addr()?,
            indicators: None,
            registry: None,
        })
    }

    /// Tells when every part is ready.
    pub(crate) fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Tells how far the aggregator has come.
    pub(crate) fn aggregator(&self) -> medvirk_aggregator::Handle {
        self.aggregator.handle()
    }

    /// Serves until `stop`, or until something is wrong that only a human can mend.
    pub(crate) async fn run(self, stop: Stop) -> anyhow::Result<()> {
        let (serving, working) = (stop.child(), Stop::new());
        let mut loops: JoinSet<anyhow::Result<()>> = JoinSet::new();
        loops.spawn(follow_plans(self.plans.clone(), working.clone()));
        loops.spawn(upkeep(self.metrics.clone(), working.clone()));
        let aggregator = self.aggregator.handle();
        if self.roles.aggregate {
            let readiness = self.readiness.clone();
            readiness.set("aggregator", false);
            loops.spawn(ready_when(aggregator.clone(), readiness));
            let (task, working) = (self.aggregator, working.clone());
            loops.spawn(async move { task.run(working).await.context("aggregate") });
            if self.auto_close {
                loops.spawn(close_when_due(aggregator, serving.clone()));
            }
        } else {
            let told = tell_planned(self.plans, self.clock, self.planned, working.clone());
            loops.spawn(told);
        }
        if self.roles.registrar {
            let (task, working) = (self.registrar, working.clone());
            loops.spawn(async move { task.run(working).await.context("keep the registry") });
        }
        let mut servers: JoinSet<anyhow::Result<()>> = JoinSet::new();
        let router = admin_http::router(self.readiness.clone(), self.metrics);
        let admin = admin_http::serve(self.listeners.admin, router, working.clone());
        loops.spawn(async move { admin.await.context("serve health and metrics") });
        if self.roles.report {
            let http =
                admin_http::serve(self.listeners.http, self.report.router(), serving.clone());
            servers.spawn(async move { http.await.context("serve the report") });
        }
        let config = server::Config {
            timeout: CALL,
            ..server::Config::default()
        };
        let (routes, stop) = (self.routes.routes(), serving.clone());
        let services = self.services;
        servers.spawn(async move {
            let serving = server::serve(&config, self.listeners.grpc, routes, &services, stop);
            serving.await.context("serve gRPC")
        });
        finish(servers, loops, &serving, &working).await
    }
}

/// Stops in the direction of flow. The first thing that goes wrong stops everything.
async fn finish(
    mut servers: JoinSet<anyhow::Result<()>>,
    mut loops: JoinSet<anyhow::Result<()>>,
    serving: &Stop,
    working: &Stop,
) -> anyhow::Result<()> {
    let mut outcome = Ok(());
    let mut note = |ended: Result<anyhow::Result<()>, tokio::task::JoinError>| {
        let ended = ended.context("a task panicked").and_then(|ended| ended);
        if let (Ok(()), Err(error)) = (&outcome, ended) {
            serving.stop();
            outcome = Err(error);
        }
    };
    while !servers.is_empty() {
        tokio::select! {
            Some(ended) = servers.join_next() => note(ended),
            Some(ended) = loops.join_next() => note(ended),
        }
    }
    working.stop();
    while let Some(ended) = loops.join_next().await {
        note(ended);
    }
    outcome
}

async fn follow_plans(plans: Plans, working: Stop) -> anyhow::Result<()> {
    tokio::select! {
        followed = plans.follow() => followed.context("follow the topic catalogue"),
        () = working.stopped() => Ok(()),
    }
}

async fn upkeep(metrics: Metrics, working: Stop) -> anyhow::Result<()> {
    metrics.upkeep(working).await;
    Ok(())
}

async fn ready_when(
    aggregator: medvirk_aggregator::Handle,
    readiness: Readiness,
) -> anyhow::Result<()> {
    aggregator.caught_up().await;
    readiness.set("aggregator", true);
    Ok(())
}

async fn close_when_due(aggregator: medvirk_aggregator::Handle, stop: Stop) -> anyhow::Result<()> {
    medvirk_aggregator::close_when_due(aggregator, stop)
        .await
        .context("close months")
}

/// Tells ingest, without an aggregator in this process, which month is not closed yet: the plan of
/// a month is written before the one
/// before it is closed, so the newest plan that is not in the future tells nearly as well.
async fn tell_planned(
    plans: Plans,
    clock: Arc<dyn Clock>,
    planned: watch::Sender<Month>,
    working: Stop,
) -> anyhow::Result<()> {
    loop {
        if let Some(plan) = plans.plan_in_force(this_month(clock.as_ref())) {
            planned.send_replace(plan.month);
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = working.stopped() => return Ok(()),
        }
    }
}

/// Clients of the tables, brought up to this version.
struct Stores {
    indicator_writer: IndicatorWriter,
    indicator_reader: IndicatorReader,
    registry_writer: RegistryWriter,
    registry_reader: RegistryReader,
}

impl Stores {
    async fn open(databases: Databases, roles: Roles) -> anyhow::Result<Self> {
        let Databases {
            indicators,
            registry,
        } = databases;
        let stores = Self {
            indicator_writer: IndicatorWriter::new(&indicators.writer)?,
            indicator_reader: IndicatorReader::new(&indicators.reader)?,
            registry_writer: RegistryWriter::new(&registry.writer)?,
            registry_reader: RegistryReader::new(&registry.reader)?,
        };
        if roles.aggregate {
            stores
                .indicator_writer
                .migrate()
                .await
                .context("migrate the indicator tables")?;
        }
        if roles.registrar {
            stores
                .registry_writer
                .migrate()
                .await
                .context("migrate the registry tables")?;
        }
        Ok(stores)
    }
}

impl Keys {
    fn load_or_create(config: &Config) -> anyhow::Result<Self> {
        let secrets = config.data.join("secrets");
        Ok(Self {
            issuer: Issuer::load_or_create(&secrets.join("token-key.pem"))?,
            pseudonyms: Pseudonyms::load_or_create(&secrets.join("pseudonym.key"))?,
            codes: Codes::load_or_create(&secrets.join("code.key"))?,
        })
    }
}

impl Listeners {
    async fn bind(config: &Config) -> anyhow::Result<Self> {
        let bind = async |address: SocketAddr| {
            let taken = || {
                format!(
                    "listen on {address}; is another `medvirk` running? port 0 takes a free one"
                )
            };
            TcpListener::bind(address).await.with_context(taken)
        };
        Ok(Self {
            grpc: bind(config.listen.grpc).await?,
            http: bind(config.listen.http).await?,
            admin: bind(config.listen.admin).await?,
        })
    }
}

async fn open_log(config: &Config) -> anyhow::Result<Arc<dyn Log>> {
    let url = config.log_url();
    let log = medvirk_eventlog::open(&url, config.log.partitions).await;
    log.with_context(|| format!("open log {url}"))
}

/// Founds the deployment, or checks that it is the one that was founded.
async fn found(config: &Config, log: &dyn Log, clock: &dyn Clock) -> anyhow::Result<Genesis> {
    let wanted: Option<Month> = match &config.deployment.first_month {
        Some(text) => Some(
            text.parse()
                .with_context(|| format!("deployment.first_month is {text}"))?,
        ),
        None => None,
    };
    // Without a wish, what was founded stands.
    let known = genesis::read(log).await?.map(|genesis| genesis.first_month);
    let first_month = wanted.or(known).unwrap_or_else(|| this_month(clock));
    let genesis = Genesis::new(config.log.partitions, first_month);
    Ok(genesis::found_or_check(log, genesis).await?)
}

/// The catalogues in the log; at the first start, the configured one is put in force.
async fn open_plans(config: &Config, log: &Arc<dyn Log>, first: Month) -> anyhow::Result<Plans> {
    let plans = Plans::open(log.clone(), Limits::default()).await?;
    if plans.plan(first).is_none() {
        let files = match &config.deployment.catalogue {
            Some(dir) => read_dir(dir)?,
            None => shipped(),
        };
        let activated = catalogues::activate(log.as_ref(), &plans, files, first, None).await;
        activated.map_err(|refused| match refused {
            catalogue_error @ medvirk_eventlog::Error::Refused(_) => {
                error(Code::Config, catalogue_error.to_string())
            }
            other => other.into(),
        })?;
    }
    catalogue::ensure_plan(log.as_ref(), &plans, first).await?;
    Ok(plans)
}
