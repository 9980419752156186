//! §4.2, one person once; §4.3, who counts; §5, who withdraws.

use medvirk_domain::form::Respondent;
use medvirk_domain::record::WithdrawalScope;

use crate::generate::{ally, extra, mood};
use crate::story::{Sent, Story, sent};

#[test]
fn a_person_counts_once_a_month_with_the_last_session() {
    let mut story = Story::new();
    story.seen([1, 2, 3], "ta1a", "2023-01-10");
    story.session(3, "ta1a", "2023-01-20", sent("tablet-3", ally(2 * 30)));
    story.session(2, "ta1a", "2023-01-05", sent("tablet-2", ally(2 * 30)));
    story.close("2023-01");
    assert_eq!(story.rows("m-ally"), ["2023-01 ta1a: 3"]);
    // The score is clamped to 2; the forms are counted all.
    assert_eq!(story.sums("m-ally", "score"), [2 + 2 + 30]);
    assert_eq!(story.sums("m-ally", "visits"), [5]);
}

#[test]
fn a_person_in_two_episodes_counts_once() {
    let mut story = Story::new();
    story.treated([1, 2, 3], "ta1a", "2023-01-10", 10);
    story.opened(3, 1, "2023-01-11", "epj", Some(3));
    for number in [1, 2] {
        let form = mood(Respondent::Patient, Some(0), Some(0));
        let episode = Sent {
            episode: 1,
            number,
            ..sent("tablet-3", form)
        };
        story.session(3, "ta1a", "2023-01-20", episode);
    }
    story.ended(3, 1, "ta1a", "2023-01-20");
    story.close("2023-01");
    assert_eq!(story.rows("e-mood"), ["2023-01 ta1a low: 3"]);
    // The later episode places the person.
    assert_eq!(story.sums("e-mood", "change"), [10 + 10]);
}

#[test]
fn the_first_submission_of_a_session_counts() {
    let mut story = Story::new();
    story.seen([4, 5, 6], "ta1a", "2023-01-10");
    story.session(6, "ta1a", "2023-01-10", sent("tablet-1", ally(2 * 30)));
    story.close("2023-01");
    assert_eq!(story.sums("m-ally", "score"), [4 + 5 + 6]);
}

#[test]
fn the_highest_revision_of_a_session_counts_whatever_comes_first() {
    let mut story = Story::new();
    story.seen([4, 5], "ta1a", "2023-01-10");
    story.opened(6, 0, "2023-01-01", "epj", None);
    for (revision, score) in [(2, 20), (0, 6), (1, 10), (2, 30)] {
        let form = sent("tablet-6", ally(2 * score));
        story.session(6, "ta1a", "2023-01-10", Sent { revision, ..form });
    }
    story.close("2023-01");
    assert_eq!(story.sums("m-ally", "score"), [4 + 5 + 20]);
}

#[test]
fn a_correction_is_the_whole_session() {
    let mut story = Story::new();
    story.seen([4, 5, 6], "ta1a", "2023-01-10");
    let other = Sent {
        revision: 1,
        ..sent("tablet-6", extra(1))
    };
    story.session(6, "ta1a", "2023-01-10", other);
    story.close("2023-01");
    assert!(story.rows("m-ally").is_empty(), "two persons are left");
}

#[test]
fn a_correction_after_the_close_changes_nothing() {
    let mut story = Story::new();
    story.seen([4, 5, 6], "ta1a", "2023-01-10");
    story.close("2023-01");
    let corrected = Sent {
        revision: 1,
        ..sent("tablet-6", ally(2 * 30))
    };
    story.session(6, "ta1a", "2023-01-10", corrected);
    story.close("2023-12");
    assert_eq!(story.rows("m-ally"), ["2023-01 ta1a: 3"]);
    assert_eq!(story.sums("m-ally", "score"), [4 + 5 + 6]);
}

#[test]
fn a_session_sent_again_after_its_close_counts_no_more() {
    let mut story = Story::new();
    story.seen([4, 5, 6], "ta1a", "2023-01-10");
    story.close("2023-01");
    story.seen([4, 5, 6], "ta1a", "2023-01-10");
    story.seen([4, 5, 6], "ta1a", "2023-01-12");
    story.close("2023-12");
    assert_eq!(story.rows("m-ally"), ["2023-01 ta1a: 3"]);
}

