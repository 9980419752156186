//! Planted answers, references and codes are not in any status, log line, metric or `Debug`
//! output, and references are not in the log (promise 8).

use std::io::Write;
use std::sync::{Arc, Mutex};

use medvirk_ingest::admission::{SentSubmission, SubmissionKind};
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{Form, Session};
use medvirk_proto::survey::v1::SubmitSurveyRequest;
use medvirk_runtime::telemetry;
use serde_json::Value;

use crate::clinic::Clinic;
use crate::fhir;
use crate::log::Mode;
use crate::requests::{ID, batch, opening, session, submission, submit, survey, value};

/// What must never be seen.
const PLANTED: [&str; 7] = [
    "canary-patient",
    "canary-episode",
    "canary-therapist",
    "canary-item",
    "canary-instrument",
    "canary-unit",
    "7.654321",
];

/// Everything that a subscriber writes.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn planted() -> Session {
    Session {
        patient: "canary-patient".to_owned(),
        episode: "canary-episode".to_owned(),
        ..session()
    }
}

/// Sessions that are wrong in many ways, with canaries wherever one can be.
fn wrong() -> Vec<Session> {
    let form = |change: fn(&mut Form)| {
        let mut session = planted();
        change(&mut session.forms[0]);
        session
    };
    vec![
        form(|form| form.items[0] = value("individual", 7.654321)),
        form(|form| form.items[0] = value("canary-item", 7.654321)),
        form(|form| form.items[0].item = "canary-item".to_owned()),
        form(|form| form.instrument = "canary-instrument".to_owned()),
        form(|form| form.total = Some(7.654321)),
        Session {
            unit: "canary-unit".to_owned(),
            ..planted()
        },
        Session {
            unit: "btheb".to_owned(),
            ..planted()
        },
        Session {
            patient: "canary-patient\n".to_owned(),
            ..planted()
        },
        Session {
            patient: "canary-patient".repeat(10),
            ..planted()
        },
        Session {
            date: "canary-patient".to_owned(),
            ..planted()
        },
    ]
}

/// A line of a failed append says of which submission and partition it is.
fn check_span(logged: &str) {
    let failed = logged
        .lines()
        .find(|line| line.contains("cannot append to the log"))
        .expect("the log has failed");
    for told in ["submission{submission_id=", "partition="] {
        assert!(failed.contains(told), "{failed}");
    }
}

#[tokio::test]
async fn nothing_that_was_sent_is_seen() {
    let lines = Lines::default();
    let writer = lines.clone();
    // This test's thread runs the server too, so its log lines come here.
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        // Colours would stand between a name and its value.
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _lines = tracing::subscriber::set_default(subscriber);
    let (recorder, metrics) = telemetry::recorder();
    let _metrics = metrics::set_default_local_recorder(&recorder);

    let clinic = Clinic::open().await;
    let mut seen = Vec::new();
    for session in wrong() {
        let refused = clinic
            .feedback()
            .submit_session(clinic.at_tau(submit(session.clone())))
            .await
            .unwrap_err();
        seen.push(format!(
            "{refused:?} {refused} {:?}",
            String::from_utf8_lossy(refused.details())
        ));
        let sent = clinic.at_tau(batch(vec![submission(Kind::Session(session))]));
        let answer = clinic
            .feedback()
            .submit_batch(sent)
            .await
            .unwrap()
            .into_inner();
        let result = &answer.results[0];
        seen.push(result.message.clone());
        seen.extend(
            result
                .violations
                .iter()
                .map(|violation| format!("{} {}", violation.field, violation.description)),
        );
    }
    for mode in [Mode::Full, Mode::Unknown, Mode::Unavailable, Mode::Pass] {
        clinic.log.set(mode);
        let answer = clinic
            .feedback()
            .submit_session(clinic.at_tau(submit(planted())))
            .await;
        seen.push(format!("{answer:?}"));
    }
    seen.push(wrong_code(&clinic).await);
    seen.extend(as_fhir(&clinic).await);
    seen.push(metrics.render());
    seen.push(String::from_utf8(lines.0.lock().unwrap().clone()).unwrap());
    assert!(
        seen.iter()
            .any(|text| text.contains("ingest_submissions_total"))
    );
    check_span(seen.last().expect("the log's lines"));
    check(&seen.join("\n"));
}

