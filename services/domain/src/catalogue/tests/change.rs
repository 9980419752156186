//! Changes of the catalogue (design §4.9).

use super::*;

const ORGANISATIONS: &str = "organisations.toml";
const OUTCOME: &str = "measures/fit.outcome.toml";
const COURSE: &str = "measures/fit.course.toml";
const ORS: &str = "instruments/fit-ors.toml";

fn change(new: &[SourceFile], from: &str) -> Result<(), CatalogueProblems> {
    check_change(&loaded(&shipped()), &loaded(new), from.parse().unwrap())
}

fn rules(result: Result<(), CatalogueProblems>) -> Vec<&'static str> {
    let problems = result.err().map_or(Vec::new(), |problems| problems.0);
    problems.into_iter().map(|problem| problem.rule).collect()
}

/// Refused in March, at the marked line, and allowed in January.
fn january_only(path: &str, from: &str, to: &str) {
    let files = patched(path, from, to);
    let problems = change(&files, "2025-03").expect_err("it is refused in March");
    let text = &files.iter().find(|file| file.path == path).unwrap().text;
    let line = text
        .lines()
        .position(|line| line.contains("# here"))
        .unwrap()
        + 1;
    let found: Vec<_> = problems
        .0
        .iter()
        .map(|it| (it.file.as_str(), it.line, it.rule))
        .collect();
    assert_eq!(found, [(path, line, "january")], "{problems}");
    assert_eq!(rules(change(&files, "2025-01")), [""; 0]);
}

fn any_month(path: &str, from: &str, to: &str) {
    assert_eq!(rules(change(&patched(path, from, to), "2025-03")), [""; 0]);
}

fn never(rule: &'static str, path: &str, from: &str, to: &str) {
    let found = rules(change(&patched(path, from, to), "2025-01"));
    assert_eq!(found, [rule]);
}

#[test]
fn the_same_catalogue_may_follow_itself() {
    assert_eq!(rules(change(&shipped(), "2025-03")), [""; 0]);
}

#[test]
fn the_tree_changes_in_a_january() {
    january_only(
        ORGANISATIONS,
        "[[units]]",
        "[[units]]\nid = \"new\" # here\ninstitution = \"fjord-rus\"\nnumber = 900\ntitle = \"New\"\n\n[[units]]",
    );
    january_only(
        ORGANISATIONS,
        "id = \"fjord-dogn\"\ninstitution = \"fjord-rus\"",
        "id = \"fjord-dogn\" # here\ninstitution = \"fjord-dps\"",
    );
    january_only(
        ORGANISATIONS,
        "id = \"hf-fjord\"\nregion = \"region-kyst\"",
        "id = \"hf-fjord\" # here\nregion = \"region-innland\"",
    );
    any_month(ORGANISATIONS, "title = \"Fjord HF\"", "title = \"Fjord\"");
}

#[test]
fn a_unit_leaves_in_a_january() {
    let files = patched(
        ORGANISATIONS,
        "[[units]]\nid = \"dal-allmenn\"\ninstitution = \"dal-dps\"\nnumber = 304\ntitle = \"Dal allmennpoliklinikk\"\n",
        "",
    );
    assert_eq!(rules(change(&files, "2025-12")), ["january"]);
    assert_eq!(rules(change(&files, "2026-01")), [""; 0]);
}

#[test]
fn single_source_flags_change_in_a_january() {
    january_only(
        ORGANISATIONS,
        "id = \"skjergard-oy\"\ninstitution = \"skjergard-rus\"\nnumber = 203\nsingle_therapist = true",
        "id = \"skjergard-oy\" # here\ninstitution = \"skjergard-rus\"\nnumber = 203",
    );
    january_only(
        ORGANISATIONS,
        "id = \"dal-dogn\"\n",
        "id = \"dal-dogn\" # here\nsingle_device = true\n",
    );
}

#[test]
pub(super) fn a_unit_never_changes_trust() {
    never(
        "unit-trust",
        ORGANISATIONS,
        "institution = \"fjord-rus\"",
        "institution = \"dal-rus\"",
    );
    // Not with its institution either: three units go along.
    let files = patched(
        ORGANISATIONS,
        "id = \"fjord-rus\"\ntrust = \"hf-fjord\"",
        "id = \"fjord-rus\"\ntrust = \"hf-dal\"",
    );
    assert_eq!(rules(change(&files, "2025-01")), ["unit-trust"; 3]);
}

#[test]
fn a_number_is_never_given_to_another_unit() {
    never("unit-number", ORGANISATIONS, "number = 101", "number = 999");
    never(
        "unit-number",
        ORGANISATIONS,
        "id = \"fjord-poliklinikk\"",
        "id = \"renamed\"",
    );
}

#[test]
pub(super) fn k_and_r_rise_at_any_time_and_fall_in_a_january() {
    let old = loaded(&patched(OUTCOME, "k = 5\nr = 3", "k = 8\nr = 4"));
    let new = loaded(&shipped());
    let lowered = |from: &str| rules(check_change(&old, &new, from.parse().unwrap()));
    assert_eq!(lowered("2025-03"), ["january", "january"]);
    assert_eq!(lowered("2025-01"), [""; 0]);
    any_month(OUTCOME, "k = 5\nr = 3", "k = 8\nr = 4");
}

#[test]
pub(super) fn a_measure_changes_in_a_january() {
    let check = |from: &str, to: &str| january_only(OUTCOME, from, to);
    check("finest = \"month\"", "finest = \"tertial\" # here");
    check(
        "[parts]\nwhen = [{ value = \"first-clinical\", scale = \"total\", at_least = 1 }]",
        "[parts] # here\nwhen = [{ value = \"first\", scale = \"total\", below = 20 }]",
    );
}

#[test]
fn variables_change_in_a_january() {
    // A change of variables is found at the measure as a whole.
    let files = patched(COURSE, "max = 200", "max = 100");
    let problems = change(&files, "2025-03").unwrap_err();
    assert_eq!(
        (problems.0[0].file.as_str(), problems.0[0].line),
        (COURSE, 4)
    );
    assert_eq!(rules(change(&files, "2025-01")), [""; 0]);
}

#[test]
fn a_measure_leaves_in_a_january_and_comes_at_any_time() {
    let mut files = shipped();
    files.retain(|file| file.path != OUTCOME);
    assert_eq!(rules(change(&files, "2025-03")), ["january"]);
    assert_eq!(rules(change(&files, "2025-01")), [""; 0]);
    let back = check_change(
        &loaded(&files),
        &loaded(&shipped()),
        "2025-03".parse().unwrap(),
    );
    assert_eq!(rules(back), [""; 0]);
}

#[test]
fn a_version_of_an_instrument_never_changes() {
    never("instrument-version", ORS, "value = 25", "value = 24");
    never(
        "instrument-version",
        ORS,
        "missing = [\"not-answered\", \"prefer-not\"]",
        "missing = [\"not-answered\"]",
    );
    any_month(ORS, "FIT outcome scale", "Outcome scale");
    any_month(ORS, "Cut-off 25 for adults", "The cut-off for adults");
    let mut files = shipped();
    let ors = files.iter().find(|file| file.path == ORS).unwrap();
    files.push(SourceFile {
        path: "instruments/fit-ors.2.toml".to_owned(),
        text: ors.text.replace("version = 1", "version = 2"),
    });
    assert_eq!(rules(change(&files, "2025-03")), [""; 0]);
}

#[test]
fn indicators_change_at_any_time() {
    any_month(
        OUTCOME,
        "green = 60, yellow = 40",
        "green = 70, yellow = 40",
    );
}
