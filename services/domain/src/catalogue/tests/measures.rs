//! Rules of measures and their variables.

use super::*;

const OUTCOME: &str = "measures/fit.outcome.toml";
const COURSE: &str = "measures/fit.course.toml";
const ALLIANCE: &str = "measures/fit.alliance.toml";
const BDI: &str = "measures/bdi.outcome.toml";
const KEM: &str = "measures/kem.experience.toml";
const RESPONSE: &str = "measures/kem.response.toml";

/// Another measure, beside the shipped ones.
fn with_measure(text: &str) -> Vec<SourceFile> {
    let mut files = shipped();
    let titles = "title = { nb = \"x\", nn = \"x\", en = \"x\" }";
    files.push(SourceFile {
        path: "measures/z.toml".to_owned(),
        text: text.replace("TITLE", titles),
    });
    files
}

#[test]
fn no_score_is_read_by_two_measures() {
    let check = |text: &str| refused(&with_measure(text), "one-reader", "measures/z.toml");
    check(
        "id = \"z\" # here\nTITLE\nper = \"month\"\n\
         population = { on = \"session\", instrument = \"fit-ors\", version = 1, respondent = \"self\" }\n\
         [[variables]]\nid = \"low\"\nflag = [{ value = \"score\", scale = \"total\", below = 20 }]\n",
    );
    // Not by a part either.
    check(
        "id = \"z\" # here\nTITLE\nper = \"episode\"\n\
         population = { on = \"episode-closed\", instrument = \"fit-srs\", version = 1, respondent = \"self\" }\n\
         parts = { when = [{ value = \"first\", scale = \"total\", below = 36 }], then = \"a\", otherwise = \"b\" }\n\
         [[variables]]\nid = \"last\"\nvalue = \"last\"\nscale = \"total\"\nmin = 0\nmax = 40\ngrain = 1\n",
    );
    // Nor a number of forms, nor whether a code was answered.
    check(
        "id = \"z\" # here\nTITLE\nper = \"month\"\n\
         population = { on = \"session\", instrument = \"bdi-total\", version = 1, respondent = \"self\" }\n\
         [[variables]]\nid = \"forms\"\nvalue = \"forms\"\nmin = 0\nmax = 9\ngrain = 1\n",
    );
    check(
        "id = \"z\" # here\nTITLE\nper = \"episode\"\npopulation = { on = \"invitation\" }\n\
         [[variables]]\nid = \"answered\"\nvalue = \"answered\"\n",
    );
}

#[test]
fn no_item_is_read_by_two_measures_by_way_of_two_scales() {
    let mut files = with_measure(
        "id = \"z\" # here\nTITLE\nper = \"episode\"\n\
         population = { on = \"survey\", instrument = \"kem\", version = 1, respondent = \"self\" }\n\
         [[variables]]\nid = \"all\"\nvalue = \"score\"\nscale = \"all\"\nmin = 0\nmax = 100\ngrain = 1\n",
    );
    patch(
        &mut files,
        "instruments/kem.toml",
        "[[scales]]",
        "[[scales]]\nid = \"all\"\ntitle = { nb = \"x\", nn = \"x\", en = \"x\" }\n\
         items = [\"treatment-trust\", \"milieu-safety\", \"outcome-coping\"]\nmethod = \"index\"\n\
         min_answered = 2\nhigher_is_better = true\n\n[[scales]]",
    );
    refused(&files, "one-reader", "measures/z.toml");
}

#[test]
fn at_most_two_variables_read_a_coarse_score() {
    let flag = |bound: u32, mark: &str| {
        format!(
            "[[variables]]\nid = \"at-{bound}\"{mark}\nflag = [{{ value = \"score\", scale = \"outcome\", at_least = {bound} }}]\n\n"
        )
    };
    let end = "[[indicators]]";
    accepted(KEM, end, &format!("{}{end}", flag(75, "")));
    let two = format!("{}{}{end}", flag(75, ""), flag(50, " # here"));
    breaks("two-per-coarse-score", KEM, end, &two);
}

