//! The one program: every role of the service, and the commands of its users.
//!
//! Comes in: a command line. Goes out: an exit code: 0 ok, 2 bad usage, 64 bad configuration,
//! 70 internal, 75 temporary. The invariant: whatever goes wrong is said once, on standard error,
//! with what to do next.

// In reading order.
mod cli;

mod config;

mod roles;

mod exit;
mod log_errors;

use std::process::ExitCode;

use clap::Parser;

use cli::{AdminSubcommand, CommandLine, MedvirkCommand};
use roles::RoleSelection;

fn main() -> ExitCode {
    let cli = CommandLine::parse();
    leave_no_core();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}

/// A core file would hold answers, references and secrets. A limit of one byte also keeps the kernel
/// from handing the core to a program, which a limit of none does not. Children inherit it.
fn leave_no_core() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let allowed = getrlimit(Resource::Core).maximum.unwrap_or(1);
    let limit = Some(allowed.min(1));
    let none = Rlimit {
        current: limit,
        maximum: limit,
    };
    // A limit may always be lowered; where the system says otherwise, it has one of its own.
    let _ = setrlimit(Resource::Core, none);
}

fn run(cli: CommandLine) -> anyhow::Result<()> {
    // One crypto library for everything; without this a second one in the graph would be a panic.
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("another crypto provider is installed"))?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(perform(cli.command))
}

/// Does what the command line says.
async fn perform(command: MedvirkCommand) -> anyhow::Result<()> {
    match command {
        MedvirkCommand::Up(up) => roles::up(up).await,
        MedvirkCommand::Ingest(role) => roles::run(role, RoleSelection::INGEST).await,
        MedvirkCommand::Aggregate(aggregate) => roles::aggregate(aggregate).await,
        MedvirkCommand::Registrar(role) => roles::run(role, RoleSelection::REGISTRAR).await,
        MedvirkCommand::Report(role) => roles::run(role, RoleSelection::REPORT).await,
        MedvirkCommand::Extract(role) => roles::run(role, RoleSelection::EXTRACT).await,
        MedvirkCommand::Engine(engine) => roles::engine(engine).await,
        MedvirkCommand::Submit(submit) => medvirk_client::submit(submit).await,
        MedvirkCommand::Import(import) => medvirk_importers::import(import).await,
        MedvirkCommand::Simulate(simulate) => medvirk_simulator::simulate(simulate).await,
        MedvirkCommand::Catalogue(catalogue) => medvirk_client::catalogue(catalogue),
        MedvirkCommand::Indicators(indicators) => medvirk_client::indicators(indicators).await,
        MedvirkCommand::Pull(pull) => medvirk_client::pull(pull).await,
        MedvirkCommand::Coverage(coverage) => medvirk_client::coverage(coverage).await,
        MedvirkCommand::Involvement(command) => medvirk_client::involvement(command).await,
        MedvirkCommand::Admin(AdminSubcommand::Migrate(role)) => roles::migrate(role).await,
        MedvirkCommand::Admin(AdminSubcommand::Topics(role)) => roles::topics(role).await,
        MedvirkCommand::Admin(AdminSubcommand::Client(command)) => {
            medvirk_client::admin(command).await
        }
    }
}
