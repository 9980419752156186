//! §4.4, when; §4.6, a close; §4.9, changes of the catalogue; §3, when codes expire.

use medvirk_domain::record::{ControlRecord, LogRecord};
use medvirk_domain::row::{Row, RowLevel, RowParts};

use crate::generate::{ally, extra, mood};
use crate::story::{Sent, Story, sent};
use crate::world::Setting;
use medvirk_domain::form::Respondent;

#[test]
fn a_too_early_close_is_refused() {
    let mut story = Story::new();
    story.seen([1, 2, 3], "ta1a", "2023-01-10");
    story
        .log
        .push(LogRecord::Control(ControlRecord::PeriodClose {
            month: "2023-01".parse().unwrap(),
            ingested_at: 1_675_637_999_999, // 2023-02-06T00:00+01:00, less a millisecond
        }));
    assert!(story.rows("m-ally").is_empty());
    story.close("2023-01");
    assert_eq!(story.rows("m-ally"), ["2023-01 ta1a: 3"]);
}

#[test]
fn a_repeated_close_does_nothing() {
    let mut story = Story::new();
    story.seen([1, 2, 3], "ta1a", "2023-01-10");
    story.close("2023-01");
    story.seen([4, 5, 6], "ta1a", "2023-01-10");
    story.close("2023-01");
    assert_eq!(story.rows("m-ally"), ["2023-01 ta1a: 3"]);
}

#[test]
fn skipped_months_are_closed_first() {
    let mut story = Story::new();
    story.seen([1, 2, 3], "ta1a", "2023-02-10");
    story.seen([1, 2, 3], "ta1a", "2023-01-10");
    story.close("2023-03");
    assert_eq!(story.rows("m-ally"), ["2023-01 ta1a: 3", "2023-02 ta1a: 3"]);
}

#[test]
fn a_late_contribution_keeps_its_own_month_and_waits_with_the_present_one() {
    let mut story = Story::new();
    story.close("2023-02");
    story.seen([1, 2, 3], "ta1a", "2023-01-10");
    story.close("2023-03");
    story.seen([1, 2, 3], "ta1a", "2023-01-12");
    story.seen([1, 2, 3], "ta1a", "2023-03-12");
    story.close("2023-04");
    // Its own month is January, which has been in a row; March has not.
    assert_eq!(story.rows("m-ally"), ["2023-03 ta1a: 3", "2023-04 ta1a: 3"]);
}

#[test]
fn what_is_older_than_the_first_month_is_for_the_registry_only() {
    let mut story = Story::new();
    story.seen([1, 2, 3], "ta1a", "2022-12-31");
    story.close("2023-12");
    assert!(story.rows("m-ally").is_empty());
}

#[test]
fn inside_a_tertial_only_the_month_is_due() {
    let mut story = Story::new();
    story.seen([1, 2], "ta1a", "2023-01-10");
    story.seen([3, 4, 5], "ta1a", "2023-02-10");
    story.seen([6], "ta1a", "2023-03-10");
    story.close("2023-03");
    assert_eq!(story.rows("m-ally"), ["2023-02 ta1a: 3"]);
}

#[test]
fn what_waited_comes_out_with_its_tertial() {
    let mut story = Story::new();
    story.seen([1, 2], "ta1a", "2023-01-10");
    story.seen([3, 4, 5], "ta1a", "2023-02-10");
    story.seen([6], "ta1a", "2023-04-10");
    story.close("2023-04");
    assert_eq!(
        story.rows("m-ally"),
        ["2023-02 ta1a: 3", "2023-04 ta1a from 2023-01: 3"]
    );
}

#[test]
fn what_waited_longer_comes_out_with_its_year() {
    let mut story = Story::new();
    story.seen([1, 2], "ta1a", "2023-01-10");
    story.seen([3], "ta1a", "2023-12-10");
    story.close("2023-12");
    assert_eq!(story.rows("m-ally"), ["2023-12 ta1a from 2023-01: 3"]);
}

#[test]
fn the_end_of_a_tertial_gives_a_month_where_nothing_waited() {
    let mut story = Story::new();
    story.seen([1, 2, 3], "ta1a", "2023-04-10");
    story.close("2023-04");
    assert_eq!(story.rows("m-ally"), ["2023-04 ta1a: 3"]);
}

