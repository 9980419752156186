//! Scoring against examples worked by hand, and its properties for any form.

use proptest::prelude::*;

use super::*;
use crate::catalogue::tests::instrument;
use crate::form::{AgeBand, Respondent};

fn number(value: f64) -> FixedPoint {
    FixedPoint::from_f64(value).unwrap()
}

fn form(instrument: &str, items: Vec<(&str, ItemResponse)>, total: Option<f64>) -> Form {
    Form {
        instrument: instrument.parse().unwrap(),
        version: 1,
        respondent: Respondent::Patient,
        items: items
            .into_iter()
            .map(|(id, response)| (id.parse().unwrap(), response))
            .collect(),
        total: total.map(number),
        age: None,
    }
}

const ORS: [&str; 4] = ["individual", "interpersonal", "social", "overall"];
const OUTCOME: [&str; 3] = ["outcome-coping", "outcome-change", "outcome-future"];
const BLANK: ItemResponse = ItemResponse::Missing(MissingReason::NotAnswered);
const NOT_APPLICABLE: ItemResponse = ItemResponse::Missing(MissingReason::NotApplicable);

fn ors(values: [f64; 4]) -> Form {
    let values = values.map(|value| ItemResponse::Value(number(value)));
    form("fit-ors", ORS.into_iter().zip(values).collect(), None)
}

fn kem(responses: [ItemResponse; 3]) -> Form {
    form("kem", OUTCOME.into_iter().zip(responses).collect(), None)
}

fn value(value: i32) -> ItemResponse {
    ItemResponse::Value(FixedPoint::from_int(value))
}

/// Compares the one score that the form has.
fn check(form: &Form, scale: &str, expect: Option<&str>) {
    let scored = instrument(form.instrument.as_str()).score(form).unwrap();
    let score = scored.scores.iter().find(|it| it.scale.as_str() == scale);
    let shown = score.unwrap().value.map(|value| value.to_string());
    assert_eq!(shown.as_deref(), expect);
}

fn violations(form: &Form) -> Vec<String> {
    let violations = instrument(form.instrument.as_str())
        .score(form)
        .unwrap_err();
    violations.into_iter().map(|it| it.field).collect()
}

#[test]
fn ors_is_the_sum_of_its_marks() {
    check(&ors([6.1, 6.2, 6.3, 6.4]), "total", Some("25"));
    check(&ors([6.1, 6.2, 6.3, 6.3]), "total", Some("24.9"));
    check(&ors([0.0; 4]), "total", Some("0"));
    check(&ors([10.0; 4]), "total", Some("40"));
}

#[test]
fn a_total_alone_is_the_score() {
    check(&form("fit-ors", vec![], Some(24.9)), "total", Some("24.9"));
    check(&form("fit-srs", vec![], Some(36.0)), "total", Some("36"));
    check(&form("bdi-total", vec![], Some(29.0)), "total", Some("29"));
    // Nothing, not even the total, is a score of 0 or a form of its own.
    check(&form("fit-ors", vec![], Some(0.0)), "total", Some("0"));
    let alone = instrument("fit-ors").score(&form("fit-ors", vec![], Some(0.0)));
    assert_eq!(alone.unwrap().scores[0].basis, Basis::Total);
}

#[test]
fn kem_is_the_mean_of_what_was_answered() {
    let check = |responses, expect| check(&kem(responses), "outcome", expect);
    check([value(1), value(1), value(1)], Some("0"));
    check([value(5), value(5), value(5)], Some("100"));
    check([value(3), value(4), value(4)], Some("66.666667"));
    check([value(3), value(3), value(4)], Some("58.333333"));
    check([value(2), NOT_APPLICABLE, value(5)], Some("62.5"));
    // Less than half.
    check([value(2), NOT_APPLICABLE, BLANK], None);
    check([BLANK, BLANK, BLANK], None);
}

