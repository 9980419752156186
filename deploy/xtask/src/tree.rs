//! The shape of the repository: its folders, their READMEs, their links, the size of its files,
//! whether code, design, glossary and samples speak of the same things, how the code names them, and in
//! which order it can be read.

mod circles;
mod design;
mod glossary;
mod names;
mod reading_order;
mod samples;
mod test_code;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, bail};

use crate::workspace::CargoWorkspace;

/// Everything at the top, beside dotfiles.
const TOP: [&str; 10] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "deploy",
    "proto",
    "rust-toolchain.toml",
    "services",
    "tests",
];

/// Lines of a Rust file; a longer one is two things.
const LONGEST: usize = 700;

/// Fails naming every file or folder that is out of place.
pub(crate) fn check(workspace: &CargoWorkspace) -> Result<()> {
    let tree = SourceTree::read(workspace)?;
    let mut problems = tree.out_of_place();
    problems.extend(tree.without_readme(&members(workspace)));
    problems.extend(tree.dead_links());
    problems.extend(tree.too_long());
    problems.extend(tree.naming_outside(&outside(workspace)));
    problems.extend(tree.sections_cited_in_vain());
    problems.extend(tree.promises_that_differ());
    problems.extend(tree.terms_without_code());
    problems.extend(tree.samples_without_code());
    problems.extend(tree.circles());
    problems.extend(tree.modules_not_in_order(&members(workspace)));
    let figures = tree.name_figures();
    problems.extend(figures.beyond_limits());
    eprintln!("   {} files\n{figures}", tree.files.len());
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(())
}

/// The folders of the workspace's packages, from the top folder.
fn members(workspace: &CargoWorkspace) -> Vec<PathBuf> {
    let own = workspace.packages.iter().filter(|p| p.source.is_none());
    own.filter_map(|package| package.manifest_path.parent())
        .filter_map(|folder| folder.strip_prefix(&workspace.root).ok())
        .map(Path::to_owned)
        .collect()
}

/// Paths of this machine that no file may name: where the checkout is, and the home folder.
fn outside(workspace: &CargoWorkspace) -> Vec<String> {
    let mut paths = vec![workspace.root.display().to_string()];
    paths.extend(env::var("HOME"));
    paths.retain(|path| path.len() > 1);
    paths.iter().map(|path| format!("{path}/")).collect()
}

/// The files of the repository that are text, with what they say.
struct SourceTree {
    files: Vec<(PathBuf, String)>,
    paths: BTreeSet<PathBuf>,
}

impl SourceTree {
    fn read(workspace: &CargoWorkspace) -> Result<Self> {
        let mut files = Vec::new();
        let mut paths = BTreeSet::new();
        for path in workspace.files()? {
            paths.extend(path.ancestors().map(Path::to_owned));
            // What is not text (golden bytes) has nothing to check.
            if let Ok(text) = fs::read_to_string(workspace.root.join(&path)) {
                files.push((path, text));
            }
        }
        Ok(Self { files, paths })
    }

    fn out_of_place(&self) -> Vec<String> {
        let tops: BTreeSet<&str> = self
            .paths
            .iter()
            .filter_map(|path| path.iter().next()?.to_str())
            .collect();
        let unknown = tops
            .into_iter()
            .filter(|top| !top.starts_with('.') && !TOP.contains(top));
        unknown
            .map(|top| format!("{top} does not belong at the top"))
            .collect()
    }

    fn without_readme(&self, members: &[PathBuf]) -> Vec<String> {
        let mut folders: BTreeSet<PathBuf> = members.iter().cloned().collect();
        folders.extend(TOP.map(PathBuf::from));
        folders.retain(|folder| !self.paths.contains(&folder.join("README.md")));
        folders.retain(|folder| !self.files.iter().any(|(path, _)| path == folder));
        let missing = folders.iter().filter(|folder| self.paths.contains(*folder));
        missing
            .map(|folder| format!("{} has no README.md", folder.display()))
            .collect()
    }

    fn dead_links(&self) -> Vec<String> {
        let mut dead = Vec::new();
        for (path, text) in self.with_ending("md") {
            for link in links(text) {
                let target = link.split('#').next().unwrap_or_default();
                if target.is_empty() || target.contains("://") {
                    continue;
                }
                if !self.paths.contains(&resolve(path, target)) {
                    dead.push(format!("{} links to {target}, not there", path.display()));
                }
            }
        }
        dead
    }

    fn too_long(&self) -> Vec<String> {
        let long = self
            .with_ending("rs")
            .map(|(path, text)| (path, text.lines().count()))
            .filter(|(_, lines)| *lines > LONGEST);
        long.map(|(path, lines)| format!("{} has {lines} lines", path.display()))
            .collect()
    }

    fn naming_outside(&self, outside: &[String]) -> Vec<String> {
        let mut naming = Vec::new();
        for (path, text) in &self.files {
            for (number, line) in text.lines().enumerate() {
                if outside.iter().any(|outside| line.contains(outside)) {
                    let (path, line) = (path.display(), number + 1);
                    naming.push(format!("{path}:{line} names a path of this machine"));
                }
            }
        }
        naming
    }

    /// What a file says, by its path from the top folder.
    fn text(&self, path: &str) -> Option<&str> {
        let mut files = self.files.iter();
        let found = files.find(|(have, _)| have == Path::new(path))?;
        Some(&found.1)
    }

    fn with_ending(&self, ending: &str) -> impl Iterator<Item = (&Path, &str)> {
        self.files
            .iter()
            .filter(move |(path, _)| path.extension().is_some_and(|have| have == ending))
            .map(|(path, text)| (path.as_path(), text.as_str()))
    }
}

/// The targets of a Markdown text's links: what stands between `](` and `)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
}

/// A link's target, from the top folder.
fn resolve(from: &Path, target: &str) -> PathBuf {
    let mut resolved = from.parent().unwrap_or(Path::new("")).to_owned();
    for component in Path::new(target).components() {
        match component {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::Normal(name) => resolved.push(name),
            _ => {}
        }
    }
    resolved
}

#[cfg(test)]
mod tests;
