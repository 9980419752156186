use medvirk_proto::feedback::v1::ItemResponse;
use medvirk_proto::feedback::v1::item_response::Response;

use super::super::kit::command;
use super::*;

fn registered(day: &str, value: f64, revision: u32) -> Kind {
    Kind::RegistryForm(RegistryForm {
        patient: "planted-1".to_owned(),
        episode: "e".to_owned(),
        unit: "u".to_owned(),
        date: day.to_owned(),
        form: Some(form("lar-status", value)),
        revision,
    })
}

fn form(instrument: &str, value: f64) -> Form {
    Form {
        instrument: instrument.to_owned(),
        version: 1,
        items: vec![ItemResponse {
            item: "i".to_owned(),
            response: Some(Response::Value(value)),
        }],
        ..Form::default()
    }
}

fn session(forms: Vec<Form>) -> Kind {
    Kind::Session(Session {
        patient: "planted-1".to_owned(),
        episode: "e".to_owned(),
        unit: "u".to_owned(),
        date: "2024-03-01".to_owned(),
        number: 1,
        forms,
        earlier: Vec::new(),
    })
}

/// Imports one after the other, each a run of its own; true where it contradicts what was before.
fn contradictions(kinds: &[Kind]) -> Vec<bool> {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let contradicts = |kind: &Kind| {
        let mut known = beside(&key, "openfit f");
        let claims = known.claims(kind);
        let contradicts = known.contradicts(&claims);
        if !contradicts {
            known.learn(claims);
            known.save().unwrap();
        }
        contradicts
    };
    kinds.iter().map(contradicts).collect()
}

fn beside(key: &Path, words: &str) -> KnownForms {
    KnownForms::beside(key, command(words).source(), &SubmissionIds::new(b"key")).unwrap()
}

#[test]
fn another_content_of_a_known_form_is_told_and_the_same_is_not() {
    let day = "2024-03-01";
    let kinds = [
        registered(day, 1.0, 0),
        registered(day, 1.0, 0),
        registered(day, 2.0, 0),
        registered("2024-03-02", 2.0, 0),
        // A correction counts if it is newer than what is known.
        registered(day, 2.0, 2),
        registered(day, 3.0, 1),
        registered(day, 3.0, 2),
        registered(day, 1.0, 0),
        registered(day, 2.0, 2),
        registered(day, 3.0, 3),
    ];
    let expected = [
        false, false, true, false, false, true, true, true, false, false,
    ];
    assert_eq!(contradictions(&kinds), expected);
}

#[test]
fn a_session_is_known_form_by_form() {
    let kinds = [
        session(vec![form("fit-ors", 1.0)]),
        session(vec![form("fit-ors", 1.0), form("fit-srs", 2.0)]),
        session(vec![form("fit-srs", 2.0)]),
        session(vec![form("fit-srs", 3.0)]),
    ];
    assert_eq!(contradictions(&kinds), [false, false, false, true]);
}

#[test]
fn another_day_of_an_opening_is_told_and_another_therapist_is_not() {
    let opened = |date: &str, therapist: &str| {
        Kind::EpisodeOpened(EpisodeOpening {
            patient: "planted-1".to_owned(),
            episode: "e".to_owned(),
            unit: "u".to_owned(),
            date: date.to_owned(),
            therapist: therapist.to_owned(),
        })
    };
    let kinds = [
        opened("2024-03-01", "t1"),
        opened("2024-03-01", "t2"),
        opened("2024-03-02", "t1"),
    ];
    assert_eq!(contradictions(&kinds), [false, false, true]);
}

#[test]
fn the_memory_is_of_one_system_and_one_key_and_shows_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let there = "openfit f --target http://127.0.0.1:1";
    let mut known = beside(&key, there);
    let claims = known.claims(&registered("2024-03-01", 1.0, 0));
    known.learn(claims);
    known.save().unwrap();
    let text = std::fs::read_to_string(folder.path().join("key.known")).unwrap();
    assert!(
        !text.contains("planted") && !text.contains("lar-status"),
        "{text}"
    );
    let other = registered("2024-03-01", 2.0, 0);
    for (words, contradicts) in [
        (there, true),
        ("openfit f --target http://127.0.0.1:1/", true),
        ("openfit f --target http://127.0.0.1:2", false),
    ] {
        let known = beside(&key, words);
        assert_eq!(
            known.contradicts(&known.claims(&other)),
            contradicts,
            "{words}"
        );
    }
}

#[test]
fn two_imports_at_once_do_not_forget_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let days = ["2024-03-01", "2024-03-02"];
    let mut both = days.map(|_| beside(&key, "openfit f"));
    for (known, day) in both.iter_mut().zip(days) {
        let claims = known.claims(&registered(day, 1.0, 0));
        known.learn(claims);
        known.save().unwrap();
    }
    let known = beside(&key, "openfit f");
    for day in days {
        assert!(
            known.contradicts(&known.claims(&registered(day, 2.0, 0))),
            "{day}"
        );
    }
}

#[test]
fn a_memory_that_is_damaged_is_told_and_never_taken_for_empty() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    for text in ["planted\n", &format!("{FIRST_LINE}\nplanted\n"), ""] {
        std::fs::write(folder.path().join("key.known"), text).unwrap();
        let refused = KnownForms::beside(
            &key,
            command("openfit f").source(),
            &SubmissionIds::new(b"key"),
        );
        let why = refused.err().expect("it is refused").to_string();
        assert!(
            why.contains("key.known") && !why.contains("planted"),
            "{why}"
        );
    }
}
