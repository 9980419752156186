//! `cargo xtask up`: from a checkout to the running demo.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::steps::CommandSteps;
use crate::workspace::CargoWorkspace;
use crate::{engine, page, tools};

/// Fetches, builds, and becomes `medvirk up --demo`.
pub(crate) fn run(workspace: &CargoWorkspace, arguments: &[String]) -> Result<()> {
    let mut steps = CommandSteps::start("up");
    steps.must("tools", || tools::require(tools::UP))?;
    let library = steps.must("engine", || engine::fetch(workspace))?;
    steps.must("page", || page::build(workspace))?;
    let program = steps.must("build", || {
        workspace.build_medvirk(&["--profile", "up", "--package", "medvirk"])
    })?;
    steps.finish()?;

    // Medvirk calls itself in its hints as it was called, so it is called as a person would here.
    let mut medvirk = Command::new(from_here(program));
    medvirk.args(["up", "--demo"]).args(arguments);
    medvirk.env(engine::VARIABLE, library);
    become_it(&mut medvirk)
}

/// The program's path from the present folder, where it lies below it.
fn from_here(program: PathBuf) -> PathBuf {
    let here = env::current_dir().unwrap_or_default();
    match program.strip_prefix(here) {
        // A name without a folder would be looked for on PATH.
        Ok(below) if below.components().count() > 1 => below.to_owned(),
        _ => program,
    }
}

/// Replaces this process, so that signals and the exit code are medvirk's own.
#[cfg(unix)]
fn become_it(medvirk: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    Err(medvirk.exec()).context("start medvirk")
}

#[cfg(not(unix))]
fn become_it(medvirk: &mut Command) -> Result<()> {
    let status = medvirk.status().context("start medvirk")?;
    std::process::exit(status.code().unwrap_or(70));
}
