//! `cargo xtask up`: from a checkout to the running demo.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{engine, page, shell, tools};

/// Fetches, builds, and becomes `medvirk up --demo`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let mut steps = Steps::start("up");
    steps.must("tools", || tools::require(tools::UP))?;
    let library = steps.must("engine", || engine::fetch(workspace))?;
    steps.must("page", || page::build(workspace))?;
    steps.must("build", || {
        let mut cargo = workspace.cargo();
        shell::run(cargo.args(["build", "--release", "--package", "medvirk"]))
    })?;
    steps.finish()?;

    let mut medvirk = Command::new(workspace.target.join("release/medvirk"));
    medvirk.args(["up", "--demo"]).args(arguments);
    medvirk.env(engine::VARIABLE, library);
    become_it(&mut medvirk)
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