#[test]
fn nothing_is_prorated_and_what_came_is_kept() {
    let score = |sent: &Form| {
        let scored = instrument("fit-ors").score(sent).unwrap();
        let score = &scored.scores[0];
        (score.value.map(FixedPoint::micros), score.basis)
    };
    let mut sent = ors([5.0; 4]);
    sent.items[3].1 = BLANK;
    assert_eq!(score(&sent), (None, Basis::Partial));
    sent.items.pop();
    assert_eq!(score(&sent), (None, Basis::Partial));
    for item in &mut sent.items {
        item.1 = BLANK;
    }
    assert_eq!(score(&sent), (None, Basis::Missing));
    // Zero is a score.
    assert_eq!(score(&ors([0.0; 4])), (Some(0), Basis::Full));
}

#[test]
fn an_age_band_is_one_of_the_instruments() {
    let mut sent = ors([5.0; 4]);
    let ors = instrument("fit-ors");
    assert_eq!(ors.age_of(&sent), Some(AgeBand::Adult));
    sent.age = Some(AgeBand::Adolescent);
    assert!(ors.score(&sent).is_ok());
    assert_eq!(ors.age_of(&sent), Some(AgeBand::Adolescent));
    sent.age = Some(AgeBand::Child);
    assert_eq!(violations(&sent), ["age"]);
    let mut sent = kem([value(1); 3]);
    sent.age = Some(AgeBand::Adult);
    assert_eq!(violations(&sent), ["age"]);
    assert_eq!(instrument("kem").age_of(&kem([value(1); 3])), None);
}

#[test]
fn an_index_moves_each_item_by_its_own_range() {
    let mut kem = instrument("kem");
    let place = kem.items.iter().position(|it| it.id.as_str() == OUTCOME[0]);
    kem.items[place.unwrap()].max = FixedPoint::from_int(7);
    // (1/6 + 1/4 + 2/4) · 100 / 3
    let sent = self::kem([value(2), value(2), value(3)]);
    let scored = kem.score(&sent).unwrap();
    let score = scored
        .scores
        .iter()
        .find(|it| it.scale.as_str() == "outcome");
    assert_eq!(score.unwrap().value.unwrap().to_string(), "30.555556");
}

#[test]
fn what_is_wrong_is_named_by_its_field() {
    let check = |form: &Form, fields: &[&str]| assert_eq!(violations(form), fields);
    check(
        &ors([10.1, -0.1, 5.05, 5.0]),
        &["items[0].value", "items[1].value", "items[2].value"],
    );
    let mut wrong = ors([5.0; 4]);
    wrong.items[1].1 = NOT_APPLICABLE;
    wrong.items[2].0 = "x".parse().unwrap();
    check(&wrong, &["items[1].missing", "items[2].item"]);
    let mut wrong = ors([5.0; 4]);
    wrong.items.push(wrong.items[0].clone());
    check(&wrong, &["items[4].item"]);
    let mut wrong = ors([5.0; 4]);
    wrong.total = Some(number(20.0));
    check(&wrong, &["total"]);
    wrong.respondent = Respondent::GroupMember;
    check(&wrong, &["respondent", "total"]);
    check(&form("fit-ors", vec![], None), &["items"]);
    check(&form("fit-ors", vec![], Some(40.1)), &["total"]);
    check(&form("fit-ors", vec![], Some(20.05)), &["total"]);
    check(&form("kem", vec![], Some(20.0)), &["total"]);
    check(&form("bdi-total", vec![], None), &["total"]);
    check(&form("bdi-total", vec![], Some(64.0)), &["total"]);
    check(&form("bdi-total", vec![], Some(6.5)), &["total"]);
    check(
        &form("bdi-total", vec![("x", value(1))], None),
        &["items[0].item", "total"],
    );
}

#[test]
fn another_instrument_or_version_is_not_scored() {
    let ors = instrument("fit-ors");
    let mut sent = form("fit-srs", vec![], Some(99.0));
    sent.version = 2;
    let fields = ors.score(&sent).unwrap_err();
    let fields: Vec<_> = fields.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["instrument", "version"]);
}

