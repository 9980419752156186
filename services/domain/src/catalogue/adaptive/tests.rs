//! What opens and closes scales, at the edges.

use proptest::prelude::*;

use super::*;
use crate::catalogue::tests::instrument;
use crate::form::{MissingReason, Respondent};

fn norse() -> Instrument {
    instrument("norse-2")
}

fn form(items: &[(&str, i32)]) -> Form {
    let item = |(id, value): &(&str, i32)| {
        let sent = match value {
            0 => ItemResponse::Missing(MissingReason::ByDesign),
            -98 => ItemResponse::Missing(MissingReason::NotApplicable),
            -99 => ItemResponse::Missing(MissingReason::PreferNot),
            value => ItemResponse::Value(FixedPoint::from_int(*value)),
        };
        (id.parse().unwrap(), sent)
    };
    Form {
        instrument: "norse-2".parse().unwrap(),
        version: 1,
        respondent: Respondent::Patient,
        items: items.iter().map(item).collect(),
        total: None,
        age: None,
    }
}

fn earlier(scale: &str, scores: &[(i64, bool)]) -> Vec<EarlierScore> {
    let score = |(hundredths, open): &(i64, bool)| EarlierScore {
        scale: scale.parse().unwrap(),
        value: Some(FixedPoint::from_micros(hundredths * 10_000)),
        open: *open,
    };
    scores.iter().map(score).collect()
}

fn is_open(items: &[(&str, i32)], scale: &str, before: &[(i64, bool)]) -> bool {
    let asking = norse().ask(&form(items), &earlier(scale, before));
    let found = asking.scales.iter().find(|(id, _)| id.as_str() == scale);
    found.unwrap().1
}

fn basis(items: &[(&str, i32)], scale: &str) -> (Option<String>, Basis) {
    let scored = norse().score(&form(items)).unwrap();
    let score = scored.scores.iter().find(|it| it.scale.as_str() == scale);
    let score = score.unwrap();
    (score.value.map(|value| value.to_string()), score.basis)
}

#[test]
fn a_scale_opens_strictly_above_its_threshold() {
    // The thresholds are halves, so 3.5 means from 4 on.
    assert!(!is_open(&[("q19", 3)], "suicide", &[]));
    assert!(is_open(&[("q19", 4)], "suicide", &[]));
    assert!(!is_open(&[("q117", 5)], "worry", &[]));
    assert!(is_open(&[("q117", 6)], "worry", &[]));
    // Reversed: little agreement is a high deficit.
    assert!(!is_open(&[("q140", 4)], "functioning", &[]));
    assert!(is_open(&[("q140", 3)], "functioning", &[]));
    // Not relevant is no problem, and what is not said opens nothing.
    assert!(!is_open(&[("q140", -98)], "functioning", &[]));
    assert!(!is_open(&[("q140", -99)], "functioning", &[]));
    assert!(!is_open(&[], "functioning", &[]));
}

#[test]
fn one_trigger_opens_two_scales() {
    assert!(is_open(&[("q59", 3)], "substance-use", &[]));
    assert!(is_open(&[("q59", 3)], "substance-recovery", &[]));
    assert!(!is_open(&[("q59", 2)], "substance-recovery", &[]));
}

#[test]
fn a_scale_closes_strictly_below_the_mean_of_the_last_three() {
    let open = |scores: [i64; 3]| is_open(&[], "suicide", &scores.map(|score| (score, true)));
    // 1.50 closes it below, not at.
    assert!(open([150, 150, 150]));
    assert!(open([100, 100, 250]));
    assert!(!open([149, 150, 150]));
    assert!(!open([100, 100, 249]));
    // Older scores do not count.
    let four = [(700, true), (100, true), (100, true), (100, true)];
    assert!(!is_open(&[], "suicide", &four));
    let four = [(100, true), (100, true), (100, true), (700, true)];
    assert!(is_open(&[], "suicide", &four));
}

#[test]
fn two_scores_close_nothing_and_a_closed_scale_stays_closed() {
    assert!(is_open(&[], "suicide", &[(100, true), (100, true)]));
    assert!(!is_open(&[], "suicide", &[(700, true), (700, false)]));
    assert!(!is_open(&[], "suicide", &[]));
    // Its trigger opens it again, whatever the mean.
    let three = [(100, true), (100, true), (100, true)];
    assert!(is_open(&[("q19", 4)], "suicide", &three));
}

#[test]
fn what_is_asked_next_is_what_is_open_and_not_answered() {
    let norse = norse();
    let next = |items: &[(&str, i32)], before: &[EarlierScore]| -> Vec<String> {
        let asking = norse.ask(&form(items), before);
        asking.items.iter().map(ItemId::to_string).collect()
    };
    // At first: the 19 triggers of 20 scales and what is always asked, but nothing about what was
    // done so far.
    let first = next(&[], &[]);
    assert_eq!(first.len(), 19 + 5);
    assert!(!first.contains(&"q11".to_owned()));
    // Later that is asked too.
    let later = next(&[], &earlier("suicide", &[(100, false)]));
    assert_eq!(later.len(), 19 + 5 + 9);
    // What opens is asked in full, without what is answered.
    let opened = next(&[("q19", 7), ("q105", 2)], &[]);
    let of_suicide = |id: &&String| ["q19", "q105", "q77", "q106"].contains(&id.as_str());
    let suicide: Vec<_> = opened.iter().filter(of_suicide).collect();
    assert_eq!(suicide, ["q77", "q106"]);
}

