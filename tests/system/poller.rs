//! Promise 4: a poller learns nothing. Every answer that the role `indicator.read`, or nobody's
//! token, reaches is the same before, while and after anything is sent, until a month is closed.

mod raw;

use std::collections::BTreeMap;

use medvirk_proto::admin::v1::RebuildIndicatorsRequest;
use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_proto::feedback::v1::DischargeSurvey;
use medvirk_proto::feedback::v1::Submission;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::indicator::v1::{
    CompareRequest, GetSeriesRequest, Period, QueryIndicatorsRequest,
};
use medvirk_proto::survey::v1::SubmitSurveyRequest;
use medvirk_runtime::auth::{TokenRole, TokenUnits};
use medvirk_runtime::pseudonym::PseudonymKey;
use medvirk_tests::cohort::{Person, UNITS, everybody, rows_of, total};
use medvirk_tests::{System, eventually, root, session, submission};
use prost::Message;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tonic::Request;
use tonic::transport::Channel;

use raw::AsTheyAre;

const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

/// Every method of `proto/` (a test compares), health, and one that there is not.
const METHODS: [&str; 34] = [
    "/grpc.health.v1.Health/Check",
    "/medvirk.admin.v1.AdminService/ActivateCatalogue",
    "/medvirk.admin.v1.AdminService/ClosePeriod",
    "/medvirk.admin.v1.AdminService/Examine",
    "/medvirk.admin.v1.AdminService/GetCatalogue",
    "/medvirk.admin.v1.AdminService/GetStatus",
    "/medvirk.admin.v1.AdminService/GetWithdrawal",
    "/medvirk.admin.v1.AdminService/ListDeadLetters",
    "/medvirk.admin.v1.AdminService/RebuildIndicators",
    "/medvirk.admin.v1.AdminService/Renew",
    "/medvirk.admin.v1.AdminService/ReplayDeadLetters",
    "/medvirk.admin.v1.AdminService/Withdraw",
    "/medvirk.curve.v1.CurveService/GetCurve",
    "/medvirk.episode.v1.EpisodeService/CloseEpisode",
    "/medvirk.episode.v1.EpisodeService/OpenEpisode",
    "/medvirk.extract.v1.ExtractService/ListDatasets",
    "/medvirk.extract.v1.ExtractService/Pull",
    "/medvirk.feedback.v1.FeedbackService/CorrectSession",
    "/medvirk.feedback.v1.FeedbackService/GetNextItems",
    "/medvirk.feedback.v1.FeedbackService/SubmitBatch",
    "/medvirk.feedback.v1.FeedbackService/SubmitSession",
    "/medvirk.indicator.v1.IndicatorService/Compare",
    "/medvirk.indicator.v1.IndicatorService/CompareWithRest",
    "/medvirk.indicator.v1.IndicatorService/GetSeries",
    "/medvirk.indicator.v1.IndicatorService/ListIndicators",
    "/medvirk.indicator.v1.IndicatorService/QueryCoverage",
    "/medvirk.indicator.v1.IndicatorService/ListOrganisations",
    "/medvirk.indicator.v1.IndicatorService/QueryIndicators",
    "/medvirk.indicator.v1.IndicatorService/QueryInvolvement",
    "/medvirk.involvement.v1.InvolvementService/SubmitInvolvement",
    "/medvirk.nowhere.v1.NoService/NoMethod",
    "/medvirk.registry.v1.RegistryService/SubmitRegistryForm",
    "/medvirk.survey.v1.SurveyService/IssueInvitation",
    "/medvirk.survey.v1.SurveyService/SubmitSurvey",
];

#[test]
fn the_poller_knows_every_method() {
    let mut folders = vec![root().join("proto/medvirk")];
    let mut methods = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            let words: Vec<&str> = text.split([' ', ';', '(', '\n']).collect();
            let after = |word| move |pair: &&[&str]| pair[0] == word;
            let package = words.windows(2).find(after("package"));
            let service = words.windows(2).find(after("service"));
            for rpc in words.windows(2).filter(after("rpc")) {
                let (package, service) = (package.unwrap()[1], service.unwrap()[1]);
                methods.push(format!("/{package}.{service}/{}", rpc[1]));
            }
        }
    }
    assert!(methods.len() >= 20, "{methods:?}");
    for method in methods {
        assert!(METHODS.contains(&method.as_str()), "{method} is not polled");
    }
}