#[test]
fn what_was_sent_is_not_said() {
    let shown = format!(
        "{:?}",
        instrument("fit-ors").score(&ors([9.3, 9.3, 9.3, 98.7]))
    );
    assert!(!shown.contains("98.7") && !shown.contains("9.3"), "{shown}");
    let shown = format!("{:?}", instrument("fit-ors").score(&ors([9.3; 4])));
    assert!(!shown.contains("37.2"), "{shown}");
}

fn any_response() -> impl Strategy<Value = ItemResponse> {
    prop_oneof![
        4 => (1..=5).prop_map(value),
        1 => Just(BLANK),
        1 => Just(NOT_APPLICABLE),
    ]
}

proptest! {
    #[test]
    fn a_valid_ors_scores_the_sum(tenths in prop::array::uniform4(0..=100_i64)) {
        let values = tenths.map(|it| ItemResponse::Value(FixedPoint::from_micros(it * 100_000)));
        let sent = form("fit-ors", ORS.into_iter().zip(values).collect(), None);
        let scored = instrument("fit-ors").score(&sent).unwrap();
        let sum = tenths.iter().sum::<i64>() * 100_000;
        prop_assert_eq!(scored.scores[0].value.map(FixedPoint::micros), Some(sum));
        // The same total alone scores the same.
        let mut alone = form("fit-ors", vec![], None);
        alone.total = Some(FixedPoint::from_micros(sum));
        let alone = instrument("fit-ors").score(&alone).unwrap();
        prop_assert!(alone.scores[0].value == scored.scores[0].value);
    }

    #[test]
    fn the_order_of_items_does_not_matter(
        responses in prop::array::uniform3(any_response()),
        turn in 0..3_usize,
    ) {
        let sent = kem(responses);
        let mut turned = sent.clone();
        turned.items.rotate_left(turn);
        let kem = instrument("kem");
        prop_assert!(kem.score(&sent) == kem.score(&turned));
    }

    #[test]
    fn an_index_lies_from_0_to_100_and_is_there_from_half_on(
        responses in prop::array::uniform3(any_response()),
    ) {
        let answered: Vec<i64> = responses.iter().filter_map(|it| match it {
            ItemResponse::Value(value) => Some(value.micros() / 1_000_000),
            ItemResponse::Missing(_) => None,
        }).collect();
        let scored = instrument("kem").score(&kem(responses)).unwrap();
        let score = scored.scores.iter().find(|it| it.scale.as_str() == "outcome").unwrap();
        prop_assert_eq!(score.value.is_some(), answered.len() >= 2);
        if let Some(score) = score.value {
            prop_assert!((0..=100_000_000).contains(&score.micros()));
            let exact = answered.iter().map(|it| (it - 1) as f64 * 25.0).sum::<f64>() / answered.len() as f64;
            prop_assert!((score.to_f64() - exact).abs() <= 0.000_000_51);
        }
    }

    #[test]
    fn any_form_is_scored_or_refused(
        items in prop::collection::vec(("[a-z]{1,3}|individual|social|overall|interpersonal", any::<i64>()), 0..6),
        total in prop::option::of(any::<i64>()),
    ) {
        let items: Vec<_> = items.into_iter()
            .map(|(id, micros)| (id.parse().unwrap(), ItemResponse::Value(FixedPoint::from_micros(micros / 1_000_000))))
            .collect();
        let mut sent = form("fit-ors", vec![], None);
        sent.items = items;
        sent.total = total.map(|it| FixedPoint::from_micros(it / 1_000_000));
        match instrument("fit-ors").score(&sent) {
            Ok(scored) => {
                let whole = sent.total.is_some() || sent.items.len() == 4;
                prop_assert!(scored.scores.iter().all(|it| it.value.is_some() == whole));
            }
            Err(violations) => prop_assert!(!violations.is_empty()),
        }
    }
}
