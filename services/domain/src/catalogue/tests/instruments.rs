//! The rules that instruments must keep, each tried by breaking it.

use super::*;

const ORS: &str = "instruments/fit-ors.toml";
const KEM: &str = "instruments/kem.toml";
const BDI: &str = "instruments/bdi-total.toml";

#[test]
fn ids_are_unique_within_an_instrument() {
    let check = |from: &str, to: &str| breaks("unique-id", ORS, from, to);
    check(
        "[[scales]]",
        "[[items]]\nid = \"overall\" # here\nmin = 0\nmax = 1\nstep = 1\n\n[[scales]]",
    );
    check(
        "[[alerts]]",
        "[[scales]]\nid = \"total\" # here\ntitle = \"x\"\nitems = [\"overall\"]\nmethod = \"sum\"\nhigher_is_better = true\n\n[[alerts]]",
    );
    check(
        "when = \"clinical\"",
        "when = \"clinical\"\n\n[[alerts]]\nid = \"below-cutoff\" # here\nscale = \"total\"\nabove = 39",
    );
}

#[test]
fn an_instrument_and_version_is_there_once() {
    let mut files = shipped();
    let mut again = files.iter().find(|file| file.path == BDI).unwrap().clone();
    again.path = "instruments/z.toml".to_owned();
    again.text = again
        .text
        .replacen("\"bdi-total\"", "\"bdi-total\" # here", 1);
    files.push(again);
    refused(&files, "unique-id", "instruments/z.toml");
}

/// The text of the simplest instrument.
fn total(files: &[SourceFile]) -> &str {
    &files.iter().find(|file| file.path == BDI).unwrap().text
}

#[test]
fn versions_count_from_one() {
    let mut files = shipped();
    let text = total(&files).replace("version = 1", "version = 0 # here");
    files.push(SourceFile {
        path: "instruments/z.toml".to_owned(),
        text,
    });
    refused(&files, "version", "instruments/z.toml");
}

#[test]
fn somebody_may_fill_it_in() {
    let mut files = shipped();
    let text = total(&files).replace("version = 1", "version = 2");
    files.push(SourceFile {
        path: "instruments/z.toml".to_owned(),
        text: text.replace("[\"self\"]", "[] # here"),
    });
    refused(&files, "respondents", "instruments/z.toml");
}

#[test]
fn items_lie_on_a_finite_grid() {
    let check = |from: &str, to: &str| {
        let from = format!(
            "id = \"milieu-safety\"\nlabel = {{ nb = \"Trygghet\", nn = \"Tryggleik\", en = \"Safety\" }}\nmin = 1\nmax = 5\nstep = 1{from}"
        );
        let to = format!(
            "id = \"milieu-safety\" # here\nlabel = {{ nb = \"Trygghet\", nn = \"Tryggleik\", en = \"Safety\" }}\n{to}"
        );
        // Its values have words, which then stand for values that it does not have.
        breaks_among_others("item-range", KEM, &from, &to);
    };
    check("", "min = 1\nmax = 5\nstep = 0");
    check("", "min = 1\nmax = 5\nstep = -1");
    check("", "min = 1\nmax = 5\nstep = 3");
    check("", "min = 5\nmax = 5\nstep = 1");
    check("", "min = 5\nmax = 1\nstep = 1");
    check("", "min = 1\nmax = 100001\nstep = 1");
}

#[test]
fn the_items_of_a_scale_exist() {
    let check = |to: &str| {
        breaks(
            "scale-items",
            KEM,
            "items = [\"outcome-coping\", \"outcome-change\", \"outcome-future\"]",
            to,
        );
    };
    check("items = [\"outcome-coping\", \"outcome-change\", \"outcome-fate\"] # here");
    check("items = [\"outcome-coping\", \"outcome-change\", \"outcome-change\"] # here");
}

#[test]
fn the_range_of_a_scale_follows_from_its_items() {
    let check = |file: &str, from: &str, to: &str| breaks("scale-range", file, from, to);
    let srs = "instruments/fit-srs.toml";
    check(srs, "method = \"sum\"", "method = \"sum\"\nmax = 41 # here");
    check(
        KEM,
        "method = \"index\"",
        "method = \"index\"\nmax = 5 # here",
    );
    breaks_among_others("scale-range", BDI, "max = 63", "max = 0 # here");
    check(BDI, "max = 63\nstep = 1", "max = 63 # here\nstep = 2");
    check(BDI, "max = 63\nstep = 1", "max = 63 # here\nstep = 0");
    accepted(
        ORS,
        "method = \"sum\"",
        "method = \"sum\"\nmin = 0\nmax = 40",
    );
}

#[test]
fn a_method_has_what_it_needs() {
    let check = |file: &str, from: &str, to: &str| breaks("scale-method", file, from, to);
    check(KEM, "min_answered = 3", "min_answered = 6 # here");
    check(KEM, "min_answered = 3", "min_answered = 0 # here");
}

