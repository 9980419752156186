//! How the code names and explains itself, counted. Comes in: the Rust files of the repository.
//! Goes out: shares and places, and what is beyond the limits. The invariant: a name can be
//! understood away from its module, and a comment can be understood away from its line.
//!
//! Names of types and heads of files are counted in code that is shipped. What should stand nowhere
//! is counted in tests and benchmarks too.

mod reading;

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

use self::reading::SourceReading;
use super::SourceTree;

/// What holds today. A limit may fall, and no limit may rise.
const LIMITS: NameLimits = NameLimits {
    one_word_percent: 7,
    repeated_percent: 2,
    tuple_parameters: 7,
    bool_arms: 0,
    short_comments: 0,
    files_without_head: 0,
};

/// The largest number of each thing that the check accepts.
struct NameLimits {
    one_word_percent: usize,
    repeated_percent: usize,
    tuple_parameters: usize,
    bool_arms: usize,
    short_comments: usize,
    files_without_head: usize,
}

/// What was counted in the whole repository.
#[derive(Default)]
pub(super) struct NameFigures {
    /// Each type name of shipped code, with the files that declare it.
    types: BTreeMap<String, Vec<String>>,
    tuple_parameters: Vec<String>,
    bool_arms: Vec<String>,
    short_comments: Vec<String>,
    files_without_head: Vec<String>,
    unreadable: Vec<String>,
}

impl SourceTree {
    /// Reads every Rust file of the repository and counts.
    pub(super) fn name_figures(&self) -> NameFigures {
        let mut figures = NameFigures::default();
        for (path, text) in self.with_ending("rs") {
            figures.add(path, text);
        }
        figures
    }
}

impl NameFigures {
    /// Everything that is beyond the limits, one line each.
    pub(super) fn beyond_limits(&self) -> Vec<String> {
        self.beyond(&LIMITS)
    }

    fn add(&mut self, path: &Path, text: &str) {
        let Ok(reading) = SourceReading::of(text) else {
            self.unreadable.push(path.display().to_string());
            return;
        };
        let place = |what: String| format!("{}: {what}", path.display());
        self.tuple_parameters
            .extend(reading.tuple_parameters.into_iter().map(place));
        self.bool_arms
            .extend(reading.bool_arms.into_iter().map(place));
        self.short_comments
            .extend(reading.short_comments.into_iter().map(place));
        if is_shipped(path) {
            if !reading.has_head {
                self.files_without_head.push(path.display().to_string());
            }
            for name in reading.types {
                let files = self.types.entry(name).or_default();
                files.push(path.display().to_string());
            }
        }
    }

    fn beyond(&self, limits: &NameLimits) -> Vec<String> {
        let mut problems: Vec<String> = self
            .unreadable
            .iter()
            .map(|path| format!("{path} cannot be parsed"))
            .collect();
        for (what, percent, limit) in [
            ("one word", self.one_word_percent(), limits.one_word_percent),
            (
                "declared more than once",
                self.repeated_percent(),
                limits.repeated_percent,
            ),
        ] {
            if percent > limit {
                problems.push(format!(
                    "{percent} % of the type names are {what}; at most {limit} % may be"
                ));
            }
        }
        for (what, places, limit) in [
            (
                "a tuple pattern is a parameter",
                &self.tuple_parameters,
                limits.tuple_parameters,
            ),
            (
                "`match` on a bool; write `if`",
                &self.bool_arms,
                limits.bool_arms,
            ),
            (
                "a comment of fewer than four words",
                &self.short_comments,
                limits.short_comments,
            ),
            (
                "no `//!` at the head",
                &self.files_without_head,
                limits.files_without_head,
            ),
        ] {
            if places.len() > limit {
                problems.extend(places.iter().map(|place| format!("{place}: {what}")));
            }
        }
        problems
    }

    fn declarations(&self) -> usize {
        self.types.values().map(Vec::len).sum()
    }

    fn one_word_percent(&self) -> usize {
        let one_word = self.types.iter().filter(|(name, _)| words(name) == 1);
        percent(
            one_word.map(|(_, files)| files.len()).sum(),
            self.declarations(),
        )
    }

    fn repeated_percent(&self) -> usize {
        let repeated = self.types.values().filter(|files| files.len() > 1);
        percent(repeated.map(Vec::len).sum(), self.declarations())
    }
}

impl Display for NameFigures {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "   {} types: {} % have a name of one word, {} % share their name",
            self.declarations(),
            self.one_word_percent(),
            self.repeated_percent()
        )?;
        write!(
            f,
            "   {} tuple parameters, {} matches on a bool, {} comments of fewer than four words, {} files without `//!`",
            self.tuple_parameters.len(),
            self.bool_arms.len(),
            self.short_comments.len(),
            self.files_without_head.len()
        )
    }
}

/// Whether a file is part of a program that users run or that builds it.
fn is_shipped(path: &Path) -> bool {
    let mut parts = path.iter();
    !parts.any(|part| part == "tests" || part == "tests.rs" || part == "benches")
}

/// The number of words of a type's name: `ReadBackCache` has three, `HTTPServer` has two.
fn words(name: &str) -> usize {
    let letters: Vec<char> = name.chars().collect();
    let begins_word = |at: &usize| {
        let before = letters[at - 1];
        let after_is_small = letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        letters[*at].is_uppercase() && (!before.is_uppercase() || after_is_small)
    };
    1 + (1..letters.len()).filter(begins_word).count()
}

/// The share in whole percent, rounded up so that a limit is never passed unseen.
fn percent(part: usize, whole: usize) -> usize {
    (100 * part).div_ceil(whole.max(1))
}

#[cfg(test)]
mod tests;
