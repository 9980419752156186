//! Measures of the register's forms, and what is known of the course of an episode.

use medvirk_domain::record::{EpisodeEnding, EventBody, WithdrawalScope};

use crate::generate::{ally, episode, point};
use crate::story::{Story, sent};

/// The part "active" has states up to 25; the generator adds 1.
const ACTIVE: u8 = 0;
const OTHER: u8 = 30;

#[test]
pub(crate) fn a_patient_counts_once_with_the_first_form_of_all_episodes() {
    let mut story = Story::new();
    for who in [1, 2, 3] {
        story.registered(who, 0, "ta1a", "2023-01-10", [ACTIVE, who, 0, 0]);
    }
    story.opened(3, 1, "2023-01-01", "epj", Some(3));
    story.registered(3, 1, "ta1a", "2023-01-09", [ACTIVE, 30, 0, 0]);
    story.close("2023-01");
    assert_eq!(story.rows("r-first"), ["2023-01 ta1a active: 3"]);
    assert_eq!(story.sums("r-first", "plan"), [1 + 2 + 30]);
}

#[test]
fn later_forms_are_nobodys_first() {
    let mut story = Story::new();
    for who in [1, 2, 3] {
        story.registered(who, 0, "ta1a", "2023-01-10", [ACTIVE, 1, 0, 0]);
    }
    story.close("2023-01");
    for who in [1, 2, 3] {
        story.registered(who, 0, "ta1a", "2023-02-10", [ACTIVE, 2, 0, 0]);
        // Not even what comes late and is earlier.
        story.registered(who, 0, "ta1a", "2023-01-02", [ACTIVE, 3, 0, 0]);
    }
    story.close("2023-12");
    assert_eq!(story.rows("r-first"), ["2023-01 ta1a active: 3"]);
}

#[test]
fn what_never_counts_is_still_the_first() {
    let mut story = Story::new();
    for who in [1, 2, 3] {
        // Before the first month of all.
        story.registered(who, 0, "ta1a", "2022-12-20", [ACTIVE, 1, 0, 0]);
        story.opened(who, 1, "2023-06-01", "epj", Some(who));
        story.registered(who, 1, "ta1a", "2023-06-10", [ACTIVE, 2, 0, 0]);
    }
    story.close("2023-06");
    for who in [1, 2, 3] {
        // The first episode is forgotten, the second one is not.
        story.registered(who, 1, "ta1a", "2024-06-10", [ACTIVE, 3, 0, 0]);
    }
    story.close("2026-05");
    assert!(story.rows("r-first").is_empty());
}

#[test]
fn the_first_form_decides_the_part_before_the_part_is_looked_at() {
    let mut story = Story::new();
    for who in [1, 2, 3] {
        story.registered(who, 0, "ta1a", "2023-01-20", [ACTIVE, 1, 0, 0]);
        story.registered(who, 0, "ta1a", "2023-01-10", [OTHER, 2, 0, 0]);
    }
    story.close("2023-01");
    assert_eq!(story.rows("r-first"), ["2023-01 ta1a other: 3"]);
}

#[test]
fn a_form_of_the_register_by_the_opener_never_counts() {
    let mut story = Story::new();
    for who in [1, 2, 3] {
        story.opened(who, 0, "2023-01-01", &format!("register-{who}"), None);
        story.registered(who, 0, "ta1a", "2023-01-10", [ACTIVE, 1, 0, 0]);
    }
    story.close("2023-12");
    assert!(story.rows("r-first").is_empty());
}

#[test]
pub(crate) fn a_session_is_no_form_of_the_register() {
    let mut story = Story::new();
    for who in [1, 2, 3] {
        story.opened(who, 0, "2023-01-01", "epj", Some(who));
        let form = point([ACTIVE, 1, 1, 1], false);
        let by = format!("tablet-{who}");
        story.session(who, "ta1a", "2023-01-10", sent(&by, form));
        story.registered(who, 0, "ta1a", "2023-01-10", [ACTIVE, 2, 2, 2]);
    }
    story.close("2023-01");
    assert_eq!(story.sums("r-first", "plan"), [3 * 2]);
    assert_eq!(story.sums("r-month", "forms"), [3]);
}

#[test]
fn the_first_of_two_forms_of_a_day_counts() {
    let mut story = Story::new();
    for who in [1, 2, 3] {
        story.registered(who, 0, "ta1a", "2023-01-10", [ACTIVE, 1, 0, 5]);
        story.registered(who, 0, "ta1a", "2023-01-10", [ACTIVE, 9, 0, 9]);
    }
    story.close("2023-01");
    assert_eq!(story.sums("r-month", "state"), [3 * 5]);
    assert_eq!(story.sums("r-month", "forms"), [3]);
}