#[test]
fn a_measure_by_the_tertial_shows_no_month() {
    let mut story = Story::new();
    for one in [1, 2, 3] {
        story.opened(one, 0, "2023-01-01", "epj", Some(one));
        let form = mood(Respondent::Patient, Some(1), Some(1));
        let by = format!("tablet-{one}");
        story.session(one, "ta1a", "2023-04-10", sent(&by, form));
    }
    story.close("2023-12");
    assert_eq!(story.rows("m-calm"), ["2023-04 ta1a from 2023-01: 3"]);
}

#[test]
fn december_joins_parts_first() {
    let mut story = Story::new();
    story.treated([1, 2], "ta1a", "2023-05-10", 10);
    story.treated([3], "ta1a", "2023-05-10", 25);
    story.close("2023-11");
    assert!(story.rows("e-mood").is_empty());
    story.close("2023-12");
    assert_eq!(story.rows("e-mood"), ["2023-12 ta1a from 2023-01: 3"]);
}

#[test]
fn december_joins_the_rest_of_an_institution_and_then_of_the_trust() {
    let mut story = Story::of(&Setting::plain(2, 1));
    // Two parts of a unit; three units of one, of which the institution's row is made; what is
    // left in the other institution finds nobody in the trust any more.
    story.treated([1], "ta1a", "2023-05-10", 10);
    story.treated([2], "ta1a", "2023-05-10", 25);
    story.seen([1], "ta1a", "2023-05-10");
    story.seen([2], "ta1b", "2023-05-10");
    story.seen([3], "ta1c", "2023-05-10");
    story.seen([4], "ta2a", "2023-05-10");
    story.close("2023-12");
    assert_eq!(story.rows("e-mood"), ["2023-12 ta1a from 2023-01: 2"]);
    assert_eq!(story.rows("m-ally"), ["2023-12 ta1 from 2023-01: 3"]);
}

#[test]
fn december_pools_an_institution_only_if_k_are_left_without_any_unit() {
    let institution = |third: &[u8]| {
        let mut story = Story::of(&Setting::plain(2, 1));
        story.treated([1], "ta1a", "2023-05-10", 10);
        story.treated([2], "ta1b", "2023-05-10", 10);
        story.treated(third.iter().copied(), "ta1c", "2023-05-10", 10);
        story.close("2023-12");
        story.rows("e-mood")
    };
    assert_eq!(institution(&[3]), ["2023-12 ta1 from 2023-01: 3"]);
    assert!(institution(&[]).is_empty());
}

#[test]
fn december_pools_a_trust_only_if_k_are_left_without_any_institution() {
    // k = 3: without ta1 (two persons in two units) there must be three of others, and without
    // any unit too. In 2024 ta1c and ta2a are one institution.
    let trust = |others: &[(u8, &str)]| {
        let mut story = Story::of(&Setting {
            january: true,
            ..Setting::plain(2, 1)
        });
        story.close("2023-12");
        story.treated([1], "ta1a", "2024-05-10", 10);
        story.treated([2], "ta1b", "2024-05-10", 10);
        for (who, unit) in others {
            story.treated([*who], unit, "2024-05-10", 10);
        }
        story.close("2024-12");
        story.rows("e-mood")
    };
    let two_and_two = [(3, "ta1c"), (4, "ta1c"), (5, "ta2a"), (6, "ta2a")];
    assert!(
        trust(&two_and_two[..3]).is_empty(),
        "two are left without ta2"
    );
    let mut three = two_and_two.to_vec();
    three.push((7, "ta1a"));
    let rows = trust(&three[..]);
    assert_eq!(rows, ["2024-12 ta from 2024-01: 7"]);
}

#[test]
fn nothing_waits_across_years() {
    let mut story = Story::new();
    story.seen([1, 2], "ta1a", "2023-12-10");
    story.close("2023-12");
    story.seen([3], "ta1a", "2024-01-10");
    story.seen([1, 2], "ta1a", "2023-12-11");
    story.close("2024-12");
    assert!(story.rows("m-ally").is_empty());
}

