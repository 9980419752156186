//! What others can see never stands in one number with what only answers tell.

use super::*;
use crate::ids::MeasureId;
use crate::row::{RowLevel, RowParts, VariableSum};

const OUTCOME: &str = "measures/fit.outcome.toml";
const COURSE: &str = "measures/fit.course.toml";
const KEM: &str = "measures/kem.experience.toml";
const START: &str = "measures/kvarus.start.toml";
const POINT: &str = "instruments/kvarus-point.toml";
const INDICATORS: &str = "[[indicators]]";

/// Measures that the rule moved or made.
const MOVED: [&str; 5] = [
    "measures/fit.alliance-sessions.toml",
    "measures/fit.child-alliance-sessions.toml",
    "measures/fit.group-alliance-sessions.toml",
    "measures/norse-2.forms.toml",
    "measures/norse-3.forms.toml",
];

/// The catalogue that was shipped before there was the rule.
pub(super) fn before_the_rule() -> Vec<SourceFile> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = root.join("../../tests/data/before-apart");
    let mut files = shipped();
    files.retain(|file| !MOVED.contains(&file.path.as_str()));
    for file in &mut files {
        if let Ok(text) = std::fs::read_to_string(root.join(&file.path)) {
            file.text = text;
        }
    }
    files
}

fn load_logged(files: &[SourceFile]) -> Catalogue {
    let loaded = Catalogue::load_logged(
        files,
        CatalogueHash::new([0; 32]),
        CatalogueLimits::default(),
    );
    loaded.unwrap_or_else(|problems| panic!("{problems}"))
}

/// `more` beside the variables of the file breaks the rule where it is marked.
fn beside(path: &str, more: &str) {
    let mut files = patched(path, INDICATORS, &format!("{more}\n{INDICATORS}"));
    // It says how episodes were, which no other measure may say again.
    files.retain(|file| file.path != COURSE || path == COURSE);
    refused(&files, "apart", path);
}

fn flag(conditions: &str) -> String {
    format!("[[variables]]\nid = \"z\" # here\nflag = [{conditions}]\n")
}

/// A small instrument with these items, each a scale of its own.
fn with_instrument(items: &[&str], measure: &str) -> Vec<SourceFile> {
    const TITLE: &str = "{ nb = \"x\", nn = \"x\", en = \"x\" }";
    let mut text =
        format!("id = \"check-in\"\nversion = 1\ntitle = {TITLE}\nrespondents = [\"self\"]\n");
    for item in items {
        let (item, scale) = item.split_once('|').unwrap_or((item, ""));
        let id = item.split(' ').next().unwrap();
        let item = item[id.len()..].replace(';', "\n");
        text += &format!(
            "[[items]]\nid = \"{id}\"\nlabel = {TITLE}\nmin = 0\nmax = 10\nstep = 1\n{item}\n\
             [[scales]]\nid = \"{id}\"\ntitle = {TITLE}\nitems = [\"{id}\"]\nmethod = \"sum\"\n\
             higher_is_better = true\n{scale}\n"
        );
    }
    let mut files = shipped();
    files.push(SourceFile {
        path: "instruments/check-in.toml".to_owned(),
        text,
    });
    files.push(SourceFile {
        path: "measures/check-in.toml".to_owned(),
        text: format!(
            "id = \"check-in\"\ntitle = {TITLE}\nper = \"episode\"\npopulation = {{ on = \
             \"episode-closed\", instrument = \"check-in\", version = 1, respondent = \"self\" }}\n\
             {measure}"
        ),
    });
    files
}

fn number(id: &str, value: &str) -> String {
    format!("[[variables]]\nid = \"{id}\"{value}\nmin = 0\nmax = 10\ngrain = 1\n")
}

fn forms() -> String {
    number("forms", " # here\nvalue = \"forms\"")
}

fn first(scale: &str) -> String {
    number(scale, &format!("\nvalue = \"first\"\nscale = \"{scale}\""))
}

// === the conditions of one flag, and those of one part ===

#[test]
pub(super) fn a_flag_never_joins_what_is_seen_with_an_answer() {
    // What was there: it told the outcome of every single drop-out.
    beside(
        OUTCOME,
        &flag(
            "{ value = \"unplanned\", at_least = 1 }, \
             { value = \"improved\", scale = \"total\", at_most = 0 }",
        ),
    );
    for seen in ["forms", "days", "gap", "planned", "transfer"] {
        let seen = format!("{{ value = \"{seen}\", at_least = 1 }}, ");
        let told = "{ value = \"change\", scale = \"total\", below = 0 }";
        beside(OUTCOME, &flag(&(seen + told)));
    }
}