/// What there is over HTTP beside gRPC, on the same port: FHIR, and paths that there are not.
const BESIDE: [&str; 4] = [
    "POST /fhir/R4/QuestionnaireResponse",
    "GET /fhir/R4/QuestionnaireResponse",
    "GET /fhir/R4/metadata",
    "GET /healthz",
];

/// Every answer, by its question.
type Answers = BTreeMap<String, String>;

#[tokio::test(flavor = "multi_thread")]
async fn public_answers_change_when_a_month_closes_and_at_no_other_time() {
    let system = System::builder().cohort().start().await;
    let january = everybody(&UNITS[..3], "2024-01");
    system.send_people(&january).await;
    system.close("2024-01").await;
    let before = answers(&system).await;
    let shown = before
        .values()
        .filter(|answer| answer.contains("\"shown\":true"));
    assert!(shown.count() > 3, "there is something to see");

    let february = everybody(&UNITS, "2024-02");
    let same = |what, now: Answers| assert_eq!(now, before, "{what}");
    same(
        "submissions",
        while_polling(&system, &before, system.send_people(&february)).await,
    );
    // Enough for a row of January, which is closed: they wait with February.
    let late = everybody(&UNITS[3..], "2024-01");
    same(
        "late ones",
        while_polling(&system, &before, system.send_people(&late)).await,
    );
    let refused = send_nonsense(&system);
    same("a bad one", while_polling(&system, &before, refused).await);
    // One who is in a row, and one who waits.
    let withdrawn = erase(&system, [&january[0], &february[0]]);
    same(
        "withdrawals, erasure and compaction",
        while_polling(&system, &before, withdrawn).await,
    );
    let next = changed_catalogue();
    let activated = activate(&system, next.path());
    same(
        "a catalogue",
        while_polling(&system, &before, activated).await,
    );
    let rebuilt = async {
        for _ in 0..3 {
            rebuild(&system).await;
        }
    };
    same("a rebuild", while_polling(&system, &before, rebuilt).await);
    system.kill().await;
    system.start().await;
    same("a restart", answers(&system).await);

    system.close("2024-02").await;
    let after = answers(&system).await;
    let changed = changed(&before, &after);
    assert!(changed.contains("/v1/figures") && changed.contains("QueryIndicators"));
    assert!(!changed.contains("/v1/indicators") && !changed.contains("ListIndicators"));
    // The new catalogue is that of March.
    system.close("2024-03").await;
    let changed = self::changed(&after, &answers(&system).await);
    assert!(changed.contains("/v1/indicators") && changed.contains("ListIndicators"));
    let rows = system.cohort_rows().await;
    assert!(
        rows.starts_with(&rows_of(&january)),
        "what was released stands"
    );
}

/// The questions that are answered otherwise, in one text.
fn changed(before: &Answers, after: &Answers) -> String {
    let changed = before
        .iter()
        .filter(|(question, answer)| after[*question] != **answer);
    changed
        .map(|(question, _)| format!("{question}\n"))
        .collect()
}

/// Asks everything again and again until `what` is done and has gone through the whole system, and
/// once more then.
async fn while_polling(
    system: &System,
    before: &Answers,
    what: impl Future<Output = ()>,
) -> Answers {
    let done = tokio::sync::Notify::new();
    let poll = async {
        loop {
            tokio::select! {
                biased;
                () = done.notified() => return,
                now = answers(system) => assert_eq!(now, *before, "in the middle"),
            }
        }
    };
    let act = async {
        what.await;
        system.settled().await;
        done.notify_one();
    };
    tokio::join!(poll, act);
    answers(system).await
}

async fn send_nonsense(system: &System) {
    let form = total(1_000_000.0);
    let kind = session("somebody", "north-a", "2024-02-10", 1, form);
    let kind = Kind::Session(kind);
    let nonsense: Vec<Submission> = vec![submission(kind), Submission::default()];
    let results = system
        .cohort_clinic(0)
        .await
        .try_send(nonsense)
        .await
        .unwrap();
    assert!(results.iter().all(|result| result.code != 0));
}

/// Withdraws them, one after the other, and waits until the log and the tables have nothing of them.
async fn erase(system: &System, people: [&Person; 2]) {
    for person in people {
        let episode = episode_of(system, person);
        assert!(
            is_in_a_file(system, &episode),
            "there is something to erase"
        );
        system.withdraw(person.trust(), &person.reference()).await;
        let gone = || async { (!is_in_a_file(system, &episode)).then_some(()) };
        eventually("the log is compacted", gone).await;
    }
}

