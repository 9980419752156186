//! Running other programs. Their output goes straight to the terminal, unless it is asked for.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Runs a program to its end; an error names it and how it ended.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("start {}", name(command)))?;
    if !status.success() {
        bail!("{} failed: {status}", name(command));
    }
    Ok(())
}

/// Runs a program and gives what it wrote to its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("start {}", name(command)))?;
    if !output.status.success() {
        bail!("{} failed: {}", name(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("read output of {}", name(command)))
}

/// True if the program can be started and ends well.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The program and its first two arguments: enough to know which call it was.
fn name(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(
        command
            .get_args()
            .take(2)
            .map(|word| word.to_string_lossy()),
    );
    format!("`{}`", words.join(" "))
}
