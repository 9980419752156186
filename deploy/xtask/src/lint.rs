//! `cargo xtask lint`: everything that is checked without running the system.

mod licences;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::cargo_tools::MACHETE;
use crate::npm::PinnedPackage;
use crate::steps::CommandSteps;
use crate::workspace::CargoWorkspace;
use crate::{page, shell, tools, tree};

const BUF: PinnedPackage = PinnedPackage {
    package: include_str!("../npm/buf/package.json"),
    lock: include_str!("../npm/buf/package-lock.json"),
};

/// Runs all checks, also after one has failed.
pub(crate) fn run(workspace: &CargoWorkspace) -> Result<()> {
    let mut steps = CommandSteps::start("lint");
    steps.must("tools", || tools::require(tools::ALL))?;
    steps.check("tree", || tree::check(workspace));
    steps.check("licences", || licences::check(workspace));
    steps.check("unused dependencies", || {
        shell::run(&mut MACHETE.command(workspace)?)
    });
    steps.check("rustfmt", || {
        shell::run(workspace.cargo().args(["fmt", "--all", "--check"]))
    });
    steps.check("buf", || buf(workspace));
    steps.check("expected figures", || {
        let mut python = Command::new("python3");
        python.arg("tests/data/btheb/expected.py").arg("--check");
        shell::run(python.current_dir(&workspace.root))
    });
    steps.check("page", || page::check(workspace));
    steps.check("clippy", || {
        let mut cargo = workspace.cargo();
        cargo.args(["clippy", "--workspace", "--all-targets"]);
        shell::run(cargo.args(["--", "--deny", "warnings"]))
    });
    steps.check("documentation", || {
        let mut cargo = workspace.cargo();
        cargo.args(["doc", "--workspace", "--no-deps"]);
        shell::run(cargo.env("RUSTDOCFLAGS", "--deny warnings"))
    });
    steps.finish()
}

/// `buf lint` of the .proto files, by `proto/buf.yaml`. Pinned for Linux; elsewhere the machine's.
fn buf(workspace: &CargoWorkspace) -> Result<()> {
    let mut program = PathBuf::from("buf");
    if cfg!(target_os = "linux") {
        let kind = if cfg!(target_arch = "aarch64") {
            "aarch64"
        } else {
            "x64"
        };
        let folder = workspace.fetched.join("buf");
        program = folder.join(format!("node_modules/@bufbuild/buf-linux-{kind}/bin/buf"));
        if !program.is_file() || !BUF.is_in(&folder) {
            BUF.fetch_into(&folder)?;
            BUF.mark(&folder)?;
        }
    }
    let mut buf = Command::new(program);
    shell::run(buf.arg("lint").current_dir(workspace.root.join("proto")))
}
