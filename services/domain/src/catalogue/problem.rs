//! What is wrong with a catalogue. Comes in: findings of the loader and of the rules. Goes out:
//! all of them at once, each with file, line and the rule that it breaks. The invariant: a problem
//! always names a place that its writer can open.

use std::collections::BTreeMap;
use std::fmt;

/// A file of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceFile {
    /// Path within the catalogue, with `/`: `organisations.toml`, `instruments/*.toml`,
    /// `measures/*.toml` or `denominators/*.toml`.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// The lowest k and r that a measure may name, and whether the rule `apart` is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogueLimits {
    /// The lowest k that a measure may have.
    pub k: u32,
    /// The lowest k of a sensitive measure.
    pub sensitive_k: u32,
    /// The lowest r that a measure may have.
    pub r: u32,
    /// Whether what others can see must stay apart from what only answers tell.
    pub apart: bool,
}

impl CatalogueLimits {
    /// Limits that protect nobody: rows of single persons, and measures that join whatever they like.
    /// A deployment has [`CatalogueLimits::default`].
    pub const fn for_tests() -> Self {
        Self {
            k: 1,
            sensitive_k: 1,
            r: 0,
            apart: false,
        }
    }
}

impl Default for CatalogueLimits {
    fn default() -> Self {
        Self {
            k: 5,
            sensitive_k: 10,
            r: 3,
            apart: true,
        }
    }
}

/// One thing that is wrong in a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CatalogueProblem {
    /// Path of the file within the catalogue.
    pub file: String,
    /// The number of the line, counted from 1.
    pub line: usize,
    /// Id of the rule, such as `one-reader`; the README of this crate lists them.
    pub rule: &'static str,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for CatalogueProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            rule,
            message,
        } = self;
        write!(f, "{file}:{line}: {rule}: {message}")
    }
}

/// Everything that is wrong with a catalogue, by file and line; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueProblems(pub Vec<CatalogueProblem>);

impl CatalogueProblems {
    /// All problems by file and line, if there is one.
    pub(super) fn none_of(mut problems: Vec<CatalogueProblem>) -> Result<(), Self> {
        problems.sort();
        problems.dedup();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Self(problems))
        }
    }
}

/// Writes each problem on a line of its own.
impl fmt::Display for CatalogueProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for CatalogueProblems {}

/// Where the elements of a catalogue stand: path of the element, such as
/// `measure/fit.outcome/variable/first/grain`, to file and line.
#[derive(Debug, Clone, Default)]
pub(super) struct ElementSites(BTreeMap<String, (String, usize)>);

impl ElementSites {
    /// Remembers where an element stands; the first one counts.
    pub(super) fn note(&mut self, element: String, file: &str, line: usize) {
        self.0
            .entry(element)
            .or_insert_with(|| (file.to_owned(), line));
    }

    /// True if an element of that path was read.
    pub(super) fn contains(&self, element: &str) -> bool {
        self.0.contains_key(element)
    }

    /// Where the element stands, or else what it is an element of.
    pub(super) fn find(&self, element: &str) -> (String, usize) {
        let mut path = element;
        loop {
            if let Some(site) = self.0.get(path) {
                return site.clone();
            }
            match path.rsplit_once('/') {
                Some((parent, _)) => path = parent,
                None => return ("organisations.toml".to_owned(), 1),
            }
        }
    }
}

/// Collects what the rules find.
pub(super) struct ProblemReport<'a> {
    sites: &'a ElementSites,
    elements: Vec<String>,
    problems: Vec<CatalogueProblem>,
}

impl<'a> ProblemReport<'a> {
    /// A report that has found nothing yet.
    pub(super) fn new(sites: &'a ElementSites) -> Self {
        Self {
            sites,
            elements: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Adds a finding about an element.
    pub(super) fn add(&mut self, element: &str, rule: &'static str, message: impl Into<String>) {
        let (file, line) = self.sites.find(element);
        self.elements.push(element.to_owned());
        self.problems.push(CatalogueProblem {
            file,
            line,
            rule,
            message: message.into(),
        });
    }

    /// True if something was found about the element or about what belongs to it.
    pub(super) fn blames(&self, element: &str) -> bool {
        let within = |found: &String| {
            found
                .strip_prefix(element)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.elements.iter().any(within)
    }

    /// The problems that were found, in the order of the files.
    pub(super) fn finish(self) -> Vec<CatalogueProblem> {
        self.problems
    }
}
