//! One process of the service. Comes in: a configuration, the roles to run, and where the tables
//! are. Goes out: listening servers and running loops. The invariant: everything stops in the
//! direction of flow: first nothing is accepted any more, then what is in flight is finished, then
//! the loops behind the log end, and the tables go last.

// In reading order.
mod log;

mod front;

mod identity;

mod tables;

mod parts;

mod watch;

mod tasks;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use medvirk_aggregator::{Aggregator, EmptyMonths};
use medvirk_client::ProcessAddresses;
use medvirk_domain::time::Month;
use medvirk_eventlog::{Log, PassingError as _};
use medvirk_front::{FrontConfig, FrontServices};
use medvirk_ingest::Ingest;
use medvirk_proto::admin::v1::admin_service_server::AdminServiceServer;
use medvirk_records::catalogue::PlanFollower;
use medvirk_registrar::Registrar;
use medvirk_report::Report;
use medvirk_runtime::telemetry::MetricsRenderer;
use medvirk_runtime::{Clock, Readiness, StopToken, admin_http, this_month};
use tokio::net::TcpListener;
use tonic::service::RoutesBuilder;

use super::selection::RoleSelection;
use crate::config::MedvirkConfig;
use parts::NodeParts;
use tasks::NodeTasks;

pub(crate) use front::ProcessListeners;
pub(crate) use identity::DeploymentIdentity;
pub(crate) use log::open_log;
pub(crate) use tables::{DatabasePair, NodeDatabases, explained};

/// No call takes longer, a month's close and a rebuild included.
const CALL: Duration = Duration::from_secs(120);

/// A process, ready to run.
pub(crate) struct ServiceNode {
    front: ProcessListeners,
    routes: RoutesBuilder,
    /// Names of the gRPC services, for health checks.
    services: Vec<&'static str>,
    ingest: Option<Ingest>,
    aggregator: Option<Aggregator>,
    registrar: Option<Registrar>,
    report: Option<Report>,
    watch: watch::NodeWatch,
    identity: DeploymentIdentity,
    plans: PlanFollower,
    /// Kept up to date where no aggregator runs here.
    planned: tokio::sync::watch::Sender<Month>,
    clock: Arc<dyn Clock>,
    /// None where nobody closes months by itself.
    closing: Option<EmptyMonths>,
}

impl ServiceNode {
    /// Opens everything else and checks it; nothing but its health is served yet.
    pub(crate) async fn start(
        config: &MedvirkConfig,
        roles: RoleSelection,
        front: ProcessListeners,
        log: Arc<dyn Log>,
        databases: NodeDatabases,
    ) -> anyhow::Result<Self> {
        medvirk_eventlog::describe_metrics();
        watch::name_parts(&front.readiness);
        let mut parts = NodeParts::open(config, log, databases).await?;
        let planned = tokio::sync::watch::Sender::new(parts.identity.first_month);
        let (mut routes, mut services, mut ingest) = (RoutesBuilder::default(), Vec::new(), None);
        let aggregator = if roles.aggregate {
            Some(parts.aggregator(config).await?)
        } else {
            None
        };
        if roles.ingest {
            let present = match &aggregator {
                Some(aggregator) => aggregator.handle().watch_present(),
                None => planned.subscribe(),
            };
            ingest.insert(parts.ingest(present)?).add_to(&mut routes);
            services.extend(Ingest::SERVICES);
        }
        let registrar = if roles.registrar {
            Some(parts.registrar().await?)
        } else {
            None
        };
        let report = if roles.report {
            Some(parts.report().await?)
        } else {
            None
        };
        services.extend(offer(&mut routes, registrar.as_ref(), report.as_ref()));
        if roles.extract {
            routes.add_service(parts.extract(config, &front.readiness).await?.service());
            services.push("medvirk.extract.v1.ExtractService");
        }
        if let Some(aggregator) = &aggregator {
            let handle = aggregator.handle();
            let admin = parts.admin(config, handle, report.clone()).await?;
            routes.add_service(AdminServiceServer::new(admin).max_decoding_message_size(64 << 20));
            services.push("medvirk.admin.v1.AdminService");
        }
        if roles.aggregate {
            front.readiness.set("aggregator", false);
        }
        front.readiness.set("roles", true);
        Ok(Self {
            routes,
            services,
            ingest,
            aggregator,
            registrar,
            report,
            watch: parts.watch(front.readiness.clone()),
            identity: parts.identity,
            plans: parts.plans,
            planned,
            clock: parts.clock,
            closing: config.aggregator.closing(),
            front,
        })
    }

    /// The addresses on which this process listens.
    pub(crate) fn addresses(&self) -> anyhow::Result<ProcessAddresses> {
        let http = self.front.http.as_ref().map(TcpListener::local_addr);
        Ok(ProcessAddresses {
            grpc: self.front.grpc.local_addr()?,
            http: http.transpose()?,
            admin: self.front.admin,
            indicators: None,
            registry: None,
        })
    }

    /// Which deployment it belongs to, for the line that it says at its start.
    pub(crate) fn identity(&self) -> DeploymentIdentity {
        self.identity.clone()
    }

    /// Tells when every part is ready.
    pub(crate) fn readiness(&self) -> Readiness {
        self.front.readiness.clone()
    }

