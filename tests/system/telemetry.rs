//! What a running system says of itself: whether it is ready, its numbers, and its log lines at
//! the finest level. Planted answers, references, codes and tokens are in none of them (promise 8).

use medvirk_domain::ids::Pseudonym;
use medvirk_proto::curve::v1::GetCurveRequest;
use medvirk_proto::curve::v1::curve_service_client::CurveServiceClient;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{
    DischargeSurvey, EpisodeOpening, Form, Invitation, ItemResponse, Session, Submission,
    item_response::Response,
};
use medvirk_runtime::auth::{TokenRole, TokenUnits};
use medvirk_runtime::pseudonym::PseudonymKey;
use medvirk_runtime::{SystemClock, this_month};
use medvirk_tests::{
    Clinic, System, eventually, fit_ors, form, opening, root, secrets_of, session, submission,
};
use serde_json::Value;

const UNIT: &str = "fjord-poliklinikk";

const ROLES: [TokenRole; 3] = [
    TokenRole::FeedbackSubmit,
    TokenRole::SurveyInvite,
    TokenRole::EpisodeManage,
];

const PLANTED: [&str; 8] = [
    "canary-patient",
    "canary-episode",
    "canary-therapist",
    "canary-item",
    "canary-instrument",
    "canary-unit",
    "canary-code",
    // A total of answers and an answer that is refused.
    "7.654321",
];

/// Answers that are taken: in millionths, as the log and the tables have them, and their sum.
const TAKEN: [&str; 5] = ["7600000", "5400000", "3200000", "1100000", "17300000"];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_sent_is_seen_at_the_finest_level() {
    let system = System::builder()
        .setting("TELEMETRY__FILTER", "\"trace\"")
        .start()
        .await;
    let token = system.token("tablet-canary", &ROLES, TokenUnits::All);
    let clinic = system.sender(&token).await;
    let code = send_good(&clinic).await;
    let mut seen = send_bad(&clinic).await;
    seen.extend(send_as_fhir(&system, &token).await);
    seen.extend(look_at_curves(&clinic).await);
    let stored = || async {
        let counts = system.registry_counts().await?;
        (counts.len() >= 2).then_some(())
    };
    eventually("it is stored", stored).await;
    system.withdraw("hf-fjord", "canary-patient").await;
    system.close("2024-01").await;
    seen.push(system.run(&["admin", "doctor"]));
    seen.push(system.run(&["indicators"]));
    seen.push(system.report("/").await.1);
    seen.push(system.health("/metrics").await.1);
    seen.push(system.health("/readyz").await.1);
    seen.push(system.addresses().unwrap().to_string());
    assert_eq!(system.terminate().await, Some(0));

    let log = std::fs::read_to_string(system.log_path()).unwrap();
    for name in [
        "medvirk_registrar",
        "TRACE",
        "h2::",
        "hyper_util::",
        "clickhouse::",
    ] {
        assert!(log.contains(name), "the finest level is on: {name}");
    }
    seen.push(log);
    let texts = secrets_of(&system).into_iter();
    let texts = texts.filter_map(|secret| String::from_utf8(secret).ok());
    let secrets = [code, token].into_iter().chain(texts);
    let planted = PLANTED.iter().map(|text| (*text).to_owned());
    let taken = TAKEN.iter().map(|text| (*text).to_owned());
    let persons = pseudonyms(&system).into_iter();
    check(
        &seen.join("\n"),
        planted.chain(secrets).chain(persons).chain(taken),
    );
}

