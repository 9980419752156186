//! Where things are.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::shell;

/// The checkout.
pub(crate) struct Workspace {
    /// Its top folder.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// Where xtask keeps what it fetched. Always in the checkout, as `.cargo/config.toml` says.
    pub(crate) fetched: PathBuf,
    /// Every package that the workspace is built of, its own members first to last.
    pub(crate) packages: Vec<Package>,
}

/// A package, as cargo describes it.
#[derive(Deserialize)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// SPDX expression.
    pub(crate) license: Option<String>,
    /// Where it comes from; `None` for our own.
    pub(crate) source: Option<String>,
    /// Its Cargo.toml.
    pub(crate) manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    packages: Vec<Package>,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn find() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
        let mut cargo = Command::new(cargo_program());
        cargo.args(["metadata", "--format-version", "1"]);
        let text = shell::output(cargo.arg("--manifest-path").arg(manifest))?;
        let metadata: Metadata = serde_json::from_str(&text).context("read cargo metadata")?;
        Ok(Self {
            fetched: metadata.workspace_root.join("target"),
            root: metadata.workspace_root,
            target: metadata.target_directory,
            packages: metadata.packages,
        })
    }

    /// Cargo, in the top folder.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(cargo_program());
        cargo.current_dir(&self.root);
        cargo
    }

    /// The files of the repository, tracked or about to be, by path from the top folder.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>> {
        let mut git = Command::new("git");
        git.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
        let listed = shell::output(git.current_dir(&self.root))?;
        let mut files: Vec<PathBuf> = listed.lines().map(PathBuf::from).collect();
        files.retain(|file| self.root.join(file).is_file());
        files.sort();
        files.dedup();
        Ok(files)
    }
}

fn cargo_program() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}