#[test]
fn a_later_session_of_the_same_month_replaces_one_that_waits() {
    let mut story = Story::new();
    story.seen([4, 5], "ta1a", "2023-01-10");
    story.close("2023-01");
    story.session(5, "ta1a", "2023-01-20", sent("tablet-5", ally(2 * 20)));
    story.seen([6], "ta1a", "2023-02-10");
    story.close("2023-04");
    assert_eq!(story.rows("m-ally"), ["2023-04 ta1a from 2023-01: 3"]);
    assert_eq!(story.sums("m-ally", "score"), [4 + 20 + 6]);
}

#[test]
fn the_first_closing_fixes_unit_and_month_of_an_episode() {
    let mut story = Story::new();
    story.treated([1, 2, 3], "ta1a", "2023-01-10", 10);
    story.ended(3, 0, "ta1b", "2023-02-10");
    story.close("2023-12");
    assert_eq!(story.rows("e-mood"), ["2023-01 ta1a low: 3"]);
}

#[test]
pub(crate) fn an_episode_that_is_sent_again_after_it_was_forgotten_counts_no_more() {
    let mut story = Story::new();
    // In the first days of February, when January is not closed yet.
    story.treated([1, 2, 3], "ta1a", "2023-02-02", 10);
    story.seen([1, 2, 3], "ta1a", "2023-01-30");
    story.close("2023-01");
    story.close("2025-02");
    for one in [1, 2, 3] {
        story.opened(one, 0, "2023-01-01", "epj", Some(one));
    }
    story.treated([1, 2, 3], "ta1a", "2023-02-02", 10);
    story.close("2025-12");
    assert_eq!(story.rows("e-mood"), ["2023-02 ta1a low: 3"]);
}

#[test]
pub(crate) fn an_episode_is_forgotten_whole_24_months_after_its_last_event() {
    let ended_in = |month: &str, last_day: &str| {
        let mut story = Story::new();
        story.seen([1, 2, 3], "ta1a", "2023-01-10");
        for one in [1, 2, 3] {
            let form = mood(Respondent::Patient, Some(10), Some(0));
            let by = format!("tablet-{one}");
            for (number, day) in [(2, "2023-01-11"), (3, "2023-01-12")] {
                let first = sent(&by, form.clone());
                story.session(one, "ta1a", day, Sent { number, ..first });
            }
        }
        story.close(month);
        (1..=3).for_each(|one| story.ended(one, 0, "ta1a", last_day));
        story.close("2025-12");
        story.rows("e-mood")
    };
    let in_time = ended_in("2025-01", "2025-02-10");
    assert_eq!(in_time, ["2025-02 ta1a low: 3"]);
    assert!(ended_in("2025-02", "2025-03-10").is_empty());
}

#[test]
pub(crate) fn a_form_older_than_24_months_is_no_part_of_its_episode() {
    let mut story = Story::new();
    story.close("2025-01");
    story.treated([1, 2, 3], "ta1a", "2022-12-31", 10);
    story.treated([1, 2, 3], "ta1a", "2025-02-10", 30);
    story.close("2025-02");
    // Neither the old forms nor the old closings count.
    assert_eq!(story.rows("e-mood"), ["2025-02 ta1a high: 3"]);
    assert_eq!(story.sums("e-mood", "forms"), [6]);
}

#[test]
fn what_is_older_than_24_months_does_not_count() {
    let mut story = Story::new();
    story.close("2025-01");
    story.seen([4, 5, 6], "ta1a", "2022-12-31");
    story.seen([4, 5, 6], "ta1b", "2023-01-01");
    story.close("2025-12");
    assert_eq!(story.rows("m-ally"), ["2025-02 ta1b: 3"]);
}

#[test]
fn a_form_sent_by_the_opener_never_counts() {
    let mut story = Story::new();
    story.session(3, "ta1a", "2023-01-10", sent("epj", ally(2)));
    story.seen([1, 2, 3], "ta1b", "2023-01-10");
    story.session(1, "ta1a", "2023-01-10", sent("epj", ally(2)));
    let revised = Sent {
        revision: 1,
        ..sent("epj", ally(2))
    };
    story.session(2, "ta1b", "2023-01-10", revised);
    story.close("2023-12");
    assert_eq!(story.rows("m-ally"), ["2023-01 ta1b: 3"]);
}

