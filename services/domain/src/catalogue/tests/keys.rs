//! What is wrong with the keys of files is found all at once, and in which table.

use super::*;

fn found(files: &[SourceFile]) -> Vec<(String, usize, String)> {
    let problems = load(files).expect_err("the catalogue is refused");
    let told = problems.0.into_iter();
    told.filter(|it| it.rule == "syntax")
        .map(|it| (it.file, it.line, it.message))
        .collect()
}

#[test]
fn every_missing_key_of_every_file_is_named_with_its_table() {
    let mut files = patched("instruments/kem.toml", "version = 1\n", "");
    for (path, from) in [
        ("instruments/kem.toml", "step = 1\n"),
        ("instruments/kem.toml", "method = \"index\"\n"),
        ("measures/lar.status.toml", "kind = \"mean\"\n"),
        ("measures/lar.status.toml", "on = \"registered\"\n"),
        ("organisations.toml", "region = \"region-kyst\"\n"),
    ] {
        patch(&mut files, path, from, "");
    }
    let found = found(&files);
    let messages: Vec<_> = found.iter().map(|it| it.2.as_str()).collect();
    for (path, wanted) in [
        ("instruments/kem.toml", "version is missing (whole number)"),
        (
            "instruments/kem.toml",
            ": step is missing (number): The distance",
        ),
        (
            "instruments/kem.toml",
            ": method is missing (`sum`, `index`, `mean`)",
        ),
        (
            "measures/lar.status.toml",
            "indicators mean-substances: kind is missing",
        ),
        ("measures/lar.status.toml", "population: on is missing"),
        (
            "organisations.toml",
            "trusts hf-fjord: region is missing (id)",
        ),
    ] {
        let mut of_file = found.iter().filter(|it| it.0 == path);
        assert!(
            of_file.any(|it| it.2.contains(wanted)),
            "{wanted}: {messages:?}"
        );
    }
    assert_eq!(found.len(), 6, "{messages:?}");
    let step = found.iter().find(|it| it.2.contains("step")).unwrap();
    let text = &files.iter().find(|it| it.path == step.0).unwrap().text;
    let table = text.lines().nth(step.1 - 1).unwrap();
    assert!(
        table.contains("[[items]]") || table.contains('{'),
        "{table}"
    );
    assert!(step.2.starts_with("items "), "{}", step.2);
}

#[test]
fn a_key_that_is_misspelt_is_named_with_the_one_that_is_meant() {
    let mut files = patched("instruments/kem.toml", "step = 1", "stepp = 1");
    patch(
        &mut files,
        "measures/lar.status.toml",
        "aspect = ",
        "colour = ",
    );
    let found = found(&files);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0]
            .2
            .contains("there is no key stepp; step may be meant")
    );
    assert!(
        found[1]
            .2
            .contains("there is no key colour; allowed are id, title, kind")
    );
}

#[test]
fn every_value_that_cannot_be_is_named() {
    let mut files = patched("organisations.toml", "number = 101", "number = \"x\"");
    patch(
        &mut files,
        "organisations.toml",
        "number = 102",
        "number = -2",
    );
    patch(
        &mut files,
        "organisations.toml",
        "id = \"hf-dal\"",
        "id = \"HF Dal\"",
    );
    let found = found(&files);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found
            .iter()
            .any(|it| it.2.contains("units") && it.2.contains("number"))
    );
    assert!(
        found
            .iter()
            .any(|it| it.2.contains("an id is 1 to 64 characters"))
    );
}
