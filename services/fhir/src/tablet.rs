//! A tablet that knows nothing of Medvirk but the Questionnaire that it was given, for tests. Comes in:
//! a Questionnaire. Goes out: a response to it.

use serde_json::{Map, Value, json};

use crate::systems::{self, URI, UUID};

/// About what a response is.
#[derive(Clone, Copy)]
pub struct ResponseSubject<'a> {
    /// The canonical address of the profile that the resource claims.
    pub profile: &'a str,
    /// Who answers, as the `type` of the source.
    pub source: &'a str,
    /// The clinic's reference to the patient.
    pub patient: &'a str,
    /// The clinic's reference to the episode.
    pub episode: &'a str,
    /// Id of the unit.
    pub unit: &'a str,
    /// The day of the session, as YYYY-MM-DD.
    pub date: &'a str,
}

/// A response that answers every question: the first option, yes, the lowest number.
pub fn answer(questionnaire: &Value, id: &str, about: ResponseSubject<'_>) -> Value {
    let text = |name: &str| questionnaire[name].as_str().unwrap_or_default();
    let of_session = about.profile == systems::SESSION;
    let mut extensions = vec![
        json!({ "url": systems::UNIT, "valueString": about.unit }),
        json!({ "url": systems::EPISODE, "valueString": about.episode }),
        json!({ "url": systems::DATE, "valueDate": about.date }),
    ];
    if of_session {
        extensions.push(json!({ "url": systems::SESSION_NUMBER, "valuePositiveInt": 1 }));
    }
    json!({
        "resourceType": "QuestionnaireResponse",
        "meta": { "profile": [about.profile] },
        "identifier": { "system": URI, "value": format!("{UUID}{id}") },
        "questionnaire": format!("{}|{}", text("url"), text("version")),
        "status": "completed",
        "subject": { "type": "Patient", "identifier": { "value": about.patient } },
        "source": { "type": about.source },
        "extension": extensions,
        "item": items(questionnaire),
    })
}

/// What is asked is answered; a total is sent only where nothing else is asked.
fn items(questionnaire: &Value) -> Vec<Value> {
    let asked = questionnaire["item"].as_array().into_iter().flatten();
    let (questions, scores): (Vec<_>, Vec<_>) = asked
        .filter(|item| item["readOnly"] != true)
        .partition(|item| item.get("readOnly").is_none());
    let answered = if questions.is_empty() {
        scores
    } else {
        questions
    };
    answered
        .into_iter()
        .map(|item| json!({ "linkId": item["linkId"], "answer": [lowest(item)] }))
        .collect()
}

fn lowest(item: &Value) -> Value {
    let mut answer = Map::new();
    if let Some(options) = item["answerOption"].as_array() {
        let coding = &options[0]["valueCoding"];
        let chosen = json!({ "system": coding["system"], "code": coding["code"] });
        answer.insert("valueCoding".to_owned(), chosen);
    } else if item["type"] == "boolean" {
        answer.insert("valueBoolean".to_owned(), true.into());
    } else {
        // The bound is of the type that the answer must have.
        let bounds = item["extension"].as_array().into_iter().flatten();
        for (name, value) in bounds.take(1).filter_map(Value::as_object).flatten() {
            if name != "url" {
                answer.insert(name.clone(), value.clone());
            }
        }
    }
    answer.into()
}
