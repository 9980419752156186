//! What can hardly be meant is said, and refuses nothing.

use super::*;

/// What is said of the shipped files with a text replaced, of that rule at the marked line.
fn warns(rule: &str, path: &str, from: &str, to: &str) {
    let files = patched(path, from, to);
    loaded(&files);
    let text = &files.iter().find(|file| file.path == path).unwrap().text;
    let line = text.lines().position(|line| line.contains("# here"));
    let line = line.expect("a line is marked") + 1;
    let found = Catalogue::warnings(&files);
    let found: Vec<_> = found
        .iter()
        .map(|it| (it.file.as_str(), it.line, it.rule))
        .collect();
    assert_eq!(found, [(path, line, rule)]);
}

#[test]
fn the_shipped_files_are_all_meant() {
    assert_eq!(Catalogue::warnings(&super::super::shipped()), []);
}

#[test]
fn a_share_has_its_levels_in_per_cent() {
    let check = |to: &str| {
        warns(
            "target-meant",
            "measures/fit.outcome.toml",
            "target = { green = 60, yellow = 40 }",
            to,
        );
    };
    check("target = { green = 0.6, yellow = 0.4 } # here");
    check("target = { green = 1, yellow = 0 } # here");
    check("target = { green = 60, yellow = 0.4 } # here");
    warns(
        "target-meant",
        "measures/kem.short-experience.toml",
        "target = { green = 70, yellow = 60 }",
        "target = { green = 0.7, yellow = 0.6 } # here",
    );
    warns(
        "target-meant",
        "measures/fit.alliance.toml",
        "target = { green = 36, yellow = 34 }",
        "target = { green = 0.9, yellow = 0.85 } # here",
    );
}

#[test]
fn a_variable_reaches_as_far_as_its_scale() {
    let check = |from: &str, to: &str| warns("range-meant", "measures/lar.status.toml", from, to);
    check(
        "min = 1\nmax = 5\ngrain = 0.5",
        "min = 1\nmax = 4\ngrain = 0.5 # here",
    );
    check(
        "min = 1\nmax = 5\ngrain = 0.5",
        "min = 0\nmax = 5\ngrain = 0.5 # here",
    );
    check(
        "min = 0\nmax = 4\ngrain = 1",
        "min = 0\nmax = 5\ngrain = 1 # here",
    );
}

#[test]
fn a_file_has_the_name_of_what_is_in_it() {
    let mut files = shipped();
    for file in &mut files {
        if file.path == "measures/lar.status.toml" {
            file.path = "measures/lar.toml".to_owned();
        }
        if file.path == "instruments/lar-status.toml" {
            file.path = "instruments/lar-status-1.toml".to_owned();
        }
    }
    loaded(&files);
    let found = Catalogue::warnings(&files);
    let told: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("measures/lar.toml:")
            && told[0].ends_with("here measures/lar.status.toml"),
        "{told:?}"
    );
}
