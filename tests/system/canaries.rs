//! Planted answers, references and secrets (promise 8), where `telemetry.rs` and `withdrawal.rs` do
//! not look: arguments, environment and core files of every process, and the `Debug` of every type.

use std::path::Path;

use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{Form, ItemResponse, Respondent};
use medvirk_domain::ids::{CatalogueHash, Pseudonym};
use medvirk_domain::record::{
    ControlRecord, EpisodeKey, Event, EventBody, LogRecord, WithdrawalScope, WithdrawalSubject,
};
use medvirk_domain::time::Day;
use medvirk_eventlog::{LogStep, NewRecord, RecordBatch, StoredRecord, Topic};
use medvirk_records::codec::{DeadLetter, encode_event};
use medvirk_tests::{System, root, secrets_of};

use crate::architecture::{code_of, sources};

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_in_no_argument_and_no_environment_and_no_process_leaves_a_core_file() {
    let system = System::builder().cohort().start().await;
    let secrets = secrets_of(&system);
    assert!(secrets.len() >= 8, "{} secrets", secrets.len());
    let mut processes = system.children();
    assert_eq!(processes.len(), 2);
    processes.push(system.pid());
    for process in processes {
        let told = |file: &str| std::fs::read(format!("/proc/{process}/{file}")).unwrap();
        let seen = [told("cmdline"), told("environ")].concat();
        assert!(seen.windows(7).any(|window| window == b"medvirk"));
        for secret in &secrets {
            let found = seen.windows(secret.len()).any(|window| window == *secret);
            assert!(!found, "a secret is seen by every process of its owner");
        }
        let limits = String::from_utf8(told("limits")).unwrap();
        let core = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"));
        let numbers: Vec<&str> = core.unwrap().split_whitespace().skip(4).collect();
        assert!(
            matches!(numbers[..2], ["0" | "1", "0" | "1"]),
            "{numbers:?}"
        );
    }
}

#[test]
fn what_can_hold_an_answer_shows_only_its_name() {
    let event = planted_event();
    let Event {
        body: EventBody::Session { episode, forms, .. },
        ..
    } = &event
    else {
        unreachable!()
    };
    let (form, person) = (&forms[0], episode.person);
    let (key, value) = (b"canary-key".to_vec(), encode_event(&event));
    let stored = StoredRecord {
        offset: 3,
        key: key.clone(),
        value: Some(value.clone()),
    };
    let batch = RecordBatch {
        records: vec![stored.clone()],
        next: 4,
    };
    let letter = DeadLetter {
        topic: Topic::Events,
        partition: 0,
        offset: 3,
        reason: "invalid-form".to_owned(),
        key: key.clone(),
        value: value.clone(),
        set_aside_at: 0,
    };
    let withdrawal = ControlRecord::Withdrawal {
        subject: WithdrawalSubject::Person(person),
        scope: WithdrawalScope::All,
    };
    let step = LogStep::Records {
        batch: batch.clone(),
        erased: 0,
    };
    let shown = format!(
        "{:?} {form:#?} {:?} {event:?} {:?} {:?} {stored:?} {batch:#?} {step:?} {:?} \
         {letter:?} {withdrawal:?} {:?} {:?}",
        form.total,
        form.items[0].1,
        event.body,
        LogRecord::Event(event.clone()),
        NewRecord::new(key, value),
        ControlRecord::Renewal { person },
        episode,
    );
    for planted in ["canary", "777", "123456", "caca", "CACA", "202", "0xca"] {
        assert!(!shown.contains(planted), "{planted} in {shown}");
    }
}

/// A session with canaries wherever one can be.
fn planted_event() -> Event {
    let answer = FixedPoint::from_micros(777_123_456);
    let form = Form {
        instrument: "canary-instrument".parse().unwrap(),
        version: 1,
        respondent: Respondent::Patient,
        items: vec![("canary-item".parse().unwrap(), ItemResponse::Value(answer))],
        total: Some(answer),
        age: None,
    };
    let person = Pseudonym::new([0xca; 16]);
    let episode = EpisodeKey {
        person,
        episode: person,
    };
    Event {
        sender: "canary-sender".to_owned(),
        catalogue: CatalogueHash::new([1; 32]),
        submission_id: [0xca; 16],
        ingested_at: 0,
        unit: "canary-unit".parse().unwrap(),
        body: EventBody::Session {
            episode,
            day: Day::from_civil(2024, 1, 10),
            number: 1,
            revision: 0,
            forms: vec![form],
        },
    }
}

