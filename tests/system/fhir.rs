//! FHIR in and out: a tablet that knows nothing but the Questionnaires that it pulled answers them over
//! HTTP, sends everything three times, and is counted once.

use medvirk_fhir::tablet::{ResponseSubject, answer};
use medvirk_fhir::{schema, systems};
use medvirk_proto::curve::v1::GetCurveRequest;
use medvirk_proto::curve::v1::curve_service_client::CurveServiceClient;
use medvirk_proto::feedback::v1::EpisodeOpening;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_runtime::auth::{TokenRole, TokenUnits};
use medvirk_tests::cohort::CREDENTIALS;
use medvirk_tests::{System, eventually, opening, registry_id, submission};
use serde_json::{Value, json};
use uuid::Uuid;

const UNIT: &str = "fjord-poliklinikk";
const PATIENTS: u32 = 12;

/// Resources of a dataset.
fn pull(system: &System, dataset: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    system.run(&["pull", dataset, "--out", out, "--purpose", "a test of FHIR"]);
    let files = std::fs::read_dir(out).unwrap().map(|it| it.unwrap().path());
    let is_data = |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "ndjson");
    let file = files
        .into_iter()
        .find(is_data)
        .expect("a file of resources");
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn named<'a>(questionnaires: &'a [Value], instrument: &str) -> &'a Value {
    let url = format!("{}{instrument}", systems::INSTRUMENT);
    let mut all = questionnaires.iter();
    all.find(|it| it["url"] == url.as_str()).unwrap()
}

/// Sends it three times, as a tablet does that is not sure, and gives the answer, always the same.
async fn respond(system: &System, token: &str, response: &Value) -> Value {
    let (status, first) = system.respond(Some(token), response).await;
    assert_eq!(status, 200, "{first}");
    for _ in 0..2 {
        let again = system.respond(Some(token), response).await;
        assert_eq!(again, (200, first.clone()));
    }
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tablet_that_knows_only_the_questionnaire_is_understood_and_counted_once() {
    let system = System::builder().start().await;
    let questionnaires = pull(&system, "fhir.questionnaire");
    let opened = Kind::EpisodeOpened(opening("patient-1", UNIT, "2024-01-03"));
    system
        .clinic("epj")
        .await
        .send(vec![submission(opened)])
        .await;
    let token = system.token("tablet", &[TokenRole::FeedbackSubmit], TokenUnits::All);
    let mut sent = Vec::new();
    let mut replies = Vec::new();
    for questionnaire in &questionnaires {
        let url = questionnaire["url"].as_str().unwrap();
        let of_register = url.contains("kvarus");
        let id = Uuid::new_v4().to_string();
        let about = ResponseSubject {
            profile: if of_register {
                systems::REGISTRY_FORM
            } else {
                systems::SESSION
            },
            source: if of_register {
                "Practitioner"
            } else {
                "Patient"
            },
            patient: "patient-1",
            episode: "patient-1-1",
            unit: UNIT,
            date: "2024-01-10",
        };
        let mut response = answer(questionnaire, &id, about);
        if url.contains("norse") {
            let coding = json!({ "url": systems::CODING, "valueCode": "agreement" });
            response["extension"].as_array_mut().unwrap().push(coding);
        }
        let reply = respond(&system, &token, &response).await;
        if !url.ends_with("kvarus-basis") {
            assert_eq!(reply["parameter"][0]["name"], "score", "{url}");
        }
        replies.push(reply);
        if !of_register {
            sent.push(registry_id(&id));
        }
    }
    // Two are forms of the register.
    assert!(sent.len() >= 11 && sent.len() + 2 == questionnaires.len());
    let stored = || async {
        let counts = system.registry_counts().await?;
        let each = sent.iter().all(|id| counts.get(id) == Some(&1));
        (each && counts.len() == sent.len() + 1).then_some(())
    };
    eventually("every form of the session is there once", stored).await;
    assert_eq!(points(&system, &token, "fit-ors").await, 1);
    let all = [questionnaires, replies].concat();
    assert_eq!(schema::invalid(&all), Vec::<String>::new());
}

/// How many points an instrument's curve has.
async fn points(system: &System, token: &str, instrument: &str) -> usize {
    let clinic = system.sender(token).await;
    let request = GetCurveRequest {
        patient: "patient-1".to_owned(),
        episode: "patient-1-1".to_owned(),
        unit: UNIT.to_owned(),
    };
    let mut curves = CurveServiceClient::new(clinic.channel());
    let curve = curves.get_curve(clinic.request(request)).await.unwrap();
    let series = curve.into_inner().series;
    let mut of = series.iter().filter(|it| it.instrument == instrument);
    let found = of.next().map_or(0, |series| series.points.len());
    assert!(of.next().is_none(), "one series of one scale");
    found
}

/// Out, in, and out again: forms of the register become a report of as many persons as there were.
#[tokio::test(flavor = "multi_thread")]
async fn what_came_in_as_fhir_goes_out_as_measure_reports_each_person_once() {
    let system = System::builder().start().await;
    let questionnaires = pull(&system, "fhir.questionnaire");
    let point = named(&questionnaires, "kvarus-point");
    for number in 0..PATIENTS {
        let patient = &format!("patient-{number}");
        let opening = EpisodeOpening {
            therapist: format!("therapist-{}", number % 4),
            ..opening(patient, UNIT, "2024-01-03")
        };
        let opened = submission(Kind::EpisodeOpened(opening));
        let opener = system.cohort_clinic(number % CREDENTIALS).await;
        opener.send(vec![opened]).await;
        let about = ResponseSubject {
            profile: systems::REGISTRY_FORM,
            source: "Practitioner",
            patient,
            episode: &format!("{patient}-1"),
            unit: UNIT,
            date: "2024-01-10",
        };
        let mut response = answer(point, &Uuid::new_v4().to_string(), about);
        // In active treatment; a plan for three of four.
        let plan = if number.is_multiple_of(4) { "1" } else { "2" };
        for (place, code) in [(0, "1"), (1, plan)] {
            response["item"][place]["answer"][0]["valueCoding"]["code"] = code.into();
        }
        let sender = format!("credential-{}", (number + 1) % CREDENTIALS);
        let token = system.token(&sender, &[TokenRole::FeedbackSubmit], TokenUnits::All);
        respond(&system, &token, &response).await;
    }
    system.settled().await;
    system.close("2024-01").await;
    let reports = pull(&system, "fhir.measure-report");
    let of_plan =
        |report: &&Value| report["measure"] == "urn:medvirk:measure:kvarus.start:early-plan";
    let plans: Vec<_> = reports.iter().filter(of_plan).collect();
    assert_eq!(plans.len(), 1, "{reports:?}");
    let populations = plans[0]["group"][0]["population"].as_array().unwrap();
    let counts: Vec<_> = populations
        .iter()
        .map(|it| it["count"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [12, 12, 9]);
    assert_eq!(plans[0]["group"][0]["measureScore"]["value"], 0.75);
    assert_eq!(schema::invalid(&reports), Vec::<String>::new());
}
