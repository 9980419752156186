//! Samples of Rust in the READMEs of the services. Comes in: the files of the repository. Goes out:
//! types that a sample names and that no code declares. The invariant: whoever copies a sample finds
//! every type of it by that very name.

use std::collections::BTreeSet;
use std::path::Path;

use super::SourceTree;
use super::glossary::declared;

/// Types of Rust itself, which a sample may name too.
const OF_RUST: [&str; 9] = [
    "Arc", "Box", "Duration", "Err", "Ok", "Option", "Result", "String", "Vec",
];

impl SourceTree {
    /// Every type in a sample of a README that no code declares.
    pub(super) fn samples_without_code(&self) -> Vec<String> {
        let code: Vec<String> = self.code().collect();
        let mut known: BTreeSet<&str> = code.iter().flat_map(|text| declared(text)).collect();
        known.extend(OF_RUST);
        let readmes = self.with_ending("md").filter(|(path, _)| is_readme(path));
        let mut problems = Vec::new();
        for (path, text) in readmes {
            let path = path.display();
            for (line, sample) in samples(text) {
                let unknown = types(sample).filter(|name| !known.contains(name));
                problems.extend(unknown.map(|name| {
                    format!("{path}:{line} has `{name}` in a sample; no code declares it")
                }));
            }
        }
        problems
    }
}

fn is_readme(path: &Path) -> bool {
    path.starts_with("services") && path.ends_with("README.md")
}

/// The lines of all samples of Rust, with their numbers in the document.
fn samples(document: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    (1..).zip(document.lines()).filter(move |(_, line)| {
        let fence = line.starts_with("```");
        inside = if fence { *line == "```rust" } else { inside };
        inside && !fence
    })
}

/// The types of a line: words with a capital and a small letter, neither in a text nor in a comment,
/// and not behind `::`, where variants stand.
fn types(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    let outside = code.split('"').step_by(2);
    let paths = outside.flat_map(|part| {
        part.split(|letter: char| !letter.is_alphanumeric() && !"_:".contains(letter))
    });
    let names = paths.filter_map(|path| path.split("::").find(|part| is_type(part)));
    names.map(|name| name.trim_matches(':'))
}

fn is_type(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_uppercase())
        && word.contains(|letter: char| letter.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;

    fn missing(sample: &str) -> Vec<String> {
        let readme = format!("# a\n\n```rust\n{sample}\n```\n\nNo `Prose` here.\n");
        let tree = tree(&[
            ("services/a/README.md", &readme),
            (
                "deploy/README.md",
                "```rust\nlet elsewhere = Elsewhere;\n```\n",
            ),
            (
                "services/a/src/lib.rs",
                "pub enum CommandExit {\n    Usage,\n}\n",
            ),
            ("services/a/src/tests.rs", "struct Planted;\n"),
        ]);
        tree.samples_without_code()
    }

    #[test]
    fn a_sample_names_types_that_are_declared() {
        let sample = "return Err(error(CommandExit::Usage, \"No Such\")); // Ends with 2\n\
            let x: Vec<a::CommandExit> = y; const MAX: u8 = 1;";
        assert!(missing(sample).is_empty(), "{:?}", missing(sample));
    }

    #[test]
    fn a_type_that_is_gone_is_named_with_its_line() {
        assert_eq!(
            missing("let a = 1;\nb(Code::Usage, Planted)"),
            [
                "services/a/README.md:5 has `Code` in a sample; no code declares it",
                "services/a/README.md:5 has `Planted` in a sample; no code declares it"
            ]
        );
    }
}
