//! Alert rules at their edges, with the instruments that are shipped.

use proptest::prelude::*;

use super::*;
use crate::catalogue::tests::instrument;
use crate::form::{AgeBand, ItemResponse, Respondent};

fn tenths(value: i64) -> FixedPoint {
    FixedPoint::from_micros(value * 100_000)
}

fn form(instrument: &Instrument, total: i64) -> Form {
    Form {
        instrument: instrument.id.clone(),
        version: 1,
        respondent: instrument.respondents[0],
        items: Vec::new(),
        total: Some(tenths(total)),
        age: None,
    }
}

fn earlier(values: &[i64]) -> Vec<EarlierScore> {
    let score = |value: &i64| EarlierScore {
        scale: "total".parse().unwrap(),
        value: Some(tenths(*value)),
        open: false,
    };
    values.iter().map(score).collect()
}

fn judged(form: &Form, before: Option<&[i64]>) -> FormAlerts {
    let instrument = instrument(form.instrument.as_str());
    let scored = instrument.score(form).unwrap();
    let earlier = before.map(earlier);
    let context = AlertContext {
        earlier: earlier.as_deref(),
        session: &[],
    };
    instrument.alerts(form, &scored, context)
}

/// What fires at this total (in tenths) after these.
fn fires(id: &str, before: &[i64], now: i64, expect: &[&str]) {
    let alerts = judged(&form(&instrument(id), now), Some(before));
    let fired: Vec<_> = alerts.fired.iter().map(RuleId::as_str).collect();
    assert_eq!(fired, expect, "{before:?} then {now}");
    assert!(alerts.unjudged.is_empty());
}

#[test]
fn the_clinical_range_is_strictly_below() {
    fires("fit-ors", &[], 249, &["below-cutoff"]);
    fires("fit-ors", &[], 250, &["starts-above-cutoff"]);
    fires("fit-ors", &[], 0, &["below-cutoff"]);
    fires("fit-srs", &[], 359, &["below-cutoff"]);
    fires("fit-srs", &[], 360, &[]);
    fires("fit-csrs", &[], 359, &["below-cutoff"]);
    fires("fit-gsrs", &[], 359, &["below-cutoff"]);
    fires("fit-cors", &[], 319, &["below-cutoff"]);
    fires("fit-cors", &[], 320, &["starts-above-cutoff"]);
}

#[test]
fn the_cut_off_is_that_of_respondent_and_age() {
    let ors = instrument("fit-ors");
    let check = |respondent, age, total, clinical| {
        let mut form = form(&ors, total);
        (form.respondent, form.age) = (respondent, age);
        let below = judged(&form, Some(&[])).fired;
        let below = below.iter().any(|rule| rule.as_str() == "below-cutoff");
        assert_eq!(below, clinical, "{respondent:?} {age:?} {total}");
    };
    check(Respondent::Patient, None, 279, false);
    check(Respondent::Patient, Some(AgeBand::Adult), 279, false);
    check(Respondent::Patient, Some(AgeBand::Adolescent), 279, true);
    check(Respondent::Patient, Some(AgeBand::Adolescent), 280, false);
    check(Respondent::Caretaker, Some(AgeBand::Adolescent), 279, true);
    // No cut-off is known for them: nothing is judged by somebody else's.
    check(Respondent::Caretaker, Some(AgeBand::Adult), 0, false);
    check(Respondent::Other, None, 0, false);
}

#[test]
fn a_fall_counts_from_its_bound_on() {
    fires("fit-srs", &[380], 371, &[]);
    fires("fit-srs", &[380], 370, &["fall-since-last"]);
    fires("fit-srs", &[380, 375], 370, &[]);
    fires("fit-ors", &[300], 251, &[]);
    fires(
        "fit-ors",
        &[300],
        250,
        &["fall-since-first", "fall-since-last"],
    );
    fires("fit-ors", &[300, 270], 250, &["fall-since-first"]);
    fires("fit-ors", &[260, 310], 260, &["fall-since-last"]);
}

#[test]
fn no_change_is_less_than_reliable_either_way() {
    let before = [200; 5];
    let rest = ["below-cutoff", "no-reliable-change"];
    fires("fit-ors", &before, 249, &rest);
    fires("fit-ors", &before, 250, &["recovered"]);
    fires("fit-ors", &before, 151, &rest);
    let fall = ["below-cutoff", "fall-since-first", "fall-since-last"];
    fires("fit-ors", &before, 150, &fall);
    fires("fit-ors", &before[..4], 200, &["below-cutoff"]);
}

#[test]
fn recovered_are_those_who_began_in_the_clinical_range() {
    fires("fit-ors", &[249], 299, &["recovered"]);
    fires("fit-ors", &[249], 298, &[]);
    fires("fit-ors", &[250], 300, &[]);
    fires("fit-ors", &[0], 249, &["below-cutoff"]);
}

#[test]
fn what_is_not_known_is_not_judged() {
    let ors = instrument("fit-ors");
    let alerts = judged(&form(&ors, 200), None);
    let names = |rules: &[RuleId]| -> Vec<String> { rules.iter().map(RuleId::to_string).collect() };
    assert_eq!(names(&alerts.fired), ["below-cutoff"]);
    let unjudged = [
        "starts-above-cutoff",
        "fall-since-first",
        "fall-since-last",
        "no-reliable-change",
        "recovered",
    ];
    assert_eq!(names(&alerts.unjudged), unjudged);
}

