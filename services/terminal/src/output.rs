//! Standard output and standard error, a line at a time.

use std::io::Write as _;

/// Writes a line on standard error. That nobody reads it any more is no reason to stop: what was
/// begun goes on, and the exit code says how it ended.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Writes a line on standard output, where it is at once.
pub fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// Writes text that ends its own lines on standard output.
pub fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
