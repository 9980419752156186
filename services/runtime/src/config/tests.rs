use std::time::Duration;

use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize, PartialEq, Default)]
#[serde(default)]
struct Sample {
    ingest: Ingest,
    names: Vec<Named>,
    label: String,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(default)]
struct Ingest {
    max_batch: u32,
    #[serde(with = "humantime_serde")]
    wait: Duration,
}

#[derive(Debug, Deserialize, PartialEq, Default)]
struct Named {
    name: String,
}

impl Default for Ingest {
    fn default() -> Self {
        Self {
            max_batch: 500,
            wait: Duration::from_secs(5),
        }
    }
}

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    overrides(pairs.iter().map(owned))
}

fn problems(text: &str, pairs: &[(&str, &str)]) -> Vec<String> {
    match parse::<Sample>("medvirk.toml", text, &variables(pairs)) {
        Err(ConfigError::Problems(problems)) => {
            problems.iter().map(ConfigProblem::to_string).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_said_has_its_default_and_the_environment_has_the_last_word() {
    let text = "[ingest]\nmax_batch = 7\nwait = \"250ms\"\n";
    let environment = [
        ("MEDVIRK__INGEST__MAX_BATCH", "9"),
        ("MEDVIRK__LABEL", "2024"),
        ("HOME", "/root"),
    ];
    let sample: Sample = parse("medvirk.toml", text, &variables(&environment)).unwrap();
    assert_eq!(sample.ingest.max_batch, 9);
    assert_eq!(sample.ingest.wait, Duration::from_millis(250));
    assert_eq!(sample.label, "2024");
    let empty: Sample = load(None, &BTreeMap::new()).unwrap();
    assert_eq!(empty, Sample::default());
}

#[test]
fn every_problem_is_told_at_once_with_line_and_key() {
    let text = "labels = \"x\"\n\n[ingest]\nmax_batch = \"many\"\nwait = \"soon\"\nmore = 1\n\n\
                [[names]]\nname = \"a\"\n[[names]]\nname = 5\n";
    let told = problems(text, &[]);
    let starts = [
        "medvirk.toml:4: ingest.max_batch: ",
        "medvirk.toml:5: ingest.wait: ",
        "medvirk.toml:11: names.1.name: ",
        "medvirk.toml:6: ingest.more: nothing reads this key",
        "medvirk.toml:1: labels: nothing reads this key",
    ];
    for start in starts {
        assert!(
            told.iter().any(|line| line.starts_with(start)),
            "{start} in {told:#?}"
        );
    }
    assert_eq!(told.len(), starts.len(), "{told:#?}");
}

#[test]
fn a_wrong_override_is_told_by_its_name() {
    let told = problems(
        "[ingest]\nmax_batch = 7\n",
        &[
            ("MEDVIRK__INGEST__MAX_BATCH", "lots"),
            ("MEDVIRK__INGEST__MAX_BATHC", "5"),
        ],
    );
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].starts_with("MEDVIRK__INGEST__MAX_BATCH: ingest.max_batch: "));
    assert!(told[1].starts_with("MEDVIRK__INGEST__MAX_BATHC: ingest.max_bathc: "));
}

#[test]
fn a_missing_key_and_broken_toml_have_a_line() {
    let told = problems("label = \"x\"\n[[names]]\n", &[]);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(
        told[0].starts_with("medvirk.toml:2: names.0: missing field `name`"),
        "{told:#?}"
    );
    let told = problems("label = \"x\"\n[ingest\nmax_batch = 1\n", &[]);
    assert!(told[0].starts_with("medvirk.toml:2: "), "{told:#?}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = load::<Sample>(Some(Path::new("/nowhere/medvirk.toml")), &BTreeMap::new());
    assert_eq!(
        error.unwrap_err().to_string(),
        "/nowhere/medvirk.toml cannot be read"
    );
}

#[test]
fn a_text_in_the_wrong_place_is_not_quoted_because_it_may_be_a_secret() {
    let planted = "canary-password";
    for text in [
        format!("ingest = \"{planted}\""),
        format!("ingest.max_batch = \"{planted}\""),
        format!("ingest.wait = \"{planted}\""),
        format!("names = \"{planted}, expected \\\" a\""),
        format!("label = [\"{planted}\"]\ningest = \"{planted}"),
    ] {
        let told = problems(&text, &[("MEDVIRK__NAMES", planted)]).join("\n");
        assert!(!told.contains(planted), "{told}");
        assert!(
            told.contains("medvirk.toml:") || told.contains("MEDVIRK__NAMES"),
            "{told}"
        );
    }
    let told = problems(&format!("ingest = \"{planted}\""), &[]);
    assert_eq!(
        told,
        ["medvirk.toml:1: ingest: invalid type: a text, expected struct Ingest"]
    );
}
