//! What a machine does for Medvirk beyond `cargo build`: `cargo xtask up | test | lint | nightly`.
//!
//! Comes in: a checkout and a machine with what the README names. Goes out: a running demo, a
//! test run, a verdict. The invariant: everything is fetched into `target/`, pinned by a file in
//! this repository, and what the machine lacks is named with the Debian package that brings it.

mod cargo_tools;
mod engine;
mod faults;
mod fhir;
mod kafka;
mod lint;
mod mutants;
mod nightly;
mod npm;
mod page;
mod python;
mod rounds;
mod shell;
mod steps;
mod test;
mod tools;
mod tree;
mod up;
mod workspace;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::CargoWorkspace;

/// Sets up, runs and checks Medvirk.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct CommandLine {
    #[command(subcommand)]
    command: XtaskCommand,
}

#[derive(Subcommand)]
enum XtaskCommand {
    /// Fetch the engine, build, and run the demo until Ctrl-C.
    Up {
        /// Goes to `medvirk up --demo`, such as `--data DIR`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Fetch everything that the tests need, then run all tests.
    Test {
        /// Goes to `cargo test --workspace`, such as `-- close` to run the tests of that name.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Kill processes and fill the disk under load, and see that nothing is lost or counted twice.
    Faults(faults::FaultsArguments),
    /// Break every rule of the design in a copy, and see that a test notices each of them.
    Mutants,
    /// Run tests again and again beside busy loops, and keep what failed runs print.
    Rounds(rounds::RoundsArguments),
    /// Run what takes too long for every change: long faults, more clinics and schedules, every
    /// expression of the fold changed, benchmarks, rounds.
    Nightly(nightly::NightlyArguments),
    /// Check format, lints, .proto files, licences, folders and links.
    Lint,
    /// Fetch the embedded engine, and print where it is.
    Engine,
    /// Build the web page of the report, which the program embeds.
    Page,
    /// Kafka brokers to develop against: `kafka up`, `kafka down`.
    #[command(subcommand)]
    Kafka(kafka::KafkaCommand),
    /// Print the Debian packages that this machine lacks, one a line, and say the line that
    /// installs them.
    Tools,
}

fn main() -> ExitCode {
    match run(CommandLine::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: XtaskCommand) -> Result<()> {
    let workspace = CargoWorkspace::find()?;
    match command {
        XtaskCommand::Up { arguments } => up::run(&workspace, &arguments),
        XtaskCommand::Test { arguments } => test::run(&workspace, &arguments),
        XtaskCommand::Faults(faults) => faults::run(&workspace, &faults),
        XtaskCommand::Mutants => mutants::run(&workspace),
        XtaskCommand::Rounds(rounds) => rounds::run(&workspace, &rounds),
        XtaskCommand::Nightly(nightly) => nightly::run(&workspace, &nightly),
        XtaskCommand::Lint => lint::run(&workspace),
        XtaskCommand::Engine => {
            tools::require(tools::UP)?;
            let library = engine::fetch(&workspace)?;
            writeln!(std::io::stdout(), "{}", library.display())?;
            Ok(())
        }
        XtaskCommand::Page => {
            tools::require(tools::UP)?;
            page::build(&workspace)
        }
        XtaskCommand::Kafka(command) => kafka::run(&workspace, command),
        XtaskCommand::Tools => missing_tools(),
    }
}

/// The packages go to standard output, for scripts; what a person does next to standard error.
fn missing_tools() -> Result<()> {
    let installation = tools::installation_of(tools::ALL);
    for package in &installation.packages {
        writeln!(std::io::stdout(), "{package}")?;
    }
    let advice = installation.advice();
    if advice.is_empty() {
        eprintln!("nothing is missing");
    }
    for line in advice {
        eprintln!("{line}");
    }
    Ok(())
}