#[test]
fn what_opens_now_is_open_the_next_time() {
    let norse = norse();
    let next = |items: &[(&str, i32)]| {
        let form = form(items);
        let scored = norse.score(&form).unwrap();
        let asking = norse.ask_next_time(&form, &scored, &[]);
        let suicide = asking
            .scales
            .iter()
            .find(|(id, _)| id.as_str() == "suicide");
        (suicide.unwrap().1, asking.items.len())
    };
    assert_eq!(
        next(&[("q19", 3), ("q105", 0), ("q77", 0), ("q106", 0)]),
        (false, 33)
    );
    assert_eq!(
        next(&[("q19", 4), ("q105", 1), ("q77", 1), ("q106", 1)]),
        (true, 36)
    );
    // Also where the tablet did not ask in full.
    assert_eq!(
        next(&[("q19", 4), ("q105", 0), ("q77", 0), ("q106", 0)]),
        (true, 36)
    );
}

#[test]
fn a_closed_scale_is_not_missing() {
    let closed = [("q105", 0), ("q77", 0), ("q106", 0)];
    let with = |trigger| [&[("q19", trigger)][..], &closed[..]].concat();
    let score = |value: &str| Some(value.to_owned());
    assert_eq!(basis(&with(2), "suicide"), (score("2"), Basis::TriggerOnly));
    assert_eq!(
        basis(&with(-98), "suicide"),
        (score("1"), Basis::TriggerOnly)
    );
    // Here the trigger is what is missing.
    assert_eq!(basis(&with(-99), "suicide"), (None, Basis::Missing));
    // Left out without a reason is missing, not by design.
    assert_eq!(
        basis(&[("q19", 2)], "suicide"),
        (score("2"), Basis::Partial)
    );
    let full = [("q19", 5), ("q105", 1), ("q77", 1), ("q106", 1)];
    assert_eq!(basis(&full, "suicide"), (score("2"), Basis::Full));
    // A scale that another scale's item opens has nothing when it is closed.
    let closed = [
        ("q59", 1),
        ("q109", 0),
        ("q154", 0),
        ("q108", 0),
        ("q155", 0),
    ];
    assert_eq!(basis(&closed, "substance-recovery"), (None, Basis::Closed));
    // So has one that is not asked at first.
    let first = [("q59", 1), ("q11", 0), ("q12", 0), ("q13", 0), ("q14", 0)];
    assert_eq!(basis(&first, "alliance"), (None, Basis::Closed));
    assert_eq!(basis(&[("q59", 1)], "alliance"), (None, Basis::Missing));
}

#[test]
fn the_versions_have_the_scales_that_are_published() {
    let counts = |id: &str| {
        let instrument = instrument(id);
        let adaptive = || instrument.scales.iter().filter(|it| it.adaptive.is_some());
        (
            instrument.items.len(),
            instrument.items.iter().filter(|item| item.reversed).count(),
            adaptive().count(),
            adaptive().map(|scale| scale.items.len()).sum::<usize>(),
        )
    };
    // 21 are flagged in 3.1, of which the one on the system itself is never reversed.
    assert_eq!(counts("norse-3"), (96, 20, 19, 78));
    assert_eq!(counts("norse-2").2, 20);
    let normed = norse();
    let normed = normed.scales.iter().filter(|it| it.norm.is_some());
    assert_eq!(normed.count(), 20);
}

proptest! {
    #[test]
    fn a_trigger_is_always_asked(
        answers in prop::collection::vec((0..19_usize, 1..=7_i32), 0..19),
        scores in prop::collection::vec((100..=700_i64, any::<bool>()), 0..6),
    ) {
        let norse = norse();
        let triggers: Vec<String> = norse.items[..19].iter().map(|it| it.id.to_string()).collect();
        let mut items: Vec<(&str, i32)> = Vec::new();
        for (place, value) in answers {
            let id = triggers[place].as_str();
            if items.iter().all(|(known, _)| *known != id) {
                items.push((id, value));
            }
        }
        let asking = norse.ask(&form(&items), &earlier("worry", &scores));
        for trigger in &triggers {
            let answered = items.iter().any(|(id, _)| id == trigger);
            let asked = asking.items.iter().any(|id| id.as_str() == trigger);
            prop_assert_eq!(asked, !answered);
        }
        // A scale that is not open is asked for nothing but its trigger.
        let open = asking.scales.iter().any(|(id, open)| id.as_str() == "sadness" && *open);
        let rest = ["q42", "q102"].map(|id| asking.items.iter().any(|it| it.as_str() == id));
        prop_assert_eq!(rest, [open; 2]);
    }
}