#[test]
fn no_answer_to_a_trigger_decides_who_counts() {
    let reads = |scale: &str| {
        with_measure(&format!(
            "id = \"z\"\nTITLE\nper = \"month\"\n\
             population = {{ on = \"session\", instrument = \"norse-2\", version = 1, respondent = \"self\" }}\n\
             [[variables]]\nid = \"x\" # here\nvalue = \"score\"\nscale = \"{scale}\"\nmin = 1\nmax = 7\ngrain = 1\n"
        ))
    };
    // Its trigger is another scale's item: it has a score only where that opened it.
    let other = reads("substance-recovery");
    refused(&other, "opened-scale", "measures/z.toml");
    // One answer is too few for a score.
    let mut two = reads("worry");
    patch(
        &mut two,
        "instruments/norse-2.toml",
        "items = [\"q39\", \"q116\", \"q117\"]\nmethod = \"mean\"\nmin_answered = 1",
        "items = [\"q39\", \"q116\", \"q117\"]\nmethod = \"mean\"\nmin_answered = 2",
    );
    refused(&two, "opened-scale", "measures/z.toml");
    loaded(&reads("worry"));
}

#[test]
fn values_lie_on_a_small_grid() {
    let check = |path: &str, from: &str, to: &str| breaks("variable-range", path, from, to);
    let days = "max = 1000\ngrain = 1\n";
    check(COURSE, days, "max = 1000\ngrain = 0 # here\n");
    check(COURSE, days, "max = 1000\ngrain = -1 # here\n");
    check(COURSE, days, "max = 0\ngrain = 1 # here\n");
    check(COURSE, days, "max = 1000\ngrain = 3 # here\n");
    check(COURSE, days, "max = 1000\ngrain = 0.5 # here\n");
    check(COURSE, days, "max = 100001\ngrain = 1 # here\n");
    check(
        BDI,
        "min = -63\nmax = 63\ngrain = 1",
        "min = -63\nmax = 63\ngrain = 2 # here",
    );
    check(KEM, "grain = 1", "grain = 0.5 # here");
    breaks_among_others(
        "variable-range",
        OUTCOME,
        "id = \"improved\"\n",
        "id = \"improved\"\nmax = 5\ngrain = 1 # here\n",
    );
    breaks_among_others(
        "variable-range",
        COURSE,
        "id = \"sessions\"\nvalue = \"forms\"\nmin = 0\n",
        "id = \"sessions\" # here\nvalue = \"forms\"\n",
    );
}

#[test]
fn a_population_decides_how_often_a_person_counts() {
    let check = |path: &str, from: &str, to: &str| breaks("per", path, from, to);
    check(BDI, "per = \"episode\"", "per = \"month\" # here");
    check(RESPONSE, "per = \"episode\"", "per = \"month\" # here");
}

#[test]
fn sessions_count_once_a_month() {
    breaks(
        "per",
        ALLIANCE,
        "per = \"month\"",
        "per = \"episode\" # here",
    );
}

#[test]
fn only_forms_of_a_month_are_added_up() {
    breaks_among_others(
        "over",
        COURSE,
        "max = 200\ngrain = 1\n",
        "max = 200\ngrain = 1\nover = \"sum\" # here\n",
    );
    breaks_among_others(
        "over",
        ALLIANCE,
        "max = 40\ngrain = 0.1\n",
        "max = 40\ngrain = 0.1\nover = \"sum\" # here\n",
    );
}

#[test]
fn a_month_measure_has_no_parts() {
    let problems = load(&patched(
        ALLIANCE,
        "[[variables]]",
        "[parts]\nwhen = [{ value = \"score\", scale = \"total\", below = 36 }]\nthen = \"a\"\notherwise = \"b\"\n\n[[variables]]",
    ))
    .unwrap_err();
    let rules: Vec<_> = problems.0.iter().map(|it| it.rule).collect();
    assert_eq!(rules, ["no-parts-in-month", "parts"], "{problems}");
    assert!(
        problems
            .0
            .iter()
            .all(|it| it.file == ALLIANCE && it.line == 19)
    );
}

