//! §4.5, which groups are releasable.

use crate::generate::ally;
use crate::story::{Sent, Story, sent};
use crate::world::Setting;

/// Persons with therapist and tablet of the alliance in a unit; the rows of the whole year, where
/// k = 3 and r = 2.
fn rows(unit: &str, sources: &[(Option<u8>, &str)]) -> Vec<String> {
    let mut story = Story::of(&Setting::plain(3, 2));
    for (number, (therapist, tablet)) in sources.iter().enumerate() {
        let who = number as u8;
        story.opened(who, 0, "2023-01-01", "epj", *therapist);
        story.session(who, unit, "2023-01-10", sent(tablet, ally(2)));
    }
    story.close("2023-12");
    story.rows("m-ally")
}

#[test]
fn a_row_never_has_fewer_than_k_persons() {
    let own = [(Some(1), "a"), (Some(2), "b"), (Some(3), "c")];
    assert_eq!(rows("ta1a", &own), ["2023-01 ta1a: 3"]);
    assert!(rows("ta1a", &own[..2]).is_empty());
}

#[test]
fn two_contributions_of_one_person_are_one_person() {
    let mut story = Story::new();
    story.seen([1, 2], "ta1a", "2023-01-10");
    story.seen([1, 2], "ta1a", "2023-02-10");
    story.close("2023-12");
    assert!(story.rows("m-ally").is_empty());
}

#[test]
fn r_persons_are_left_without_any_one_therapist() {
    let two = [
        (Some(1), "a"),
        (Some(1), "b"),
        (Some(2), "c"),
        (Some(3), "d"),
    ];
    assert_eq!(rows("ta1a", &two), ["2023-01 ta1a: 4"]);
    assert!(rows("ta1a", &two[..3]).is_empty());
}

#[test]
fn therapists_who_are_not_named_count_as_one() {
    let none = [(None, "a"), (None, "b"), (Some(2), "c")];
    assert!(rows("ta1a", &none).is_empty());
}

#[test]
fn r_persons_are_left_without_any_one_credential() {
    let one = [
        (Some(1), "a"),
        (Some(2), "a"),
        (Some(3), "b"),
        (Some(4), "c"),
    ];
    assert_eq!(rows("ta1a", &one), ["2023-01 ta1a: 4"]);
    assert!(rows("ta1a", &one[..3]).is_empty());
}

#[test]
fn a_person_belongs_to_every_credential_that_sent_a_form_of_the_month() {
    let mut story = Story::of(&Setting::plain(3, 2));
    story.seen([1, 2, 3], "ta1a", "2023-01-10");
    let other = sent("tablet-1", ally(2));
    story.session(2, "ta1a", "2023-01-05", Sent { number: 2, ..other });
    story.close("2023-12");
    assert!(story.rows("m-ally").is_empty(), "tablet-1 sent for two");
}

#[test]
fn a_correction_belongs_to_the_credential_that_sent_it() {
    let mut story = Story::of(&Setting::plain(3, 2));
    story.seen([1, 2, 3], "ta1a", "2023-01-10");
    let other = Sent {
        revision: 1,
        ..sent("tablet-1", ally(2))
    };
    story.session(2, "ta1a", "2023-01-10", other);
    story.close("2023-12");
    assert!(story.rows("m-ally").is_empty(), "tablet-1 sent for two");
}

#[test]
fn a_single_therapist_unit_is_exempt_from_that_half_only() {
    let alone = [(Some(1), "a"), (Some(1), "b"), (Some(1), "c")];
    assert_eq!(rows("ta1c", &alone), ["2023-01 ta1c: 3"]);
    let same_tablet = [(Some(1), "a"), (Some(1), "a"), (Some(1), "c")];
    assert!(rows("ta1c", &same_tablet).is_empty());
}

#[test]
fn a_single_device_unit_is_exempt_from_that_half_only() {
    let one = [(Some(1), "a"), (Some(2), "a"), (Some(3), "a")];
    assert_eq!(rows("ta2a", &one), ["2023-01 ta2a: 3"]);
    let same_therapist = [(Some(1), "a"), (Some(1), "a"), (Some(3), "a")];
    assert!(rows("ta2a", &same_therapist).is_empty());
}

#[test]
fn a_single_therapist_unit_is_exempt_only_in_its_own_rows() {
    let institution = |therapists: [u8; 4]| {
        let mut story = Story::of(&Setting::plain(3, 2));
        let units = ["ta1c", "ta1c", "ta1a", "ta1b"];
        for (who, (unit, therapist)) in units.into_iter().zip(therapists).enumerate() {
            let who = who as u8;
            story.opened(who, 0, "2023-01-01", "epj", Some(therapist));
            story.session(
                who,
                unit,
                "2023-01-10",
                sent(&format!("tablet-{who}"), ally(2)),
            );
        }
        story.seen([9], "ta1a", "2023-01-10");
        story.close("2023-12");
        story.rows("m-ally")
    };
    assert_eq!(institution([1, 1, 2, 3]), ["2023-12 ta1 from 2023-01: 5"]);
    assert!(
        institution([1, 1, 1, 1]).is_empty(),
        "one therapist has four of five"
    );
}

#[test]
fn a_group_of_codes_has_twice_k_and_no_sources() {
    let answers = |codes: u8| {
        let mut story = Story::new();
        (1..=codes).for_each(|code| story.answered(code, "ta1a", "2023-01", 3));
        story.close("2023-12");
        story.rows("s-exit")
    };
    assert_eq!(answers(6), ["2023-01 ta1a: 6"]);
    assert!(answers(5).is_empty());
}

#[test]
fn a_person_is_placed_by_the_last_contribution() {
    // In the institution's group persons 1 and 2 were last in ta1b, so without it nobody is left.
    let mut story = Story::of(&Setting::plain(2, 1));
    story.seen([1], "ta1a", "2023-05-10");
    story.seen([1], "ta1b", "2023-09-10");
    story.close("2023-12");
    assert!(story.rows("m-ally").is_empty());
}
