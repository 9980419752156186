//! The README of a crate leads through it. Comes in: the crates and their READMEs. Goes out: each
//! module at the top of a crate that its README does not name. The invariant: a newcomer can find out
//! from the README what each file is for.

use std::path::{Path, PathBuf};

use super::SourceTree;

impl SourceTree {
    /// Every module at the top of a crate that the crate's README names nowhere.
    pub(super) fn modules_not_in_order(&self, members: &[PathBuf]) -> Vec<String> {
        let mut missing = Vec::new();
        for member in members {
            let readme = member.join("README.md");
            let Some(text) = readme.to_str().and_then(|path| self.text(path)) else {
                continue;
            };
            let named: Vec<&str> = words_of_code(text).collect();
            for (path, _) in self.with_ending("rs") {
                let module = module_at_the_top(path, member);
                if let Some(module) = module.filter(|module| !named.contains(module)) {
                    missing.push(format!("{} does not name {module}.rs", readme.display()));
                }
            }
        }
        missing
    }
}

/// The name of a module whose file is at the top of a crate's `src`; tests are none.
fn module_at_the_top<'a>(path: &'a Path, member: &Path) -> Option<&'a str> {
    let name = path.file_stem()?.to_str()?;
    let is_at_the_top = path.parent()? == member.join("src");
    (is_at_the_top && !["lib", "main", "tests"].contains(&name)).then_some(name)
}

/// The words of what a Markdown text writes as code, in blocks and between backticks.
fn words_of_code(text: &str) -> impl Iterator<Item = &str> {
    // A block is three backticks, so what is between them is every second piece too.
    let code = text.split('`').skip(1).step_by(2);
    code.flat_map(|code| code.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')))
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    fn missing(readme: &str) -> Vec<String> {
        let files = [
            ("services/a/README.md", readme),
            ("services/a/src/lib.rs", ""),
            ("services/a/src/tests.rs", ""),
            ("services/a/src/one.rs", ""),
            ("services/a/src/one/deep.rs", ""),
            ("services/a/src/dead_letters.rs", ""),
        ];
        tree(&files).modules_not_in_order(&[PathBuf::from("services/a")])
    }

    #[test]
    fn a_readme_names_each_module_at_the_top() {
        assert!(missing("Read `one.rs`, then `dead_letters`.").is_empty());
        assert!(missing("```\none ─▶ dead_letters\n```").is_empty());
        assert_eq!(
            missing("Each one of the `letters` is in `one.rs`"),
            ["services/a/README.md does not name dead_letters.rs"]
        );
        assert_eq!(
            missing("One `dead_letters.rs` of one"),
            ["services/a/README.md does not name one.rs"]
        );
    }
}
