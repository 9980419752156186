//! The embedded engine: `libchdb.so`, ClickHouse as a library, from npm.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::npm::Pinned;
use crate::workspace::Workspace;

/// Names the library for `medvirk` and the tests. `.cargo/config.toml` gives it the place where
/// this module puts it; an own value wins.
pub(crate) const VARIABLE: &str = "MEDVIRK_CHDB";

const LIBRARY: Pinned = Pinned {
    package: include_str!("../npm/engine/package.json"),
    lock: include_str!("../npm/engine/package-lock.json"),
};

/// Gives the path of the library, and fetches it if it is not there.
pub(crate) fn fetch(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.fetched.join("engine");
    let library = folder.join("libchdb.so");
    if let Some(own) = own_library(&library) {
        if !own.is_file() {
            bail!("{VARIABLE} names {}, which is not there", own.display());
        }
        return Ok(own);
    }
    if library.is_file() && LIBRARY.is_in(&folder) {
        return Ok(library);
    }
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
    LIBRARY.fetch_into(&folder)?;
    let modules = folder.join("node_modules");
    let fetched = modules.join("@chdb/lib-linux-x64-gnu/libchdb.so");
    fs::rename(&fetched, &library).with_context(|| format!("move {}", fetched.display()))?;
    fs::remove_dir_all(&modules).context("remove what else came with the engine")?;
    LIBRARY.mark(&folder)?;
    Ok(library)
}

/// What the variable names, if it is not the place where this module puts the library.
fn own_library(library: &PathBuf) -> Option<PathBuf> {
    let named = PathBuf::from(env::var_os(VARIABLE)?);
    (!named.as_os_str().is_empty() && named != *library).then_some(named)
}
