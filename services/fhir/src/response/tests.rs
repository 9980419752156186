use medvirk_domain::catalogue::{CatalogueLimits, shipped};
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
    Catalogue::load(&shipped(), hash, CatalogueLimits::default()).unwrap()
}

fn sample(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn read_sample(resource: &Value) -> ResponseReading {
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

/// What is changed, and the element that must be named, without what they all begin with.
type Case = (fn(&mut Value), &'static str);

/// Changes one thing of a sample, and expects that exactly this element is named.
fn check(sample_text: &str, cases: &[Case]) {
    for (change, expect) in cases {
        let mut sent = sample(sample_text);
        change(&mut sent);
        let wrong = read(&sent, &catalogue()).violations(Vec::new());
        let places: Vec<_> = wrong.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(places, [format!("QuestionnaireResponse{expect}")]);
        let rule = wrong[0].rule.as_str();
        assert!(rule.starts_with("must ") || rule == "is required", "{rule}");
        assert!(!format!("{places:?} {rule}").contains("canary"), "{rule}");
    }
}

#[test]
fn an_element_that_cannot_be_read_is_named() {
    let cases: [Case; 15] = [
        (|it| it["resourceType"] = "Patient".into(), ""),
        (|it| *it = json!([CANARY]), ""),
        (|it| it[CANARY] = 1.into(), ""),
        (|it| it["implicitRules"] = CANARY.into(), ".implicitRules"),
        (
            |it| it["meta"] = json!({ "profile": [CANARY] }),
            ".meta.profile",
        ),
        (|it| it["status"] = "in-progress".into(), ".status"),
        (|it| it["status"] = "amended".into(), ".status"),
        (
            |it| it["identifier"]["system"] = CANARY.into(),
            ".identifier",
        ),
        (
            |it| it["identifier"]["value"] = CANARY.into(),
            ".identifier",
        ),
        (|it| it["questionnaire"] = CANARY.into(), ".questionnaire"),
        (|it| it["subject"] = CANARY.into(), ".subject"),
        (|it| it["source"]["type"] = CANARY.into(), ".source.type"),
        (|it| it["source"] = json!({}), ".source.type"),
        (|it| it["item"] = CANARY.into(), ".item"),
        (|it| it["item"] = json!([]), ".item"),
    ];
    check(SESSION, &cases);
}

#[test]
fn an_extension_that_cannot_be_read_is_named() {
    let cases: [Case; 4] = [
        (
            |it| it["extension"][0]["url"] = format!("urn:medvirk:{CANARY}").into(),
            ".extension[0].url",
        ),
        (
            |it| it["extension"][1]["url"] = systems::UNIT.into(),
            ".extension[1].url",
        ),
        (
            |it| it["extension"][3]["valuePositiveInt"] = 0.into(),
            ".extension('urn:medvirk:session-number').value",
        ),
        (
            |it| it["extension"][4]["valueCode"] = CANARY.into(),
            ".extension('urn:medvirk:age-band').value",
        ),
    ];
    check(SESSION, &cases);
}

#[test]
fn an_answer_that_cannot_be_read_is_named() {
    fn answer(it: &mut Value) -> &mut Value {
        &mut it["item"][1]["answer"]
    }
    let cases: [Case; 8] = [
        (
            |it| it["item"][1]["linkId"] = CANARY.into(),
            ".item[1].linkId",
        ),
        (|it| it["item"][1]["linkId"] = 7.into(), ".item[1].linkId"),
        (|it| it["item"][1][CANARY] = 1.into(), ".item[1]"),
        (|it| it["item"][1]["item"] = json!([]), ".item[1].item"),
        (
            |it| answer(it)[0] = json!({ "valueString": CANARY }),
            ".item[1].answer[0]",
        ),
        (|it| answer(it)[0][CANARY] = 1.into(), ".item[1].answer[0]"),
        (
            |it| {
                answer(it)
                    .as_array_mut()
                    .unwrap()
                    .push(json!({ "valueDecimal": 1 }))
            },
            ".item[1]",
        ),
        (
            |it| it["item"][4]["answer"] = json!([{ "valueString": CANARY }]),
            ".item[4]",
        ),
    ];
    check(SESSION, &cases);
}

#[test]
fn what_does_not_go_with_the_profile_is_named() {
    let cases: [Case; 4] = [
        (
            |it| it["item"][2]["extension"][0]["valueCode"] = CANARY.into(),
            ".item[2].extension('http://hl7.org/fhir/StructureDefinition/data-absent-reason').value",
        ),
        (
            |it| it["status"] = "completed".into(),
            ".extension('urn:medvirk:revision').value",
        ),
        (
            |it| it["extension"][3] = json!({ "url": CANARY }),
            ".extension('urn:medvirk:revision').value",
        ),
        (
            |it| {
                let number = json!({ "url": systems::SESSION_NUMBER, "valuePositiveInt": 1 });
                it["extension"].as_array_mut().unwrap().push(number);
            },
            ".extension('urn:medvirk:session-number').value",
        ),
    ];
    check(REGISTRY_FORM, &cases);
    let cases: [Case; 3] = [
        (
            |it| it["subject"] = json!({ "display": CANARY }),
            ".subject",
        ),
        (|it| it["source"] = json!({ "display": CANARY }), ".source"),
        (
            |it| it["extension"] = json!([{ "url": systems::EPISODE, "valueString": CANARY }]),
            ".extension('urn:medvirk:episode').value",
        ),
    ];
    check(SURVEY, &cases);
}

#[test]
fn what_admission_says_is_told_of_elements_and_not_twice() {
    let mut sent = sample(SESSION);
    // The first item says nothing, so the second is the first of the form.
    sent["item"][0] = json!({ "linkId": "individual" });
    sent["item"][2]["answer"] = json!([{ "valueString": CANARY }]);
    let response = read(&sent, &catalogue());
    let said = |field: &str| FormViolation {
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
    let about = tablet::ResponseSubject {
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
    let first_sample = 2 * catalogue.instruments.len();
    assert!(first_sample >= 26 && all.len() == first_sample + 3);
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
        damaged(first_sample, |it| it["status"] = "done".into()),
        damaged(first_sample, |it| {
            it["item"][0]["answer"][0]["valueDecimal"] = "much".into()
        }),
        damaged(first_sample, |it| it["identifier"]["value"] = 7.into()),
        damaged(first_sample, |it| {
            _ = it.as_object_mut().unwrap().remove("resourceType")
        }),
    ];
    for (place, wrong) in schema::judge(&damaged).iter().enumerate() {
        assert!(!wrong.is_empty(), "damage {place} is not seen");
    }
}
