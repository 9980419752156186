//! What is read, what is refused, and that nothing of a line is told.

use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{Coding, Ending, Respondent};

use super::*;
use crate::submit::lines::PhysicalLines;

/// Every line of a file, read.
fn read_all(file: &[u8]) -> Vec<Result<Submission, String>> {
    let reader = LineReader::new();
    let mut lines = PhysicalLines::new(file, "F").unwrap();
    let mut read = Vec::new();
    while let Some(line) = lines.next_line().unwrap() {
        read.push(reader.read(&line.bytes.unwrap()));
    }
    read
}

fn refusal(line: &str) -> String {
    let told = LineReader::new().read(line.as_bytes()).unwrap_err();
    assert!(!told.contains("planted"), "{told}");
    told
}

#[test]
fn a_line_reads_back_as_it_was_written() {
    let line = br#"{"submissionId":"8a2c","session":{"patient":"p","number":3,"forms":[{"instrument":"fit-ors","version":1,"items":[{"item":"social","value":0}]}]}}"#;
    let reader = LineReader::new();
    let submission = reader.read(line).unwrap();
    let written = reader.write(&submission).unwrap();
    assert_eq!(reader.read(written.as_bytes()), Ok(submission));
}

#[test]
fn two_objects_on_a_line_are_refused_and_the_other_lines_are_read() {
    let read = read_all(include_bytes!("../cases/01-cat.jsonl"));
    assert_eq!(read.len(), 2);
    assert!(read[0].is_ok());
    let told = read[1].as_ref().unwrap_err();
    assert!(
        told.starts_with("something stands behind the object, at column "),
        "{told}"
    );
}

#[test]
fn anything_but_white_space_behind_the_object_is_refused() {
    let read = read_all(include_bytes!("../cases/01b-garbage.jsonl"));
    assert!(
        read[0]
            .as_ref()
            .unwrap_err()
            .starts_with("something stands behind")
    );
    for behind in [
        "x",
        "{}",
        "[]",
        ",",
        "}",
        "\u{feff}",
        "\u{a0}",
        "\0",
        "//",
        "1",
        "\"planted\"",
    ] {
        let told = refusal(&format!("{{\"submissionId\":\"planted\"}} {behind}"));
        assert!(
            told.starts_with("something stands behind"),
            "{behind:?}: {told}"
        );
    }
    let reader = LineReader::new();
    assert!(reader.read(b" \t{\"submissionId\":\"a\"} \t").is_ok());
}

#[test]
fn a_byte_order_mark_is_skipped_and_utf_16_is_no_file_of_ours() {
    assert!(
        read_all(include_bytes!("../cases/02-bom.jsonl"))
            .iter()
            .all(Result::is_ok)
    );
    assert!(PhysicalLines::new(&include_bytes!("../cases/02b-utf16.jsonl")[..], "F").is_err());
    assert!(refusal("\u{feff}{}").starts_with("no JSON, at column 1"));
}

