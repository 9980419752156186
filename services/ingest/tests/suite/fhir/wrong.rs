//! What is wrong is named by its element, with what is allowed and without what was sent; nothing of
//! it is kept.

use http::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE};
use http::{Method, StatusCode};
use medvirk_fhir::schema;
use medvirk_runtime::auth::TokenRole;
use serde_json::{Value, json};

use super::{post, register_response, request, response, send, survey_response, told};
use crate::clinic::{Clinic, token};
use crate::malformed::logged;
use crate::requests::code;

type Change = fn(&mut Value);
/// What is changed, and the elements that must be named, without what they all begin with.
type Case = (Change, &'static [&'static str]);

/// What only FHIR can say wrong.
fn unreadable() -> Vec<Case> {
    vec![
        (|it| it["status"] = "amended".into(), &["status"]),
        (|it| it["meta"] = json!({}), &["meta.profile"]),
        (
            |it| it["item"][0]["answer"][0] = json!({ "valueInteger": 7 }),
            &["item[0].answer[0]"],
        ),
        (
            |it| it["item"][0]["linkId"] = "canary".into(),
            &["item[0].linkId"],
        ),
    ]
}

/// The cases that admission refuses.
fn inadmissible() -> Vec<Case> {
    vec![
        (|it| it["identifier"] = Value::Null, &["identifier"]),
        (
            |it| it["identifier"]["value"] = "urn:uuid:canary".into(),
            &["identifier"],
        ),
        (
            |it| it["identifier"]["value"] = "urn:uuid:00000000-0000-0000-0000-000000000000".into(),
            &["identifier"],
        ),
        (
            |it| it["subject"] = json!({}),
            &["subject.identifier.value"],
        ),
        (
            |it| it["subject"]["identifier"]["value"] = "canary".repeat(30).into(),
            &["subject.identifier.value"],
        ),
        (
            |it| it["subject"]["identifier"]["value"] = "canary ".into(),
            &["subject.identifier.value"],
        ),
        (
            |it| it["subject"]["identifier"]["value"] = "A\u{30a}se canary".into(),
            &["subject.identifier.value"],
        ),
        (
            |it| it["questionnaire"] = "urn:medvirk:instrument:canary|1".into(),
            &["questionnaire"],
        ),
        (
            |it| it["questionnaire"] = "urn:medvirk:instrument:ors|7".into(),
            &["questionnaire"],
        ),
        (
            |it| it["extension"][0]["valueString"] = "canary".into(),
            &["extension('urn:medvirk:unit').value"],
        ),
        (
            |it| it["extension"][2]["valueDate"] = "2027-01-01".into(),
            &["extension('urn:medvirk:date').value"],
        ),
        (
            |it| it["extension"][3]["valuePositiveInt"] = 777_777.into(),
            &["extension('urn:medvirk:session-number').value"],
        ),
        (
            |it| {
                it["extension"][3] = json!({ "url": "urn:medvirk:age-band", "valueCode": "adult" })
            },
            &[
                "extension('urn:medvirk:session-number').value",
                "extension('urn:medvirk:age-band').value",
            ],
        ),
    ]
}

fn inadmissible_forms() -> Vec<Case> {
    vec![
        (
            |it| it["item"][1]["answer"][0]["valueDecimal"] = 777.5.into(),
            &["item[1].answer[0].value"],
        ),
        (
            |it| it["item"][1]["answer"][0]["valueDecimal"] = 7.654321.into(),
            &["item[1].answer[0].value"],
        ),
        (
            |it| it["item"][1]["linkId"] = "individual".into(),
            &["item[1].linkId"],
        ),
        (
            |it| _ = it.as_object_mut().unwrap().remove("item"),
            &["item"],
        ),
        // Both at once, and each place once.
        (
            |it| {
                it["item"][0]["answer"][0] = json!({ "valueString": "canary" });
                it["item"][1]["answer"][0]["valueDecimal"] = 777.5.into();
                it["extension"][2]["valueDate"] = "canary".into();
            },
            &[
                "item[0].answer[0]",
                "extension('urn:medvirk:date').value",
                "item[1].answer[0].value",
            ],
        ),
    ]
}

