//! Rules of what others count.

use super::*;

const COURSE: &str = "measures/fit.course.toml";
const EXPERIENCE: &str = "measures/kem.experience.toml";
const FILE: &str = "denominators/z.toml";

/// A file of numbers, beside the shipped ones, of a year in which these have none.
fn numbers(from: &str, to: &str) -> Vec<SourceFile> {
    let text = "counts = \"episodes\"\nyear = 2031\nsource = \"x\"\ndate = \"2032-03-01\"\n\
         note = { nb = \"x\", nn = \"x\", en = \"x\" }\n\
         numbers = [\n{ organisation = \"fjord-rus\", number = 7 },\n]\n";
    assert!(text.contains(from), "{from}");
    let mut files = shipped();
    files.push(SourceFile {
        path: FILE.to_owned(),
        text: text.replacen(from, to, 1),
    });
    files
}

fn check(rule: &str, from: &str, to: &str) {
    refused(&numbers(from, to), rule, FILE);
}

#[test]
fn numbers_travel_with_the_catalogue() {
    let catalogue = loaded(&numbers("", ""));
    let found = catalogue.denominators.iter().find(|it| it.year == 2031);
    let found = found.unwrap();
    assert_eq!(found.organisation, "fjord-rus");
    assert_eq!((found.counts, found.number), (OutsideCount::Episodes, 7));
    assert_eq!(found.date.to_string(), "2032-03-01");
}

#[test]
fn a_number_is_about_an_organisation_that_there_is() {
    let other = "{ organisation = \"fjord\", number = 7 } # here";
    check(
        "denominator-organisation",
        "{ organisation = \"fjord-rus\", number = 7 },",
        other,
    );
    let former = "{ organisation = \"fjord-rus\", former = true, number = 7 } # here";
    check(
        "denominator-organisation",
        "{ organisation = \"fjord-rus\", number = 7 },",
        former,
    );
}

#[test]
fn a_number_stays_when_its_organisation_has_left() {
    let files = numbers(
        "organisation = \"fjord-rus\"",
        "organisation = \"fjord\", former = true",
    );
    let catalogue = loaded(&files);
    let found = catalogue.denominators.iter().find(|it| it.year == 2031);
    assert_eq!(found.unwrap().organisation, "fjord");
}

#[test]
fn a_number_is_of_a_year_and_not_older_than_it() {
    let rule = "denominator-year";
    check(rule, "year = 2031", "year = 31 # here");
    check(rule, "year = 2031", "year = 2033 # here");
    check(rule, "date = \"2032-03-01\"", "date = \"1.3.2032\" # here");
}

#[test]
fn a_number_is_said_once() {
    let twice = "{ organisation = \"fjord-rus\", number = 7 },\n\
         { organisation = \"fjord-rus\", number = 8 }, # here";
    check(
        "unique-id",
        "{ organisation = \"fjord-rus\", number = 7 },",
        twice,
    );
    // Not in two files either.
    let mut files = numbers("number = 7 },", "number = 7 }, # here");
    let mut again = files.last().unwrap().clone();
    again.path = "denominators/y.toml".to_owned();
    again.text = again.text.replace(" # here", "");
    files.insert(0, again);
    refused(&files, "unique-id", FILE);
}

#[test]
fn a_number_has_a_source_and_a_note_on_its_quality() {
    let rule = "denominator-note";
    let year = "year = 2031\nsource = \"x\"";
    check(rule, year, "year = 2031 # here\nsource = \" \"");
    let rest = "\ndate = \"2032-03-01\"\nnote = { nb = \"x\", nn = \"x\", en = \"x\" }";
    check(
        rule,
        &format!("{year}{rest}"),
        "year = 2031 # here\nsource = \"x\"\ndate = \"2032-03-01\"\nnote = { nb = \"x\", en = \"x\" }",
    );
    let none = numbers(
        &format!("{year}{rest}"),
        "year = 2031\nsource = \"x\"\ndate = \"2032-03-01\"",
    );
    let problems = load(&none).expect_err("a note is missing");
    assert!(problems.0.iter().all(|one| one.rule == rule), "{problems}");
    assert_eq!(problems.0.len(), 3, "{problems}");
}

#[test]
fn nothing_is_a_share_of_none() {
    check(
        "denominator-number",
        "number = 7 },",
        "number = 0 }, # here",
    );
}

const REASONS: &str = "reasons = [\n\
     { id = \"ethical\", title = { nb = \"x\", nn = \"x\", en = \"x\" } },\n\
     { id = \"absent\", title = { nb = \"x\", nn = \"x\", en = \"x\" } },\n]\n";

/// A number of 30 with these left out.
fn excluding(excluded: &str) -> Vec<SourceFile> {
    let number = "numbers = [\n{ organisation = \"fjord-rus\", number = 7 },";
    let to = format!(
        "{REASONS}numbers = [\n{{ organisation = \"fjord-rus\", number = 30, \
         excluded = [{excluded}] }}, # here"
    );
    numbers(number, &to)
}

#[test]
fn the_excluded_are_left_out_of_what_shares_are_made_of() {
    let files =
        excluding("{ reason = \"ethical\", number = 5 }, { reason = \"absent\", number = 8 }");
    let catalogue = loaded(&files);
    let found = catalogue.denominators.iter().find(|it| it.year == 2031);
    let found = found.unwrap();
    assert_eq!((found.number, found.eligible()), (30, 17));
    let reasons: Vec<_> = found.excluded.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(reasons, ["ethical", "absent"]);
}

#[test]
fn who_is_excluded_has_a_reason_is_not_singled_out_and_is_not_everybody() {
    let check = |excluded: &str| refused(&excluding(excluded), "denominator-excluded", FILE);
    check("{ reason = \"moved\", number = 5 }");
    check("{ reason = \"absent\", number = 5 }, { reason = \"absent\", number = 5 }");
    check("{ reason = \"absent\", number = 4 }");
    check("{ reason = \"absent\", number = 30 }");
    let mut untitled = excluding("{ reason = \"ethical\", number = 5 }");
    let file = untitled.last_mut().unwrap();
    file.text = file
        .text
        .replacen("nn = \"x\", en = \"x\" } },", "en = \"x\" } },", 1);
    refused(&untitled, "title", FILE);
    loaded(&excluding("{ reason = \"absent\", number = 0 }"));
    loaded(&excluding("{ reason = \"absent\", number = 29 }"));
}

#[test]
fn a_share_is_of_what_is_counted_once_and_of_the_same_kind() {
    let share = |over: &str, variable: &str| {
        format!(
            "[[outside]]\nid = \"z\" # here\nover = \"{over}\"\n{variable}\
             title = {{ nb = \"x\", nn = \"x\", en = \"x\" }}\n\n[[indicators]]"
        )
    };
    let end = "[[indicators]]";
    accepted(COURSE, end, &share("patients", ""));
    accepted(COURSE, end, &share("episodes", "variable = \"regular\"\n"));
    let check = |path: &str, to: &str| breaks("outside", path, end, to);
    check(COURSE, &share("discharges", ""));
    check(EXPERIENCE, &share("episodes", ""));
    check(COURSE, &share("episodes", "variable = \"days\"\n"));
    check(COURSE, &share("episodes", "variable = \"nothing\"\n"));
    check("measures/fit.alliance.toml", &share("episodes", ""));
    let untitled = share("episodes", "").replace("nn = \"x\", ", "");
    breaks("title", COURSE, end, &untitled);
}