#[test]
fn what_was_left_at_the_end_of_a_year_is_gone_even_if_it_is_corrected_later() {
    let mut story = Story::new();
    story.seen([1, 2, 3], "ta1a", "2023-11-10");
    story.seen([1, 2], "ta1b", "2023-12-10");
    story.close("2023-12");
    let corrected = |story: &mut Story, revision: u32, form: &medvirk_domain::form::Form| {
        for one in [1, 2] {
            let again = sent(&format!("tablet-{one}"), form.clone());
            story.session(one, "ta1b", "2023-12-10", Sent { revision, ..again });
        }
    };
    corrected(&mut story, 1, &extra(1));
    story.close("2024-01");
    corrected(&mut story, 2, &ally(2));
    story.seen([3], "ta1b", "2024-02-10");
    story.close("2024-12");
    assert_eq!(story.rows("m-ally"), ["2023-11 ta1a: 3"]);
}

#[test]
fn a_new_measure_counts_from_its_first_month_on() {
    let mut story = Story::of(&Setting {
        extra: vec![false, false, true],
        ..Setting::plain(3, 1)
    });
    for one in [1, 2, 3] {
        story.opened(one, 0, "2023-01-01", "epj", Some(one));
        let by = format!("tablet-{one}");
        for (number, day) in [(1, "2023-02-28"), (2, "2023-03-01")] {
            let form = sent(&by, extra(1));
            story.session(one, "ta1a", day, Sent { number, ..form });
        }
    }
    story.close("2023-12");
    assert_eq!(story.rows("m-extra"), ["2023-03 ta1a: 3"]);
}

#[test]
fn december_closes_under_the_old_catalogue() {
    let mut story = Story::of(&Setting {
        january: true,
        ..Setting::plain(2, 1)
    });
    story.seen([1, 2], "ta1a", "2023-12-10");
    story.seen([1, 2], "ta1a", "2024-01-10");
    story.close("2024-01");
    // In January k is 3.
    assert_eq!(story.rows("m-ally"), ["2023-12 ta1a: 2"]);
}

#[test]
fn what_became_of_a_code_is_known_when_it_expires() {
    let mut story = Story::of(&Setting::plain(2, 1));
    story.issued(1..=4, "ta1a", "2023-01");
    story.close("2023-02");
    story.answered(2, "ta1a", "2023-01", 5);
    assert!(story.rows("s-sent").is_empty());
    story.close("2023-03");
    story.answered(3, "ta1a", "2023-01", 5);
    story.close("2023-12");
    assert_eq!(story.rows("s-sent"), ["2023-03 ta1a: 4"]);
    assert_eq!(story.sums("s-sent", "answered"), [1]);
}

#[test]
fn only_the_first_response_to_a_code_counts() {
    let mut story = Story::of(&Setting::plain(2, 1));
    for code in 1..=4 {
        story.answered(code, "ta1a", "2023-01", 3);
        story.answered(code, "ta1a", "2023-01", 5);
    }
    story.close("2023-01");
    assert_eq!(story.rows("s-exit"), ["2023-01 ta1a: 4"]);
    assert_eq!(story.sums("s-exit", "index"), [4 * 50]);
}

/// Two parts in one unit and one in another; somebody else has one row of January about it all.
fn pooled_by_another(level: RowLevel, organisation: &str) -> Vec<String> {
    let mut story = Story::new();
    story.treated([1, 2, 3], "ta1a", "2023-01-10", 10);
    story.treated([4, 5, 6], "ta1a", "2023-01-10", 25);
    story.treated([7, 8, 9], "ta1b", "2023-01-10", 10);
    let january = "2023-01".parse().unwrap();
    let row = Row::from_ledger(RowParts {
        measure: "e-mood".parse().unwrap(),
        level,
        organisation: organisation.to_owned(),
        first: january,
        last: january,
        part: String::new(),
        persons: 9,
        new_in_year: None,
        single_therapist: false,
        single_device: false,
        variables: Vec::new(),
    });
    story.theirs.insert(january, vec![row]);
    story.close("2023-04");
    // What January would have been without theirs comes first.
    story.rows("e-mood").split_off(3)
}

#[test]
pub(crate) fn a_row_without_a_part_empties_all_parts() {
    let left = pooled_by_another(RowLevel::Unit, "ta1a");
    assert_eq!(left, ["2023-04 ta1b low from 2023-01: 3"]);
}

#[test]
pub(crate) fn a_row_of_an_organisation_empties_all_units_below() {
    let nothing: [&str; 0] = [];
    assert_eq!(pooled_by_another(RowLevel::Institution, "ta1"), nothing);
    assert_eq!(pooled_by_another(RowLevel::Trust, "ta"), nothing);
}