#[test]
fn the_highest_revision_of_a_form_counts_in_any_order() {
    let mut story = Story::new();
    for who in [1, 2, 3] {
        story.registered(who, 0, "ta1a", "2023-01-10", [ACTIVE, 1, 0, 5]);
        story.corrected(2, [ACTIVE, 3, 0, 7]);
        story.corrected(1, [ACTIVE, 2, 0, 6]);
    }
    story.close("2023-01");
    assert_eq!(story.sums("r-first", "plan"), [3 * 3]);
    assert_eq!(story.sums("r-month", "state"), [3 * 7]);
    assert_eq!(story.sums("r-month", "forms"), [3]);
}

#[test]
fn a_correction_of_another_form_of_the_day_takes_none_away() {
    let mut story = Story::new();
    for who in [1, 2, 3] {
        story.registered(who, 0, "ta1a", "2023-01-10", [ACTIVE, 1, 0, 5]);
        let body = EventBody::RegistryForm {
            episode: episode(who, 0),
            day: "2023-01-10".parse().expect("a day"),
            revision: 1,
            form: ally(2),
        };
        story.event(&format!("register-{who}"), "ta1a", body);
    }
    story.close("2023-01");
    assert_eq!(story.sums("r-month", "state"), [3 * 5]);
}

#[test]
fn a_form_of_a_closed_month_waits_with_the_present_one() {
    let mut story = Story::new();
    story.close("2023-01");
    for who in [1, 2, 3] {
        story.registered(who, 0, "ta1a", "2023-01-10", [ACTIVE, 1, 0, 0]);
    }
    story.close("2023-02");
    assert_eq!(story.rows("r-first"), ["2023-02 ta1a active: 3"]);
    assert_eq!(story.rows("r-month"), ["2023-02 ta1a: 3"]);
}

#[test]
pub(crate) fn a_withdrawal_from_the_register_drops_its_forms_and_nothing_else() {
    let mut story = Story::new();
    for who in [1, 2, 3, 4] {
        story.registered(who, 0, "ta1a", "2023-01-10", [ACTIVE, who, 0, who]);
        let by = format!("tablet-{who}");
        story.session(who, "ta1a", "2023-01-10", sent(&by, ally(2 * who)));
    }
    story.withdraws_from(4, WithdrawalScope::Registry);
    story.opened(4, 0, "2023-01-01", "epj", Some(4));
    story.registered(4, 0, "ta1a", "2023-01-20", [ACTIVE, 9, 0, 9]);
    story.close("2023-01");
    assert_eq!(story.rows("r-first"), ["2023-01 ta1a active: 3"]);
    assert_eq!(story.rows("r-month"), ["2023-01 ta1a: 3"]);
    assert_eq!(story.rows("m-ally"), ["2023-01 ta1a: 4"]);
}

#[test]
pub(crate) fn who_comes_back_to_the_register_counts_from_then_on() {
    let mut story = Story::new();
    for who in [1, 2, 3] {
        story.registered(who, 0, "ta1a", "2023-01-10", [ACTIVE, 1, 0, 1]);
    }
    story.close("2023-01");
    story.withdraws_from(3, WithdrawalScope::Registry);
    story.renews(3);
    // The episode is opened again: what the register knew of it is gone.
    story.opened(3, 0, "2023-01-01", "epj", Some(3));
    story.registered(3, 0, "ta1a", "2023-01-10", [ACTIVE, 1, 0, 1]);
    for who in [1, 2, 3] {
        story.registered(who, 0, "ta1a", "2023-02-10", [ACTIVE, 1, 0, 2]);
    }
    story.close("2023-02");
    assert_eq!(story.sums("r-month", "state"), [3, 6]);
    assert_eq!(story.rows("r-first"), ["2023-01 ta1a active: 3"]);
}

#[test]
pub(crate) fn what_was_before_a_return_to_the_register_does_not_count_again() {
    let mut story = Story::new();
    story.registered(3, 0, "ta1a", "2023-01-10", [ACTIVE, 1, 0, 1]);
    story.withdraws_from(3, WithdrawalScope::Registry);
    story.close("2023-01");
    story.renews(3);
    story.opened(3, 0, "2023-01-01", "epj", Some(3));
    story.registered(3, 0, "ta1a", "2023-01-10", [ACTIVE, 1, 0, 1]);
    for who in [1, 2] {
        story.registered(who, 0, "ta1a", "2023-02-10", [ACTIVE, 1, 0, 2]);
    }
    story.close("2023-02");
    assert!(story.rows("r-month").is_empty(), "two persons are left");
}

/// Three adults' episodes of which each has these two scores, on the 1st and the 31st of January.
fn courses(first: u8, last: u8, ending: EpisodeEnding) -> Story {
    let mut story = Story::new();
    for who in [1, 2, 3] {
        story.registered(who, 0, "ta1a", "2023-01-01", [0, 0, first, 0]);
        story.registered(who, 0, "ta1a", "2023-01-31", [0, 0, last, 0]);
        story.ended_so(who, "ta1a", "2023-02-10", ending);
    }
    story.close("2023-04");
    story
}

