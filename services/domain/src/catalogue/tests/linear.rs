//! No variable of a measure is a linear function of others.

use super::*;

const OUTCOME: &str = "measures/fit.outcome.toml";
const KEM: &str = "measures/kem.experience.toml";
const RESPONSE: &str = "measures/kem.response.toml";

/// Adds a variable to `fit.outcome`, which has first, change, and what was reached.
fn dependent(variable: &str) {
    let marked = variable.replacen("\n", " # here\n", 1);
    breaks(
        "linear",
        OUTCOME,
        "[[indicators]]",
        &format!("[[variables]]\n{marked}\n[[indicators]]"),
    );
}

#[test]
fn no_variable_follows_from_others() {
    let last = "value = \"last\"\nscale = \"total\"\nmin = 0\nmax = 40\n";
    dependent(&format!("id = \"last\"\n{last}grain = 0.1\n"));
    // Rounding does not hide it.
    dependent(&format!("id = \"last\"\n{last}grain = 1\n"));
    // Nor does clamping.
    let first = "value = \"first\"\nscale = \"total\"\nmin = 10\nmax = 30\ngrain = 0.5\n";
    dependent(&format!("id = \"again\"\n{first}"));
}

#[test]
fn no_flag_follows_from_others() {
    let check = |flag: &str| dependent(&format!("id = \"flag\"\nflag = {flag}\n"));
    // The same, otherwise said.
    check("[{ value = \"change\", scale = \"total\", above = 4.9 }]");
    // The complement.
    check("[{ value = \"change\", scale = \"total\", below = 5 }]");
    // Always, and never.
    check("[{ value = \"first\", scale = \"total\", at_least = 0 }]");
    check("[{ value = \"change\", scale = \"total\", below = -40 }]");
    // Improved but not recovered: a difference of two.
    check(
        "[{ value = \"improved\", scale = \"total\", at_least = 1 }, \
         { value = \"last-clinical\", scale = \"total\", at_least = 1 }]",
    );
    // Neither better nor worse: all and two.
    check(
        "[{ value = \"improved\", scale = \"total\", at_most = 0 }, \
         { value = \"deteriorated\", scale = \"total\", at_most = 0 }]",
    );
}

#[test]
fn flags_that_share_out_everything_depend_on_one_another() {
    let flag =
        |id: &str, tests: &str| format!("[[variables]]\nid = \"{id}\"\nflag = [{tests}]\n\n");
    let low = flag(
        "low",
        "{ value = \"first\", scale = \"total\", below = 10 }",
    );
    let middle = flag(
        "middle",
        "{ value = \"first\", scale = \"total\", at_least = 10 }, { value = \"first\", scale = \"total\", below = 20 }",
    );
    let high = flag(
        "high",
        "{ value = \"first\", scale = \"total\", at_least = 20 }",
    )
    .replacen("\"high\"", "\"high\" # here", 1);
    let end = "[[indicators]]";
    accepted(OUTCOME, end, &format!("{low}{middle}{end}"));
    breaks("linear", OUTCOME, end, &format!("{low}{middle}{high}{end}"));
}

#[test]
fn a_flag_on_a_number_of_two_values_follows_from_it() {
    breaks(
        "linear",
        "measures/fit.course.toml",
        "min = 0\nmax = 200\ngrain = 1\n",
        "min = 1\nmax = 2\ngrain = 1\n\n[[variables]]\nid = \"some\" # here\nflag = [{ value = \"forms\", at_least = 2 }]\n",
    );
    breaks(
        "linear",
        RESPONSE,
        "value = \"answered\"\n",
        "value = \"answered\"\n[[variables]]\nid = \"silent\" # here\nflag = [{ value = \"answered\", below = 1 }]\n",
    );
}

#[test]
fn a_score_over_all_items_follows_from_its_parts() {
    let mut files = patched(
        "instruments/kem.toml",
        "[[scales]]",
        "[[scales]]\nid = \"both\"\ntitle = { nb = \"x\", nn = \"x\", en = \"x\" }\n\
         items = [\"milieu-safety\", \"milieu-activities\", \"milieu-surroundings\", \"milieu-community\", \
         \"treatment-information\", \"treatment-involvement\", \"treatment-trust\", \"treatment-respect\", \"treatment-help\"]\n\
         method = \"index\"\nmin_answered = 5\nhigher_is_better = true\n\n[[scales]]",
    );
    patch(
        &mut files,
        KEM,
        "[[indicators]]",
        "[[variables]]\nid = \"both\" # here\nvalue = \"score\"\nscale = \"both\"\nmin = 0\nmax = 100\ngrain = 1\n\n[[indicators]]",
    );
    refused(&files, "linear", KEM);
}

#[test]
fn what_does_not_follow_is_not_refused() {
    // A rare flag over two scores at once, beside flags on each.
    let flags = "[[variables]]\nid = \"best\"\nflag = [{ value = \"score\", scale = \"milieu\", above = 99 }, \
                 { value = \"score\", scale = \"treatment\", above = 99 }]\n\n\
                 [[variables]]\nid = \"high\"\nflag = [{ value = \"score\", scale = \"treatment\", at_least = 80 }]\n\n\
                 [[indicators]]";
    accepted_joined(KEM, "[[indicators]]", flags);
    // Bounds at the ends, and a narrow band of changes.
    let flags = "[[variables]]\nid = \"top\"\nflag = [{ value = \"last\", scale = \"total\", at_least = 40 }]\n\n\
                 [[variables]]\nid = \"same\"\nflag = [{ value = \"change\", scale = \"total\", above = -0.1 }, \
                 { value = \"change\", scale = \"total\", below = 0.1 }]\n\n\
                 [[indicators]]";
    accepted(OUTCOME, "[[indicators]]", flags);
    // Episodes that were short and full of gaps, and long ones.
    let flags = "[[variables]]\nid = \"long\"\nflag = [{ value = \"forms\", at_least = 150 }]\n\n\
                 [[variables]]\nid = \"short\"\nflag = [{ value = \"days\", below = 14 }]\n\n\
                 [[variables]]\nid = \"left\"\nflag = [{ value = \"gap\", above = 90 }]\n\n[[indicators]]";
    accepted("measures/fit.course.toml", "[[indicators]]", flags);
}

/// Accepted, but for what others can see beside it.
fn accepted_joined(path: &str, from: &str, to: &str) {
    let lenient = CatalogueLimits {
        apart: false,
        ..CatalogueLimits::default()
    };
    let files = patched(path, from, to);
    Catalogue::load(&files, CatalogueHash::new([0; 32]), lenient)
        .unwrap_or_else(|problems| panic!("{problems}"));
}
