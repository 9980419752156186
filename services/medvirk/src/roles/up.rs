//! `medvirk up`: every role in one process, on embedded storage. Comes in: a data folder. Goes
//! out: a system that listens, its addresses and development tokens in two files, and where to
//! look. The invariant: the data folder belongs to its owner alone, and the child processes end
//! with this one, last.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use medvirk_aggregator::EmptyMonths;
use medvirk_client::ProcessAddresses;
use medvirk_client::arguments::TargetSystem;
use medvirk_eventlog::Log;
use medvirk_runtime::auth::{AccessToken, TokenIssuer, TokenRole, TokenUnits};
use medvirk_runtime::{Clock, StopToken, SystemClock, secret, signals, telemetry, this_month};
use medvirk_simulator::{ClinicSimulation, history, live};
use medvirk_terminal::hint;
use medvirk_terminal::output::say;

use super::engines;
use super::node::{DatabasePair, NodeDatabases, ProcessListeners, ServiceNode};
use super::private_folder::create_private;
use super::selection::RoleSelection;
use crate::cli;
use crate::config::{self, MedvirkConfig};

/// The demo begins this many whole years before the present one.
const DEMO_YEARS: i32 = 2;

/// For how long the tokens in `tokens.json` count.
const TOKEN_LIFE: Duration = Duration::from_secs(365 * 86_400);

/// Runs every role until a signal.
pub(crate) async fn up(args: cli::UpArguments) -> anyhow::Result<()> {
    let mut config = config::load(args.config.as_deref())?;
    if let Some(data) = args.data {
        config.data = data;
    }
    config.aggregator.close_empty |= args.closing.close_empty;
    telemetry::init(&quiet_by_default(&config.telemetry))?;
    if args.demo {
        prepare_demo(&mut config);
    }
    // A demo closes months as it tells them, and when they are due only once it has gone live.
    let live = config.aggregator.auto_close;
    config.aggregator.auto_close &= !args.demo;
    create_private(&config.data)?;
    create_private(&config.secrets_dir())?;
    let stop = signals()?;
    // Before the engines, because this says at once that another `up` has the folder.
    let Some((front, log)) = ProcessListeners::open(&config, RoleSelection::ALL, &stop).await?
    else {
        return Ok(());
    };
    let engines_stop = StopToken::new();
    let engines = EmbeddedEngines::start(&config, &engines_stop).await?;
    let demo = args.demo.then_some(RunningDemo {
        auto_close: live,
        empty_months: config.aggregator.empty_months(),
    });
    let running = run(&config, front, log, demo, &engines, stop).await;
    engines_stop.stop();
    engines.ended().await;
    running
}

async fn run(
    config: &MedvirkConfig,
    front: ProcessListeners,
    log: Arc<dyn Log>,
    demo: Option<RunningDemo>,
    engines: &EmbeddedEngines,
    stop: StopToken,
) -> anyhow::Result<()> {
    let node = tokio::select! {
        node = ServiceNode::start(config, RoleSelection::ALL, front, log, engines.databases()?) => node?,
        // It may wait for the tables of a server.
        () = stop.stopped() => return Ok(()),
    };
    let identity = node.identity();
    let mut addresses = node.addresses()?;
    addresses.indicators = engines.indicators.as_ref().map(|engine| engine.address);
    addresses.registry = engines.registry.as_ref().map(|engine| engine.address);
    write_files(config, &addresses)?;
    let (readiness, aggregator) = (node.readiness(), node.aggregator());
    let (data, stop_all) = (config.data.clone(), stop.clone());
    let telling = async move {
        readiness.ready().await;
        say(&identity.to_string())?;
        announce(&data, &addresses)?;
        if let (Some(_), Some(http)) = (&demo, addresses.http) {
            // After a hash, which browsers keep to themselves; it only reads indicators.
            let tokens: BTreeMap<String, String> =
                serde_json::from_slice(&std::fs::read(data.join("tokens.json"))?)?;
            let token = &tokens["dashboard"];
            say(&format!(
                "The page, signed in: http://{http}/#token={token}"
            ))?;
        }
        match demo.zip(aggregator) {
            Some((demo, aggregator)) => demo.run(&data, aggregator, stop_all).await,
            _ => Ok(()),
        }
    };
    let told = tokio::spawn(async move {
        if let Err(error) = telling.await {
            // The system itself goes on.
            tracing::error!(error = format!("{error:#}"), "the demo ended");
        }
    });
    let ran = node.run(stop).await;
    told.abort();
    ran
}

/// The engines that the configuration does not replace by servers.
struct EmbeddedEngines {
    config: MedvirkConfig,
    indicators: Option<engines::EmbeddedEngine>,
    registry: Option<engines::EmbeddedEngine>,
}

impl EmbeddedEngines {
    async fn start(config: &MedvirkConfig, stop: &StopToken) -> anyhow::Result<Self> {
        let start = async |name, listen, needed: bool| {
            if !needed {
                return Ok(None);
            }
            let started = engines::start(name, config, listen, stop.clone());
            started.await.map(Some)
        };
        let (indicators, registry) = tokio::try_join!(
            start(
                "indicators",
                config.engine.indicators,
                config.indicators.is_none()
            ),
            start(
                "registry",
                config.engine.registry,
                config.registry.is_none()
            ),
        )?;
        Ok(Self {
            config: config.clone(),
            indicators,
            registry,
        })
    }

