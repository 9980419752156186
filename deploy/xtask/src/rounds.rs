//! `cargo xtask rounds`: the same tests again and again on a busy machine. Comes in: how often, beside how
//! many busy loops, and which tests. Goes out: each failure as it happens, and a summary. The invariant:
//! what a failed run printed is kept, whatever the next run does.

mod program;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::shell;
use crate::steps::CommandSteps;
use crate::test::TestEnvironment;
use crate::workspace::CargoWorkspace;

use program::{FailedRun, TestProgram};

/// Packages whose tests have no clock, no network and no second thread: another round is the same
/// round.
const DETERMINISTIC: [&str; 7] = [
    "medvirk-attacker",
    "medvirk-domain",
    "medvirk-fhir",
    "medvirk-mutants",
    "medvirk-proto",
    "medvirk-simulation",
    "xtask",
];

/// What `cargo xtask rounds` is told.
#[derive(Args)]
pub(crate) struct RoundsArguments {
    /// How often each test program runs.
    #[arg(long, default_value_t = 20)]
    rounds: u32,
    /// Loops that keep as many processors busy meanwhile.
    #[arg(long, default_value_t = 2)]
    busy: usize,
    /// Tests whose names have one of these in them; without any, all tests that could go otherwise
    /// the next time.
    names: Vec<String>,
}

/// Builds the test programs and runs them.
pub(crate) fn run(workspace: &CargoWorkspace, rounds: &RoundsArguments) -> Result<()> {
    let mut steps = CommandSteps::start("rounds");
    let environment = TestEnvironment::prepare(workspace, &mut steps)?;
    steps.must("rounds", || run_all(workspace, &environment, rounds))?;
    steps.finish()
}

/// Twenty rounds of everything that could go otherwise.
pub(crate) fn run_nightly(workspace: &CargoWorkspace, environment: &TestEnvironment) -> Result<()> {
    let rounds = RoundsArguments {
        rounds: 20,
        busy: 2,
        names: Vec::new(),
    };
    run_all(workspace, environment, &rounds)
}

fn run_all(
    workspace: &CargoWorkspace,
    environment: &TestEnvironment,
    asked: &RoundsArguments,
) -> Result<()> {
    let programs = programs(workspace, environment, asked)?;
    let folder = workspace.fetched.join("rounds");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("remove what earlier rounds left")?;
    }
    fs::create_dir_all(&folder).context("make a folder for what failed runs print")?;
    let busy = BusyLoops::start(asked.busy);
    let mut failures = Vec::new();
    for round in 1..=asked.rounds {
        for program in &programs {
            eprintln!("   round {round} of {}: {}", asked.rounds, program.name());
            let printed = folder.join(format!("{round}-{}.txt", program.name()));
            if let Some(failure) = program.run(environment, &asked.names, &printed)? {
                eprintln!("   {failure}");
                failures.push(failure);
            }
        }
    }
    drop(busy);
    let runs = programs.len() * usize::try_from(asked.rounds)?;
    verdict(runs, &failures)
}

/// Fails with every failure, so that it is seen after hours of progress.
fn verdict(runs: usize, failures: &[FailedRun]) -> Result<()> {
    if failures.is_empty() {
        eprintln!("   {runs} runs, none of them failed");
        return Ok(());
    }
    let lines: Vec<String> = failures.iter().map(ToString::to_string).collect();
    bail!(
        "{} of {runs} runs failed:\n{}",
        failures.len(),
        lines.join("\n")
    )
}

/// The test programs that have something to run.
fn programs(
    workspace: &CargoWorkspace,
    environment: &TestEnvironment,
    asked: &RoundsArguments,
) -> Result<Vec<TestProgram>> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--workspace", "--no-run"]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    let messages = shell::output(environment.of(&mut cargo))?;
    let package_of = |manifest: &PathBuf| {
        let mut packages = workspace.packages.iter();
        let found = packages.find(|package| package.manifest_path == *manifest);
        found.map(|package| package.name.clone())
    };
    let mut programs = TestProgram::built(&messages, package_of);
    if asked.names.is_empty() {
        programs.retain(|program| !DETERMINISTIC.contains(&program.package.as_str()));
    } else {
        programs.retain(|program| program.has_test_named(environment, &asked.names));
    }
    if programs.is_empty() {
        bail!("no test has such a name");
    }
    Ok(programs)
}

/// Loops that do nothing but keep processors busy, until they are dropped.
struct BusyLoops {
    end: Arc<AtomicBool>,
    loops: Vec<JoinHandle<()>>,
}

impl BusyLoops {
    fn start(count: usize) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let start = |_| {
            let end = Arc::clone(&end);
            thread::spawn(move || {
                while !end.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        let loops = (0..count).map(start).collect();
        Self { end, loops }
    }
}

impl Drop for BusyLoops {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        for busy in self.loops.drain(..) {
            // A loop has nothing in it that could fail.
            let _ = busy.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_loops_end_when_they_are_dropped() {
        let busy = BusyLoops::start(2);
        let end = Arc::clone(&busy.end);
        assert_eq!(Arc::strong_count(&end), 4, "one each, this and the struct");
        drop(busy);
        assert_eq!(Arc::strong_count(&end), 1);
    }

    #[test]
    fn every_failure_is_in_the_verdict() {
        assert!(verdict(40, &[]).is_ok());
        let failure = |round: &str| FailedRun {
            program: "medvirk-tests-system".to_owned(),
            tests: vec!["stopping".to_owned()],
            printed: PathBuf::from(format!("target/rounds/{round}.txt")),
        };
        let error = verdict(40, &[failure("3"), failure("7")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2 of 40 runs failed:\n\
             medvirk-tests-system: stopping; see target/rounds/3.txt\n\
             medvirk-tests-system: stopping; see target/rounds/7.txt"
        );
    }
}