#[test]
fn a_method_that_cannot_be_read_is_refused() {
    let check = |path: &str, from: &str, to: &str| {
        let problems = load(&patched(path, from, to)).unwrap_err();
        let problem = problems.0.iter().find(|it| it.rule == "scale-method");
        assert_eq!(problem.expect("it is found").file, path);
    };
    check(KEM, "min_answered = 3\n", "");
    check(
        ORS,
        "method = \"sum\"",
        "method = \"sum\"\nmin_answered = 4",
    );
}

#[test]
fn the_items_of_a_mean_have_one_range() {
    breaks(
        "scale-method",
        KEM,
        "[[scales]]\nid = \"treatment\"",
        "[[items]]\nid = \"x\"\nlabel = { nb = \"x\", nn = \"x\", en = \"x\" }\nmin = 0\nmax = 9\nstep = 1\n\n\
         [[scales]]\nid = \"mixed\" # here\ntitle = { nb = \"x\", nn = \"x\", en = \"x\" }\n\
         items = [\"milieu-safety\", \"x\"]\nmethod = \"mean\"\nmin_answered = 1\nhigher_is_better = true\n\n\
         [[scales]]\nid = \"treatment\"",
    );
}

#[test]
fn a_total_sent_alone_is_a_sum() {
    let check = |file: &str, from: &str, to: &str| breaks("total-only", file, from, to);
    check(ORS, "total_only = \"total\"", "total_only = \"sum\" # here");
    check(
        KEM,
        "respondents = [\"self\"]",
        "respondents = [\"self\"]\ntotal_only = \"outcome\" # here",
    );
    check(
        BDI,
        "reliable_change = 9",
        "[[scales]]\nid = \"other\" # here\ntitle = { nb = \"x\", nn = \"x\", en = \"x\" }\n\
         method = \"sum\"\nmin = 0\nmax = 63\nstep = 1\nhigher_is_better = false",
    );
}

#[test]
fn cut_offs_lie_within_the_range() {
    let check = |from: &str, to: &str| breaks("cutoff", ORS, from, to);
    check("value = 25 },", "value = 40.1 }, # here");
    check("value = 25 },", "value = -1 }, # here");
    let check = |to: &str| breaks("cutoff", BDI, "reliable_change = 9", to);
    check("reliable_change = 0 # here");
    check("reliable_change = 64 # here");
    // Also where it is one for everybody.
    let one = "method = \"sum\"\nmin = 0\nmax = 63\nstep = 1";
    let with = format!("{one}\ncutoff = 64 # here");
    breaks("cutoff", BDI, one, &with);
}

#[test]
fn one_cut_off_is_for_anybody() {
    let check = |to: &str| breaks("cutoff", ORS, "age = \"adolescent\", value = 28 },", to);
    check("age = \"adult\", value = 28 }, # here");
    check("value = 28 }, # here");
    check("age = \"child\", value = 28 }, # here");
    breaks(
        "cutoff",
        ORS,
        "respondent = \"caretaker\", age = \"adolescent\", value = 28 },",
        "age = \"adult\", value = 28 }, # here",
    );
    breaks(
        "cutoff",
        ORS,
        "respondent = \"caretaker\", age = \"adolescent\", value = 28 },",
        "respondent = \"caretaker\", age = \"adolescent\", value = 28 },\n  { respondent = \"group-member\", value = 28 }, # here",
    );
}

#[test]
fn the_age_band_that_is_assumed_is_one_of_the_ages() {
    let check = |from: &str, to: &str| breaks("ages", ORS, from, to);
    let from = "default_age = \"adult\"";
    check(from, "default_age = \"child\" # here");
    check(
        "ages = [\"adult\", \"adolescent\"]\ndefault_age = \"adult\"",
        "ages = [\"adult\", \"adolescent\"] # here",
    );
    let title = "respondents = [\"self\"]";
    let with = format!("{title}\ndefault_age = \"adult\" # here");
    breaks("ages", BDI, title, &with);
}

#[test]
fn alerts_look_at_scores_that_there_are() {
    let check = |to: &str| {
        let from = "id = \"below-cutoff\"\nscale = \"total\"\nwhen = \"clinical\"";
        breaks("alert", ORS, from, to);
    };
    check("id = \"a\" # here\nscale = \"sum\"\nbelow = 25");
    check("id = \"a\" # here\nscale = \"total\"\nbelow = 0");
    check("id = \"a\" # here\nscale = \"total\"\nabove = 40");
    check("id = \"a\" # here\nscale = \"total\"");
    check("id = \"a\" # here\nscale = \"total\"\nbelow = 1\nabove = 2");
    check("id = \"a\" # here\nscale = \"total\"\nbelow = 1\nwhen = \"clinical\"");
    check("id = \"a\" # here\nscale = \"total\"\nwhen = \"clinical\"\nby = 1");
    check("id = \"a\" # here\nscale = \"total\"\nwhen = \"clinical\"\nscores = 2");
    check("id = \"a\" # here\nscale = \"total\"\nwhen = \"worse-than-last\"\nby = 0");
    check("id = \"a\" # here\nscale = \"total\"\nwhen = \"worse-than-first\"\nby = 41");
    check("id = \"a\" # here\nscale = \"total\"\nwhen = \"no-change\"");
    check("id = \"a\" # here\nscale = \"total\"\nwhen = \"no-change\"\nscores = 1");
    check("id = \"a\" # here\nscale = \"total\"\nwhen = \"opens\"");
    let beside = |when: &str, instrument: &str, scale: &str| {
        format!(
            "id = \"a\" # here\nscale = \"total\"\n{when}\n\
             expected = {{ instrument = \"{instrument}\", scale = \"{scale}\" }}"
        )
    };
    let expected = "when = \"worse-than-expected\"";
    check(&format!("id = \"a\" # here\nscale = \"total\"\n{expected}"));
    check(&beside("when = \"clinical\"", "fit-expected", "expected"));
    check(&beside(expected, "nosuch", "expected"));
    check(&beside(expected, "fit-expected", "nosuch"));
    // Of another range, and of another direction too.
    check(&beside(expected, "bdi-total", "total"));
}