#[test]
fn a_name_that_stands_twice_is_refused_at_any_depth_and_under_both_its_names() {
    let read = read_all(include_bytes!("../cases/02d-dupkey.jsonl"));
    assert!(
        read[0]
            .as_ref()
            .unwrap_err()
            .starts_with("a name stands twice")
    );
    for line in [
        r#"{"submissionId":"planted","submissionId":"planted"}"#,
        r#"{"session":{"forms":[{"items":[{"item":"planted","item":"planted"}]}]}}"#,
        r#"{"session":{"number":1,"\u006eumber":1}}"#,
        r#"{"session":{"planted":{"a":1,"a":1}}}"#,
    ] {
        assert!(refusal(line).starts_with("a name stands twice"), "{line}");
    }
    let told = refusal(r#"{"submissionId":"planted","submission_id":"planted"}"#);
    assert_eq!(told, "has submissionId twice, under both its names");
    let told = refusal(r#"{"session":{},"correction":{}}"#);
    assert!(told.starts_with("must have one only of: "), "{told}");
}

#[test]
fn what_is_no_json_is_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for line in [
        "planted",
        "{",
        "{\"submissionId\":\"planted\"",
        "{\"submissionId\":\"planted\",}",
        "{'submissionId':'planted'}",
        "{\"submissionId\":\"\\ud800\"}",
        "{\"submissionId\":\"a\tb\"}",
        "{\"submissionId\":NaN}",
        "{\"session\":{\"number\":01}}",
        "{\"session\":{\"number\":1e999}}",
        "\0{}",
        &deep,
    ] {
        assert!(refusal(line).starts_with("no JSON"), "{line}");
    }
    assert!(
        LineReader::new()
            .read(b"{\"submissionId\":\"\xff\"}")
            .is_err()
    );
    for line in ["[]", "null", "7", "\"planted\""] {
        assert_eq!(refusal(line), NO_OBJECT);
    }
}

#[test]
fn what_is_wrong_is_told_by_place_and_rule() {
    for (line, expect) in [
        (
            r#"{"planted":1}"#,
            "has a name that is none of: submissionId, ",
        ),
        (
            r#"{"session":{"planted":1}}"#,
            "session: has a name that is none of: patient, ",
        ),
        (r#"{"session":7}"#, "session: must be an object"),
        (
            r#"{"session":{"patient":7}}"#,
            "session.patient: must be text",
        ),
        (
            r#"{"session":{"number":[]}}"#,
            "session.number: must be a number",
        ),
        (
            r#"{"session":{"number":"planted"}}"#,
            "a value is not of its field's kind",
        ),
        (
            r#"{"session":{"number":-1}}"#,
            "a value is not of its field's kind",
        ),
        (
            r#"{"session":{"number":1.5}}"#,
            "a value is not of its field's kind",
        ),
        (
            r#"{"session":{"forms":{}}}"#,
            "session.forms: must be a list",
        ),
        (
            r#"{"session":{"forms":[{},{"coding":"planted"}]}}"#,
            "session.forms[1].coding: must be one of agreement, higher-is-worse",
        ),
    ] {
        let told = refusal(line);
        assert!(told.starts_with(expect), "{line}: {told}");
    }
}

#[test]
fn the_words_of_messages_are_taken_as_those_of_the_schema_are() {
    let reader = LineReader::new();
    let form = |words: &str| {
        let line = format!(r#"{{"session":{{"forms":[{{{words}}}]}}}}"#);
        let Some(Kind::Session(session)) = reader.read(line.as_bytes()).unwrap().kind else {
            panic!("a session");
        };
        session.forms[0].clone()
    };
    for (word, coding) in [
        ("agreement", Coding::Agreement),
        ("higher-is-worse", Coding::HigherIsWorse),
        ("CODING_HIGHER_IS_WORSE", Coding::HigherIsWorse),
    ] {
        assert!(
            form(&format!(r#""coding":"{word}""#)).coding() == coding,
            "{word}"
        );
    }
    assert!(form(r#""coding":1"#).coding() == Coding::Agreement);
    for respondent in medvirk_domain::form::Respondent::ALL {
        let read = form(&format!(r#""respondent":"{}""#, respondent.as_str())).respondent();
        assert!(read != Respondent::Unspecified);
    }
    for reason in medvirk_domain::form::MissingReason::ALL {
        let word = reason.as_str();
        let read = form(&format!(r#""items":[{{"item":"a","missing":"{word}"}}]"#));
        assert!(read.items[0].response.is_some());
    }
    for age in medvirk_domain::form::AgeBand::ALL {
        assert_ne!(form(&format!(r#""age":"{}""#, age.as_str())).age, 0);
    }
    for (word, ending) in [
        ("planned", Ending::Planned),
        ("ENDING_TRANSFER", Ending::Transfer),
    ] {
        let line = format!(r#"{{"episodeClosed":{{"ending":"{word}"}}}}"#);
        let Some(Kind::EpisodeClosed(closing)) = reader.read(line.as_bytes()).unwrap().kind else {
            panic!("a closing");
        };
        assert!(closing.ending() == ending, "{word}");
    }
}
