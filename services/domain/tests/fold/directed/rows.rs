//! §4.7, what is in a row.

use crate::story::Story;
use crate::world::Setting;

/// `new_in_year` of every row of the measure.
fn new(story: &Story, measure: &str) -> Vec<Option<u32>> {
    let rows = story.whole_rows(measure);
    rows.iter().map(|(_, row)| row.new_in_year()).collect()
}

#[test]
fn new_in_year_counts_who_was_in_no_row_of_that_year_at_that_unit() {
    let mut story = Story::new();
    story.seen([1, 2, 3], "ta1a", "2023-01-10");
    story.seen([2, 3, 4], "ta1a", "2023-02-10");
    story.seen([2, 3, 4], "ta1b", "2023-03-10");
    story.seen([2, 3, 4], "ta1a", "2024-01-10");
    story.close("2024-01");
    assert_eq!(new(&story, "m-ally"), [Some(3), Some(1), Some(3), Some(3)]);
}

#[test]
fn new_in_year_is_not_given_for_measures_with_parts() {
    let mut story = Story::new();
    story.treated([1, 2, 3], "ta1a", "2023-01-10", 10);
    story.close("2023-01");
    assert_eq!(new(&story, "e-mood"), [None]);
}

#[test]
pub(crate) fn a_sum_of_squares_is_there_from_twelve_persons_on() {
    let squares = |persons: u8| {
        let mut story = Story::new();
        story.seen(3..3 + persons, "ta1a", "2023-01-10");
        story.close("2023-01");
        let (_, row) = story.whole_rows("m-ally").remove(0);
        row.variables()
            .iter()
            .map(|one| one.sum_sq)
            .collect::<Vec<_>>()
    };
    let sum: i128 = (3..15).map(|score: i128| score * score).sum();
    assert_eq!(squares(12), [Some(sum * 1_000_000_000_000), None]);
    assert_eq!(squares(11), [None, None]);
}

#[test]
pub(crate) fn a_sum_of_squares_of_codes_is_there_from_twenty_four_on() {
    let squares = |codes: u8| {
        let mut story = Story::new();
        (1..=codes).for_each(|code| story.answered(code, "ta1a", "2023-01", 3));
        story.close("2023-01");
        let (_, row) = story.whole_rows("s-exit").remove(0);
        row.variables()[0].sum_sq.is_some()
    };
    assert!(squares(24));
    assert!(!squares(23));
}

#[test]
fn over_several_months_a_score_is_the_last_and_a_count_is_the_sum() {
    let mut story = Story::new();
    story.seen([4, 5], "ta1a", "2023-01-10");
    story.seen([5, 6], "ta1a", "2023-03-10");
    story.session(
        5,
        "ta1a",
        "2023-03-20",
        crate::story::sent("a", crate::generate::ally(2 * 9)),
    );
    story.close("2023-04");
    assert_eq!(story.rows("m-ally"), ["2023-04 ta1a from 2023-01: 3"]);
    assert_eq!(story.sums("m-ally", "score"), [4 + 9 + 6]);
    assert_eq!(story.sums("m-ally", "visits"), [5]);
}

#[test]
fn the_flags_of_a_unit_are_in_its_rows_only() {
    let mut story = Story::of(&Setting::plain(2, 1));
    story.seen([1, 2], "tb1b", "2023-01-10");
    story.seen([3], "ta1c", "2023-01-10");
    story.seen([4], "ta1a", "2023-01-10");
    story.seen([5], "ta1b", "2023-01-10");
    story.close("2023-12");
    let flags = |(_, row): &(_, medvirk_domain::row::Row)| {
        let flags = (row.single_therapist(), row.single_device());
        (row.organisation().to_owned(), flags)
    };
    let rows: Vec<_> = story.whole_rows("m-ally").iter().map(flags).collect();
    let expected = [("tb1b", (true, true)), ("ta1", (false, false))];
    assert_eq!(rows, expected.map(|(of, flags)| (of.to_owned(), flags)));
}