#[test]
fn alerts_need_what_they_compare_with() {
    // No cut-off, and no reliable change.
    let check = |file: &str, end: &str, when: &str| {
        let to =
            format!("{end}\n\n[[alerts]]\nid = \"a\" # here\nscale = \"total\"\nwhen = \"{when}\"");
        breaks("alert", file, end, &to);
    };
    let end = "reliable_change = 9";
    check(BDI, end, "clinical");
    check(BDI, end, "starts-outside-clinical");
    check(BDI, end, "recovered");
    let end = "when = \"worse-than-last\"\nby = 1";
    let srs = "instruments/fit-srs.toml";
    check(srs, end, "worse-than-first");
    check(srs, end, "recovered");
    let no_change = format!(
        "{end}\n\n[[alerts]]\nid = \"a\" # here\nscale = \"total\"\nwhen = \"no-change\"\nscores = 2"
    );
    breaks("alert", srs, end, &no_change);
}

#[test]
fn an_instrument_has_titles_in_three_languages() {
    let check = |from: &str, to: &str| breaks("title", ORS, from, to);
    let title = "title = { nb = \"FIT utfallsskala\", nn = \"FIT utfallsskala\", en = \"FIT outcome scale\" }";
    check(title, "title = { nb = \"x\", nn = \"x\" } # here");
    check(
        title,
        "title = { nb = \"x\", nn = \"x\", en = \"\" } # here",
    );
    check(
        title,
        "title = { nb = \"x\", nn = \"x\", en = \"x\", fr = \"x\" } # here",
    );
    check(
        "id = \"social\"\nlabel = { nb = \"Sosialt\", nn = \"Sosialt\", en",
        "id = \"social\" # here\nlabel = { nb = \"Sosialt\", en",
    );
    accepted(
        ORS,
        title,
        "title = { nb = \"x\", nn = \"x\", en = \"x\", se = \"x\" }",
    );
}

#[test]
fn the_ranges_of_an_index_have_a_small_common_multiple() {
    // Four primes: their product would not fit the sums of an index.
    let item = |max: u32| {
        format!(
            "[[items]]\nid = \"to-{max}\"\nlabel = {{ nb = \"x\", nn = \"x\", en = \"x\" }}\nmin = 0\nmax = {max}\nstep = 1\n\n"
        )
    };
    let items: String = [99_991, 99_989, 99_971, 99_961].map(item).concat();
    breaks(
        "scale-method",
        KEM,
        "[[scales]]\nid = \"treatment\"",
        &format!(
            "{items}[[scales]]\nid = \"wide\" # here\ntitle = {{ nb = \"x\", nn = \"x\", en = \"x\" }}\n\
             items = [\"to-99991\", \"to-99989\", \"to-99971\", \"to-99961\"]\nmethod = \"index\"\nmin_answered = 2\n\
             higher_is_better = true\n\n[[scales]]\nid = \"treatment\""
        ),
    );
}

#[test]
fn what_a_value_stands_for_is_said_once_of_values_that_there_are() {
    let path = "instruments/kvarus-basis.toml";
    let (line, coded) = ("id = \"sex\"", "{ value = 2, label");
    let check = |to: &str| {
        let mut files = patched(path, line, "id = \"sex\" # here");
        patch(&mut files, path, coded, to);
        refused(&files, "item-values", path);
    };
    check("{ value = 3, label");
    check("{ value = 1.5, label");
    check("{ value = 1, label");
}

#[test]
fn both_forms_of_the_register_say_what_their_codes_stand_for() {
    let basis = instrument("kvarus-basis");
    let sex = &basis.items[0];
    let labels = sex
        .values
        .iter()
        .map(|coded| (coded.label["en"].as_str(), coded.missing));
    let labels: Vec<_> = labels.collect();
    assert_eq!(
        labels,
        [("Not chosen", true), ("Man", false), ("Woman", false)]
    );
    let point = instrument("kvarus-point");
    assert_eq!(point.items[0].values.len(), 8);
}