#[test]
fn a_flag_joins_no_answers_of_two_scales() {
    beside(
        KEM,
        &flag(
            "{ value = \"score\", scale = \"milieu\", above = 99 }, \
             { value = \"score\", scale = \"treatment\", above = 99 }",
        ),
    );
    beside(
        START,
        &flag(
            "{ value = \"score\", scale = \"plan\", at_least = 2 }, \
             { value = \"score\", scale = \"benefit\", at_least = 3 }",
        ),
    );
}

#[test]
fn a_flag_of_one_scale_or_of_what_is_seen_is_none_of_it() {
    let more = |path: &str, conditions: &str| {
        let flag = flag(conditions).replace(" # here", "");
        accepted(path, INDICATORS, &(flag + INDICATORS));
    };
    more(
        OUTCOME,
        "{ value = \"last\", scale = \"total\", at_least = 30 }, \
         { value = \"first\", scale = \"total\", at_least = 30 }",
    );
    more(
        COURSE,
        "{ value = \"unplanned\", at_least = 1 }, { value = \"forms\", at_most = 3 }, \
         { value = \"days\", below = 30 }",
    );
    // Two scales that others can see.
    more(
        START,
        "{ value = \"score\", scale = \"plan\", at_least = 2 }, \
         { value = \"score\", scale = \"crisis-plan\", at_least = 2 }",
    );
}

#[test]
fn a_part_never_joins_what_is_seen_with_an_answer() {
    let mut files = patched(
        START,
        "[parts]\nwhen = [",
        "[parts] # here\nwhen = [\n  { value = \"score\", scale = \"benefit\", at_least = 1 },",
    );
    // Flags of what staff did, which may not stand beside a part that an answer tells.
    for plan in ["plan", "crisis-plan"] {
        let plan = format!("scale = \"{plan}\"");
        patch(&mut files, START, &plan, "scale = \"benefit\"");
        patch(&mut files, START, &plan, "scale = \"benefit\"");
    }
    let problems = load(&files).unwrap_err();
    let apart: Vec<_> = problems.0.iter().filter(|it| it.rule == "apart").collect();
    assert_eq!(apart.len(), 1, "{problems}");
    assert_eq!(apart[0].line, 26, "{problems}");
}

// === the items of a scale ===

#[test]
fn the_items_of_a_scale_are_all_seen_or_none_is() {
    let benefit = "[[scales]]\nid = \"all\" # here\ntitle = { nb = \"x\", nn = \"x\", en = \"x\" }\n\
                   items = [\"plan\", \"benefit\"]\nmethod = \"sum\"\nhigher_is_better = true\n";
    breaks(
        "apart",
        POINT,
        "[[scales]]",
        &format!("{benefit}\n[[scales]]"),
    );
    let plans = benefit.replace("\"benefit\"", "\"crisis-plan\"");
    let plans = plans.replace(" # here", "");
    accepted(POINT, "[[scales]]", &format!("{plans}\n[[scales]]"));
}

// === what is seen, beside answers that decide who is in a row ===

#[test]
fn what_is_seen_is_not_split_by_an_answer() {
    beside(
        OUTCOME,
        "[[variables]]\nid = \"planned\" # here\nvalue = \"planned\"\n",
    );
    // Nor is what staff did, where it is seen; its part is, and so it may stay.
    let files = patched(POINT, "seen = true\nvalues", "values");
    let files = marked(files, START, "id = \"plan\"\n", "id = \"plan\" # here\n");
    let problems = load(&files).unwrap_err();
    let found: Vec<_> = problems.0.iter().map(|it| (it.rule, it.line)).collect();
    let line = |text: &str| {
        let file = files.iter().find(|file| file.path == START).unwrap();
        file.text
            .lines()
            .position(|line| line.contains(text))
            .unwrap()
            + 1
    };
    let both = [
        ("apart", line("id = \"plan\" # here")),
        ("apart", line("id = \"crisis-plan\"")),
    ];
    assert_eq!(found, both, "{problems}");
}

fn marked(mut files: Vec<SourceFile>, path: &str, from: &str, to: &str) -> Vec<SourceFile> {
    patch(&mut files, path, from, to);
    files
}

