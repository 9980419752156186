//! What is sent becomes what was marked.

use proptest::prelude::*;

use super::*;
use crate::catalogue::tests::instrument;
use crate::form::{MissingReason, Respondent};

fn form(instrument: &str, items: &[(&str, i32)]) -> Form {
    let item = |(id, value): &(&str, i32)| {
        (
            id.parse().unwrap(),
            ItemResponse::Value(FixedPoint::from_int(*value)),
        )
    };
    Form {
        instrument: instrument.parse().unwrap(),
        version: 1,
        respondent: Respondent::Patient,
        items: items.iter().map(item).collect(),
        total: None,
        age: None,
    }
}

/// The score of a scale of `norse-3` for these items.
fn score(scale: &str, items: &[(&str, i32)], coding: Coding) -> Option<String> {
    let norse = instrument("norse-3");
    let mut form = form("norse-3", items);
    norse.as_marked(&mut form, Some(coding)).unwrap();
    let scored = norse.score(&form).unwrap();
    let score = scored.scores.iter().find(|it| it.scale.as_str() == scale);
    score.unwrap().value.map(|value| value.to_string())
}

#[test]
fn a_coding_is_declared_where_there_are_two_and_nowhere_else() {
    let refused = |id: &str, coding| {
        let wrong = instrument(id).as_marked(&mut form(id, &[]), coding);
        wrong.err().map(|violation| violation.field)
    };
    assert_eq!(refused("norse-3", None).as_deref(), Some("coding"));
    assert_eq!(refused("norse-2", None).as_deref(), Some("coding"));
    assert_eq!(refused("norse-3", Some(Coding::Agreement)), None);
    assert_eq!(refused("norse-3", Some(Coding::HigherIsWorse)), None);
    assert_eq!(
        refused("fit-ors", Some(Coding::Agreement)).as_deref(),
        Some("coding")
    );
    assert_eq!(refused("fit-ors", None), None);
}

#[test]
fn both_codings_of_one_answer_score_the_same() {
    // Social support is all reversed: full agreement is no deficit.
    let items = ["q204", "q43", "q212", "q222", "q221"];
    let all = |value| items.map(|item| (item, value));
    assert_eq!(
        score("social-support", &all(7), Coding::Agreement).as_deref(),
        Some("1")
    );
    assert_eq!(
        score("social-support", &all(1), Coding::HigherIsWorse).as_deref(),
        Some("1")
    );
    assert_eq!(
        score("social-support", &all(2), Coding::Agreement).as_deref(),
        Some("6")
    );
    // An item that is not reversed has one coding.
    for coding in [Coding::Agreement, Coding::HigherIsWorse] {
        assert_eq!(
            score("sadness", &[("q100", 7)], coding).as_deref(),
            Some("7")
        );
    }
}

#[test]
fn not_relevant_is_no_problem_in_either_coding() {
    for coding in [Coding::Agreement, Coding::HigherIsWorse] {
        // Reversed, it would be the worst answer there is.
        let check = |scale, item, expect: Option<&str>| {
            assert_eq!(
                score(scale, &[(item, -98)], coding).as_deref(),
                expect,
                "{item}"
            );
            assert_eq!(score(scale, &[(item, -99)], coding), None, "{item}");
        };
        check("social-support", "q204", Some("1"));
        check("sadness", "q100", Some("1"));
        check("physical-health", "q84", Some("1"));
        // Here both are missing.
        check("alliance", "q235", None);
        check("quality-of-life", "q226", None);
    }
}

#[test]
fn what_is_never_reversed_stays() {
    for coding in [Coding::Agreement, Coding::HigherIsWorse] {
        assert_eq!(
            score("quality-of-life", &[("q226", 0)], coding).as_deref(),
            Some("0")
        );
        assert_eq!(
            score("alliance", &[("q236", 7)], coding).as_deref(),
            Some("7")
        );
    }
    let norse = instrument("norse-3");
    let mut sent = form("norse-3", &[("q148.2", 7)]);
    norse
        .as_marked(&mut sent, Some(Coding::HigherIsWorse))
        .unwrap();
    assert!(sent.items[0].1 == ItemResponse::Value(FixedPoint::from_int(7)));
}

#[test]
fn a_sentinel_is_none_where_the_instrument_names_none() {
    let mut sent = form("kem", &[("outcome-coping", -98)]);
    let kem = instrument("kem");
    kem.as_marked(&mut sent, None).unwrap();
    assert_eq!(kem.score(&sent).unwrap_err()[0].field, "items[0].value");
}

proptest! {
    #[test]
    fn the_two_codings_mirror_each_other(value in 1..=7_i32) {
        let norse = instrument("norse-3");
        let item = norse.items.iter().find(|item| item.reversed).unwrap().id.to_string();
        let mut one = form("norse-3", &[(&item, value)]);
        let mut two = form("norse-3", &[(&item, 8 - value)]);
        norse.as_marked(&mut one, Some(Coding::Agreement)).unwrap();
        norse.as_marked(&mut two, Some(Coding::HigherIsWorse)).unwrap();
        prop_assert!(one == two);
        // A reason is the same whether it is sent as one or as a number.
        let mut three = form("norse-3", &[(&item, -99)]);
        norse.as_marked(&mut three, Some(Coding::HigherIsWorse)).unwrap();
        let reason = ItemResponse::Missing(MissingReason::PreferNot);
        prop_assert!(three.items[0].1 == reason);
    }
}