/// The bytes that stand for an episode, in the log and in the registry.
fn episode_of(system: &System, person: &Person) -> [u8; 16] {
    let key = system.data().join("secrets").join("pseudonym.key");
    let pseudonyms = PseudonymKey::load_or_create(&key).unwrap();
    let (trust, patient) = (person.trust().parse().unwrap(), person.reference());
    let episode = format!("{patient}-1");
    *pseudonyms.episode(&trust, &patient, &episode).as_bytes()
}

/// True while a file of the log or of the registry's tables still has those bytes.
fn is_in_a_file(system: &System, bytes: &[u8]) -> bool {
    let mut folders = vec![system.data().join("log"), system.data().join("engine")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if memchr::memmem::find(&std::fs::read(path).unwrap_or_default(), bytes)
                .is_some()
            {
                return true;
            }
        }
    }
    false
}

/// The catalogue with another title.
fn changed_catalogue() -> tempfile::TempDir {
    let (from, to) = (
        root().join("tests/data/cohort/catalogue"),
        tempfile::tempdir().unwrap(),
    );
    for file in [
        "organisations.toml",
        "instruments/cohort-total.toml",
        "measures/cohort.outcome.toml",
    ] {
        let text = std::fs::read_to_string(from.join(file)).unwrap();
        let target = to.path().join(file);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(
            target,
            text.replace("Mean at intake", "Mean at the first session"),
        )
        .unwrap();
    }
    to
}

async fn activate(system: &System, dir: &std::path::Path) {
    let dir = dir.to_str().unwrap();
    let told = system.run(&["admin", "catalogue", "activate", dir, "--from", "2024-03"]);
    assert!(told.contains("in force from 2024-03"), "{told}");
}

async fn rebuild(system: &System) {
    let request = RebuildIndicatorsRequest {};
    let channel = system.channel().await;
    let mut admin = AdminServiceClient::new(channel);
    admin
        .rebuild_indicators(system.as_admin(request))
        .await
        .unwrap();
}

/// The answers to every question, byte for byte, with their headers but the time of day.
async fn answers(system: &System) -> Answers {
    let token = system.token("dashboard", &[TokenRole::IndicatorRead], TokenUnits::All);
    let mut answers = Answers::new();
    let channel = system.channel().await;
    for token in [None, Some(token.as_str())] {
        for path in paths() {
            let asked = format!("GET {path}");
            let (answer, etag) = http(system, "http", &asked, token, None).await;
            let question = format!("{asked} {}", token.is_some());
            if let Some(etag) = etag {
                let (answer, _) = http(system, "http", &asked, token, Some(&etag)).await;
                answers.insert(format!("{question} if changed"), answer);
            }
            answers.insert(question, answer);
        }
        for asked in [
            "HEAD /v1/figures",
            "POST /v1/figures",
            "OPTIONS /v1/indicators",
        ] {
            let (answer, _) = http(system, "http", asked, token, None).await;
            answers.insert(format!("{asked} {}", token.is_some()), answer);
        }
        for asked in BESIDE {
            let (answer, _) = http(system, "grpc", asked, token, None).await;
            answers.insert(format!("{asked} beside {}", token.is_some()), answer);
        }
        // Who may not send is told the same, whatever is sent.
        let response = a_response();
        let (status, said) = system.respond(token, &response).await;
        let question = format!("a response {}", token.is_some());
        answers.insert(question, format!("{status} {said}"));
        for (method, request) in calls() {
            let answer = call(&channel, method, &request, token).await;
            let question = format!("{method} {request:?} {}", token.is_some());
            answers.insert(question, answer);
        }
    }
    answers
}

/// A form of somebody who may be known by then.
fn a_response() -> Value {
    let sample = root().join("services/fhir/samples/session.json");
    serde_json::from_str(&std::fs::read_to_string(sample).unwrap()).unwrap()
}