#[test]
fn what_is_seen_stands_beside_answers_only_where_there_is_always_one() {
    let check = |item: &str| {
        let files = with_instrument(&[item], &(first("mood") + &forms()));
        refused(&files, "apart", "measures/check-in.toml");
    };
    check("mood missing = [\"not-answered\"]");
    check(
        "mood missing = [\"prefer-not\", \"not-answered\"]|missing_as = [{ reason = \"not-answered\", value = 0 }]",
    );
    // Nobody has to send it, and there is no reason that would count.
    check("mood");
    check("mood missing = [\"prefer-not\"]|missing_as = [{ reason = \"prefer-not\", value = 0 }]");
    let there = |item: &str| {
        loaded(&with_instrument(&[item], &(first("mood") + &forms())));
    };
    there("mood required = true");
    there(
        "mood missing = [\"not-answered\"]|missing_as = [{ reason = \"not-answered\", value = 0 }]",
    );
    there(
        "mood required = true;missing = [\"prefer-not\"]|missing_as = [{ reason = \"prefer-not\", value = 3 }]",
    );
    // Without anything that is seen, whoever left something out is not counted.
    loaded(&with_instrument(&["mood"], &first("mood")));
    // A seen score may be missing: others know that too.
    loaded(&with_instrument(
        &["sex seen = true"],
        &(first("sex") + &forms()),
    ));
}

#[test]
fn a_seen_score_is_as_good_as_a_number_of_forms() {
    let items = ["sex seen = true", "mood missing = [\"prefer-not\"]"];
    let sex = first("sex").replace("\nvalue", " # here\nvalue");
    let files = with_instrument(&items, &(first("mood") + &sex));
    refused(&files, "apart", "measures/check-in.toml");
}

#[test]
fn a_fact_that_an_answer_opens_is_told() {
    const TITLE: &str = "{ nb = \"x\", nn = \"x\", en = \"x\" }";
    let by_design = "seen = true;missing = [\"by-design\"]";
    let housing = format!("housing {by_design}");
    let debts = format!("debts {by_design}");
    let mut files = with_instrument(
        &["mood required = true"],
        &flag(
            "{ value = \"first\", scale = \"rooms\", at_least = 1 }, { value = \"unplanned\", at_least = 1 }",
        ),
    );
    let (housing, debts) = (housing.replace(';', "\n"), debts.replace(';', "\n"));
    let item = |text: &str| {
        let (id, rest) = text.split_once(' ').unwrap();
        format!("[[items]]\nid = \"{id}\"\nlabel = {TITLE}\nmin = 0\nmax = 10\nstep = 1\n{rest}\n")
    };
    let rooms = format!(
        "{}{}[[scales]]\nid = \"rooms\"\ntitle = {TITLE}\nitems = [\"housing\", \"debts\"]\n\
         method = \"mean\"\nmin_answered = 1\nhigher_is_better = true\n\
         adaptive = {{ trigger = \"mood\", opens_above = 3, closes_below = 2 }}\n",
        item(&housing),
        item(&debts)
    );
    let instrument = files
        .iter_mut()
        .find(|file| file.path == "instruments/check-in.toml")
        .unwrap();
    instrument.text += &rooms;
    files.retain(|file| file.path != COURSE);
    let problems = load(&files).unwrap_err();
    let rules: Vec<_> = problems.0.iter().map(|it| it.rule).collect();
    assert_eq!(rules, ["apart", "opened-scale"], "{problems}");
}

// === what is shipped, and what the log holds ===

#[test]
fn the_catalogue_before_the_rule_breaks_it_where_it_was_changed() {
    let problems = load(&before_the_rule()).unwrap_err();
    let mut found: Vec<_> = problems
        .0
        .iter()
        .map(|problem| {
            assert_eq!(problem.rule, "apart");
            let file = problem.file.trim_start_matches("measures/");
            file.trim_end_matches(".toml")
        })
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "fit.alliance",
            "fit.child-alliance",
            "fit.group-alliance",
            "fit.outcome",
            "fit.outcome",
            "fit.outcome",
            "norse-2.state",
            "norse-3.state",
        ]
    );
    let lenient = CatalogueLimits {
        apart: false,
        ..CatalogueLimits::default()
    };
    let loaded = Catalogue::load(&before_the_rule(), CatalogueHash::new([0; 32]), lenient);
    let withheld =
        loaded.unwrap().indicators.len() - load_logged(&before_the_rule()).indicators.len();
    assert_eq!(withheld, 8);
}

#[test]
fn a_catalogue_of_the_log_makes_its_rows_and_withholds_what_the_rule_forbids() {
    let old = load_logged(&before_the_rule());
    assert_eq!(
        old.withheld(),
        [
            "fit.alliance/sessions",
            "fit.child-alliance/sessions",
            "fit.group-alliance/sessions",
            "fit.outcome/transfer",
            "fit.outcome/unplanned",
            "fit.outcome/unplanned-unimproved",
            "norse-2.state/forms",
            "norse-3.state/forms",
        ]
    );
    // What rows are made of stays.
    let outcome = &old.measures["fit.outcome"];
    assert_eq!(outcome.variables.len(), 8);
    let shown = |catalogue: &Catalogue| {
        let all = catalogue.indicators.iter();
        all.map(|it| format!("{}/{}", it.measure, it.id))
            .collect::<std::collections::BTreeSet<_>>()
    };
    // Every other indicator is shown as it is in the catalogue that is shipped now.
    let new = loaded(&shipped());
    let moved = [
        "fit.alliance-sessions/sessions",
        "fit.child-alliance-sessions/sessions",
        "fit.course/share-transferred",
        "fit.course/share-unplanned",
        "fit.group-alliance-sessions/sessions",
        "norse-2.forms/forms",
        "norse-3.forms/forms",
    ];
    let more: Vec<_> = shown(&new).difference(&shown(&old)).cloned().collect();
    assert_eq!(more, moved);
    assert!(shown(&old).is_subset(&shown(&new)));
    assert_eq!(new.withheld(), [""; 0]);
    assert_eq!(load_logged(&shipped()).withheld(), [""; 0]);
}

