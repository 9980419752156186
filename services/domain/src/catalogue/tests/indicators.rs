//! The rules that indicators must keep, each tried by breaking it.

use super::*;

const BDI: &str = "measures/bdi.outcome.toml";
const SESSIONS: &str = "measures/fit.alliance-sessions.toml";
const KEM: &str = "measures/kem.experience.toml";

/// Replaces within `bdi.outcome`, where the kind of the first match is on the marked line.
fn wrong_figure(path: &str, kind: &str, figure: &str, new_kind: &str, new_figure: &str) {
    breaks(
        "figure",
        path,
        &format!("kind = \"{kind}\"\n{figure}"),
        &format!("kind = \"{new_kind}\" # here\n{new_figure}"),
    );
}

#[test]
fn an_indicator_shows_variables_of_its_measure() {
    let first = "variable = \"first\"";
    wrong_figure(BDI, "mean", first, "mean", "variable = \"last\"");
    wrong_figure(BDI, "mean", first, "mean", "sum_of = [\"first\", \"last\"]");
}

#[test]
fn an_indicator_shows_what_can_be_shown_so() {
    let first = "variable = \"first\"";
    let both = "sum_of = [\"first\", \"change\"]";
    // A proportion is of 0 and 1.
    wrong_figure(BDI, "mean", first, "proportion", first);
    // An index is from 0 to 100.
    wrong_figure(BDI, "mean", first, "index", first);
    wrong_figure(
        BDI,
        "proportion",
        "variable = \"improved\"\nhigher_is_better = true\ntarget = { green = 60, yellow = 40 }",
        "index",
        "variable = \"improved\"",
    );
    // A count is of something that is counted.
    wrong_figure(BDI, "mean", first, "count", first);
    // A sum of two is a mean.
    wrong_figure(BDI, "mean", both, "count", both);
    // A ratio is of two sums of a month measure.
    wrong_figure(
        BDI,
        "mean",
        first,
        "mean",
        "ratio = [\"sessions\", \"first\"]",
    );
    let often = "[[variables]]\nid = \"often\"\nflag = [{ value = \"forms\", at_least = 3 }]\n\n";
    let mut files = patched(
        SESSIONS,
        "[[indicators]]",
        &format!("{often}[[indicators]]"),
    );
    patch(
        &mut files,
        SESSIONS,
        "kind = \"count\"\nvariable = \"sessions\"",
        "kind = \"mean\" # here\nratio = [\"sessions\", \"often\"]",
    );
    refused(&files, "figure", SESSIONS);
    // What is added up is not a mean over persons.
    wrong_figure(
        SESSIONS,
        "count",
        "variable = \"sessions\"",
        "mean",
        "variable = \"sessions\"",
    );
}

#[test]
fn an_effect_size_needs_two_spreads() {
    let outcome = "measures/fit.outcome.toml";
    let of = "aspect = \"outcome\"\nstandardised = [\"change\", \"first\"]";
    breaks(
        "figure",
        outcome,
        &format!("kind = \"effect-size\"\n{of}"),
        "kind = \"effect-size\" # here\nstandardised = [\"change\", \"improved\"]",
    );
    breaks(
        "figure",
        outcome,
        &format!("kind = \"effect-size\"\n{of}"),
        "kind = \"mean\" # here\nstandardised = [\"change\", \"first\"]",
    );
    breaks(
        "target",
        outcome,
        of,
        &format!("{of}\ntarget = {{ green = 1, yellow = 0 }} # here"),
    );
}

#[test]
fn an_indicator_is_of_a_part_that_there_is() {
    breaks(
        "part",
        "measures/fit.outcome.toml",
        "id = \"share-recovered\"\nkind = \"proportion\"\naspect = \"outcome\"\npart = \"clinical\"",
        "id = \"share-recovered\" # here\nkind = \"proportion\"\npart = \"elsewhere\"",
    );
    breaks(
        "part",
        BDI,
        "id = \"mean-first\"",
        "id = \"mean-first\" # here\npart = \"clinical\"",
    );
}

#[test]
fn an_indicator_has_one_figure() {
    let check = |to: &str| {
        breaks(
            "figure",
            BDI,
            "id = \"mean-first\"\nkind = \"mean\"\nvariable = \"first\"",
            &format!("id = \"mean-first\" # here\nkind = \"mean\"\n{to}"),
        );
    };
    check("");
    check("variable = \"first\"\nratio = [\"first\", \"change\"]");
    check("variable = \"first\"\nstandardised = [\"change\", \"first\"]");
}

#[test]
fn ids_of_indicators_are_unique() {
    breaks(
        "unique-id",
        BDI,
        "id = \"mean-change\"",
        "id = \"mean-first\" # here",
    );
}

#[test]
fn targets_lie_where_the_figure_can_be() {
    let check = |path: &str, from: &str, to: &str| {
        breaks("target", path, from, &format!("target = {to} # here"));
    };
    let change = "target = { green = -9, yellow = -5 }";
    check(BDI, change, "{ green = -64, yellow = -5 }");
    // The better level is on the better side.
    check(BDI, change, "{ green = -5, yellow = -9 }");
    let share = "target = { green = 60, yellow = 40 }";
    check(BDI, share, "{ green = 101, yellow = 40 }");
    check(BDI, share, "{ green = 60, yellow = -1 }");
    check(BDI, share, "{ green = 40, yellow = 60 }");
    check(
        KEM,
        "target = { green = 70, yellow = 60 }",
        "{ green = 70, yellow = 100.5 }",
    );
    accepted(BDI, change, "target = { green = -9, yellow = -9 }");
}

#[test]
fn a_target_needs_a_direction() {
    breaks(
        "target",
        BDI,
        "higher_is_better = false\ntarget = { green = -9, yellow = -5 }",
        "target = { green = -9, yellow = -5 } # here",
    );
}

#[test]
fn a_figure_over_nobody_is_not_shown() {
    breaks(
        "min-denominator",
        BDI,
        "min_denominator = 5",
        "min_denominator = 0 # here",
    );
}

#[test]
fn an_indicator_has_titles_in_three_languages() {
    breaks(
        "title",
        BDI,
        "title = { nb = \"Gjennomsnitt ved inntak\", nn = \"Gjennomsnitt ved inntak\", en = \"Mean at intake\" }",
        "title = { nb = \"Gjennomsnitt ved inntak\", en = \"Mean at intake\" } # here",
    );
    // A single text is bokmål.
    let problems = load(&patched(
        BDI,
        "title = { nb = \"Gjennomsnitt ved inntak\", nn = \"Gjennomsnitt ved inntak\", en = \"Mean at intake\" }",
        "title = \"Gjennomsnitt ved inntak\"",
    ))
    .unwrap_err();
    assert_eq!(problems.0.len(), 2, "{problems}");
}
