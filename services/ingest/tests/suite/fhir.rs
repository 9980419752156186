//! FHIR over HTTP: the same admission, the same acknowledgement and the same door as over gRPC, in
//! the words of FHIR.

mod wrong;

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use medvirk_fhir::schema;
use medvirk_front::FrontConfig;
use medvirk_proto::registry::v1::SubmitRegistryFormRequest;
use medvirk_proto::survey::v1::SubmitSurveyRequest;
use medvirk_runtime::auth::{AccessToken, TokenRole};
use serde_json::{Value, json};

use crate::clinic::{Clinic, eventually, token};
use crate::log::Mode;
use crate::malformed::logged;
use crate::requests::{ID, bdi, kem, registry_form, session, submit, survey, value};

pub const PATH: &str = "/fhir/R4/QuestionnaireResponse";

/// An answer of the server.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub resource: Value,
}

/// The session of `requests`, as FHIR.
pub fn response() -> Value {
    json!({
        "resourceType": "QuestionnaireResponse",
        "meta": { "profile": ["urn:medvirk:profile:session"] },
        "identifier": { "system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{ID}") },
        "questionnaire": "urn:medvirk:instrument:ors|1",
        "status": "completed",
        "subject": { "identifier": { "value": "patient-4711" } },
        "extension": [
            { "url": "urn:medvirk:unit", "valueString": "tau" },
            { "url": "urn:medvirk:episode", "valueString": "episode-1" },
            { "url": "urn:medvirk:date", "valueDate": "2026-11-20" },
            { "url": "urn:medvirk:session-number", "valuePositiveInt": 3 },
        ],
        "item": [
            { "linkId": "individual", "answer": [{ "valueDecimal": 4.5 }] },
            { "linkId": "social", "answer": [{ "valueDecimal": 6 }] },
        ],
    })
}

/// The form of the register of `requests`, as FHIR.
fn register_response() -> Value {
    let mut sent = response();
    sent["meta"]["profile"][0] = "urn:medvirk:profile:registry-form".into();
    sent["questionnaire"] = "urn:medvirk:instrument:bdi|1".into();
    sent["item"] = json!([{ "linkId": "score.total", "answer": [{ "valueDecimal": 17 }] }]);
    sent["extension"].as_array_mut().unwrap().pop();
    sent
}

/// The survey of `requests`, as FHIR.
fn survey_response(code: &str) -> Value {
    json!({
        "resourceType": "QuestionnaireResponse",
        "meta": { "profile": ["urn:medvirk:profile:discharge-survey"] },
        "identifier": { "system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{ID}") },
        "basedOn": [{ "identifier": { "system": "urn:medvirk:survey-code", "value": code } }],
        "questionnaire": "urn:medvirk:instrument:kem|2",
        "status": "completed",
        "item": [
            { "linkId": "heard", "answer": [{ "valueInteger": 4 }] },
            { "linkId": "helped", "answer": [{ "valueInteger": 5 }] },
        ],
    })
}

