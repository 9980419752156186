use medvirk_domain::catalogue::{Limits, shipped};
use medvirk_domain::ids::CatalogueHash;
use medvirk_proto::feedback::v1::item_response::Response as Given;
use medvirk_proto::feedback::v1::{Coding, MissingReason, Respondent};
use serde_json::json;

use super::*;
use crate::{questionnaires, schema, tablet};

const SESSION: &str = include_str!("../../samples/session.json");
const REGISTRY_FORM: &str = include_str!("../../samples/registry-form.json");
const SURVEY: &str = include_str!("../../samples/discharge-survey.json");

/// What must never be said.
const CANARY: &str = "canary-777";

fn catalogue() -> Catalogue {
    let hash = CatalogueHash::new([0; 32]);
    Catalogue::load(&shipped(), hash, Limits::default()).unwrap()
}

fn sample(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn read_sample(resource: &Value) -> Response {
    let response = read(resource, &catalogue());
    assert!(response.is_readable(), "{:?}", response.violations(vec![]));
    response
}

#[test]
fn a_session_is_read() {
    let response = read_sample(&sample(SESSION));
    assert_eq!(response.id, "0190a0a0-1111-7222-8333-444455556666");
    let Some(Kind::Session(session)) = response.body else {
        panic!("it is a session");
    };
    assert_eq!(
        (session.patient.as_str(), session.number),
        ("patient-4711", 1)
    );
    assert_eq!(
        (session.episode.as_str(), session.date.as_str()),
        ("episode-1", "2024-01-10")
    );
    let form = &session.forms[0];
    assert_eq!((form.instrument.as_str(), form.version), ("fit-ors", 1));
    assert!(form.respondent() == Respondent::Self_);
    let items: Vec<_> = form
        .items
        .iter()
        .map(|it| (it.item.as_str(), it.response))
        .collect();
    assert_eq!(items[1], ("interpersonal", Some(Given::Value(4.0))));
    // What the tablet computed is not what is sent alone.
    assert_eq!((items.len(), form.total), (4, None));
}

#[test]
fn a_form_of_the_register_is_read() {
    let Some(Kind::RegistryForm(sent)) = read_sample(&sample(REGISTRY_FORM)).body else {
        panic!("it is a form of the register");
    };
    assert_eq!(
        (sent.revision, sent.unit.as_str()),
        (1, "fjord-poliklinikk")
    );
    let form = sent.form.unwrap();
    assert!(form.respondent() == Respondent::Other);
    let reason = MissingReason::NotAnswered.into();
    assert_eq!(form.items[2].response, Some(Given::Missing(reason)));
}

#[test]
fn a_survey_is_read_with_its_code() {
    let Some(Kind::DischargeSurvey(survey)) = read_sample(&sample(SURVEY)).body else {
        panic!("it is a survey");
    };
    assert_eq!(survey.code, "THE-CODE-AS-IT-WAS-TYPED");
    assert_eq!(survey.form.unwrap().items.len(), 3);
}

#[test]
fn a_total_alone_and_a_coding_are_read() {
    let mut sent = sample(SESSION);
    sent["item"] = json!([{ "linkId": "score.total", "answer": [{ "valueDecimal": 13.5 }] }]);
    sent["extension"][4] = json!({ "url": systems::CODING, "valueCode": "higher-is-worse" });
    let Some(Kind::Session(session)) = read_sample(&sent).body else {
        panic!("it is a session");
    };
    let form = &session.forms[0];
    assert_eq!((form.total, form.items.len()), (Some(13.5), 0));
    assert!(form.coding() == Coding::HigherIsWorse);
}

#[test]
fn scores_from_before_are_read() {
    let mut sent = sample(SESSION);
    let part = |url: &str, element: &str, value: Value| json!({ "url": url, element: value });
    let canonical = "urn:medvirk:instrument:fit-ors|1";
    let before = |value: Value| {
        json!({ "url": systems::EARLIER, "extension": [
            part("questionnaire", "valueCanonical", canonical.into()),
            part("source", "valueCode", "RelatedPerson".into()),
            part("scale", "valueCode", "total".into()),
            part("session-number", "valuePositiveInt", 1.into()),
            part("value", "valueDecimal", value),
        ] })
    };
    sent["extension"][3]["valuePositiveInt"] = 2.into();
    sent["extension"][4] = before(20.5.into());
    assert_eq!(schema::invalid(&[sent.clone()]), Vec::<String>::new());
    let response = read_sample(&sent);
    let place = "QuestionnaireResponse.extension[4].extension('session-number').value";
    assert_eq!(response.element("session.earlier[0].number"), place);
    let Some(Kind::Session(session)) = response.body else {
        panic!("it is a session");
    };
    let score = &session.earlier[0];
    assert_eq!((score.number, score.value), (1, Some(20.5)));
    assert_eq!((score.instrument.as_str(), score.version), ("fit-ors", 1));
    assert!(score.respondent() == Respondent::Caretaker && !score.open);
    sent["extension"][4] = before(CANARY.into());
    let wrong = read(&sent, &catalogue()).violations(Vec::new());
    assert_eq!(wrong.len(), 1);
    assert_eq!(
        wrong[0].field,
        "QuestionnaireResponse.extension[4].extension[4]"
    );
}

/// Changes one thing of a sample, and expects that exactly these elements are named.
fn check(sample_text: &str, change: impl FnOnce(&mut Value), expect: &[&str]) {
    let mut sent = sample(sample_text);
    change(&mut sent);
    let wrong = read(&sent, &catalogue()).violations(Vec::new());
    let places: Vec<_> = wrong.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(places, expect);
    for violation in &wrong {
        let said = format!("{} {}", violation.field, violation.rule);
        assert!(!said.contains("canary"), "{said}");
        assert!(
            violation.rule.starts_with("must ") || violation.rule == "is required",
            "{said}"
        );
    }
}

#[test]
fn the_element_that_cannot_be_read_is_named() {
    let root = "QuestionnaireResponse";
    let at = |rest: &str| format!("{root}{rest}");
    let item = at(".item[1]");
    check(SESSION, |it| it["resourceType"] = "Patient".into(), &[root]);
    check(SESSION, |it| *it = json!([CANARY]), &[root]);
    check(SESSION, |it| it[CANARY] = 1.into(), &[root]);
    check(
        SESSION,
        |it| it["implicitRules"] = CANARY.into(),
        &[&at(".implicitRules")],
    );
    check(
        SESSION,
        |it| it["meta"] = json!({ "profile": [CANARY] }),
        &[places::PROFILE],
    );
    check(
        SESSION,
        |it| it["status"] = "in-progress".into(),
        &[&at(".status")],
    );
    check(
        SESSION,
        |it| it["status"] = "amended".into(),
        &[&at(".status")],
    );
    check(
        SESSION,
        |it| it["identifier"]["system"] = CANARY.into(),
        &[&at(".identifier")],
    );
    check(
        SESSION,
        |it| it["identifier"]["value"] = CANARY.into(),
        &[&at(".identifier")],
    );
    check(
        SESSION,
        |it| it["questionnaire"] = CANARY.into(),
        &[&at(".questionnaire")],
    );
    check(
        SESSION,
        |it| it["subject"] = CANARY.into(),
        &[&at(".subject")],
    );
    check(
        SESSION,
        |it| it["source"]["type"] = CANARY.into(),
        &[&at(".source.type")],
    );
    check(
        SESSION,
        |it| it["extension"][0]["url"] = format!("urn:medvirk:{CANARY}").into(),
        &[&at(".extension[0].url")],
    );
    check(
        SESSION,
        |it| it["extension"][1]["url"] = systems::UNIT.into(),
        &[&at(".extension[1].url")],
    );
    check(
        SESSION,
        |it| it["extension"][3]["valuePositiveInt"] = 0.into(),
        &[&places::extension(systems::SESSION_NUMBER)],
    );
    check(
        SESSION,
        |it| it["extension"][4]["valueCode"] = CANARY.into(),
        &[&places::extension(systems::AGE_BAND)],
    );
    check(SESSION, |it| it["item"] = CANARY.into(), &[&at(".item")]);
    check(SESSION, |it| it["item"] = json!([]), &[&at(".item")]);
    check(
        SESSION,
        |it| it["item"][1]["linkId"] = CANARY.into(),
        &[&at(".item[1].linkId")],
    );
    check(
        SESSION,
        |it| it["item"][1]["linkId"] = 7.into(),
        &[&at(".item[1].linkId")],
    );
    check(SESSION, |it| it["item"][1][CANARY] = 1.into(), &[&item]);
    check(
        SESSION,
        |it| it["item"][1]["item"] = json!([]),
        &[&at(".item[1].item")],
    );
    check(
        SESSION,
        |it| it["item"][1]["answer"] = json!([{ "valueString": CANARY }]),
        &[&at(".item[1].answer[0]")],
    );
    check(
        SESSION,
        |it| it["item"][1]["answer"] = json!([{ "valueDecimal": 1 }, { "valueDecimal": 2 }]),
        &[&item],
    );
    check(
        SESSION,
        |it| it["item"][1]["answer"][0][CANARY] = 1.into(),
        &[&at(".item[1].answer[0]")],
    );
    check(
        SESSION,
        |it| it["item"][4]["answer"] = json!([{ "valueString": CANARY }]),
        &[&at(".item[4]")],
    );
    let absent = format!("{root}.item[2].extension('{}').value", systems::ABSENT);
    check(
        REGISTRY_FORM,
        |it| it["item"][2]["extension"][0]["valueCode"] = CANARY.into(),
        &[&absent],
    );
    check(
        REGISTRY_FORM,
        |it| it["status"] = "completed".into(),
        &[&places::extension(systems::REVISION)],
    );
    check(
        REGISTRY_FORM,
        |it| it["extension"][3] = json!({ "url": CANARY }),
        &[&places::extension(systems::REVISION)],
    );
    check(
        REGISTRY_FORM,
        |it| it["source"] = json!({}),
        &[&at(".source.type")],
    );
    check(
        SURVEY,
        |it| it["subject"] = json!({ "identifier": { "value": CANARY } }),
        &[&at(".subject")],
    );
    check(
        SURVEY,
        |it| it["source"] = json!({ "display": CANARY }),
        &[&at(".source")],
    );
    check(
        SURVEY,
        |it| it["extension"] = json!([{ "url": systems::EPISODE, "valueString": CANARY }]),
        &[&places::extension(systems::EPISODE)],
    );
}

#[test]
fn what_admission_says_is_told_of_elements_and_not_twice() {
    let mut sent = sample(SESSION);
    // The first item says nothing, so the second is the first of the form.
    sent["item"][0] = json!({ "linkId": "individual" });
    sent["item"][2]["answer"] = json!([{ "valueString": CANARY }]);
    let response = read(&sent, &catalogue());
    let said = |field: &str| Violation {
        field: field.to_owned(),
        rule: "is said by admission".to_owned(),
    };
    let fields = [
        "submission_id",
        "session.patient",
        "session.unit",
        "session.forms[0].items[0].value",
        "session.forms[0].items[1]",
        "session.forms[0].items",
        "session.forms[0].total",
        "session.forms[0].version",
    ];
    let told = response.violations(fields.map(said).to_vec());
    let places: Vec<_> = told.iter().map(|it| it.field.as_str()).collect();
    let expect = [
        "QuestionnaireResponse.item[2].answer[0]",
        "QuestionnaireResponse.identifier",
        "QuestionnaireResponse.subject.identifier.value",
        "QuestionnaireResponse.extension('urn:medvirk:unit').value",
        "QuestionnaireResponse.item[1].answer[0].value",
        "QuestionnaireResponse.item",
        "QuestionnaireResponse.item[4]",
        "QuestionnaireResponse.questionnaire",
    ];
    assert_eq!(places, expect);
}

/// What is given out, what answers it, and the samples; and a damaged one of each is refused.
#[test]
fn the_published_schema_takes_everything_and_nothing_damaged() {
    let catalogue = catalogue();
    let forms = questionnaires(&catalogue);
    let about = tablet::About {
        profile: systems::SESSION,
        source: "Patient",
        patient: "patient-1",
        episode: "episode-1",
        unit: "fjord-dogn",
        date: "2024-01-10",
    };
    let id = "0190a0a0-1111-7222-8333-444455556666";
    let answers = forms.iter().map(|form| tablet::answer(form, id, about));
    let samples = [SESSION, REGISTRY_FORM, SURVEY].map(sample);
    let all: Vec<_> = forms
        .iter()
        .cloned()
        .chain(answers)
        .chain(samples)
        .collect();
    assert_eq!(all.len(), 13 + 13 + 3);
    assert_eq!(schema::invalid(&all), Vec::<String>::new());

    let damaged = |place: usize, change: fn(&mut Value)| {
        let mut resource = all[place].clone();
        change(&mut resource);
        resource
    };
    let damaged = [
        damaged(0, |it| it["item"][0]["type"] = "number".into()),
        damaged(0, |it| it["title"] = 7.into()),
        damaged(0, |it| it["unheard-of"] = 7.into()),
        damaged(0, |it| it["resourceType"] = "Form".into()),
        damaged(26, |it| it["status"] = "done".into()),
        damaged(26, |it| {
            it["item"][0]["answer"][0]["valueDecimal"] = "much".into()
        }),
        damaged(26, |it| it["identifier"]["value"] = 7.into()),
        damaged(26, |it| {
            _ = it.as_object_mut().unwrap().remove("resourceType")
        }),
    ];
    for (place, wrong) in schema::judge(&damaged).iter().enumerate() {
        assert!(!wrong.is_empty(), "damage {place} is not seen");
    }
}