/// What is wrong with a response, an element that is none, and one that is taken or not.
async fn as_fhir(clinic: &Clinic) -> Vec<String> {
    let mut planted = fhir::response();
    planted["subject"]["identifier"]["value"] = "canary-patient".into();
    planted["extension"][1]["valueString"] = "canary-episode".into();
    let changed = |change: fn(&mut Value)| {
        let mut sent = planted.clone();
        change(&mut sent);
        sent
    };
    let wrong = [
        changed(|it| it["item"][0]["linkId"] = "canary-item".into()),
        changed(|it| it["item"][0]["answer"][0]["valueDecimal"] = 7.654321.into()),
        changed(|it| it["item"][0]["answer"][0]["canary-item"] = 7.654321.into()),
        changed(|it| it["questionnaire"] = "urn:medvirk:instrument:canary-instrument|1".into()),
        changed(|it| it["extension"][0]["valueString"] = "canary-unit".into()),
        changed(|it| it["canary-item"] = "canary-patient".into()),
        Value::String("canary-patient".to_owned()),
    ];
    let mut seen = Vec::new();
    for sent in &wrong {
        let answer = fhir::post(clinic, sent).await;
        assert!(answer.status.is_client_error());
        seen.push(format!("{:?} {}", answer.headers, answer.resource));
    }
    for mode in [Mode::Full, Mode::Unknown, Mode::Unavailable, Mode::Pass] {
        clinic.log.set(mode);
        let answer = fhir::post(clinic, &planted).await;
        seen.push(format!("{:?} {}", answer.headers, answer.resource));
    }
    seen
}

fn check(seen: &str) {
    for planted in PLANTED {
        let line = seen.lines().find(|line| line.contains(planted));
        assert!(line.is_none(), "{planted} in {line:?}");
    }
}

/// A code with one wrong letter is almost the code.
async fn wrong_code(clinic: &Clinic) -> String {
    let mut sent = survey();
    sent.code
        .replace_range(38..39, if sent.code.ends_with('Z') { "Y" } else { "Z" });
    let most = sent.code[..30].to_owned();
    let submission_id = ID.to_owned();
    let sent = SubmitSurveyRequest {
        submission_id,
        survey: Some(sent),
    };
    let refused = clinic.surveys().submit_survey(sent).await.unwrap_err();
    let seen = format!("{refused:?} {refused}");
    assert!(!seen.contains(&most), "{seen}");
    seen
}

#[tokio::test]
async fn references_are_not_in_the_log() {
    let clinic = Clinic::open().await;
    let mut opened = opening();
    opened.patient = "canary-patient".to_owned();
    opened.episode = "canary-episode".to_owned();
    opened.therapist = "canary-therapist".to_owned();
    let all = vec![
        submission(Kind::EpisodeOpened(opened)),
        submission(Kind::Session(planted())),
    ];
    let answer = clinic
        .feedback()
        .submit_batch(clinic.at_tau(batch(all)))
        .await
        .unwrap();
    assert!(
        answer
            .into_inner()
            .results
            .iter()
            .all(|result| result.code == 0)
    );
    let values = clinic.log.values().await;
    assert_eq!(values.len(), 2);
    for value in values {
        check(&String::from_utf8_lossy(&value));
    }
}

#[test]
fn debug_output_shows_nothing() {
    let sent = SentSubmission {
        id: ID.to_owned(),
        what: SubmissionKind::Session,
        root: "session",
        body: Some(Kind::Session(planted())),
    };
    check(&format!("{:?} {:?}", sent.body, planted()));
    let codes = crate::clinic::codes();
    let (code, claim) = codes.issue(1, "2026-11".parse().unwrap()).unwrap();
    assert!(!format!("{codes:?} {claim:?}").contains(&code));
}
