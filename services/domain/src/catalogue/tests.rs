//! Every rule has a catalogue that breaks it: the shipped one with a text replaced. What is found
//! must name the file, the rule, and the line that the replacement marks with `# here`.

mod apart;
mod asking;
mod change;
mod files;
mod indicators;
mod instruments;
mod involvement;
mod keys;
mod linear;
mod measures;
#[cfg(feature = "mutants")]
mod mutants;
mod organisations;
mod outside;
mod reference;
mod variables;
mod warnings;
mod worked_example;

use std::sync::LazyLock;

use super::*;
use crate::ids::CatalogueHash;

/// The shipped instrument of this id. Checking a whole catalogue takes its time, so all tests
/// share one.
pub(super) fn instrument(id: &str) -> Instrument {
    static SHIPPED: LazyLock<Catalogue> = LazyLock::new(|| loaded(&shipped()));
    SHIPPED.instrument(id, 1).unwrap().clone()
}

/// The shipped files but for what others count, which names organisations that tests take away.
fn shipped() -> Vec<SourceFile> {
    let mut files = super::shipped();
    files.retain(|file| !file.path.starts_with("denominators/"));
    files
}

fn load(files: &[SourceFile]) -> Result<Catalogue, CatalogueProblems> {
    Catalogue::load(
        files,
        CatalogueHash::new([0; 32]),
        CatalogueLimits::default(),
    )
}

