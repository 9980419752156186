//! The design and those who cite it. Comes in: the files of the repository. Goes out: sections
//! that are cited and not there, and promises that the first page words in another way. The
//! invariant: whoever follows a `§` from code or a README finds the rule that it names.

use std::collections::BTreeSet;

use super::SourceTree;

/// The design, from the top folder.
const DESIGN: &str = "services/DESIGN.md";

/// The first page, which repeats the promises.
const FIRST_PAGE: &str = "README.md";

impl SourceTree {
    /// Every citation of a section that the design does not have.
    pub(super) fn sections_cited_in_vain(&self) -> Vec<String> {
        let Some(design) = self.text(DESIGN) else {
            return vec![format!("{DESIGN} is not there")];
        };
        let sections = sections(design);
        let mut in_vain = Vec::new();
        for (path, text) in &self.files {
            for (number, line) in text.lines().enumerate() {
                for cited in cited(line).filter(|cited| !sections.contains(cited.as_str())) {
                    let (path, line) = (path.display(), number + 1);
                    in_vain.push(format!(
                        "{path}:{line} cites §{cited}, which {DESIGN} does not have"
                    ));
                }
            }
        }
        in_vain
    }

    /// Promises of the design that are not word for word on the first page, and the other way.
    pub(super) fn promises_that_differ(&self) -> Vec<String> {
        let [design, page] = [DESIGN, FIRST_PAGE].map(|path| self.text(path).unwrap_or_default());
        let promised = promises(design);
        if promised.is_empty() {
            return vec![format!(
                "{DESIGN} promises nothing: a promise is `1. **Words.**`"
            )];
        }
        if promised == promises(page) {
            return Vec::new();
        }
        let differ = "number and first words of the promises differ";
        vec![format!("{DESIGN} and {FIRST_PAGE}: {differ}")]
    }
}

/// The numbers of a document's headings: `## 4. Measures` is 4, `### 4.5 Releasable` is 4.5.
fn sections(document: &str) -> BTreeSet<&str> {
    let headings = document.lines().filter(|line| line.starts_with('#'));
    headings
        .filter_map(|line| line.trim_start_matches('#').split_whitespace().next())
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.starts_with(|first: char| first.is_ascii_digit()))
        .collect()
}

/// The sections that a line cites: `§4.2, §4.5–4.7` are 4.2, 4.5 and 4.7. Sections of an RFC are
/// somebody else's.
fn cited(line: &str) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices('§') {
        if is_of_an_rfc(&line[..at]) {
            continue;
        }
        let rest = &line[at + '§'.len_utf8()..];
        let (first, rest) = number(rest);
        let last = rest.strip_prefix('–').map(|rest| number(rest).0);
        found.extend([first].into_iter().chain(last).map(str::to_owned));
    }
    found.into_iter().filter(|number| !number.is_empty())
}

/// The number that a text begins with, such as `4.5`, and what follows it.
fn number(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let (number, _) = text.split_at(end.unwrap_or(text.len()));
    let number = number.trim_end_matches('.');
    (number, &text[number.len()..])
}

/// True after `RFC 9110 `.
fn is_of_an_rfc(before: &str) -> bool {
    let mut words = before.split_whitespace().rev();
    words.next().is_some_and(|word| word.parse::<u32>().is_ok()) && {
        let rfc = words.next().unwrap_or_default();
        rfc.trim_start_matches('(') == "RFC"
    }
}

/// The first words of each numbered promise, without the stop at their end.
fn promises(document: &str) -> Vec<(&str, &str)> {
    let numbered = document.lines().filter_map(|line| line.split_once(". **"));
    numbered
        .filter(|(number, _)| number.parse::<u32>().is_ok())
        .filter_map(|(number, rest)| Some((number, rest.split_once("**")?.0)))
        .map(|(number, words)| (number, words.trim_end_matches(['.', ',', ':'])))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    const HERE: &str =
        "# Design\n\n## 4. Measures\n\n### 4.2 One person once\n\n### 4.5 Releasable\n";

    #[test]
    fn a_section_that_is_cited_is_there() {
        let tree = tree(&[
            (DESIGN, HERE),
            (
                "a.rs",
                "//! design §4.2–4.5 and §4.\n// RFC 9110 §13.1.2, and (RFC 2104 §5\n",
            ),
            ("b.md", "fine\nsee §4.2, §4.3 and §4.2–4.6\n"),
        ]);
        assert_eq!(
            tree.sections_cited_in_vain(),
            [
                "b.md:2 cites §4.3, which services/DESIGN.md does not have",
                "b.md:2 cites §4.6, which services/DESIGN.md does not have"
            ]
        );
    }

    #[test]
    fn a_repository_without_its_design_is_told() {
        let missing = tree(&[("a.rs", "")]).sections_cited_in_vain();
        assert_eq!(missing, ["services/DESIGN.md is not there"]);
    }

    #[test]
    fn the_first_page_promises_what_the_design_promises() {
        let design = "1. **Exact.** The same log …\n2. **Counted once.** A retry …\n";
        let same = tree(&[
            (DESIGN, design),
            (
                "README.md",
                "1. **Exact**: …\n2. **Counted once**, however …\n",
            ),
        ]);
        assert!(same.promises_that_differ().is_empty());

        let fewer = tree(&[(DESIGN, design), ("README.md", "1. **Exact**: …\n")]);
        assert_eq!(fewer.promises_that_differ().len(), 1);
        let none = tree(&[(DESIGN, ""), ("README.md", "")]);
        assert_eq!(none.promises_that_differ().len(), 1);
    }
}
