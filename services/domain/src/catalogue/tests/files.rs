//! Reading: which files there are, and what TOML is.

use super::*;

#[test]
fn all_problems_of_all_files_are_found_at_once() {
    let mut files = patched("measures/bdi.outcome.toml", "k = 5", "k = 4");
    patch(
        &mut files,
        "measures/bdi.outcome.toml",
        "max = 100",
        "max = -1",
    );
    patch(&mut files, "measures/fit.alliance.toml", "r = 3", "r = 2");
    patch(&mut files, "instruments/kem.toml", "id = ", "id == ");
    patch(
        &mut files,
        "organisations.toml",
        "number = 102",
        "number = 101",
    );
    let problems = load(&files).unwrap_err();
    let found: Vec<_> = problems
        .0
        .iter()
        .map(|problem| (problem.file.as_str(), problem.line, problem.rule))
        .collect();
    let expect = [
        ("instruments/kem.toml", 4, "syntax"),
        ("measures/bdi.outcome.toml", 7, "k"),
        ("measures/bdi.outcome.toml", 43, "variable-range"),
        ("measures/fit.alliance.toml", 9, "r"),
        ("organisations.toml", 60, "unit-number"),
    ];
    assert_eq!(found, expect, "{problems}");
    assert_eq!(problems.to_string().lines().count(), expect.len());
    let first = problems.to_string();
    assert!(
        first.starts_with("instruments/kem.toml:4: syntax: "),
        "{first}"
    );
}

#[test]
fn what_is_not_known_is_refused() {
    let check = |path: &str, from: &str, to: &str| breaks("syntax", path, from, to);
    check(
        "organisations.toml",
        "[nation]",
        "[nation]\nsize = 1 # here",
    );
    check("organisations.toml", "number = 101", "number = -1 # here");
    check(
        "organisations.toml",
        "number = 101",
        "number = \"1\" # here",
    );
    check(
        "instruments/kem.toml",
        "version = 1",
        "version = 1.5 # here",
    );
    check(
        "instruments/kem.toml",
        "step = 1",
        "step = 0.0000001 # here",
    );
    check("instruments/kem.toml", "step = 1", "steps = 1 # here");
    check("instruments/kem.toml", "max = 5", "max = nan # here");
    check(
        "instruments/kem.toml",
        "method = \"index\"",
        "method = \"median\" # here",
    );
    check(
        "measures/bdi.outcome.toml",
        "id = \"bdi.outcome\"",
        "id = \"BDI\" # here",
    );
    check(
        "measures/bdi.outcome.toml",
        "on = \"episode-closed\"",
        "on = \"episode-opened\" # here",
    );
}

#[test]
fn only_the_files_of_a_catalogue_are_read() {
    let check = |path: &str| {
        let mut files = shipped();
        files.push(SourceFile {
            path: path.to_owned(),
            text: "# here".to_owned(),
        });
        refused(&files, "file", path);
    };
    check("README.md");
    check("measures/deep/er.toml");
    check("measures/fit.outcome.toml.bak");
    check("other/x.toml");
}

#[test]
fn there_is_one_tree() {
    let mut files = shipped();
    files.retain(|file| file.path != "organisations.toml");
    let problems = load(&files).unwrap_err();
    assert_eq!(problems.0[0].file, "organisations.toml");
    assert_eq!(problems.0[0].rule, "file");
}

#[test]
fn numbers_are_whole_or_decimal() {
    accepted("instruments/kem.toml", "step = 1", "step = 1.0");
    accepted("instruments/kem.toml", "max = 5", "max = 5.00");
}