fn loaded(files: &[SourceFile]) -> Catalogue {
    load(files).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The shipped files, with the first `from` in the file replaced.
fn patched(path: &str, from: &str, to: &str) -> Vec<SourceFile> {
    let mut files = shipped();
    patch(&mut files, path, from, to);
    files
}

fn patch(files: &mut [SourceFile], path: &str, from: &str, to: &str) {
    let file = files.iter_mut().find(|file| file.path == path).unwrap();
    assert!(file.text.contains(from), "{path} has no {from:?}");
    file.text = file.text.replacen(from, to, 1);
}

/// The shipped catalogue with `from` replaced by `to` breaks this rule, at the line marked with
/// `# here`, and no other.
fn breaks(rule: &str, path: &str, from: &str, to: &str) {
    let files = patched(path, from, to);
    refused(&files, rule, path);
}

/// These files break one rule, at the line marked with `# here`.
fn refused(files: &[SourceFile], rule: &str, path: &str) {
    let text = &files.iter().find(|file| file.path == path).unwrap().text;
    let line = text.lines().position(|line| line.contains("# here"));
    let line = line.expect("a line is marked") + 1;
    let problems = load(files).expect_err("the catalogue is refused");
    let found: Vec<_> = problems
        .0
        .iter()
        .map(|problem| (problem.file.as_str(), problem.line, problem.rule))
        .collect();
    assert_eq!(found, [(path, line, rule)], "{problems}");
}

/// Like [`breaks`], where one mistake breaks other rules too.
fn breaks_among_others(rule: &str, path: &str, from: &str, to: &str) {
    let files = patched(path, from, to);
    let text = &files.iter().find(|file| file.path == path).unwrap().text;
    let line = text.lines().position(|line| line.contains("# here"));
    let line = line.expect("a line is marked") + 1;
    let problems = load(&files).expect_err("the catalogue is refused");
    let found = problems
        .0
        .iter()
        .any(|problem| (problem.file.as_str(), problem.line, problem.rule) == (path, line, rule));
    assert!(found, "{problems}");
}

fn accepted(path: &str, from: &str, to: &str) {
    loaded(&patched(path, from, to));
}

#[test]
fn the_shipped_catalogue_obeys_all_rules() {
    let catalogue = loaded(&super::shipped());
    assert_eq!(catalogue.instruments.len(), 14);
    assert_eq!(catalogue.measures.len(), 29);
    assert_eq!(catalogue.organisations.units.len(), 12);
    let is_read = |id: &&crate::ids::InstrumentId| {
        let mut forms = catalogue.measures.values().map(|it| it.population.form());
        forms.any(|form| form.is_some_and(|form| form.instrument == **id))
    };
    let ids = catalogue.instruments.keys().map(|(id, _)| id);
    let without_figures = ids.filter(|id| !is_read(id)).map(|id| id.as_str());
    let without_figures: Vec<_> = without_figures.collect();
    assert_eq!(
        without_figures,
        ["fit-expected", "kvarus-basis"],
        "one is shown in the curve, the other describes patients and leaves in extracts"
    );
    let unit = catalogue.organisations.unit_numbered(203).unwrap();
    assert_eq!(unit.as_str(), "skjergard-oy");
    let trust = catalogue.organisations.trust_of(unit).unwrap();
    assert_eq!(trust.as_str(), "hf-skjergard");
}

#[test]
fn the_shipped_figures_say_where_they_come_from() {
    let catalogue = loaded(&shipped());
    for measure in catalogue.measures.values() {
        assert!(!measure.sources.is_empty(), "{}", measure.id);
        let shown = |it: &&Indicator| it.measure == measure.id;
        assert!(
            catalogue.indicators.iter().any(|it| shown(&it)),
            "{}",
            measure.id
        );
    }
    for indicator in &catalogue.indicators {
        let name = format!("{}/{}", indicator.measure, indicator.id);
        assert!(indicator.aspect.is_some(), "{name}");
        let silent = catalogue.measures[&indicator.measure].unverified.is_empty();
        let verified = indicator.target.is_none() || !silent;
        assert!(verified, "{name}: nobody says where its levels come from");
    }
}

#[test]
fn the_shipped_files_are_those_of_the_folder() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue");
    let mut found = Vec::new();
    for folder in ["", "denominators", "instruments", "measures"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let inside = path.strip_prefix(&root).unwrap();
                found.push(inside.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    let shipped: Vec<_> = super::shipped().into_iter().map(|file| file.path).collect();
    assert_eq!(found, shipped);
}

#[test]
fn k_is_doubled_for_codes_and_for_nothing_else() {
    let catalogue = loaded(&shipped());
    let check = |id: &str, k: u32| assert_eq!(catalogue.measures[id].k, k, "{id}");
    check("kem.experience", 10);
    check("kem.response", 10);
    check("fit.outcome", 5);
    check("fit.alliance", 5);
}

#[test]
fn what_a_measure_does_not_name_has_a_default() {
    let mut files = patched("measures/fit.outcome.toml", "k = 5\nr = 3\n", "");
    patch(
        &mut files,
        "measures/kem.response.toml",
        "finest = \"month\"\nidentity = \"code\"\nk = 5\n",
        "",
    );
    patch(
        &mut files,
        "measures/fit.alliance.toml",
        "finest = \"month\"\nk = 5\n",
        "sensitive = true\n",
    );
    let catalogue = loaded(&files);
    let check = |id: &str, k: u32, finest: FinestSpan| {
        let measure = &catalogue.measures[id];
        assert_eq!((measure.k, measure.r, measure.finest), (k, 3, finest));
    };
    check("fit.outcome", 5, FinestSpan::Month);
    check("kem.response", 10, FinestSpan::Month);
    check("fit.alliance", 10, FinestSpan::Tertial);
}

#[test]
fn the_catalogue_of_the_real_data_obeys_all_rules() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = root.join("../../tests/data/btheb/catalogue");
    let paths = [
        "instruments/bdi-total.toml",
        "measures/bdi.outcome.toml",
        "organisations.toml",
    ];
    let files = paths.map(|path| SourceFile {
        path: path.to_owned(),
        text: std::fs::read_to_string(root.join(path)).unwrap(),
    });
    let catalogue = loaded(&files);
    let trust = catalogue.organisations.trust_of(&"btheb".parse().unwrap());
    assert_eq!(trust.unwrap().as_str(), "hf");
    assert_eq!(catalogue.indicators.len(), 5);
}