fn paths() -> Vec<String> {
    // What only the admin listener answers is nowhere here.
    let mut paths: Vec<String> = [
        "/",
        "/v1/indicators",
        "/v1/figures",
        "/v1/figures?period=week",
        "/v1/coverage",
        "/v1/coverage?year=x",
        "/v1/involvement",
        "/v1/organisations",
        "/v1/openapi.json",
        "/v1/series",
        "/v1/comparison",
        "/v1/rest",
        "/v1/figures?limit=2",
        "/assets/nowhere.js",
        "/nowhere",
        "/healthz",
        "/readyz",
        "/metrics",
    ]
    .map(str::to_owned)
    .into();
    for period in ["row", "span", "year"] {
        for span in ["from=2024-01&to=2024-01", "from=2024-01&to=2024-12"] {
            paths.push(format!("/v1/figures?{span}&period={period}"));
            paths.push(format!("/v1/figures?{span}&period={period}&level=trust"));
            paths.push(format!(
                "/v1/figures?{span}&period={period}&organisation=south-b"
            ));
        }
    }
    let of = "measure=cohort.outcome&indicator=mean-first";
    for period in ["month", "tertial", "year", "rolling"] {
        paths.push(format!(
            "/v1/series?{of}&organisation=south-b&period={period}&to=2024-12"
        ));
    }
    for level in ["unit", "trust"] {
        paths.push(format!("/v1/comparison?{of}&level={level}&from=2024-01"));
    }
    paths.push(format!("/v1/rest?{of}&organisation=south-b"));
    paths.push("/v1/figures?measure=unknown".to_owned());
    paths
}

/// Every method that there is. Who may not call it gets an answer too.
fn calls() -> Vec<(&'static str, Vec<u8>)> {
    let mut calls: Vec<(&'static str, Vec<u8>)> = METHODS.map(|method| (method, Vec::new())).into();
    let survey = SubmitSurveyRequest {
        submission_id: uuid::Uuid::nil().to_string(),
        survey: Some(DischargeSurvey {
            code: "0123456789ABCDEF".to_owned(),
            form: None,
        }),
    };
    let submit = "/medvirk.survey.v1.SurveyService/SubmitSurvey";
    calls.push((submit, survey.encode_to_vec()));
    // Which services there are.
    calls.push((REFLECTION, vec![0x3a, 0]));
    for period in [Period::Unspecified, Period::Row, Period::Span, Period::Year] {
        let request = QueryIndicatorsRequest {
            from: "2024-01".to_owned(),
            to: "2024-12".to_owned(),
            period: period.into(),
            ..QueryIndicatorsRequest::default()
        };
        let method = "/medvirk.indicator.v1.IndicatorService/QueryIndicators";
        calls.push((method, request.encode_to_vec()));
    }
    let (measure, indicator) = ("cohort.outcome".to_owned(), "mean-first".to_owned());
    let series = GetSeriesRequest {
        measure: measure.clone(),
        indicator: indicator.clone(),
        organisation: "south-b".to_owned(),
        ..GetSeriesRequest::default()
    };
    let method = "/medvirk.indicator.v1.IndicatorService/GetSeries";
    calls.push((method, series.encode_to_vec()));
    let comparison = CompareRequest {
        measure,
        indicator,
        ..CompareRequest::default()
    };
    let method = "/medvirk.indicator.v1.IndicatorService/Compare";
    calls.push((method, comparison.encode_to_vec()));
    calls
}

/// The whole answer of HTTP/1.1, and its ETag.
async fn http(
    system: &System,
    listener: &str,
    asked: &str,
    token: Option<&str>,
    etag: Option<&str>,
) -> (String, Option<String>) {
    let addresses = system.addresses().unwrap();
    let address = addresses[listener].as_str().unwrap();
    let mut request = format!("{asked} HTTP/1.1\r\nHost: medvirk\r\nConnection: close\r\n");
    for (name, value) in [
        (
            "Authorization",
            token.map(|token| format!("Bearer {token}")),
        ),
        ("If-None-Match", etag.map(str::to_owned)),
    ] {
        if let Some(value) = value {
            request += &format!("{name}: {value}\r\n");
        }
    }
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = request + "\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let lines = answer.split_inclusive("\r\n");
    let kept: String = lines.filter(|line| !line.starts_with("date:")).collect();
    let etag = answer.lines().find_map(|line| line.strip_prefix("etag: "));
    let etag = etag.map(|etag| etag.trim().to_owned());
    (kept, etag)
}

/// The answer's bytes as they came, and its headers.
async fn call(channel: &Channel, method: &'static str, body: &[u8], token: Option<&str>) -> String {
    let mut request = Request::new(body.to_vec());
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
    }
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let path = tonic::codegen::http::uri::PathAndQuery::from_static(method);
    let (metadata, said) = match client.unary(request, path, AsTheyAre).await {
        Ok(answer) => {
            let (metadata, bytes, _) = answer.into_parts();
            (metadata, format!("{bytes:?}"))
        }
        Err(status) => {
            let said = format!("{:?} {}", status.code(), status.message());
            (status.metadata().clone(), said)
        }
    };
    let mut headers = metadata.into_headers();
    headers.remove("date");
    format!("{headers:?} {said}")
}
