//! The file with a reference or a code. Comes in: the bytes of a file. Goes out: its one line as it
//! stands there. The invariant: a file that has not one line of UTF-8 is named for what it is; no
//! message has anything of the text.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context;
use medvirk_terminal::{CommandExit, error};

/// The one line of a file, or of standard input for `-`. Not an argument, because a command line is
/// seen by every process of the machine.
pub(super) fn read_reference(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let name = if path == Path::new("-") {
        std::io::stdin()
            .read_to_end(&mut bytes)
            .context("read the reference")?;
        "standard input".to_owned()
    } else {
        bytes = std::fs::read(path).map_err(|why| {
            error(
                CommandExit::Usage,
                format!("read {}: {why}", path.display()),
            )
        })?;
        path.display().to_string()
    };
    one_line(&bytes).map_err(|why| error(CommandExit::Usage, format!("{name} {why}")))
}

fn one_line(bytes: &[u8]) -> Result<String, &'static str> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.contains(&0) {
        return Err("is UTF-16; save it as UTF-8");
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8; save it as UTF-8")?;
    let mut lines = text.split(['\r', '\n']).filter(|line| !line.is_empty());
    let line = lines.next().ok_or("is empty; it must have one reference")?;
    if lines.any(|line| !line.trim().is_empty()) {
        return Err("has more than one line; it must have one reference, so make a file for each");
    }
    if line.trim().is_empty() {
        return Err("is blank; it must have one reference");
    }
    Ok(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_read_as_it_stands() {
        let check = |bytes: &[u8], expect: &str| assert_eq!(one_line(bytes).as_deref(), Ok(expect));
        check(b"ra1", "ra1");
        check(b"ra1 \r\n", "ra1 ");
        check(b"\nra1\r\r\n \n", "ra1");
        check(b"\"ra1\"\n", "\"ra1\"");
        check("A\u{30a}se".as_bytes(), "A\u{30a}se");
        // Nobody has it, and the system says why.
        check(b"\xef\xbb\xbfra1\r\n", "\u{feff}ra1");
    }

    #[test]
    fn a_file_without_one_reference_is_named_for_what_it_is() {
        let check = |bytes: &[u8], expect: &str| {
            let told = one_line(bytes).unwrap_err();
            assert!(told.contains(expect), "{told}");
        };
        check(b"\xff\xfer\0a\0", "UTF-16");
        check(b"\0r\0a", "UTF-16");
        check(b"r\xe5", "UTF-8");
        check(b"ra1\nra2\n", "more than one line");
        check(b"ra1\rra2", "more than one line");
        check(b"\r\n", "empty");
        check(b" \n", "blank");
    }
}