    fn databases(&self) -> anyhow::Result<NodeDatabases> {
        let pair = |engine: &Option<engines::EmbeddedEngine>,
                    server: &Option<config::DatabaseSection>| match (
            engine, server,
        ) {
            (Some(engine), _) => anyhow::Ok(DatabasePair {
                writer: Some(engine.writer.clone()),
                reader: Some(engine.reader.clone()),
            }),
            (None, Some(server)) => Ok(DatabasePair {
                writer: server.writer()?,
                reader: server.reader()?,
            }),
            (None, None) => unreachable!("an engine is started where no server is configured"),
        };
        anyhow::Ok(NodeDatabases {
            indicators: pair(&self.indicators, &self.config.indicators)?,
            registry: pair(&self.registry, &self.config.registry)?,
        })
    }

    async fn ended(self) {
        for engine in [self.indicators, self.registry].into_iter().flatten() {
            engine.supervisor.await.ok();
        }
    }
}

/// The simulated clinics of `--demo`.
struct RunningDemo {
    /// Months go on closing by themselves once the past is told.
    auto_close: bool,
    empty_months: EmptyMonths,
}

impl RunningDemo {
    /// Two past years, or what is left of them after a restart; then live.
    async fn run(
        self,
        data: &Path,
        aggregator: medvirk_aggregator::AggregatorHandle,
        stop: StopToken,
    ) -> anyhow::Result<()> {
        aggregator.caught_up().await;
        let (from, last) = (aggregator.present(), this_month(&SystemClock));
        say(&format!(
            "simulating clinics from {from} to {last}; months close as they pass"
        ))?;
        let sim = open_simulation(data).await?;
        history(&sim, from, last, true).await?;
        let data = data.to_string_lossy();
        let figures = ["indicators", "--period", "year", "--data", &data];
        say(&format!(
            "Demo history is in ({from} to {last}). Simulated clinics now send live. Try: {}",
            hint::command(&figures)
        ))?;
        if self.auto_close {
            let closing =
                medvirk_aggregator::close_when_due(aggregator, self.empty_months, stop.clone());
            let (closed, live) = tokio::join!(closing, live(&sim, stop));
            closed?;
            live
        } else {
            live(&sim, stop).await
        }
    }
}

/// A demo begins in a January of the past.
fn prepare_demo(config: &mut MedvirkConfig) {
    let january = this_month(&SystemClock).year_start().plus(-12 * DEMO_YEARS);
    config
        .deployment
        .first_month
        .get_or_insert_with(|| january.to_string());
}

async fn open_simulation(data: &Path) -> anyhow::Result<ClinicSimulation> {
    let target = TargetSystem {
        target: Vec::new(),
        data: data.to_owned(),
        token: None,
    };
    ClinicSimulation::open(&target, 1, None, 0).await
}

fn announce(data: &Path, addresses: &ProcessAddresses) -> anyhow::Result<()> {
    let ProcessAddresses {
        grpc, http, admin, ..
    } = addresses;
    say(&format!("ready on {}", data.display()))?;
    say(&format!("  gRPC      http://{grpc}"))?;
    if let Some(http) = http {
        say(&format!("  report    http://{http}/"))?;
    }
    say(&format!(
        "  health    http://{admin}/readyz, metrics at /metrics"
    ))?;
    say(&format!(
        "  tokens    {}",
        data.join("tokens.json").display()
    ))?;
    let figures = ["indicators", "--data", &data.to_string_lossy()];
    say(&format!("Try: {}", hint::command(&figures)))
}

/// `up` and its engines are for people, who want to hear of trouble only; whoever configures telemetry gets that.
pub(super) fn quiet_by_default(
    configured: &telemetry::TelemetryConfig,
) -> telemetry::TelemetryConfig {
    let mut quiet = configured.clone();
    if *configured == telemetry::TelemetryConfig::default() {
        quiet.filter = "warn".to_owned();
    }
    quiet
}

/// `addresses.json`, and `tokens.json` for its owner only.
fn write_files(config: &MedvirkConfig, addresses: &ProcessAddresses) -> anyhow::Result<()> {
    let tokens = config.data.join("tokens.json");
    let made = development_tokens(&config.secrets_dir())?;
    secret::replace(&tokens, &serde_json::to_vec_pretty(&made)?)?;
    addresses.write(&config.data)
}

/// One token per kind of user, by the name of its credential.
fn development_tokens(secrets: &Path) -> anyhow::Result<BTreeMap<&'static str, String>> {
    let issuer = TokenIssuer::load_or_create(&secrets.join("token-key.pem"))?;
    let token = |subject: &str, roles: &[TokenRole]| {
        let roles: BTreeSet<TokenRole> = roles.iter().copied().collect();
        let token = AccessToken {
            subject: subject.to_owned(),
            roles,
            units: TokenUnits::All,
        };
        issuer.issue(&token, TOKEN_LIFE, SystemClock.now_ms())
    };
    let clinic = [
        TokenRole::FeedbackSubmit,
        TokenRole::SurveyInvite,
        TokenRole::EpisodeManage,
    ];
    Ok(BTreeMap::from([
        ("admin", token("admin", &[TokenRole::Admin])?),
        ("clinic", token("clinic", &clinic)?),
        (
            "dashboard",
            token("dashboard", &[TokenRole::IndicatorRead])?,
        ),
        ("epj", token("epj", &[TokenRole::EpisodeManage])?),
        ("leader", token("leader", &[TokenRole::ServiceManage])?),
        (
            "registry",
            token("registry", &[TokenRole::RegistryExtract])?,
        ),
        (
            "tablet",
            token(
                "tablet",
                &[TokenRole::FeedbackSubmit, TokenRole::SurveyInvite],
            )?,
        ),
    ]))
}
