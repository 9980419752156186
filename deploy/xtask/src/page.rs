//! The web page of the report: built by Vite into `services/report/web/dist`, which the program
//! embeds. Built again only when a source is newer than what was built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, Result};

use crate::shell;
use crate::workspace::CargoWorkspace;

/// What the page is built of, beside its lockfile.
const SOURCES: [&str; 6] = [
    "index.html",
    "package.json",
    "package-lock.json",
    "src",
    "svelte.config.js",
    "vite.config.ts",
];

/// Builds the page, unless what was built is newer than every source.
pub(crate) fn build(workspace: &CargoWorkspace) -> Result<()> {
    let folder = folder(workspace);
    let built = changed(&folder.join("dist/index.html"));
    let newest = SOURCES
        .iter()
        .filter_map(|source| changed(&folder.join(source)))
        .max();
    if built.is_some() && built > newest {
        return Ok(());
    }
    fetch(workspace)?;
    let mut npm = Command::new("npm");
    shell::run(npm.args(["run", "--silent", "build"]).current_dir(&folder))
}

/// Checks types, and that the page's sources have no accessibility warning.
pub(crate) fn check(workspace: &CargoWorkspace) -> Result<()> {
    fetch(workspace)?;
    let mut npm = Command::new("npm");
    shell::run(
        npm.args(["run", "--silent", "check"])
            .current_dir(folder(workspace)),
    )
}

/// Fetches what the page is built with, as its lockfile has it.
pub(crate) fn fetch(workspace: &CargoWorkspace) -> Result<()> {
    let folder = folder(workspace);
    let stamp = folder.join("node_modules/.fetched");
    let lock = folder.join("package-lock.json");
    let wanted = fs::read_to_string(&lock).context("read the page's lockfile")?;
    if fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    shell::run(npm.args(["--loglevel", "error"]).current_dir(&folder))?;
    fs::write(&stamp, wanted).context("note what was fetched")
}

fn folder(workspace: &CargoWorkspace) -> PathBuf {
    workspace.root.join("services/report/web")
}

/// When a file, or the newest file of a folder, was changed; `None` where there is none.
fn changed(path: &Path) -> Option<SystemTime> {
    let about = fs::metadata(path).ok()?;
    if about.is_file() {
        return about.modified().ok();
    }
    let inside = fs::read_dir(path).ok()?.flatten();
    inside.filter_map(|entry| changed(&entry.path())).max()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_newest_file_of_a_folder_counts() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(changed(&folder.path().join("nothing")), None);
        let inside = folder.path().join("a/b");
        fs::create_dir_all(&inside).unwrap();
        fs::write(folder.path().join("old"), "").unwrap();
        let new = fs::File::create(inside.join("new")).unwrap();
        let old = changed(&folder.path().join("old")).unwrap();
        let later = old + Duration::from_secs(100);
        new.set_modified(later).unwrap();
        assert_eq!(changed(folder.path()), Some(later));
    }
}