#[test]
fn a_form_without_an_episode_waits_for_it() {
    let mut story = Story::new();
    story.seen([1, 2], "ta1a", "2023-01-10");
    story.session(3, "ta1a", "2023-01-10", sent("tablet-3", ally(2)));
    story.close("2023-01");
    story.opened(3, 0, "2023-01-01", "epj", Some(3));
    story.close("2023-04");
    assert_eq!(story.rows("m-ally"), ["2023-04 ta1a from 2023-01: 3"]);
}

#[test]
fn a_withdrawal_before_the_close_takes_effect() {
    let mut story = Story::new();
    story.seen([1, 2, 3, 4], "ta1a", "2023-01-10");
    story.withdraws(3);
    story.seen([3], "ta1a", "2023-01-11");
    story.close("2023-01");
    assert_eq!(story.rows("m-ally"), ["2023-01 ta1a: 3"]);
    assert_eq!(story.sums("m-ally", "score"), [2 + 2 + 4]);
}

#[test]
fn a_withdrawal_after_the_close_leaves_the_row() {
    let mut story = Story::new();
    story.seen([1, 2, 3], "ta1a", "2023-01-10");
    story.close("2023-01");
    story.withdraws(3);
    story.seen([1, 2, 3], "ta1a", "2023-02-10");
    story.close("2023-02");
    assert_eq!(story.rows("m-ally"), ["2023-01 ta1a: 3"]);
}

#[test]
fn who_comes_back_counts_from_the_month_of_the_renewal() {
    let mut story = Story::new();
    story.seen([1, 2, 3], "ta1a", "2023-01-10");
    story.close("2023-01");
    story.withdraws(3);
    story.renews(3);
    story.opened(3, 0, "2023-01-01", "epj", Some(3));
    story.seen([3], "ta1a", "2023-01-10");
    story.seen([1, 2, 3], "ta1a", "2023-02-10");
    story.close("2023-02");
    let rows = story.whole_rows("m-ally");
    assert_eq!(story.rows("m-ally"), ["2023-01 ta1a: 3", "2023-02 ta1a: 3"]);
    // That the person was in January's row is forgotten with the rest.
    assert_eq!(rows[1].1.new_in_year(), Some(1));
}

#[test]
pub(crate) fn an_episode_that_began_before_a_renewal_counts_no_more() {
    let mut story = Story::new();
    story.opened(3, 0, "2023-01-01", "epj", Some(3));
    story.withdraws(3);
    story.close("2023-01");
    story.renews(3);
    story.opened(3, 0, "2023-01-01", "epj", Some(3));
    story.treated([1, 2, 3, 4], "ta1a", "2023-02-10", 10);
    story.close("2023-02");
    assert_eq!(story.rows("e-mood"), ["2023-02 ta1a low: 3"]);
}

#[test]
pub(crate) fn a_withdrawal_from_the_register_takes_nothing_from_an_earlier_one() {
    let mut story = Story::new();
    story.seen([1, 2, 3, 4], "ta1a", "2023-01-10");
    story.withdraws(4);
    story.withdraws_from(4, WithdrawalScope::Registry);
    story.opened(4, 0, "2023-01-01", "epj", Some(4));
    story.seen([4], "ta1a", "2023-01-11");
    story.close("2023-01");
    assert_eq!(story.rows("m-ally"), ["2023-01 ta1a: 3"]);
}

#[test]
pub(crate) fn a_withdrawal_from_the_register_drops_nothing_that_waits() {
    let mut story = Story::new();
    story.seen([1, 2, 3], "ta1a", "2023-01-10");
    story.withdraws_from(3, WithdrawalScope::Registry);
    story.close("2023-01");
    assert_eq!(story.rows("m-ally"), ["2023-01 ta1a: 3"]);
}

#[test]
pub(crate) fn what_the_opener_sent_first_is_not_what_waits_for_the_opening() {
    let mut story = Story::new();
    story.seen([1, 2], "ta1a", "2023-01-10");
    story.session(3, "ta1a", "2023-01-10", sent("epj", ally(2 * 30)));
    story.session(3, "ta1a", "2023-01-10", sent("tablet-3", ally(2 * 20)));
    story.opened(3, 0, "2023-01-01", "epj", Some(3));
    story.close("2023-01");
    assert_eq!(story.rows("m-ally"), ["2023-01 ta1a: 3"]);
    assert_eq!(story.sums("m-ally", "score"), [2 + 2 + 20]);
}
