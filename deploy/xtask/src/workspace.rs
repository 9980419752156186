//! Finds the folders of the checkout and of what cargo builds.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::shell;

/// The checkout as cargo describes it.
pub(crate) struct CargoWorkspace {
    /// The top folder of the checkout.
    pub(crate) root: PathBuf,
    /// Where cargo puts programs: `target`, or what `CARGO_TARGET_DIR` or a configuration says.
    pub(crate) target: PathBuf,
    /// Where xtask keeps what it fetched. Always in the checkout, as `.cargo/config.toml` says, so
    /// that a plain `cargo test` finds it wherever cargo builds.
    pub(crate) fetched: PathBuf,
    /// Every package that the workspace is built of, its own members first to last.
    pub(crate) packages: Vec<CargoPackage>,
    /// Where cargo builds what programs are made of, if it may not build where it would.
    build: Option<String>,
}

/// A package, as cargo describes it.
#[derive(Deserialize)]
pub(crate) struct CargoPackage {
    /// The name of the package.
    pub(crate) name: String,
    /// The version of the package.
    pub(crate) version: String,
    /// The licence as an SPDX expression.
    pub(crate) license: Option<String>,
    /// Where it comes from; `None` for our own.
    pub(crate) source: Option<String>,
    /// The path of its `Cargo.toml`.
    pub(crate) manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct CargoMetadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    build_directory: PathBuf,
    packages: Vec<CargoPackage>,
}

impl CargoWorkspace {
    /// Asks cargo where the checkout is.
    pub(crate) fn find() -> Result<Self> {
        let manifest = own_folder().join("../../Cargo.toml");
        let mut cargo = Command::new(cargo_program());
        cargo.args(["metadata", "--format-version", "1"]);
        let text = shell::output(cargo.arg("--manifest-path").arg(manifest))?;
        let metadata: CargoMetadata = serde_json::from_str(&text).context("read cargo metadata")?;
        let homes = [env::var_os("CARGO_HOME").map(PathBuf::from), cargo_home()];
        let homes = homes.into_iter().flatten().chain([env::temp_dir()]);
        Ok(Self {
            fetched: metadata.workspace_root.join("target"),
            root: metadata.workspace_root,
            target: metadata.target_directory,
            packages: metadata.packages,
            build: other_build_folder(&metadata.build_directory, homes)?,
        })
    }

    /// Cargo, in the top folder, which builds where it would from the present folder.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(cargo_program());
        cargo.current_dir(&self.root);
        cargo.env("CARGO_TARGET_DIR", &self.target);
        if let Some(build) = &self.build {
            cargo.env("CARGO_BUILD_BUILD_DIR", build);
        }
        cargo
    }

    /// Builds what the arguments say, and gives the path of `medvirk`, which is one of it. Cargo
    /// says where it is: a target or folders of the user's own put it elsewhere.
    pub(crate) fn build_medvirk(&self, arguments: &[&str]) -> Result<PathBuf> {
        let mut cargo = self.cargo();
        cargo.args(["build", "--message-format", "json-render-diagnostics"]);
        let messages = shell::output(cargo.args(arguments))?;
        executable(&messages, "medvirk").context("cargo has built no medvirk")
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

/// The folder of this crate. Asked of cargo at run time: where several checkouts build into one
/// folder, the program may have been built in another.
fn own_folder() -> PathBuf {
    let run_by_cargo = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    run_by_cargo
        .filter(|folder| folder.ends_with("deploy/xtask"))
        .unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into())
}

fn cargo_home() -> Option<PathBuf> {
    Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"))
}

/// The build of librdkafka, the Kafka client, does not work in a folder whose path has white
/// space in it. Then cargo builds in the first of `homes` that has none, in a folder of this
/// checkout's own; the programs still end up in `target`.
fn other_build_folder(
    build: &Path,
    homes: impl IntoIterator<Item = PathBuf>,
) -> Result<Option<String>> {
    if !has_white_space(build) {
        return Ok(None);
    }
    let home = homes.into_iter().find(|home| !has_white_space(home));
    let home = home.context(
        "librdkafka, the Kafka client, cannot be built in a folder with a space in its path; set \
         CARGO_TARGET_DIR to one without",
    )?;
    // Cargo fills in which workspace it is.
    let folder = home.join("build/{workspace-path-hash}");
    Ok(Some(folder.display().to_string()))
}

fn has_white_space(path: &Path) -> bool {
    path.to_string_lossy().contains(char::is_whitespace)
}

/// The path of a program among cargo's messages, one JSON object a line.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let mut built = messages.filter(|message: &serde_json::Value| {
        message["reason"] == "compiler-artifact" && message["target"]["name"] == name
    });
    built.find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

fn cargo_program() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(build: &str, homes: &[&str]) -> Result<Option<String>> {
        other_build_folder(Path::new(build), homes.iter().map(PathBuf::from))
    }

    #[test]
    fn a_path_with_a_space_is_not_built_in() {
        assert_eq!(other("/src/medvirk/target", &["/home"]).unwrap(), None);
        assert_eq!(
            other("/my src/medvirk/target", &["/my home", "/home"]).unwrap(),
            Some("/home/build/{workspace-path-hash}".to_owned())
        );
        let nowhere = other("/my src/target", &["/my home"]).unwrap_err();
        assert!(
            nowhere.to_string().contains("CARGO_TARGET_DIR"),
            "{nowhere}"
        );
    }

    #[test]
    fn cargo_says_where_a_program_is() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"medvirk"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"xtask"},"executable":"/t/debug/xtask"}
{"reason":"compiler-artifact","target":{"name":"medvirk"},"executable":"/t/x86/debug/medvirk"}
{"reason":"build-finished","success":true}"#;
        let found = executable(messages, "medvirk");
        assert_eq!(found, Some(PathBuf::from("/t/x86/debug/medvirk")));
        assert_eq!(executable(messages, "aggregator"), None);
    }
}
