//! The roles of the service. Comes in: a configuration. Goes out: running services until a signal.
//! The invariant: the code of a role is the same whether it runs alone or with all others in `up`.

// In reading order.
mod selection;

mod up;

mod node;

mod engines;

mod engine_library;

mod private_folder;

mod migrate;

use medvirk_engine::{EngineAccess, EngineUser};
use medvirk_eventlog::{Topic, kafka};
use medvirk_runtime::{signals, telemetry};
use medvirk_terminal::output::say;
use medvirk_terminal::{CommandExit, error};
use secrecy::SecretString;
use tokio::io::AsyncReadExt as _;

use crate::cli;
use crate::config::{self, LogBackend, MedvirkConfig};
use engine_library::library;
use engines::AccessEntry;
use private_folder::create_private;

pub(crate) use migrate::migrate;
pub(crate) use selection::RoleSelection;
pub(crate) use up::up;

/// Runs one role until a signal.
pub(crate) async fn run(role: cli::RoleArguments, roles: RoleSelection) -> anyhow::Result<()> {
    run_configured(config::load(role.config.as_deref())?, roles).await
}

/// Runs the aggregator until a signal.
pub(crate) async fn aggregate(args: cli::AggregateArguments) -> anyhow::Result<()> {
    let mut config = config::load(args.role.config.as_deref())?;
    config.aggregator.close_empty |= args.closing.close_empty;
    run_configured(config, RoleSelection::AGGREGATE).await
}

async fn run_configured(config: MedvirkConfig, roles: RoleSelection) -> anyhow::Result<()> {
    telemetry::init(&config.telemetry)?;
    let databases = node::NodeDatabases::configured(&config)?;
    create_private(&config.data)?;
    create_private(&config.secrets_dir())?;
    let stop = signals()?;
    let Some((front, log)) = node::ProcessListeners::open(&config, roles, &stop).await? else {
        return Ok(());
    };
    let node = tokio::select! {
        node = node::ServiceNode::start(&config, roles, front, log, databases) => node?,
        // It may wait for tables.
        () = stop.stopped() => return Ok(()),
    };
    let addresses = node.addresses()?;
    addresses.write(&config.data)?;
    say(&node.identity().to_string())?;
    say(&format!("gRPC http://{}", addresses.grpc))?;
    say(&format!("health http://{}/readyz", addresses.admin))?;
    node.run(stop).await
}

/// Runs the embedded engine until a signal or, with `--with-parent`, until standard input closes.
pub(crate) async fn engine(args: cli::EngineArguments) -> anyhow::Result<()> {
    let config = config::load(None)?;
    telemetry::init(&up::quiet_by_default(&config.telemetry))?;
    let stop = signals()?;
    create_private(&args.data)?;
    let users = args.users.unwrap_or_else(|| args.data.join("users.json"));
    let users = engines::load_or_create_users(&users)?;
    let user = |entry: engines::UserEntry| EngineUser {
        name: entry.name,
        password: SecretString::from(entry.password),
        access: match entry.access {
            AccessEntry::Reader => EngineAccess::Reader,
            AccessEntry::Writer => EngineAccess::Writer,
        },
    };
    let engine = medvirk_engine::Engine::bind(medvirk_engine::EngineConfig {
        library: library(args.library.as_deref())?,
        data: args.data,
        listen: args.listen,
        users: users.into_iter().map(user).collect(),
        database: args.database,
    })
    .await?;
    say(&engine.local_addr().to_string())?;
    if args.with_parent {
        let stop = stop.clone();
        tokio::spawn(async move {
            let mut byte = [0];
            // Whatever comes of it, whoever held the other end is gone.
            let _ = tokio::io::stdin().read(&mut byte).await;
            stop.stop();
        });
    }
    let ended = engine.serve(stop.clone().stopped_owned()).await;
    // A read of standard input may still be waiting and would keep the runtime from ending.
    match ended {
        Ok(()) => std::process::exit(0),
        Err(error) => Err(error.into()),
    }
}

/// Creates the topics of the configured log where it is Kafka, checks their settings, and shows
/// what they hold.
pub(crate) async fn topics(role: cli::RoleArguments) -> anyhow::Result<()> {
    let config = config::load(role.config.as_deref())?;
    match config.log.backend {
        LogBackend::Kafka => {
            let kafka = (&config.log.kafka).into();
            let created = kafka::create_topics(&kafka, config.partitions()).await?;
            for topic in created {
                say(&format!("{topic} is created"))?;
            }
            say("the topics are there, and their settings are safe")?;
        }
        // Opening would found an empty one.
        LogBackend::Embedded if !config.log_dir().exists() => {
            let dir = config.log_dir();
            let message = format!(
                "there is no log in {}; name the configuration with --config",
                dir.display()
            );
            return Err(error(CommandExit::Config, message));
        }
        LogBackend::Embedded => {}
    }
    let log = node::open_log(&config).await?;
    for topic in Topic::ALL {
        for partition in 0..log.partitions(topic) {
            let end = log.end(topic, partition).await?;
            say(&format!("{topic} partition {partition}: {end} records"))?;
        }
    }
    Ok(())
}
