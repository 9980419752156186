//! From files to a catalogue that is not yet checked. Comes in: the files. Goes out: a [`CatalogueDraft`].
//! The invariant: what cannot be a type (a scale of unknown items, a condition without a bound) is
//! a problem here; what is only forbidden is left to the rules.

mod builder;
mod titles;

mod instrument;
mod involvement;
mod measure;
mod organisation;
mod outside;

use std::collections::BTreeSet;

use super::draft::CatalogueDraft;
use super::problem::{CatalogueProblem, SourceFile};
use builder::{CatalogueBuilder, SourceLines};

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
            Some(SourceFileKind::Organisations) => builder.read_organisations(&source),
            Some(SourceFileKind::Instrument) => builder.read_instrument(&source),
            Some(SourceFileKind::Measure) => builder.read_measure(&source),
            Some(SourceFileKind::Denominators) => builder.read_denominators(&source),
            Some(SourceFileKind::Involvement) => builder.read_involvement(&source),
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