#[test]
fn a_row_is_read_without_what_is_withheld() {
    let row = |measure: &str, variables: &[&str]| RowParts {
        measure: measure.parse().unwrap(),
        level: RowLevel::Unit,
        organisation: "dal-dogn".to_owned(),
        first: "2026-01".parse().unwrap(),
        last: "2026-01".parse().unwrap(),
        part: String::new(),
        persons: 5,
        new_in_year: None,
        single_therapist: false,
        single_device: false,
        variables: variables
            .iter()
            .map(|id| VariableSum {
                variable: id.parse().unwrap(),
                sum: 1_000_000,
                sum_sq: None,
            })
            .collect(),
    };
    let old = load_logged(&before_the_rule());
    let read = old.readable(row("fit.outcome", &["change", "unplanned", "transfer"]));
    assert_eq!(read, Some(row("fit.outcome", &["change"])));
    let course = row("fit.course", &["sessions", "days"]);
    assert_eq!(old.readable(course.clone()), Some(course));
    // Where the parts join it, every sum of a part does.
    let mixed = patched(
        START,
        "[parts]\nwhen = [",
        "[parts]\nwhen = [\n  { value = \"score\", scale = \"benefit\", at_least = 1 },",
    );
    let mixed = load_logged(&mixed);
    assert_eq!(mixed.withheld(), ["kvarus.start"]);
    assert_eq!(mixed.readable(row("kvarus.start", &["plan"])), None);
    let is_start = |measure: &MeasureId| measure.as_str() == "kvarus.start";
    assert!(!mixed.indicators.iter().any(|it| is_start(&it.measure)));
    assert!(!mixed.shares.iter().any(|it| is_start(&it.measure)));
}

#[test]
fn a_share_of_what_is_withheld_is_withheld() {
    let share = "[[outside]]\nid = \"z\"\nover = \"episodes\"\nvariable = \"unplanned\"\n\
                 title = { nb = \"x\", nn = \"x\", en = \"x\" }\n";
    let mut files = before_the_rule();
    let outcome = files.iter_mut().find(|file| file.path == OUTCOME).unwrap();
    outcome.text += share;
    let shares = |catalogue: &Catalogue| {
        let of_outcome = |it: &&OutsideShare| it.measure.as_str() == "fit.outcome";
        catalogue.shares.iter().filter(of_outcome).count()
    };
    assert_eq!(shares(&load_logged(&files)), 0);
    let switched_off = CatalogueLimits {
        apart: false,
        ..CatalogueLimits::default()
    };
    let all = Catalogue::load_logged(&files, CatalogueHash::new([0; 32]), switched_off).unwrap();
    assert_eq!((shares(&all), all.withheld().len()), (1, 0));
}

#[test]
fn an_old_deployment_takes_the_new_catalogue_in_a_january() {
    let (old, new) = (load_logged(&before_the_rule()), loaded(&shipped()));
    let follow = |from: &str| check_change(&old, &new, from.parse().unwrap());
    assert_eq!(follow("2027-01"), Ok(()));
    let problems = follow("2026-12").unwrap_err();
    assert!(problems.0.iter().all(|problem| problem.rule == "january"));
    assert_eq!(problems.0.len(), 7, "{problems}");
}

#[test]
fn seen_is_no_part_of_what_a_version_is_and_missing_as_is() {
    let unseen = |from: &str, to: &str| {
        let mut files = patched(POINT, from, to);
        files.retain(|file| file.path != START);
        files
    };
    let follow = |files: &[SourceFile]| {
        let mut before = shipped();
        before.retain(|file| file.path != START);
        check_change(&loaded(files), &loaded(&before), "2026-06".parse().unwrap())
    };
    assert_eq!(follow(&unseen("seen = true\n", "")), Ok(()));
    let other = unseen(
        "missing_as = [{ reason = \"not-answered\", value = 0 }]",
        "",
    );
    let problems = follow(&other).unwrap_err();
    assert_eq!(problems.0[0].rule, "instrument-version");
}
