//! `cargo xtask faults`: real faults, as many as wanted. Comes in: how many, at how many of them the
//! disk is full, and a seed. Goes out: each fault as it strikes, and a summary. The invariant: it is
//! the same test that the test command runs with 25 faults.

use anyhow::Result;
use clap::Args;

use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{engine, shell, tools};

/// The test that strikes.
const TEST: &str = "what_is_acknowledged_is_there_once_whatever_happens";

/// What `cargo xtask faults` is told.
#[derive(Args)]
pub(crate) struct Faults {
    /// How many faults there are in all: kills of `up` and of each engine, engines that stand
    /// still, and moments when the disk is full.
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// At how many of them the disk is full; one in eight if it is not said.
    #[arg(long)]
    full: Option<u32>,
    /// Repeats the choices of a run that printed this seed.
    #[arg(long)]
    seed: Option<u64>,
}

/// Builds what it needs and runs the test.
pub(crate) fn run(workspace: &Workspace, faults: &Faults) -> Result<()> {
    let mut steps = Steps::start("faults");
    steps.must("tools", || tools::require(tools::FAULTS))?;
    let library = steps.must("engine", || engine::fetch(workspace))?;
    steps.must("build", || {
        let mut cargo = workspace.cargo();
        shell::run(cargo.args(["build", "--package", "medvirk"]))
    })?;
    steps.must("faults", || {
        let mut cargo = workspace.cargo();
        cargo.args(["test", "--quiet", "--package", "medvirk-tests"]);
        cargo.args(["--test", "faults", "--", "--exact", TEST, "--nocapture"]);
        cargo.env(engine::VARIABLE, &library);
        cargo.env("MEDVIRK_BIN", workspace.target.join("debug/medvirk"));
        cargo.env("MEDVIRK_FAULTS", faults.kills.to_string());
        if let Some(full) = faults.full {
            cargo.env("MEDVIRK_FULL", full.to_string());
        }
        if let Some(seed) = faults.seed {
            cargo.env("MEDVIRK_SEED", seed.to_string());
        }
        shell::run(&mut cargo)
    })?;
    steps.finish()
}
