use super::super::tests::tree;
use super::*;

const NONE: NameLimits = NameLimits {
    one_word_percent: 0,
    repeated_percent: 0,
    tuple_parameters: 0,
    bool_arms: 0,
    short_comments: 0,
    files_without_head: 0,
};

fn beyond_nothing(files: &[(&str, &str)]) -> Vec<String> {
    tree(files).name_figures().beyond(&NONE)
}

#[test]
fn words_of_a_name_are_told_by_their_capitals() {
    let names = ["Row", "ReadBackCache", "HTTPServer", "K", "RowV2"];
    assert_eq!(names.map(words), [1, 3, 2, 1, 2]);
}

#[test]
fn names_of_one_word_and_names_declared_twice_are_shares_of_all_declarations() {
    let figures = tree(&[
        (
            "a.rs",
            "//! A.\nstruct Row;\nenum RowKind {}\ntype Rows = Vec<Row>;\n",
        ),
        (
            "b.rs",
            "//! B.\ntrait RowKind {}\nfn make() { struct LocalRow; }\n",
        ),
    ])
    .name_figures();
    assert_eq!(figures.declarations(), 5);
    assert_eq!(figures.one_word_percent(), 40);
    assert_eq!(figures.repeated_percent(), 40);
}

#[test]
fn types_of_tests_are_not_counted() {
    let inside = "//! A.\n#[cfg(test)]\nmod tests { struct Row; }\n#[cfg(test)]\nstruct Rows;\n";
    let figures = tree(&[
        ("a.rs", inside),
        ("a/tests.rs", "//! A.\nstruct Row;\n"),
        ("tests/b.rs", "//! B.\nstruct Row;\n"),
        ("benches/c.rs", "//! C.\nstruct Row;\n"),
    ])
    .name_figures();
    assert_eq!(figures.declarations(), 0);
    assert_eq!(figures.one_word_percent(), 0);
}

#[test]
fn what_may_never_stand_is_named_with_its_file_and_function() {
    let code = "//! A.
/// The row.
struct ReadRow {
    /// The persons whose sums it has.
    persons: u32,
    /// Persons.
    /// Months.
    months: u32,
}
fn fine(pair: (u32, u32)) -> u32 { let (a, _) = pair; match a { 0 => 1, _ => 2 } }
fn apart((a, _): (u32, u32)) -> u32 { a }
fn fork(yes: bool) -> u32 { match yes { true => 1, false => 2 } }
";
    assert_eq!(
        beyond_nothing(&[("a.rs", code)]),
        [
            "a.rs: apart: a tuple pattern is a parameter",
            "a.rs: fork: `match` on a bool; write `if`",
            "a.rs: fork: `match` on a bool; write `if`",
            "a.rs: `The row.`: a comment of fewer than four words",
            "a.rs: `Persons.  Months.`: a comment of fewer than four words",
        ]
    );
}

#[test]
fn texts_of_help_are_as_short_as_they_like() {
    let help = "//! A.\n#[derive(Debug, clap::Args)]\nstruct ListArguments {\n/// The file\nfile: u8,\n}\n";
    assert!(beyond_nothing(&[("a.rs", help)]).is_empty());
    let other = help.replace("clap::Args", "Clone");
    assert_eq!(
        beyond_nothing(&[("a.rs", &other)]),
        ["a.rs: `The file`: a comment of fewer than four words"]
    );
}

#[test]
fn a_file_without_a_head_and_a_file_that_is_no_rust_are_named() {
    let files = [("a.rs", "// A.\nfn one() {}\n"), ("b.rs", "//! B.\nfn {")];
    assert_eq!(
        beyond_nothing(&files),
        ["b.rs cannot be parsed", "a.rs: no `//!` at the head"]
    );
}

#[test]
fn a_share_beyond_its_limit_is_said_with_both() {
    let limits = NameLimits {
        one_word_percent: 33,
        ..NONE
    };
    let figures = tree(&[("a.rs", "//! A.\nstruct Row;\nstruct RowKind;\n")]).name_figures();
    assert_eq!(
        figures.beyond(&limits),
        ["50 % of the type names are one word; at most 33 % may be"]
    );
    let limits = NameLimits {
        one_word_percent: 50,
        ..NONE
    };
    assert!(figures.beyond(&limits).is_empty());
}