#[test]
fn no_score_fires_nothing_and_is_no_first_score() {
    let ors = instrument("fit-ors");
    let mut blank = form(&ors, 0);
    blank.total = None;
    let item = (
        "overall".parse().unwrap(),
        crate::form::ItemResponse::Value(FixedPoint::ZERO),
    );
    blank.items.push(item);
    assert_eq!(judged(&blank, None), FormAlerts::default());
    // A form without a score before it does not make this one the second.
    let mut before = earlier(&[100]);
    before[0].value = None;
    let now = form(&ors, 300);
    let scored = ors.score(&now).unwrap();
    let alerts = ors.alerts(
        &now,
        &scored,
        AlertContext {
            earlier: Some(&before),
            session: &[],
        },
    );
    assert_eq!(alerts.fired[0].as_str(), "starts-above-cutoff");
}

/// A form of the expected course with these two values, in tenths.
fn expected_course(target: i64, lower: i64) -> Form {
    let item = |(id, value): (&str, i64)| (id.parse().unwrap(), ItemResponse::Value(tenths(value)));
    Form {
        instrument: "fit-expected".parse().unwrap(),
        version: 1,
        respondent: Respondent::Patient,
        items: [("target-session", target), ("lower-session", lower)]
            .map(item)
            .to_vec(),
        total: None,
        age: None,
    }
}

#[test]
fn a_score_is_off_track_below_what_was_sent_as_expected_in_the_same_session() {
    let ors = instrument("fit-ors");
    let check = |total, (course, respondent): (Option<(i64, i64)>, _), expect: &[&str]| {
        let now = form(&ors, total);
        let scored = ors.score(&now).unwrap();
        let course = course.map(|(target, lower)| {
            let mut course = expected_course(target, lower);
            course.respondent = respondent;
            let scored = instrument("fit-expected").score(&course).unwrap();
            (course, scored)
        });
        let mut session = vec![(&now, &scored)];
        session.extend(course.iter().map(|(form, scored)| (form, scored)));
        let context = AlertContext {
            earlier: None,
            session: &session,
        };
        let fired = ors.alerts(&now, &scored, context).fired;
        let fired: Vec<_> = fired.iter().map(RuleId::as_str).collect();
        assert_eq!(fired, expect, "{total}");
    };
    let course = (Some((300, 280)), Respondent::Patient);
    check(300, course, &[]);
    check(299, course, &["below-expected"]);
    check(280, course, &["below-expected"]);
    check(279, course, &["below-expected", "off-track"]);
    // Nothing is expected of whom nothing was sent about.
    check(279, (Some((300, 280)), Respondent::Caretaker), &[]);
    check(279, (None, Respondent::Patient), &[]);
}

proptest! {
    #[test]
    fn a_total_is_clinical_or_not_but_for_the_cut_off(total in 0..=400_i64) {
        let alerts = judged(&form(&instrument("fit-ors"), total), Some(&[]));
        let expect = if total < 250 { "below-cutoff" } else { "starts-above-cutoff" };
        prop_assert_eq!(alerts.fired.len(), 1);
        prop_assert_eq!(alerts.fired[0].as_str(), expect);
    }

    #[test]
    fn where_lower_is_better_everything_is_mirrored(first in 0..=63_i64, now in 0..=63_i64) {
        let mut bdi = instrument("bdi-total");
        bdi.scales[0].cutoffs = vec![crate::catalogue::ClinicalCutoff {
            respondent: None,
            age: None,
            value: FixedPoint::from_int(14),
        }];
        let scale = &bdi.scales[0];
        let at = SessionScores {
            score: Some(FixedPoint::from_int(now as i32)),
            cutoff: scale.cutoff(Respondent::Patient, None),
            opens: false,
        };
        let judge = |when| {
            let rule = AlertRule {
                id: "a".parse().unwrap(),
                scale: scale.id.clone(),
                when,
            };
            let first = FixedPoint::from_int(first as i32);
            rule.judge(scale, at, Some(&[first]), |_| Some(first)).unwrap()
        };
        prop_assert_eq!(judge(AlertWhen::Clinical), now > 14);
        prop_assert_eq!(judge(AlertWhen::WorseThanLast(FixedPoint::from_int(3))), now - first >= 3);
        prop_assert_eq!(judge(AlertWhen::WorseThanFirst(FixedPoint::from_int(3))), now - first >= 3);
        prop_assert_eq!(judge(AlertWhen::NoChange { scores: 2 }), (now - first).abs() < 9);
        let recovered = first > 14 && now <= 14 && first - now >= 9;
        prop_assert_eq!(judge(AlertWhen::Recovered), recovered);
        let expected = ExpectedScore {
            instrument: "another".parse().unwrap(),
            scale: "another".parse().unwrap(),
        };
        prop_assert_eq!(judge(AlertWhen::WorseThanExpected(expected)), now > first);
    }
}
