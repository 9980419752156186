//! Python for the tests: a virtual environment of its own, with pinned packages.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::shell;
use crate::workspace::CargoWorkspace;

/// Names the interpreter for the tests.
pub(crate) const VARIABLE: &str = "MEDVIRK_PYTHON";

/// Gives the interpreter, and makes its environment if it is not there or not of these packages.
pub(crate) fn fetch(workspace: &CargoWorkspace) -> Result<PathBuf> {
    let requirements = workspace.root.join("tests/python/requirements.txt");
    let mut wanted = String::new();
    // The first one's packages are part of the second one.
    for file in ["client-requirements.txt", "requirements.txt"] {
        let text = fs::read_to_string(requirements.with_file_name(file));
        wanted += &text.context("read the Python requirements")?;
    }
    let folder = workspace.fetched.join("venv");
    let python = folder.join("bin/python");
    let stamp = folder.join("fetched.txt");
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    shell::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--only-binary", ":all:"]);
    pip.args(["--disable-pip-version-check", "--requirement"]);
    shell::run(pip.arg(&requirements))?;
    fs::write(&stamp, wanted).context("note what was installed")?;
    Ok(python)
}