/// Pseudonyms, as statements have them.
fn pseudonyms(system: &System) -> Vec<String> {
    let key = system.data().join("secrets").join("pseudonym.key");
    let pseudonyms = PseudonymKey::load_or_create(&key).unwrap();
    let trust = "hf-fjord".parse().unwrap();
    let persons = [
        pseudonyms.patient(&trust, "canary-patient"),
        pseudonyms.episode(&trust, "canary-patient", "canary-episode"),
        pseudonyms.therapist(&trust, "canary-therapist"),
    ];
    let hex = |person: &Pseudonym| -> String {
        let bytes = person.as_bytes().iter();
        bytes.map(|byte| format!("{byte:02x}")).collect()
    };
    let hex: Vec<String> = persons.iter().map(hex).collect();
    hex.iter()
        .flat_map(|hex| [hex.clone(), hex.to_uppercase()])
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_name_every_stage_and_nobody() {
    let system = System::builder().start().await;
    assert_eq!(system.health("/healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(system.health("/readyz").await, (200, "ready\n".to_owned()));
    let clinic = system.clinic("tablet-canary").await;
    send_good(&clinic).await;
    send_bad(&clinic).await;
    system.close("2024-01").await;
    system.run(&["indicators"]);
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_str().unwrap();
    system.run(&["pull", "codebook", "--out", folder, "--purpose", "a test"]);
    let every_stage = || async {
        let metrics = system.health("/metrics").await.1;
        let stages = [
            "ingest_",
            "aggregator_",
            "registrar_",
            "report_",
            "extract_",
        ];
        let named = |stage: &&str| metrics.lines().any(|line| line.starts_with(*stage));
        stages.iter().all(named).then_some(metrics)
    };
    let metrics = eventually("every stage has a number", every_stage).await;
    let unexplained: Vec<&str> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split(' ').next())
        .filter(|name| !metrics.contains(&format!("# HELP {name} ")))
        .collect();
    assert!(unexplained.is_empty(), "{unexplained:?}");
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        for name in [
            UNIT,
            "fjord",
            "skjergard",
            "dal-",
            "tablet",
            "canary",
            "fit-",
            "kem",
        ] {
            assert!(!line.contains(name), "{name} in {line}");
        }
    }
    // Nothing about the flow of submissions is on the listener that readers reach.
    assert_eq!(system.report("/metrics").await.0, 404);
}

/// Looks at the curve that is there; gives what is said of others.
async fn look_at_curves(clinic: &Clinic) -> Vec<String> {
    let ask = async |patient: &str, unit: &str| {
        let request = GetCurveRequest {
            patient: patient.to_owned(),
            episode: "canary-episode".to_owned(),
            unit: unit.to_owned(),
        };
        let mut curves = CurveServiceClient::new(clinic.channel());
        curves.get_curve(clinic.request(request)).await
    };
    let there = || async {
        let curve = ask("canary-patient", UNIT).await.ok()?.into_inner();
        (!curve.series.is_empty()).then_some(curve)
    };
    let curve = eventually("the curve is there", there).await;
    assert_eq!(curve.series[0].points.len(), 1);
    let mut seen = Vec::new();
    for (patient, unit) in [
        ("canary-patient-9", UNIT),
        ("canary-patient", "dal-dogn"),
        ("canary-patient", "canary-unit"),
        ("canary-patient", "canary-unit, which is no id"),
    ] {
        let refused = ask(patient, unit).await.unwrap_err();
        let details = String::from_utf8_lossy(refused.details()).into_owned();
        seen.push(format!("{refused:?} {refused} {details}"));
    }
    seen
}

/// An episode, a session and a survey that are taken; gives the survey's code.
async fn send_good(clinic: &Clinic) -> String {
    let opened = EpisodeOpening {
        episode: "canary-episode".to_owned(),
        therapist: "canary-therapist".to_owned(),
        ..opening("canary-patient", UNIT, "2024-01-03")
    };
    let invitation = Invitation {
        unit: UNIT.to_owned(),
        month: this_month(&SystemClock).to_string(),
    };
    let kinds = [
        Kind::EpisodeOpened(opened),
        Kind::Session(planted()),
        Kind::Invitation(invitation),
    ];
    let results = clinic.send(kinds.map(submission).to_vec()).await;
    let code = results[2].code_issued.clone();
    let items = ["treatment-trust", "treatment-help", "treatment-respect"];
    let survey = Form {
        items: items.map(|item| value(item, 4.0)).to_vec(),
        ..form("kem")
    };
    let survey = DischargeSurvey {
        code: code.clone(),
        form: Some(survey),
    };
    clinic
        .send(vec![submission(Kind::DischargeSurvey(survey))])
        .await;
    code
}

fn planted() -> Session {
    Session {
        episode: "canary-episode".to_owned(),
        ..session(
            "canary-patient",
            UNIT,
            "2024-01-10",
            1,
            fit_ors([7.6, 5.4, 3.2, 1.1]),
        )
    }
}

/// Each is refused; gives what was said of them.
async fn send_bad(clinic: &Clinic) -> Vec<String> {
    let mut seen = Vec::new();
    for wrong in wrong() {
        let alone = clinic.try_send(vec![wrong.clone()]).await.unwrap();
        assert_ne!(alone[0].code, 0);
        seen.push(alone[0].message.clone());
        let told = alone[0].violations.iter();
        seen.extend(told.map(|one| format!("{} {}", one.field, one.description)));
        if let Some(Kind::Session(session)) = wrong.kind {
            let request = medvirk_proto::feedback::v1::SubmitSessionRequest {
                submission_id: wrong.submission_id,
                session: Some(session),
            };
            let sent = clinic
                .feedback()
                .submit_session(clinic.request(request))
                .await;
            let refused = sent.unwrap_err();
            let details = String::from_utf8_lossy(refused.details()).into_owned();
            seen.push(format!("{refused} {refused:?} {details}"));
        }
    }
    seen
}

/// The planted session again, which is taken and counts no more, and what is refused of it.
async fn send_as_fhir(system: &System, token: &str) -> Vec<String> {
    let sample = root().join("services/fhir/samples/session.json");
    let mut good: Value = serde_json::from_slice(&std::fs::read(sample).unwrap()).unwrap();
    good["subject"]["identifier"]["value"] = "canary-patient".into();
    good["extension"][1]["valueString"] = "canary-episode".into();
    for (place, value) in [7.6, 5.4, 3.2, 1.1].into_iter().enumerate() {
        good["item"][place]["answer"][0]["valueDecimal"] = value.into();
    }
    let changed = |change: fn(&mut Value)| {
        let mut sent = good.clone();
        change(&mut sent);
        sent
    };
    let bad = [
        changed(|it| it["item"][0]["linkId"] = "canary-item".into()),
        changed(|it| it["item"][0]["answer"][0]["valueDecimal"] = 7.654321.into()),
        changed(|it| it["questionnaire"] = "urn:medvirk:instrument:canary-instrument|1".into()),
        changed(|it| it["extension"][0]["valueString"] = "canary-unit".into()),
        changed(|it| it["canary-item"] = "canary-therapist".into()),
    ];
    let mut seen = Vec::new();
    for sent in &bad {
        let (status, outcome) = system.respond(Some(token), sent).await;
        assert_eq!(status, 422, "{outcome}");
        seen.push(outcome.to_string());
    }
    let (status, scores) = system.respond(Some(token), &good).await;
    assert_eq!(status, 200, "{scores}");
    seen.push(
        system
            .respond(Some("canary-code"), &good)
            .await
            .1
            .to_string(),
    );
    seen
}

fn wrong() -> Vec<Submission> {
    let with = |change: fn(&mut Session)| {
        let mut session = planted();
        change(&mut session);
        submission(Kind::Session(session))
    };
    let survey = DischargeSurvey {
        code: "canary-code".to_owned(),
        form: Some(form("canary-instrument")),
    };
    vec![
        with(|session| session.forms[0].items[0] = value("individual", 7.654321)),
        with(|session| session.forms[0].items[0] = value("canary-item", 1.0)),
        with(|session| session.forms[0].instrument = "canary-instrument".to_owned()),
        with(|session| session.forms[0].total = Some(7.654321)),
        with(|session| session.unit = "canary-unit".to_owned()),
        with(|session| session.date = "canary-patient".to_owned()),
        with(|session| session.patient = "canary-patient".repeat(20)),
        with(|session| session.patient.push('\n')),
        submission(Kind::DischargeSurvey(survey)),
    ]
}

fn value(item: &str, value: f64) -> ItemResponse {
    ItemResponse {
        item: item.to_owned(),
        response: Some(Response::Value(value)),
    }
}

fn check(seen: &str, planted: impl Iterator<Item = String>) {
    for text in planted {
        // Not the secret itself in what the test says.
        let found = seen.lines().position(|line| line.contains(&text));
        if let Some(line) = found {
            let line = seen.lines().nth(line).unwrap().replace(&text, "…");
            panic!("{} is seen: {line}", &text[..text.len().min(8)]);
        }
    }
}