    /// Tells how far the aggregator has come, if one runs here.
    pub(crate) fn aggregator(&self) -> Option<medvirk_aggregator::AggregatorHandle> {
        self.aggregator.as_ref().map(Aggregator::handle)
    }

    /// Serves until `stop`, or until something is wrong that only a human can mend.
    pub(crate) async fn run(self, stop: StopToken) -> anyhow::Result<()> {
        let (serving, working) = (stop.child(), self.front.working);
        let mut loops = NodeTasks::new();
        let mut servers = NodeTasks::new();
        let health = self.front.health;
        loops.spawn(async move { health.await?.context("serve health and metrics") });
        loops.spawn(upkeep(self.front.metrics, working.clone()));
        let letters = self.watch.log.clone();
        self.watch.spawn(&mut loops, &working);
        loops.spawn(follow_plans(self.plans.clone(), working.clone()));
        if let Some(aggregator) = self.aggregator {
            let handle = aggregator.handle();
            let stop = working.clone();
            loops.spawn(async move {
                medvirk_aggregator::tell_dead_letters(letters, stop).await;
                Ok(())
            });
            let ready = ready_when(handle.clone(), self.front.readiness, working.clone());
            loops.spawn(ready);
            let working = working.clone();
            loops.spawn(async move { aggregator.run(working).await.context("aggregate") });
            if let Some(empty) = self.closing {
                loops.spawn(close_when_due(handle, empty, serving.clone()));
            }
        } else {
            let told = tell_planned(self.plans, self.clock, self.planned, working.clone());
            loops.spawn(told);
        }
        if let Some(registrar) = self.registrar {
            let working = working.clone();
            loops.spawn(async move { registrar.run(working).await.context("keep the registry") });
        }
        if let (Some(report), Some(listener)) = (self.report, self.front.http) {
            loops.spawn(keep_fresh(report.clone(), working.clone()));
            let http = admin_http::serve(listener, report.router(), serving.clone());
            servers.spawn(async move { http.await.context("serve the report") });
        }
        let (mut routes, stop) = (self.routes.routes(), serving.clone());
        if let Some(ingest) = self.ingest {
            routes = ingest.with_fhir(routes);
        }
        let services = FrontServices {
            routes,
            names: self.services,
            http: Ingest::FHIR,
        };
        servers.spawn(serve_grpc(self.front.grpc, services, stop));
        finish(servers, loops, &serving, &working).await
    }
}

/// The services of roles that are also something else; gives their names.
fn offer(
    routes: &mut RoutesBuilder,
    registrar: Option<&Registrar>,
    report: Option<&Report>,
) -> Vec<&'static str> {
    let mut services = Vec::new();
    if let Some(registrar) = registrar {
        routes.add_service(registrar.service());
        services.push("medvirk.curve.v1.CurveService");
    }
    if let Some(report) = report {
        routes.add_service(report.service());
        services.push("medvirk.indicator.v1.IndicatorService");
    }
    services
}

/// Without it readers would wait for all that is shown to be read, and for each look at the closes.
async fn keep_fresh(report: Report, stop: StopToken) -> anyhow::Result<()> {
    report.keep_fresh(&stop).await;
    Ok(())
}

async fn serve_grpc(
    listener: TcpListener,
    services: FrontServices,
    stop: StopToken,
) -> anyhow::Result<()> {
    let config = FrontConfig {
        timeout: CALL,
        ..FrontConfig::default()
    };
    let serving = medvirk_front::serve(&config, listener, services, stop);
    serving.await.context("serve gRPC")
}

/// Stops in the direction of flow. The first thing that goes wrong stops everything.
async fn finish(
    mut servers: NodeTasks,
    mut loops: NodeTasks,
    serving: &StopToken,
    working: &StopToken,
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

async fn follow_plans(plans: PlanFollower, working: StopToken) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            followed = plans.follow() => match followed {
                Err(error) if error.is_passing() => {
                    tracing::warn!(%error, "cannot read the topic catalogue; trying again");
                }
                ended => return ended.context("follow the topic catalogue"),
            },
            () = working.stopped() => return Ok(()),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn upkeep(metrics: MetricsRenderer, working: StopToken) -> anyhow::Result<()> {
    metrics.upkeep(working).await;
    Ok(())
}

async fn ready_when(
    aggregator: medvirk_aggregator::AggregatorHandle,
    readiness: Readiness,
    working: StopToken,
) -> anyhow::Result<()> {
    tokio::select! {
        () = aggregator.caught_up() => readiness.set("aggregator", true),
        () = working.stopped() => {}
    }
    Ok(())
}

async fn close_when_due(
    aggregator: medvirk_aggregator::AggregatorHandle,
    empty: EmptyMonths,
    stop: StopToken,
) -> anyhow::Result<()> {
    medvirk_aggregator::close_when_due(aggregator, empty, stop)
        .await
        .context("close months")
}

/// Tells ingest, without an aggregator in this process, which month is not closed yet: the plan of
/// a month is written before the one
/// before it is closed, so the newest plan that is not in the future tells nearly as well.
async fn tell_planned(
    plans: PlanFollower,
    clock: Arc<dyn Clock>,
    planned: tokio::sync::watch::Sender<Month>,
    working: StopToken,
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