fn others() -> Vec<(Value, &'static [&'static str])> {
    let changed = |mut sent: Value, change: Change| {
        change(&mut sent);
        sent
    };
    let survey = || survey_response(&code(1, "2026-10"));
    vec![
        (
            changed(register_response(), |it| {
                it["item"][0]["answer"][0]["valueDecimal"] = 777.into()
            }),
            &["item[0]"],
        ),
        (
            changed(register_response(), |it| it["status"] = "amended".into()),
            &["extension('urn:medvirk:revision').value"],
        ),
        (
            changed(survey(), |it| {
                it["subject"] = json!({ "display": "canary" })
            }),
            &["subject"],
        ),
        (
            changed(survey(), |it| {
                _ = it["item"].as_array_mut().unwrap().remove(0)
            }),
            &["item"],
        ),
    ]
}

#[tokio::test]
async fn every_wrong_element_is_named_and_nothing_is_kept() {
    let clinic = Clinic::open().await;
    let changed = |(change, expect): (Change, _)| {
        let mut sent = response();
        change(&mut sent);
        (sent, expect)
    };
    let mut outcomes = Vec::new();
    let sessions = [unreadable(), inadmissible(), inadmissible_forms()].concat();
    for (sent, expect) in sessions.into_iter().map(changed).chain(others()) {
        let answer = post(&clinic, &sent).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{expect:?}"
        );
        let issues = answer.resource["issue"].as_array().unwrap().iter();
        let named = issues.map(|issue| issue["expression"][0].as_str().unwrap().to_owned());
        let expect: Vec<_> = expect
            .iter()
            .map(|rest| format!("QuestionnaireResponse.{rest}"))
            .collect();
        assert_eq!(named.collect::<Vec<_>>(), expect, "{}", answer.resource);
        let said = answer.resource.to_string();
        assert!(!said.contains("canary") && !said.contains("777"), "{said}");
        assert!(!said.contains("654321"), "{said}");
        outcomes.push(answer.resource);
    }
    assert_eq!(logged(&clinic).await, 0);
    assert_eq!(schema::invalid(&outcomes), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_no_response_is_told_by_its_status() {
    let clinic = Clinic::open().await;
    let device = token("tablet-1", &[TokenRole::FeedbackSubmit], &["tau"]);
    let of = |body: &str| request(&clinic, Some(&device), body.into());
    let mut outcomes = Vec::new();
    let mut check = async |request, status: StatusCode, says: &str| {
        let answer = send(request).await;
        assert_eq!(answer.status, status, "{says}");
        assert!(told(&answer).contains(says), "{}", told(&answer));
        assert!(!answer.resource.to_string().contains("canary"));
        outcomes.push(answer.resource.clone());
        answer.headers
    };
    let json = StatusCode::BAD_REQUEST;
    check(of(""), json, "line 1, column 0").await;
    check(of("{\"canary\": canary}"), json, "line 1, column 12").await;
    check(
        of("[1]"),
        StatusCode::UNPROCESSABLE_ENTITY,
        "a resource of this type",
    )
    .await;
    let twice = "{\"status\": 1, \"status\": \"canary\"}";
    check(of(twice), json, "each name once").await;
    check(of(&"[".repeat(100_000)), json, "must be JSON").await;
    let large = format!("\"{}\"", "x".repeat(5 << 20));
    check(of(&large), StatusCode::PAYLOAD_TOO_LARGE, "4194304 bytes").await;
    let mut xml = of("<canary/>");
    xml.headers_mut()
        .insert(CONTENT_TYPE, "application/fhir+xml".parse().unwrap());
    check(
        xml,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "application/fhir+json",
    )
    .await;
    let mut packed = of("");
    packed
        .headers_mut()
        .insert(CONTENT_ENCODING, "gzip".parse().unwrap());
    check(packed, StatusCode::UNSUPPORTED_MEDIA_TYPE, "not compressed").await;
    let mut get = of("");
    *get.method_mut() = Method::GET;
    let headers = check(get, StatusCode::METHOD_NOT_ALLOWED, "only POST").await;
    assert_eq!(headers[ALLOW], "POST");
    let mut elsewhere = of("");
    *elsewhere.uri_mut() = format!("{}/fhir/R4/canary", clinic.address)
        .parse()
        .unwrap();
    check(
        elsewhere,
        StatusCode::NOT_FOUND,
        "POST /fhir/R4/QuestionnaireResponse and GET",
    )
    .await;
    // Nobody reads what somebody without a token that counts sends.
    let mut unknown = request(&clinic, None, large.into());
    let garbage = "Bearer canary".parse().unwrap();
    unknown.headers_mut().insert("authorization", garbage);
    check(unknown, StatusCode::UNAUTHORIZED, "not valid").await;
    assert_eq!(logged(&clinic).await, 0);
    assert_eq!(schema::invalid(&outcomes), Vec::<String>::new());
}