#[track_caller]
fn says(story: &Story, expected: &[(&str, i64)]) {
    for (variable, sum) in expected {
        assert_eq!(story.sums("r-course", variable), [*sum], "{variable}");
    }
}

#[test]
fn the_clinical_range_is_strictly_below_the_cutoff() {
    let at = courses(20, 20, EpisodeEnding::Planned);
    let part = |story: &Story| story.rows("r-course");
    assert_eq!(part(&at), ["2023-04 ta1a not-clinical from 2023-01: 3"]);
    let below = courses(19, 25, EpisodeEnding::Planned);
    assert_eq!(part(&below), ["2023-04 ta1a clinical from 2023-01: 3"]);
    says(&below, &[("improved", 3), ("recovered", 3)]);
    // Reliably better, and still one below the cut-off.
    says(
        &courses(0, 19, EpisodeEnding::Planned),
        &[("improved", 3), ("recovered", 0)],
    );
    says(
        &courses(0, 20, EpisodeEnding::Planned),
        &[("improved", 3), ("recovered", 3)],
    );
}

#[test]
fn a_young_person_is_judged_by_their_own_cutoff() {
    let mut story = Story::new();
    for who in [1, 2, 3] {
        story.registered_young(who, "ta1a", "2023-01-01", [0, 0, 24, 0]);
        story.registered_young(who, "ta1a", "2023-01-31", [0, 0, 25, 0]);
        story.ended_so(who, "ta1a", "2023-02-10", EpisodeEnding::Planned);
    }
    story.close("2023-04");
    assert_eq!(
        story.rows("r-course"),
        ["2023-04 ta1a clinical from 2023-01: 3"]
    );
}

#[test]
fn a_reliable_change_is_reached_by_being_as_great() {
    let planned = EpisodeEnding::Planned;
    says(
        &courses(10, 16, planned),
        &[("improved", 3), ("deteriorated", 0)],
    );
    says(
        &courses(10, 15, planned),
        &[("improved", 0), ("deteriorated", 0)],
    );
    says(
        &courses(16, 10, planned),
        &[("improved", 0), ("deteriorated", 3)],
    );
    says(
        &courses(15, 10, planned),
        &[("improved", 0), ("deteriorated", 0)],
    );
    // Nought is a score.
    says(&courses(0, 6, planned), &[("change", 18), ("improved", 3)]);
}

#[test]
fn a_drop_out_is_an_unplanned_end_and_split_by_what_was_reached() {
    let dropped = |story: &Story, all, unimproved, transfer| {
        let expected = [
            ("unplanned", all),
            ("unplanned-unimproved", unimproved),
            ("transfer", transfer),
        ];
        says(story, &expected);
    };
    dropped(&courses(10, 10, EpisodeEnding::Planned), 0, 0, 0);
    dropped(&courses(10, 10, EpisodeEnding::Unplanned), 3, 3, 0);
    dropped(&courses(10, 16, EpisodeEnding::Unplanned), 3, 0, 0);
    dropped(&courses(10, 10, EpisodeEnding::Transfer), 0, 0, 3);
    dropped(&courses(10, 10, EpisodeEnding::Unknown), 0, 0, 0);
}

#[test]
fn a_gap_counts_from_the_opening_to_the_closing() {
    // Opened on the 1st; 30 days between the forms, 10 to the closing.
    says(
        &courses(10, 10, EpisodeEnding::Planned),
        &[("regular", 3), ("days", 3 * 40)],
    );
    let with_end = |day: &str, last: &str| {
        let mut story = Story::new();
        for who in [1, 2, 3] {
            story.registered(who, 0, "ta1a", "2023-01-01", [0, 0, 1, 0]);
            story.registered(who, 0, "ta1a", last, [0, 0, 1, 0]);
            story.ended_so(who, "ta1a", day, EpisodeEnding::Planned);
        }
        story.close("2023-04");
        story
    };
    // 31 days between the forms, and between the last one and the closing.
    says(&with_end("2023-02-01", "2023-02-01"), &[("regular", 0)]);
    says(&with_end("2023-02-23", "2023-01-23"), &[("regular", 0)]);
    // A form after the closing ends no gap, and makes none.
    says(
        &with_end("2023-01-31", "2023-03-31"),
        &[("regular", 3), ("days", 90)],
    );
}

#[test]
fn an_episode_that_is_closed_before_it_is_opened_has_no_days() {
    let mut story = Story::new();
    for who in [1, 2, 3] {
        story.opened(who, 0, "2023-03-20", "epj", Some(who));
        story.registered(who, 0, "ta1a", "2023-03-20", [0, 0, 1, 0]);
        story.registered(who, 0, "ta1a", "2023-03-21", [0, 0, 1, 0]);
        story.ended_so(who, "ta1a", "2023-01-31", EpisodeEnding::Planned);
    }
    story.close("2023-04");
    says(&story, &[("regular", 3), ("days", 0)]);
}