#[test]
fn a_part_is_known_at_the_beginning() {
    let check = |from: &str, to: &str| {
        let files = patched(OUTCOME, "[parts]", "[parts] # here");
        let mut files = files;
        patch(&mut files, OUTCOME, from, to);
        refused(&files, "parts", OUTCOME);
    };
    let when = "when = [{ value = \"first-clinical\", scale = \"total\", at_least = 1 }]";
    check(
        when,
        "when = [{ value = \"last\", scale = \"total\", below = 25 }]",
    );
    check(
        when,
        "when = [{ value = \"change\", scale = \"total\", below = 0 }]",
    );
    check(
        when,
        "when = [{ value = \"first\", scale = \"sum\", below = 4 }]",
    );
    check(when, "when = []");
    check(
        when,
        "when = [{ value = \"last-clinical\", scale = \"total\", at_least = 1 }]",
    );
    check(
        when,
        "when = [{ value = \"improved\", scale = \"total\", at_least = 1 }]",
    );
    // Two parts of one name; the indicator's is still there.
    check("\"not-clinical\"", "\"clinical\"");
}

#[test]
fn a_patient_s_first_form_may_split_by_its_scores_only() {
    let start = "measures/kvarus.start.toml";
    breaks_among_others(
        "parts",
        start,
        "[parts]\nwhen = [",
        "[parts] # here\nwhen = [\n  { value = \"forms\", at_least = 1 },",
    );
    breaks_among_others(
        "value-fits",
        start,
        "id = \"large-benefit\"\nflag = [{ value = \"score\"",
        "id = \"large-benefit\" # here\nflag = [{ value = \"change\"",
    );
}

#[test]
fn forms_of_the_register_count_persons() {
    let check = |rule: &str, path: &str, from: &str, to: &str| breaks(rule, path, from, to);
    check(
        "per",
        "measures/kvarus.course.toml",
        "per = \"episode\"",
        "per = \"month\" # here",
    );
    let lar = "measures/lar.status.toml";
    check("per", lar, "per = \"month\"", "per = \"episode\" # here");
    check(
        "identity",
        lar,
        "sensitive = true",
        "sensitive = true\nidentity = \"code\" # here",
    );
}

#[test]
fn how_an_episode_ended_and_how_long_it_was_is_said_once() {
    for variable in [
        "value = \"days\"\nmin = 0\nmax = 9\ngrain = 1\n",
        "value = \"unplanned\"\n",
    ] {
        let text = format!(
            "id = \"z\" # here\nTITLE\nper = \"episode\"\n\
             population = {{ on = \"episode-closed\", instrument = \"fit-cors\", version = 1, respondent = \"self\" }}\n\
             [[variables]]\nid = \"x\"\n{variable}"
        );
        refused(&with_measure(&text), "one-reader", "measures/z.toml");
    }
    // The time without a form is that of a form, and of the register or not.
    let gap = |on: &str, instrument: &str, by: &str| {
        with_measure(&format!(
            "id = \"z\" # here\nTITLE\nper = \"episode\"\n\
             population = {{ on = \"{on}\", instrument = \"{instrument}\", version = 1, respondent = \"{by}\" }}\n\
             [[variables]]\nid = \"x\"\nvalue = \"gap\"\nmin = 0\nmax = 9\ngrain = 1\n"
        ))
    };
    refused(
        &gap("episode-closed", "fit-ors", "self"),
        "one-reader",
        "measures/z.toml",
    );
    loaded(&gap("episode-closed", "fit-cors", "other"));
    loaded(&gap("registered-episode", "fit-ors", "self"));
}

#[test]
fn what_is_judged_has_a_cutoff_and_a_reliable_change() {
    let measure = |instrument: &str, by: &str, value: &str| {
        let mut files = with_measure(&format!(
            "id = \"z\"\nTITLE\nper = \"episode\"\n\
             population = {{ on = \"episode-closed\", instrument = \"{instrument}\", version = 1, respondent = \"{by}\" }}\n\
             [[variables]]\nid = \"x\" # here\nvalue = \"{value}\"\nscale = \"total\"\n"
        ));
        // These read the same scores.
        files.retain(|file| !file.path.starts_with("measures/fit."));
        files
    };
    let check = |instrument: &str, by: &str, value: &str| {
        let files = measure(instrument, by, value);
        refused(&files, "value-fits", "measures/z.toml");
    };
    check("fit-ors", "other", "first-clinical");
    check("fit-gsrs", "group-member", "improved");
    loaded(&measure("fit-ors", "caretaker", "first-clinical"));
    loaded(&measure("fit-cors", "self", "deteriorated"));
}

