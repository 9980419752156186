//! What of a process is there from the start: its listeners, and its health. Comes in: a
//! configuration. Goes out: the log, opened, however long its brokers take. The invariant: a
//! process whose brokers are down says so and is not ready; it does not end, and is not started
//! again and again. It listens where it has something to serve, and nowhere else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use medvirk_eventlog::{Log, LogOpenError};
use medvirk_runtime::telemetry::MetricsRenderer;
use medvirk_runtime::{Readiness, StopToken, admin_http, telemetry};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::log::open_log;
use crate::config::MedvirkConfig;
use crate::roles::selection::RoleSelection;

/// How long to wait before brokers that did not answer are asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// How many failed attempts are told once.
const TOLD: u32 = 10;

/// Listeners, and a health server that runs already.
pub(crate) struct ProcessListeners {
    pub(super) grpc: TcpListener,
    /// Where a report runs here.
    pub(super) http: Option<TcpListener>,
    pub(super) admin: SocketAddr,
    pub(super) readiness: Readiness,
    pub(super) metrics: MetricsRenderer,
    /// Stops the health server, last of all.
    pub(super) working: StopToken,
    pub(super) health: JoinHandle<std::io::Result<()>>,
}

impl ProcessListeners {
    /// Opens the log, and everything that others see of this process. Waits for brokers that do
    /// not answer and for topics that are not there yet; nothing if it was stopped meanwhile.
    pub(crate) async fn open(
        config: &MedvirkConfig,
        roles: RoleSelection,
        stop: &StopToken,
    ) -> anyhow::Result<Option<(Self, Arc<dyn Log>)>> {
        // First, because this says at once that another process has the embedded log.
        let opened = unless_awaited(open_log(config).await)?;
        let front = Self::bind(config, roles).await?;
        let log = match opened {
            Ok(log) => log,
            Err(why) => tokio::select! {
                log = await_log(config, why) => log?,
                () = stop.stopped() => return Ok(None),
            },
        };
        front.readiness.set("log", true);
        Ok(Some((front, log)))
    }

    async fn bind(config: &MedvirkConfig, roles: RoleSelection) -> anyhow::Result<Self> {
        let bind = async |address: SocketAddr| {
            let taken = || {
                format!(
                    "listen on {address}; is another `medvirk` running? port 0 takes a free one"
                )
            };
            TcpListener::bind(address).await.with_context(taken)
        };
        let grpc = bind(config.listen.grpc).await?;
        let http = if roles.report {
            Some(bind(config.listen.http).await?)
        } else {
            None
        };
        let admin = bind(config.listen.admin).await?;
        // Named before anybody can ask, so that nothing is ready by silence.
        let readiness = Readiness::of(&["log", "roles"]);
        let metrics = telemetry::install_metrics()?;
        let router = admin_http::router(readiness.clone(), metrics.clone());
        let (address, working) = (admin.local_addr()?, StopToken::new());
        let health = tokio::spawn(admin_http::serve(admin, router, working.clone()));
        Ok(Self {
            grpc,
            http,
            admin: address,
            readiness,
            metrics,
            working,
            health,
        })
    }
}

/// Tries until the brokers answer and have the topics.
async fn await_log(config: &MedvirkConfig, mut why: anyhow::Error) -> anyhow::Result<Arc<dyn Log>> {
    for attempt in 0_u32.. {
        if attempt.is_multiple_of(TOLD) {
            tracing::warn!(why = format!("{why:#}"), "waiting for the log");
        }
        tokio::time::sleep(PAUSE).await;
        match unless_awaited(open_log(config).await)? {
            Ok(log) => return Ok(log),
            Err(again) => why = again,
        }
    }
    unreachable!("it tries for ever")
}

/// An error that time may mend is a reason to wait; every other one ends the process.
fn unless_awaited<T>(opened: anyhow::Result<T>) -> anyhow::Result<Result<T, anyhow::Error>> {
    let mends = |error: &anyhow::Error| {
        let cause = error.downcast_ref();
        matches!(
            cause,
            Some(LogOpenError::Unreachable(_) | LogOpenError::NoTopics(_))
        )
    };
    match opened {
        Err(error) if !mends(&error) => Err(error),
        opened => Ok(opened),
    }
}
