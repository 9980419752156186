//! The one program: every role of the service, and the commands of its users.
//!
//! Comes in: a command line. Goes out: an exit code: 0 ok, 2 bad usage, 64 bad configuration,
//! 70 internal, 75 temporary. The invariant: whatever goes wrong is said once, on standard error,
//! with what to do next.

// In reading order.
mod cli;

mod config;

mod roles;

mod client;

mod exit;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}

fn run(cli: cli::Cli) -> anyhow::Result<()> {
    // One crypto library for everything; without this a second one in the graph would be a panic.
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("another crypto provider is installed"))?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(cli::run(cli))
}