#[test]
fn k_and_r_are_not_too_low() {
    breaks("k", OUTCOME, "k = 5", "k = 4 # here");
    breaks("r", OUTCOME, "r = 3", "r = 2 # here");
    // Before doubling: 9 codes are not enough, nor are 5 - 1 that would be doubled to 8.
    breaks("k", RESPONSE, "k = 5", "k = 4 # here");
    breaks(
        "k",
        OUTCOME,
        "finest = \"month\"\nk = 5",
        "sensitive = true\nk = 9 # here",
    );
    let files = patched(OUTCOME, "k = 5\nr = 3", "k = 1\nr = 0");
    let hash = CatalogueHash::new([0; 32]);
    assert!(Catalogue::load(&files, hash, CatalogueLimits::for_tests()).is_ok());
}

#[test]
fn sensitive_measures_are_not_shown_by_month() {
    breaks(
        "sensitive",
        OUTCOME,
        "finest = \"month\"\nk = 5",
        "sensitive = true\nfinest = \"month\" # here\nk = 10",
    );
    accepted(
        OUTCOME,
        "finest = \"month\"\nk = 5",
        "sensitive = true\nfinest = \"tertial\"\nk = 10",
    );
}

#[test]
fn surveys_count_codes_and_nothing_else_does() {
    let check = |path: &str, from: &str, to: &str| breaks("identity", path, from, to);
    check(
        RESPONSE,
        "identity = \"code\"",
        "identity = \"person\" # here",
    );
    check(KEM, "identity = \"code\"", "identity = \"person\" # here");
    check(OUTCOME, "k = 5", "k = 5\nidentity = \"code\" # here");
    check(ALLIANCE, "k = 5", "k = 5\nidentity = \"code\" # here");
}

#[test]
pub(super) fn only_fine_variables_have_a_spread() {
    let check = |path: &str, from: &str, to: &str| breaks("spread", path, from, to);
    check(
        OUTCOME,
        "id = \"improved\"\n",
        "id = \"improved\"\nspread = true # here\n",
    );
    check(
        BDI,
        "max = 100\ngrain = 1\n",
        "max = 18\ngrain = 1\nspread = true # here\n",
    );
    accepted(
        BDI,
        "max = 100\ngrain = 1\n",
        "max = 19\ngrain = 1\nspread = true\n",
    );
}

#[test]
fn a_measure_says_something() {
    let files = with_measure(
        "id = \"z\" # here\nTITLE\nper = \"episode\"\npopulation = { on = \"invitation\" }\n",
    );
    refused(&files, "some-variable", "measures/z.toml");
}

#[test]
fn a_population_has_a_form_that_there_is() {
    let check = |rule: &str, from: &str, to: &str| {
        let mut files = patched(BDI, "[population]", "[population] # here");
        patch(&mut files, BDI, from, to);
        let problems = load(&files).unwrap_err();
        assert!(
            problems.0.iter().any(|it| (it.rule, it.line) == (rule, 15)),
            "{problems}"
        );
    };
    check("known-form", "version = 1", "version = 2");
    check("known-form", "\"bdi-total\"", "\"bdi\"");
    check(
        "known-form",
        "respondent = \"self\"",
        "respondent = \"caretaker\"",
    );
    check("population", "respondent = \"self\"\n", "");
    check("population", "\"episode-closed\"", "\"invitation\"");
    check(
        "population",
        "instrument = \"bdi-total\"\nversion = 1\nrespondent = \"self\"\n",
        "",
    );
}

#[test]
fn ids_are_unique_within_a_measure() {
    breaks(
        "unique-id",
        BDI,
        "[[indicators]]",
        "[[variables]]\nid = \"first\" # here\nvalue = \"forms\"\nmin = 0\nmax = 1\ngrain = 1\n\n[[indicators]]",
    );
    let mut files = shipped();
    let again = files.iter().find(|file| file.path == RESPONSE).unwrap();
    files.push(SourceFile {
        path: "measures/z.toml".to_owned(),
        text: again
            .text
            .replacen("\"kem.response\"", "\"kem.response\" # here", 1),
    });
    refused(&files, "unique-id", "measures/z.toml");
}

#[test]
fn a_measure_has_titles_in_three_languages() {
    breaks(
        "title",
        RESPONSE,
        "title = { nb = \"Svar på pasienterfaringer\", nn",
        "title = { # here\n nb = \"Svar på pasienterfaringer\", se",
    );
}
