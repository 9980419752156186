//! Finding the library of the embedded engine.

use std::path::{Path, PathBuf};

use anyhow::Context;
use medvirk_terminal::{CommandExit, error};

/// Where the engine's library is: as configured, as the variable says, or where `cargo xtask engine`
/// puts it beside a program that cargo has built.
pub(super) fn library(configured: Option<&Path>) -> anyhow::Result<PathBuf> {
    let variable = || std::env::var_os("MEDVIRK_CHDB").map(PathBuf::from);
    if let Some(path) = configured.map(Path::to_owned).or_else(variable) {
        if path.exists() {
            return Ok(path);
        }
        let message = format!(
            "the engine's library {} is not there; `cargo xtask engine` fetches it",
            path.display()
        );
        return Err(error(CommandExit::Config, message));
    }
    let program = std::env::current_exe().context("find this program")?;
    let beside = |folder: &Path| folder.join("engine").join("libchdb.so");
    let found = program.ancestors().map(beside).find(|path| path.exists());
    found.ok_or_else(|| {
        let message = "libchdb.so is not found: `cargo xtask engine` fetches it; or set MEDVIRK_CHDB or engine.library";
        error(CommandExit::Config, message)
    })
}
