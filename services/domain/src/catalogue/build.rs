//! From files to a catalogue that is not yet checked. Comes in: the files. Goes out: a [`CatalogueDraft`].
//! The invariant: what cannot be a type (a scale of unknown items, a condition without a bound) is
//! a problem here; what is only forbidden is left to the rules.

mod instrument;
mod involvement;
mod measure;
mod organisation;
mod outside;

pub(super) use instrument::derived_range;
pub(super) use measure::natural_identity;

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use toml::Spanned;

use super::involvement::InvolvementForm;
use super::organisation::{Nation, Organisations, Titles};
use super::outside::{Denominator, OutsideShare};
use super::problem::{CatalogueProblem, ElementSites, SourceFile};
use super::source::{
    DescribedKeys, RawDenominators, RawInstrument, RawInvolvement, RawMeasure, RawOrganisations,
    RawTitles, faults,
};
use super::{Catalogue, Indicator, Instrument, Measure};
use crate::ids::{CatalogueHash, InstrumentId, MeasureId, NationId};

/// A catalogue that is not yet checked.
pub(super) struct CatalogueDraft {
    pub(super) instruments: BTreeMap<(InstrumentId, u32), Instrument>,
    pub(super) measures: BTreeMap<MeasureId, Measure>,
    pub(super) indicators: Vec<Indicator>,
    pub(super) organisations: Organisations,
    pub(super) denominators: Vec<Denominator>,
    pub(super) shares: Vec<OutsideShare>,
    pub(super) involvement: Option<InvolvementForm>,
    /// True if the file of an instrument could not be read: one that is missed may be in there.
    pub(super) instrument_unread: bool,
    /// Measures that are declared sensitive.
    pub(super) sensitive: BTreeSet<MeasureId>,
    pub(super) sites: ElementSites,
}

impl CatalogueDraft {
    /// The catalogue, once the rules hold.
    pub(super) fn finish(self, hash: CatalogueHash) -> Catalogue {
        Catalogue {
            hash,
            instruments: self.instruments,
            measures: self.measures,
            indicators: self.indicators,
            organisations: self.organisations,
            denominators: self.denominators,
            shares: self.shares,
            involvement: self.involvement,
            withheld: BTreeMap::new(),
            sites: self.sites,
        }
    }
}

/// Reads the files. What could be read is in the draft, what could not in the problems.
pub(super) fn read(files: &[SourceFile]) -> (CatalogueDraft, Vec<CatalogueProblem>) {
    let mut builder = CatalogueBuilder::new();
    let mut seen = BTreeSet::new();
    for file in files {
        let source = SourceLines::new(file);
        if !seen.insert(&file.path) {
            builder.refuse(&source, 1, "file", "the same file twice".to_owned());
        }
        match kind_of(&file.path) {
            Some(SourceFileKind::Organisations) => builder.organisations(&source),
            Some(SourceFileKind::Instrument) => builder.instrument(&source),
            Some(SourceFileKind::Measure) => builder.measure(&source),
            Some(SourceFileKind::Denominators) => builder.denominators(&source),
            Some(SourceFileKind::Involvement) => builder.involvement(&source),
            None => builder.refuse(
                &source,
                1,
                "file",
                "not organisations.toml, involvement.toml, instruments/NAME.toml, \
                 measures/NAME.toml or denominators/NAME.toml"
                    .to_owned(),
            ),
        }
    }
    if !seen.iter().any(|path| *path == "organisations.toml") {
        builder.problems.push(CatalogueProblem {
            file: "organisations.toml".to_owned(),
            line: 1,
            rule: "file",
            message: "there is no such file".to_owned(),
        });
    }
    (builder.draft, builder.problems)
}

enum SourceFileKind {
    Organisations,
    Instrument,
    Measure,
    Denominators,
    Involvement,
}

fn kind_of(path: &str) -> Option<SourceFileKind> {
    match path {
        "organisations.toml" => return Some(SourceFileKind::Organisations),
        "involvement.toml" => return Some(SourceFileKind::Involvement),
        _ => {}
    }
    let (folder, name) = path.split_once('/')?;
    match folder {
        _ if !name.ends_with(".toml") || name.contains('/') => None,
        "instruments" => Some(SourceFileKind::Instrument),
        "measures" => Some(SourceFileKind::Measure),
        "denominators" => Some(SourceFileKind::Denominators),
        _ => None,
    }
}

/// A file with the places of its lines.
struct SourceLines<'a> {
    path: &'a str,
    text: &'a str,
}

impl<'a> SourceLines<'a> {
    fn new(file: &'a SourceFile) -> Self {
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

    fn line<T>(&self, value: &Spanned<T>) -> usize {
        self.line_of(value.span().start)
    }
}

/// Puts the draft together.
struct CatalogueBuilder {
    draft: CatalogueDraft,
    problems: Vec<CatalogueProblem>,
}

impl CatalogueBuilder {
    fn new() -> Self {
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

    fn organisations(&mut self, source: &SourceLines<'_>) {
        if let Some(raw) = self.parse::<RawOrganisations>(source) {
            self.add_organisations(source, raw);
        }
    }

    fn instrument(&mut self, source: &SourceLines<'_>) {
        match self.parse::<RawInstrument>(source) {
            Some(raw) => self.add_instrument(source, raw),
            None => self.draft.instrument_unread = true,
        }
    }

    fn measure(&mut self, source: &SourceLines<'_>) {
        if let Some(raw) = self.parse::<RawMeasure>(source) {
            self.add_measure(source, raw);
        }
    }

    fn denominators(&mut self, source: &SourceLines<'_>) {
        if let Some(raw) = self.parse::<RawDenominators>(source) {
            self.add_denominators(source, raw);
        }
    }

    fn involvement(&mut self, source: &SourceLines<'_>) {
        if let Some(raw) = self.parse::<RawInvolvement>(source) {
            self.add_involvement(source, raw);
        }
    }

    /// Reads a file. What is wrong with its keys and values is found all at once.
    fn parse<T: DeserializeOwned + DescribedKeys>(
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

    fn refuse(
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
    fn declare(&mut self, source: &SourceLines<'_>, line: usize, element: &str) -> bool {
        if self.draft.sites.contains(element) {
            let message = format!("{element} is there already");
            self.refuse(source, line, "unique-id", message);
            return false;
        }
        self.note(source, line, element.to_owned());
        true
    }

    fn note(&mut self, source: &SourceLines<'_>, line: usize, element: String) {
        self.draft.sites.note(element, source.path, line);
    }

    /// Notes where a field stands that need not be there.
    fn note_field<T>(
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

/// Titles by language. A single text is Norwegian bokmål only.
fn titles(raw: RawTitles) -> Titles {
    match raw {
        RawTitles::Name(text) => [("nb".to_owned(), text)].into(),
        RawTitles::ByLanguage(texts) => texts,
    }
}

/// Titles of what has a name: a single text is the name in all languages.
fn names(raw: RawTitles) -> Titles {
    match raw {
        RawTitles::Name(name) => ["nb", "nn", "en"]
            .into_iter()
            .map(|language| (language.to_owned(), name.clone()))
            .collect(),
        RawTitles::ByLanguage(texts) => texts,
    }
}
