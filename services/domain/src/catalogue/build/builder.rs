//! What puts a draft together: it parses a file, and notes where each element stands. What is made of
//! each kind of file is in the modules beside this one.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use toml::Spanned;

use crate::catalogue::draft::CatalogueDraft;
use crate::catalogue::organisation::{Nation, Organisations, Titles};
use crate::catalogue::problem::{CatalogueProblem, ElementSites, SourceFile};
use crate::catalogue::source::{DescribedKeys, faults};
use crate::ids::NationId;

/// A file with the places of its lines.
pub(super) struct SourceLines<'a> {
    path: &'a str,
    text: &'a str,
}

impl<'a> SourceLines<'a> {
    pub(super) fn new(file: &'a SourceFile) -> Self {
        Self {
            path: &file.path,
            text: &file.text,
        }
    }

    /// The line of a place in the text, counted from 1.
    fn line_of(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        before.filter(|byte| **byte == b'\n').count() + 1
    }

    pub(super) fn line<T>(&self, value: &Spanned<T>) -> usize {
        self.line_of(value.span().start)
    }
}

/// Puts the draft together.
pub(super) struct CatalogueBuilder {
    pub(super) draft: CatalogueDraft,
    pub(super) problems: Vec<CatalogueProblem>,
}

impl CatalogueBuilder {
    pub(super) fn new() -> Self {
        let nation = Nation {
            id: nameless(),
            title: Titles::new(),
        };
        Self {
            draft: CatalogueDraft {
                instruments: BTreeMap::new(),
                measures: BTreeMap::new(),
                indicators: Vec::new(),
                organisations: Organisations {
                    nation,
                    regions: BTreeMap::new(),
                    trusts: BTreeMap::new(),
                    institutions: BTreeMap::new(),
                    units: BTreeMap::new(),
                },
                denominators: Vec::new(),
                shares: Vec::new(),
                involvement: None,
                instrument_unread: false,
                sensitive: BTreeSet::new(),
                sites: ElementSites::default(),
            },
            problems: Vec::new(),
        }
    }

    /// Reads a file. What is wrong with its keys and values is found all at once.
    pub(super) fn parse<T: DeserializeOwned + DescribedKeys>(
        &mut self,
        source: &SourceLines<'_>,
    ) -> Option<T> {
        let error = match toml::from_str(source.text) {
            Ok(raw) => return Some(raw),
            Err(error) => error,
        };
        let found = faults(source.text, &T::block());
        for fault in &found {
            let line = source.line_of(fault.at);
            self.refuse(source, line, "syntax", fault.message.clone());
        }
        if found.is_empty() {
            let line = error.span().map_or(1, |span| source.line_of(span.start));
            let message = error.message().trim().replace('\n', " ");
            self.refuse(source, line, "syntax", message);
        }
        None
    }

    pub(super) fn refuse(
        &mut self,
        source: &SourceLines<'_>,
        line: usize,
        rule: &'static str,
        message: String,
    ) {
        self.problems.push(CatalogueProblem {
            file: source.path.to_owned(),
            line,
            rule,
            message,
        });
    }

    /// Notes where an element stands; a second one of the same path is a problem.
    pub(super) fn declare(&mut self, source: &SourceLines<'_>, line: usize, element: &str) -> bool {
        if self.draft.sites.contains(element) {
            let message = format!("{element} is there already");
            self.refuse(source, line, "unique-id", message);
            return false;
        }
        self.note(source, line, element.to_owned());
        true
    }

    pub(super) fn note(&mut self, source: &SourceLines<'_>, line: usize, element: String) {
        self.draft.sites.note(element, source.path, line);
    }

    /// Notes where a field stands that need not be there.
    pub(super) fn note_field<T>(
        &mut self,
        source: &SourceLines<'_>,
        element: &str,
        field: &str,
        value: Option<&Spanned<T>>,
    ) {
        if let Some(value) = value {
            self.note(source, source.line(value), format!("{element}/{field}"));
        }
    }
}

/// Stands in for a nation that could not be read; a draft with it always has a problem.
fn nameless() -> NationId {
    "nation".parse().expect("it is a valid id")
}
