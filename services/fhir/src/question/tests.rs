use std::collections::BTreeSet;

use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, shipped};
use medvirk_domain::form::MissingReason;
use medvirk_domain::ids::CatalogueHash;
use serde_json::json;

use super::*;
use crate::questionnaires;

fn catalogue() -> Catalogue {
    let hash = CatalogueHash::new([0; 32]);
    Catalogue::load(&shipped(), hash, CatalogueLimits::default()).unwrap()
}

/// Every option and both ends of every range, in every Questionnaire.
#[test]
fn what_a_questionnaire_offers_is_read_as_the_value_that_was_offered() {
    let catalogue = catalogue();
    let (mut looked, mut kinds) = (0, BTreeSet::new());
    for (instrument, questionnaire) in catalogue
        .instruments
        .values()
        .zip(questionnaires(&catalogue))
    {
        for asked in questionnaire["item"].as_array().unwrap() {
            let link_id = asked["linkId"].as_str().unwrap();
            let Some(item) = item(instrument, link_id) else {
                assert!(scale(instrument, link_id).is_some(), "{link_id}");
                continue;
            };
            kinds.insert(asked["type"].as_str().unwrap().to_owned());
            let read = |answer: Value| value(instrument, item, answer.as_object().unwrap());
            let options = asked["answerOption"].as_array().into_iter().flatten();
            for (option, coded) in options.zip(&item.values) {
                assert_eq!(
                    read(option.clone()),
                    Some(coded.value.to_f64()),
                    "{link_id}"
                );
                looked += 1;
            }
            let bounds = asked["extension"].as_array().into_iter().flatten();
            for (bound, expect) in bounds.zip([item.min, item.max]) {
                assert_eq!(read(bound.clone()), Some(expect.to_f64()), "{link_id}");
                looked += 1;
            }
            if asked["type"] == "boolean" {
                let both = [true, false].map(|yes| read(json!({ "valueBoolean": yes })));
                assert_eq!(both, [Some(1.0), Some(0.0)], "{link_id}");
                looked += 1;
            }
        }
    }
    assert!(looked > 200, "{looked} answers");
    let expect = ["boolean", "choice", "decimal", "integer"];
    assert_eq!(kinds, expect.map(str::to_owned).into());
}

#[test]
fn an_answer_of_another_type_system_or_code_is_none() {
    let catalogue = catalogue();
    let point = catalogue.instrument("kvarus-point", 1).unwrap();
    let status = item(point, "status").unwrap();
    let system = "urn:medvirk:instrument:kvarus-point:status";
    let read = |answer: Value| value(point, status, answer.as_object().unwrap());
    let coding =
        |system: &str, code: &str| json!({ "valueCoding": { "system": system, "code": code } });
    assert_eq!(read(coding(system, "4")), Some(4.0));
    for wrong in [
        coding(system, "9"),
        coding("urn:medvirk:instrument:kvarus-point:plan", "1"),
        json!({ "valueCoding": { "code": "1" } }),
        json!({ "valueInteger": 1 }),
        json!({}),
    ] {
        assert_eq!(read(wrong), None);
    }
}

/// Words came to the values of the survey later than the forms that send numbers.
#[test]
fn a_word_of_a_scale_may_be_sent_as_its_number() {
    let catalogue = catalogue();
    let survey = catalogue.instrument("kem", 1).unwrap();
    let trust = item(survey, "treatment-trust").unwrap();
    let system = "urn:medvirk:instrument:kem:treatment-trust";
    let read = |answer: Value| value(survey, trust, answer.as_object().unwrap());
    let word = json!({ "valueCoding": { "system": system, "code": "4" } });
    assert_eq!(read(word), Some(4.0));
    assert_eq!(read(json!({ "valueInteger": 4 })), Some(4.0));
    assert_eq!(read(json!({ "valueInteger": "4" })), None);
    assert_eq!(read(json!({ "valueDecimal": 4 })), None);
    assert!(allowed(survey, trust).ends_with("or one valueInteger of them"));
}

/// An outcome must be read back as what was meant, and nobody is two of them.
#[test]
fn reasons_and_respondents_of_an_instrument_are_told_apart() {
    use MissingReason::{ByDesign, NotAnswered, NotApplicable, PreferNot};
    let reasons = [ByDesign, NotAnswered, NotApplicable, PreferNot].map(absent);
    assert_eq!(BTreeSet::from(reasons).len(), 4);
    for instrument in catalogue().instruments.values() {
        let types: BTreeSet<_> = instrument
            .respondents
            .iter()
            .map(|who| source(*who))
            .collect();
        assert_eq!(
            types.len(),
            instrument.respondents.len(),
            "{}",
            instrument.id
        );
    }
}

/// The codes of the Norwegian form tools.
#[test]
fn scores_have_their_codes_and_only_a_lone_total_is_to_be_filled_in() {
    let catalogue = catalogue();
    let all = questionnaires(&catalogue);
    let score = |id: &str, scale: &str| {
        let mut of = all.iter().filter(|it| it["id"] == id);
        let items = of.next().unwrap()["item"].as_array().unwrap();
        let link_id = format!("score.{scale}");
        let score = items.iter().find(|it| it["linkId"] == link_id).unwrap();
        let code = score["code"][0]["code"].as_str().unwrap().to_owned();
        let (read_only, required) = (score["readOnly"] == true, score["required"] == true);
        (code, read_only, required)
    };
    assert_eq!(score("fit-ors-1", "total"), ("TS".to_owned(), false, false));
    assert_eq!(
        score("bdi-total-1", "total"),
        ("TS".to_owned(), false, true)
    );
    assert_eq!(score("kem-1", "milieu"), ("SS".to_owned(), true, false));
}
