//! Programs of the Rust world that checks need and cargo does not bring. The invariant: a version is
//! pinned here, with the lockfile of its own, and is built once for a checkout.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::shell;
use crate::workspace::CargoWorkspace;

/// A program that `cargo install` builds.
pub(crate) struct CargoTool {
    /// Its package and its program.
    name: &'static str,
    version: &'static str,
}

/// Names dependencies that no source names.
pub(crate) const MACHETE: CargoTool = CargoTool {
    name: "cargo-machete",
    version: "0.9.2",
};

/// Changes one expression after another, and sees whether a test notices.
pub(crate) const MUTANTS: CargoTool = CargoTool {
    name: "cargo-mutants",
    version: "27.1.0",
};

impl CargoTool {
    /// Gives the program, and builds it if it is not there in this version. It is not optimised: what
    /// it does takes seconds, and building it would take minutes.
    pub(crate) fn fetch(&self, workspace: &CargoWorkspace) -> Result<PathBuf> {
        let tools = workspace.fetched.join("tools");
        let folder = tools.join(format!("{}-{}", self.name, self.version));
        let program = folder.join("bin").join(self.name);
        if program.is_file() {
            return Ok(program);
        }
        let mut cargo = workspace.cargo();
        cargo.args(["install", "--quiet", "--locked", "--debug", "--no-track"]);
        cargo.args(["--version", self.version, self.name]);
        cargo.arg("--root").arg(&folder);
        cargo.arg("--target-dir").arg(tools.join("build"));
        shell::run(&mut cargo)?;
        std::fs::remove_dir_all(tools.join("build")).context("remove what it was built of")?;
        Ok(program)
    }

    /// The program in the top folder, called by cargo itself: how such programs read their arguments
    /// depends on who calls them.
    pub(crate) fn command(&self, workspace: &CargoWorkspace) -> Result<Command> {
        let program = self.fetch(workspace)?;
        let folder = program.parent().context("the folder of a program")?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
        let mut command = workspace.cargo();
        command.env(
            "PATH",
            std::env::join_paths(folders).context("put a folder into PATH")?,
        );
        // With it a program thinks that `cargo run` has started it, which is true of xtask alone.
        command.env_remove("CARGO_PKG_NAME");
        command.arg(self.name.trim_start_matches("cargo-"));
        Ok(command)
    }
}
