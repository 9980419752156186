//! Reading: which files there are, and what TOML is.

use super::*;

#[test]
fn all_problems_of_all_files_are_found_at_once() {
    let mut files = patched("measures/bdi.outcome.toml", "k = 5", "k = 4");
    patch(
        &mut files,
        "measures/bdi.outcome.toml",
        "max = 100",
        "max = -1",
    );
    patch(&mut files, "measures/fit.alliance.toml", "r = 3", "r = 2");
    patch(&mut files, "instruments/kem.toml", "id = ", "id == ");
    patch(
        &mut files,
        "organisations.toml",
        "number = 102",
        "number = 101",
    );
    let problems = load(&files).unwrap_err();
    let found: Vec<_> = problems
        .0
        .iter()
        .map(|problem| (problem.file.as_str(), problem.line, problem.rule))
        .collect();
    let expect = [
        ("instruments/kem.toml", 4, "syntax"),
        ("measures/bdi.outcome.toml", 7, "k"),
        ("measures/bdi.outcome.toml", 48, "variable-range"),
        ("measures/fit.alliance.toml", 9, "r"),
        ("organisations.toml", 64, "unit-number"),
    ];
    assert_eq!(found, expect, "{problems}");
    assert_eq!(problems.to_string().lines().count(), expect.len());
    let first = problems.to_string();
    assert!(
        first.starts_with("instruments/kem.toml:4: syntax: "),
        "{first}"
    );
}

#[test]
fn what_is_not_known_is_refused() {
    let check = |path: &str, from: &str, to: &str| breaks("syntax", path, from, to);
    check(
        "organisations.toml",
        "[nation]",
        "[nation]\nsize = 1 # here",
    );
    check("organisations.toml", "number = 101", "number = -1 # here");
    check(
        "organisations.toml",
        "number = 101",
        "number = \"1\" # here",
    );
    check(
        "instruments/kem.toml",
        "version = 1",
        "version = 1.5 # here",
    );
    check(
        "instruments/kem.toml",
        "step = 1",
        "step = 0.0000001 # here",
    );
    check("instruments/kem.toml", "step = 1", "steps = 1 # here");
    check("instruments/kem.toml", "max = 5", "max = nan # here");
    check(
        "instruments/kem.toml",
        "method = \"index\"",
        "method = \"median\" # here",
    );
    check(
        "measures/bdi.outcome.toml",
        "id = \"bdi.outcome\"",
        "id = \"BDI\" # here",
    );
    check(
        "measures/bdi.outcome.toml",
        "on = \"episode-closed\"",
        "on = \"episode-opened\" # here",
    );
}

#[test]
fn only_the_files_of_a_catalogue_are_read() {
    let check = |path: &str| {
        let mut files = shipped();
        files.push(SourceFile {
            path: path.to_owned(),
            text: "# here".to_owned(),
        });
        refused(&files, "file", path);
    };
    check("README.md");
    check("measures/deep/er.toml");
    check("measures/fit.outcome.toml.bak");
    check("other/x.toml");
}

#[test]
fn there_is_one_tree() {
    let mut files = shipped();
    files.retain(|file| file.path != "organisations.toml");
    let problems = load(&files).unwrap_err();
    assert_eq!(problems.0[0].file, "organisations.toml");
    assert_eq!(problems.0[0].rule, "file");
}

#[test]
fn numbers_are_whole_or_decimal() {
    accepted("instruments/kem.toml", "step = 1", "step = 1.0");
    accepted("instruments/kem.toml", "max = 5", "max = 5.00");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    /// Two numbers replaced by others, and a line left out, anywhere.
    #[test]
    fn whatever_is_written_is_read_or_refused(
        which in proptest::prelude::any::<[proptest::sample::Index; 5]>(),
        numbers in proptest::array::uniform2(proptest::sample::select(vec![
            "0", "-1", "0.000001", "1000000", "-1000000", "99999.9", "7", "4294967295", "1e6",
        ])),
    ) {
        let mut files = shipped();
        let count = files.len();
        for (place, number) in numbers.into_iter().enumerate() {
            let text = &mut files[which[place].index(count)].text;
            let starts: Vec<usize> = text.match_indices(" = ").map(|(at, _)| at + 3).collect();
            let start = starts[which[place + 2].index(starts.len())];
            let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
            text.replace_range(start..end, number);
        }
        let text = &mut files[which[4].index(count)].text;
        let lines: Vec<&str> = text.lines().collect();
        let gone = which[4].index(lines.len());
        *text = [&lines[..gone], &lines[gone + 1..]].concat().join("\n");
        if let Err(problems) = load(&files) {
            assert!(!problems.0.is_empty() && problems.0.iter().all(|it| it.line > 0));
        }
    }

    #[test]
    fn any_number_is_read_or_refused(
        which in proptest::prelude::any::<proptest::sample::Index>(),
        file in proptest::sample::select(vec![0_usize, 1, 3, 4, 5, 6, 7]),
        number in proptest::sample::select(vec![
            "0", "-1", "0.000001", "1000000", "-1000000", "99999.9", "7", "1e6", "20",
        ]),
    ) {
        let mut files = shipped();
        let text = &mut files[file].text;
        let numeric = |at: &usize| text[*at..].starts_with(|first: char| first.is_ascii_digit() || first == '-');
        let starts: Vec<usize> = text.match_indices(" = ").map(|(at, _)| at + 3).filter(numeric).collect();
        let start = starts[which.index(starts.len())];
        let end = start + text[start..].find(|next: char| "\n,} ".contains(next)).unwrap();
        text.replace_range(start..end, number);
        if let Err(problems) = load(&files) {
            assert!(!problems.0.is_empty() && problems.0.iter().all(|it| it.line > 0));
        }
    }
}