/// Raw bytes and texts that may be anything are not in a type with a derived `Debug`, but for
/// these, which hold neither answers nor secrets.
#[test]
fn no_type_with_a_derived_debug_can_hold_an_answer_or_a_secret() {
    // A file of a catalogue, the random id of a deployment, and where tokens come from.
    const KNOWN: [&str; 3] = ["SourceFile", "Genesis", "IdentityClient"];
    let (mut looked, mut telling) = (0, Vec::new());
    for path in sources("services") {
        let code = code_of(&path);
        for item in code.split("#[derive(").skip(1) {
            let (derives, rest) = item.split_once(')').unwrap();
            if !derives.split(", ").any(|one| one.trim() == "Debug") {
                continue;
            }
            looked += 1;
            let (name, body) = type_of(rest);
            if KNOWN.contains(&name.as_str()) {
                continue;
            }
            let lines = body.lines().map(str::trim);
            let lines = lines.filter(|line| is_telling(line));
            telling.extend(lines.map(|line| format!("{}: {name}: {line}", path.display())));
        }
    }
    assert!(telling.is_empty(), "{telling:#?}");
    assert!(looked > 50, "{looked} types");
}

/// Its name and what is between its braces.
fn type_of(rest: &str) -> (String, String) {
    let word = |word: &str| rest.find(word).map(|place| place + word.len());
    let begins = [word("struct "), word("enum ")];
    let begin = begins.into_iter().flatten().min().unwrap_or_default();
    let name = rest[begin..]
        .split(|one: char| !one.is_alphanumeric())
        .next();
    let mut depth = 0;
    let ends = |(_, one): &(usize, char)| {
        match one {
            '{' | '(' => depth += 1,
            '}' | ')' => depth -= 1,
            _ => {}
        }
        depth == 0 && matches!(one, '}' | ';')
    };
    let body = &rest[begin..];
    let end = body
        .char_indices()
        .find(ends)
        .map_or(body.len(), |(place, _)| place);
    (name.unwrap_or_default().to_owned(), body[..end].to_owned())
}

fn is_telling(line: &str) -> bool {
    let raw = ["Vec<u8>", "[u8; ", "Bytes", "Zeroizing"];
    let names = [
        "patient",
        "therapist",
        "reference",
        "password:",
        "secret",
        "token",
        "nonce",
        "text:",
    ];
    let is_text = line.contains("String") || line.contains("Box<str>");
    raw.iter().any(|raw| line.contains(raw))
        || (is_text && names.iter().any(|name| line.contains(name)))
}

/// What a panic says is written by us: constant texts, without values. (Clippy refuses `unwrap`, and
/// what an error of ours shows in `expect` holds no value either.)
#[test]
fn no_panic_quotes_a_value() {
    let mut telling = Vec::new();
    for path in sources("services") {
        let is_for_tests = ["contract", "sandbox", "sample.rs"];
        if is_for_tests
            .iter()
            .any(|part| path.to_string_lossy().contains(part))
        {
            continue;
        }
        let code = code_of(&path);
        let lines = code.lines().map(str::trim);
        telling.extend(
            lines
                .filter(|line| quotes(line))
                .map(|line| format!("{}: {line}", path.display())),
        );
    }
    assert!(telling.is_empty(), "{telling:#?}");
}

fn quotes(line: &str) -> bool {
    let equal = ["assert_eq!(", "assert_ne!("];
    let says = ["panic!(", "unreachable!(", "todo!(", "assert!("];
    let has = |macros: &[&str]| macros.iter().any(|one| line.contains(one));
    has(&equal) || (has(&says) && line.contains('{'))
}

/// No trace leaves the process: there is no exporter, and log lines are looked through in
/// `telemetry.rs`. Whoever adds one looks through its spans first.
#[test]
fn there_is_no_exporter_of_traces() {
    let lock = std::fs::read_to_string(root().join(Path::new("Cargo.lock"))).unwrap();
    for exporter in [
        "opentelemetry",
        "tracing-opentelemetry",
        "sentry",
        "minitrace",
    ] {
        assert!(
            !lock.contains(&format!("name = \"{exporter}\"")),
            "{exporter}"
        );
    }
}
