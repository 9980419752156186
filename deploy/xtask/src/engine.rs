//! The embedded engine: `libchdb.so`, ClickHouse as a library, from npm.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::npm::PinnedPackage;
use crate::workspace::CargoWorkspace;

/// Names the library for `medvirk` and the tests. `.cargo/config.toml` gives it the place where
/// this module puts it; an own value wins.
pub(crate) const VARIABLE: &str = "MEDVIRK_CHDB";

const LIBRARY: PinnedPackage = PinnedPackage {
    package: include_str!("../npm/engine/package.json"),
    lock: include_str!("../npm/engine/package-lock.json"),
};

/// Gives the path of the library, and fetches it if it is not there.
pub(crate) fn fetch(workspace: &CargoWorkspace) -> Result<PathBuf> {
    let folder = workspace.fetched.join("engine");
    let library = folder.join("libchdb.so");
    if let Some(own) = own_library(&library) {
        if !own.is_file() {
            bail!("{VARIABLE} names {}, which is not there", own.display());
        }
        return Ok(own);
    }
    if !library.is_file() || !LIBRARY.is_in(&folder) {
        fetch_into(&folder, &library)?;
    }
    show_beside_programs(workspace, &folder)?;
    Ok(library)
}

fn fetch_into(folder: &Path, library: &Path) -> Result<()> {
    if !cfg!(all(
        target_os = "linux",
        target_arch = "x86_64",
        target_env = "gnu"
    )) {
        bail!(
            "the embedded engine exists for Linux on x86-64 with glibc only; \
             elsewhere give `medvirk up` the address of a ClickHouse server"
        );
    }
    eprintln!("   fetching ClickHouse as a library: 170 MB, once");
    LIBRARY.fetch_into(folder)?;
    let modules = folder.join("node_modules");
    let fetched = modules.join("@chdb/lib-linux-x64-gnu/libchdb.so");
    fs::rename(&fetched, library).with_context(|| format!("move {}", fetched.display()))?;
    fs::remove_dir_all(&modules).context("remove what else came with the engine")?;
    LIBRARY.mark(folder)
}

/// A program that is started without cargo looks for the engine in the folders that it lies in.
/// Where cargo puts programs elsewhere, a link leads from there to what was fetched.
fn show_beside_programs(workspace: &CargoWorkspace, folder: &Path) -> Result<()> {
    let link = workspace.target.join("engine");
    if workspace.target == workspace.fetched || link.exists() {
        return Ok(());
    }
    fs::create_dir_all(&workspace.target).context("create the folder of programs")?;
    // One that leads nowhere is of a checkout that is gone.
    fs::remove_file(&link).ok();
    link_folder(folder, &link).with_context(|| format!("make the link {}", link.display()))
}

#[cfg(unix)]
fn link_folder(folder: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(folder, link)
}

#[cfg(not(unix))]
fn link_folder(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

/// What the variable names, if it is not the place where this module puts the library.
fn own_library(library: &Path) -> Option<PathBuf> {
    let named = PathBuf::from(env::var_os(VARIABLE)?);
    (!named.as_os_str().is_empty() && named != library).then_some(named)
}
