//! Hints name commands, and a command must work where it is read. Comes in: how this program was
//! called. Goes out: commands that can be pasted into the same shell, in the same folder. The
//! invariant: wherever this program was found, by a path or on PATH, the hint finds it too.

use std::ffi::OsStr;
use std::path::Path;

/// A command of this program, such as `target/release/medvirk indicators`.
pub fn command(arguments: &[&str]) -> String {
    let words = [called()].into_iter();
    let arguments = arguments.iter().map(|argument| quoted(argument));
    words.chain(arguments).collect::<Vec<_>>().join(" ")
}

/// The text with each command between backticks as it can be typed here. Every crate calls the
/// program by its name; only the program knows how it was called.
pub fn runnable(text: &str) -> String {
    with_program(text, &called())
}

fn with_program(text: &str, called: &str) -> String {
    text.replace("`medvirk ", &format!("`{called} "))
}

fn called() -> String {
    called_as(std::env::args_os().next().as_deref())
}

/// A path is how the user, or cargo for the user, found the program. A name alone was found on
/// PATH; nothing at all is a caller's own way, and then the name is the best that there is.
fn called_as(first: Option<&OsStr>) -> String {
    let first = first
        .map(Path::new)
        .filter(|path| path.file_name().is_some());
    first.map_or_else(
        || "medvirk".to_owned(),
        |path| quoted(&path.to_string_lossy()),
    )
}

/// A word as a shell takes it: in quotes where it has more in it than names usually have.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./:=,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_names_the_program_as_it_was_called() {
        let called = |first: &str| called_as(Some(OsStr::new(first)));
        assert_eq!(called("target/release/medvirk"), "target/release/medvirk");
        assert_eq!(called("medvirk"), "medvirk");
        assert_eq!(called(""), "medvirk");
        assert_eq!(called_as(None), "medvirk");
        assert_eq!(called("/a folder/medvirk"), "'/a folder/medvirk'");
        assert_eq!(called("/it's/medvirk"), r"'/it'\''s/medvirk'");
    }

    #[test]
    fn every_command_of_a_text_is_runnable_and_nothing_else_changes() {
        let text = "mend the cause, then `medvirk admin dead-letter replay`; medvirk, `medvirk`, \
            `cargo xtask engine` and `medvirk up`";
        let expected = "mend the cause, then `./m admin dead-letter replay`; medvirk, `medvirk`, \
            `cargo xtask engine` and `./m up`";
        assert_eq!(with_program(text, "./m"), expected);
    }

    #[test]
    fn arguments_are_quoted_where_a_shell_would_split_them() {
        let hint = command(&["indicators", "--data", "my data"]);
        assert!(hint.ends_with("indicators --data 'my data'"), "{hint}");
    }
}
