use super::super::tests::tree;

fn circles(files: &[(&str, &str)]) -> Vec<String> {
    let ending = ": a circle of files; put what they share into a file of its own";
    let lines = tree(files).circles().into_iter();
    lines
        .map(|line| {
            line.strip_suffix(ending)
                .expect("it says what to do")
                .to_owned()
        })
        .collect()
}

#[test]
fn a_circle_of_three_files_is_named_once_and_as_a_way() {
    let files = [
        ("a/src/lib.rs", "mod one; mod three; mod two;"),
        ("a/src/one.rs", "use crate::two::{Thing, Other as Another};"),
        ("a/src/two.rs", "use super::three;"),
        ("a/src/three.rs", "fn run() { crate::one::run() }"),
    ];
    assert_eq!(
        circles(&files),
        ["a/src/one.rs → a/src/two.rs → a/src/three.rs → a/src/one.rs"]
    );
}

#[test]
fn files_that_use_one_another_in_one_direction_are_no_circle() {
    let files = [
        ("a/src/lib.rs", "mod one; mod two; fn run() { two::run() }"),
        ("a/src/one.rs", "use std::fmt;"),
        ("a/src/two.rs", "use crate::one::Thing;"),
        // Files of the same names in another crate.
        ("b/src/lib.rs", "mod one; mod two;"),
        ("b/src/one.rs", "use crate::two::Thing;"),
        ("b/src/two.rs", "pub struct Thing;"),
    ];
    assert!(circles(&files).is_empty());
}

#[test]
fn a_module_that_uses_what_its_parent_declares_is_a_circle_where_the_parent_uses_it() {
    let child = ("a/src/part/child.rs", "use super::Shared;");
    let root = ("a/src/lib.rs", "mod part;");
    let parents = [
        "mod child; struct Shared; use child::Thing;",
        "mod child; struct Shared; fn run() { child::run() }",
        "mod child; struct Shared; fn run() { println!(\"{}\", child::run()) }",
        "mod child; struct Shared; #[derive(Show)] #[show(child::run)] struct Shown;",
    ];
    for parent in parents {
        let found = circles(&[root, ("a/src/part.rs", parent), child]);
        assert_eq!(
            found,
            ["a/src/part.rs → a/src/part/child.rs → a/src/part.rs"],
            "{parent}"
        );
    }
    let shows = "mod child; struct Shared; pub use child::Thing;";
    assert!(circles(&[root, ("a/src/part.rs", shows), child]).is_empty());
}

#[test]
fn a_name_that_is_shown_on_belongs_to_the_file_that_declares_it() {
    let files = |declares: &'static str| {
        [
            ("a/src/lib.rs", "mod part; mod user; pub use part::Thing;"),
            ("a/src/part.rs", declares),
            ("a/src/part/thing.rs", "pub struct Thing;"),
            ("a/src/user.rs", "use crate::Thing;"),
        ]
    };
    let elsewhere = "mod thing; pub use thing::Thing; use crate::user;";
    assert!(circles(&files(elsewhere)).is_empty());
    let here = "mod thing; pub struct Thing; use crate::user;";
    assert_eq!(
        circles(&files(here)),
        ["a/src/part.rs → a/src/user.rs → a/src/part.rs"]
    );
}

#[test]
fn a_module_within_a_file_is_a_part_of_it() {
    let files = [
        ("a/src/lib.rs", "mod one; mod two;"),
        (
            "a/src/one.rs",
            "mod within { use super::super::two::Thing; }",
        ),
        ("a/src/two.rs", "use crate::one::within::Other;"),
    ];
    assert_eq!(
        circles(&files),
        ["a/src/one.rs → a/src/two.rs → a/src/one.rs"]
    );
}

#[test]
fn tests_may_use_everything() {
    let files = [
        (
            "a/src/lib.rs",
            "mod one; #[cfg(test)] mod sample; #[cfg(test)] mod tests; fn run() { one::run() }",
        ),
        (
            "a/src/one.rs",
            "#[cfg(test)] mod tests { use crate::Thing; } #[cfg(test)] use crate::Other;",
        ),
        ("a/src/sample.rs", "use crate::one; use crate::Thing;"),
        ("a/src/tests.rs", "use crate::Thing; use crate::one::tests;"),
        ("a/tests/run.rs", "mod kit; use crate::kit::Thing;"),
    ];
    assert!(circles(&files).is_empty());
}
