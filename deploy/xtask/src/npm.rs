//! Fetching what npm carries: packages pinned by version and by SHA-512 in `npm/*`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// A package to fetch with its lockfile, which carries the SHA-512 of every archive.
pub(crate) struct PinnedPackage {
    /// The text of `package.json`.
    pub(crate) package: &'static str,
    /// The text of `package-lock.json`.
    pub(crate) lock: &'static str,
}

impl PinnedPackage {
    /// True if `folder` was filled from this very lockfile.
    pub(crate) fn is_in(&self, folder: &Path) -> bool {
        fs::read_to_string(folder.join("fetched.json")).is_ok_and(|lock| lock == self.lock)
    }

    /// Fills `folder/node_modules`; npm refuses an archive whose SHA-512 is another.
    pub(crate) fn fetch_into(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        fs::write(folder.join("package.json"), self.package).context("write package.json")?;
        fs::write(folder.join("package-lock.json"), self.lock).context("write the lockfile")?;
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        npm.args(["--loglevel", "error"]).current_dir(folder);
        // Standard output belongs to the caller: `cargo xtask engine` prints a path there.
        npm.stdout(Stdio::null());
        wait_with_news(&mut npm)
    }

    /// Remembers that `folder` is complete.
    pub(crate) fn mark(&self, folder: &Path) -> Result<()> {
        fs::write(folder.join("fetched.json"), self.lock).context("note what was fetched")
    }
}

/// Waits for npm and says every ten seconds that it is still at it.
fn wait_with_news(npm: &mut Command) -> Result<()> {
    let mut child = npm.spawn().context("start npm")?;
    let from = Instant::now();
    let mut said = 0;
    loop {
        if let Some(status) = child.try_wait().context("wait for npm")? {
            if !status.success() {
                bail!("npm could not fetch it: {status}");
            }
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
        let elapsed = from.elapsed().as_secs();
        if elapsed / 10 > said {
            said = elapsed / 10;
            eprintln!("   fetching, {elapsed} s so far");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKS: [&str; 4] = [
        include_str!("../npm/buf/package-lock.json"),
        include_str!("../npm/engine/package-lock.json"),
        include_str!("../npm/fhir/package-lock.json"),
        include_str!("../../../services/report/web/package-lock.json"),
    ];

    #[test]
    fn every_archive_is_pinned_by_its_sha512_and_by_no_address() {
        for lock in LOCKS {
            let lock: serde_json::Value = serde_json::from_str(lock).unwrap();
            for (path, package) in lock["packages"].as_object().unwrap() {
                if path.is_empty() {
                    continue;
                }
                let integrity = package["integrity"].as_str().unwrap();
                assert!(integrity.starts_with("sha512-"), "{path}");
                assert!(package.get("resolved").is_none(), "{path}");
            }
        }
    }

    #[test]
    fn a_folder_filled_from_another_lockfile_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let one = PinnedPackage {
            package: "",
            lock: "{\"a\":1}",
        };
        let other = PinnedPackage {
            package: "",
            lock: "{\"a\":2}",
        };

        assert!(!one.is_in(folder.path()));
        one.mark(folder.path()).unwrap();

        assert!(one.is_in(folder.path()));
        assert!(!other.is_in(folder.path()));
    }
}