/// Sends it over HTTP/1.1.
pub async fn send(request: Request<Full<Bytes>>) -> Answer {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (head, body) = client.request(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer {
        status: head.status,
        headers: head.headers,
        resource: serde_json::from_slice(&bytes).unwrap(),
    }
}

pub fn request(
    clinic: &Clinic,
    token: Option<&AccessToken>,
    body: Vec<u8>,
) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::from(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = format!("{}{PATH}", clinic.address).parse().unwrap();
    let kind = "application/fhir+json".parse().unwrap();
    request.headers_mut().insert(CONTENT_TYPE, kind);
    if let Some(token) = token {
        let sent = clinic.sent_by(token, ());
        let bearer = sent.metadata().get("authorization").unwrap();
        let bearer = bearer.to_str().unwrap().parse().unwrap();
        request.headers_mut().insert(AUTHORIZATION, bearer);
    }
    request
}

/// The device of the unit `tau`, as over gRPC.
pub async fn post(clinic: &Clinic, resource: &Value) -> Answer {
    let token = token("tablet-1", &TokenRole::ALL, &["tau"]);
    send(request(clinic, Some(&token), resource.to_string().into())).await
}

/// Texts of an outcome.
pub fn told(answer: &Answer) -> String {
    answer.resource["issue"][0]["details"]["text"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn scores_and_alerts_come_at_once() {
    let clinic = Clinic::open().await;
    let answer = post(&clinic, &response()).await;
    assert_eq!(answer.status, StatusCode::OK);
    let kind = answer.headers[CONTENT_TYPE].to_str().unwrap();
    assert!(kind.starts_with("application/fhir+json"), "{kind}");
    let part = |parameter: usize, name: &str| {
        let parameter = &answer.resource["parameter"][parameter];
        let mut parts = parameter["part"].as_array().unwrap().iter();
        let found = parts.find(|part| part["name"] == name).unwrap().clone();
        (parameter["name"].as_str().unwrap().to_owned(), found)
    };
    let (name, value) = part(0, "value");
    assert_eq!(
        (name.as_str(), &value["valueDecimal"]),
        ("score", &10.5.into())
    );
    assert_eq!(part(0, "cutoff").1["valueDecimal"], 12.0);
    assert_eq!(part(0, "basis").1["valueCode"], "full");
    let (name, rule) = part(1, "rule");
    assert_eq!(
        (name.as_str(), &rule["valueCode"]),
        ("alert", &"below-cutoff".into())
    );
    let mut adaptive = response();
    adaptive["questionnaire"] = "urn:medvirk:instrument:norse|1".into();
    adaptive["item"] = json!([
        { "linkId": "t1", "answer": [{ "valueInteger": 5 }] },
        { "linkId": "t2", "answer": [{ "valueInteger": 2 }] },
    ]);
    let coding = json!({ "url": "urn:medvirk:coding", "valueCode": "agreement" });
    adaptive["extension"].as_array_mut().unwrap().push(coding);
    let next = post(&clinic, &adaptive).await;
    assert_eq!(next.status, StatusCode::OK, "{}", next.resource);
    let names = next.resource["parameter"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["score", "score", "alert", "unjudged", "next"]);
    let valid = schema::invalid(&[answer.resource, next.resource]);
    assert_eq!(valid, Vec::<String>::new());
}

/// Clients ask it before they send, and need no token for it.
#[tokio::test]
async fn it_says_what_it_can_to_anybody() {
    let clinic = Clinic::open().await;
    let mut asked = request(&clinic, None, Vec::new());
    *asked.method_mut() = Method::GET;
    *asked.uri_mut() = format!("{}/fhir/R4/metadata", clinic.address)
        .parse()
        .unwrap();
    let answer = send(asked).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.resource["fhirVersion"], "4.0.1");
    let resources = &answer.resource["rest"][0]["resource"];
    let profile = &response()["meta"]["profile"][0];
    assert_eq!(&resources[0]["supportedProfile"][0], profile);
    // The schema is older than the correction of R4 that this names.
    let mut statement = answer.resource;
    statement["fhirVersion"] = "4.0.0".into();
    assert_eq!(schema::invalid(&[statement]), Vec::<String>::new());
}

/// A proxy may speak either.
#[tokio::test]
async fn http_2_will_do_as_well() {
    let clinic = Clinic::open().await;
    let token = token("tablet-1", &TokenRole::ALL, &["tau"]);
    let sent = request(&clinic, Some(&token), response().to_string().into());
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let answer = client.request(sent).await.unwrap();
    assert_eq!(
        (answer.status(), logged(&clinic).await),
        (StatusCode::OK, 1)
    );
}

#[tokio::test]
async fn rules_look_back_at_the_scores_that_a_tablet_sends() {
    let clinic = Clinic::open().await;
    let answer = async |before: f64| {
        let mut sent = response();
        sent["questionnaire"] = "urn:medvirk:instrument:youth|1".into();
        sent["item"] = json!([{ "linkId": "score.total", "answer": [{ "valueDecimal": 30 }] }]);
        let canonical = "urn:medvirk:instrument:youth|1";
        let earlier = json!({ "url": "urn:medvirk:earlier-score", "extension": [
            { "url": "questionnaire", "valueCanonical": canonical },
            { "url": "scale", "valueCode": "total" },
            { "url": "session-number", "valuePositiveInt": 2 },
            { "url": "value", "valueDecimal": before },
        ] });
        sent["extension"].as_array_mut().unwrap().push(earlier);
        post(&clinic, &sent).await
    };
    let names = |answer: &Answer| -> Vec<String> {
        let parameters = answer.resource["parameter"].as_array().unwrap().iter();
        parameters
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    // It fell by ten; then it rose; and without a word about before nobody knows.
    assert_eq!(names(&answer(40.0).await), ["score", "alert"]);
    assert_eq!(names(&answer(26.0).await), ["score"]);
    let too_high = answer(41.0).await;
    assert_eq!(too_high.status, StatusCode::UNPROCESSABLE_ENTITY);
    let place = "QuestionnaireResponse.extension[4].extension('value').value";
    assert_eq!(too_high.resource["issue"][0]["expression"], json!([place]));
}

#[tokio::test]
async fn the_log_has_what_grpc_would_have_put_there() {
    let clinic = Clinic::open().await;
    let mut sent = session();
    sent.forms[0].items[1] = value("social", 6.0);
    let mut feedback = clinic.feedback();
    let answer = feedback.submit_session(clinic.at_tau(submit(sent)));
    answer.await.unwrap();
    assert_eq!(post(&clinic, &response()).await.status, StatusCode::OK);

    let form = medvirk_proto::feedback::v1::RegistryForm {
        form: Some(bdi()),
        revision: 2,
        ..registry_form()
    };
    let sent = SubmitRegistryFormRequest {
        submission_id: ID.to_owned(),
        registry_form: Some(form),
    };
    let mut registry = clinic.registry();
    let answer = registry.submit_registry_form(clinic.at_tau(sent));
    answer.await.unwrap();
    let mut again = register_response();
    again["status"] = "amended".into();
    let revision = json!({ "url": "urn:medvirk:revision", "valuePositiveInt": 2 });
    again["extension"].as_array_mut().unwrap().push(revision);
    assert_eq!(post(&clinic, &again).await.status, StatusCode::OK);

    // Whoever has the code needs no token.
    let survey = survey();
    let code = survey.code.clone();
    let sent = SubmitSurveyRequest {
        submission_id: ID.to_owned(),
        survey: Some(survey),
    };
    clinic.surveys().submit_survey(sent).await.unwrap();
    assert_eq!(kem().items.len(), 2);
    let body = survey_response(&code).to_string().into();
    assert_eq!(
        send(request(&clinic, None, body)).await.status,
        StatusCode::OK
    );

    let events = clinic.log.events().await;
    assert_eq!(events.len(), 6);
    for pair in events.chunks(2) {
        assert!(pair[0] == pair[1], "the log has something else by FHIR");
    }
}

#[tokio::test]
async fn it_is_answered_after_the_log_has_acknowledged() {
    let clinic = Clinic::open().await;
    clinic.log.set(Mode::Stall);
    let token = token("tablet-1", &TokenRole::ALL, &["tau"]);
    let sent = request(&clinic, Some(&token), response().to_string().into());
    let call = tokio::spawn(send(sent));
    eventually(async || clinic.log.waiting() == 1).await;
    assert!(!call.is_finished());
    assert_eq!(logged(&clinic).await, 0);
    clinic.log.set(Mode::Pass);
    assert_eq!(call.await.unwrap().status, StatusCode::OK);
    assert_eq!(logged(&clinic).await, 1);
}

/// 429 is "not taken", 503 is "send it again, it counts once"; both say when.
#[tokio::test]
async fn a_log_that_fails_is_told_apart() {
    let clinic = Clinic::open().await;
    let cases = [
        (Mode::Full, StatusCode::TOO_MANY_REQUESTS, "not taken"),
        (
            Mode::Unknown,
            StatusCode::SERVICE_UNAVAILABLE,
            "counts once",
        ),
        (
            Mode::Unavailable,
            StatusCode::SERVICE_UNAVAILABLE,
            "send it again",
        ),
    ];
    for (mode, status, says) in cases {
        clinic.log.set(mode);
        let answer = post(&clinic, &response()).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.headers[RETRY_AFTER], "1");
        assert!(told(&answer).contains(says), "{}", told(&answer));
    }
}

#[tokio::test]
async fn it_stands_behind_the_same_door_as_grpc() {
    let one_at_once = FrontConfig {
        max_concurrent: 1,
        ..Default::default()
    };
    let clinic = Clinic::with(Default::default(), one_at_once).await;
    clinic.log.set(Mode::Stall);
    let (mut client, sent) = (clinic.feedback(), clinic.at_tau(submit(session())));
    let call = tokio::spawn(async move { client.submit_session(sent).await });
    eventually(async || clinic.log.waiting() == 1).await;
    let busy = post(&clinic, &response()).await;
    assert_eq!(busy.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(busy.headers[RETRY_AFTER], "1");
    clinic.log.set(Mode::Pass);
    call.await.unwrap().unwrap();

    let brief = FrontConfig {
        timeout: Duration::from_millis(200),
        ..Default::default()
    };
    let clinic = Clinic::with(Default::default(), brief).await;
    clinic.log.set(Mode::Stall);
    let late = post(&clinic, &response()).await;
    assert_eq!(late.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(told(&late).contains("it counts once"), "{}", told(&late));
    let valid = schema::invalid(&[busy.resource, late.resource]);
    assert_eq!(valid, Vec::<String>::new());
}

#[tokio::test]
async fn who_may_not_send_is_told_only_that() {
    let clinic = Clinic::open().await;
    // Something is wrong with it too.
    let mut sent = response();
    sent["item"][0]["answer"][0]["valueDecimal"] = 99.into();
    let body = || sent.to_string().into();
    let nobody = send(request(&clinic, None, body())).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    assert_eq!(nobody.headers[WWW_AUTHENTICATE], "Bearer");
    let reader = token("reader", &[TokenRole::IndicatorRead], &["tau"]);
    let reader = send(request(&clinic, Some(&reader), body())).await;
    assert_eq!(reader.status, StatusCode::FORBIDDEN);
    let other = token("tablet-2", &[TokenRole::FeedbackSubmit], &["north"]);
    let other = send(request(&clinic, Some(&other), body())).await;
    assert_eq!(other.status, StatusCode::FORBIDDEN);
    let unit = "QuestionnaireResponse.extension('urn:medvirk:unit').value";
    assert_eq!(other.resource["issue"][0]["expression"], json!([unit]));
    for answer in [nobody, reader, other] {
        assert_eq!(answer.resource["issue"].as_array().unwrap().len(), 1);
    }
    let mut unknown = request(&clinic, None, body());
    let garbage = "Bearer garbage".parse().unwrap();
    unknown.headers_mut().insert(AUTHORIZATION, garbage);
    assert_eq!(send(unknown).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(logged(&clinic).await, 0);
}

#[tokio::test]
async fn guessing_codes_is_bounded_as_over_grpc() {
    let config = medvirk_ingest::IngestConfig {
        wrong_codes_per_minute: 2,
    };
    let clinic = Clinic::with(config, Default::default()).await;
    let guess = || survey_response("AAAA-AAAA").to_string().into();
    for _ in 0..2 {
        let answer = send(request(&clinic, None, guess())).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let code = json!(["QuestionnaireResponse.basedOn.identifier.value"]);
        assert_eq!(answer.resource["issue"][0]["expression"], code);
    }
    let answer = send(request(&clinic, None, guess())).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers[RETRY_AFTER], "10");
}
