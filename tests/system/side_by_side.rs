//! Two systems side by side share nothing.

use medvirk_tests::System;
use medvirk_tests::cohort::{UNITS, everybody, rows_of};

#[tokio::test(flavor = "multi_thread")]
async fn two_systems_run_side_by_side_and_each_has_its_own() {
    let (one, other) = tokio::join!(
        System::builder().cohort().start(),
        System::builder().cohort().start(),
    );
    let (ones, others) = (
        everybody(&UNITS[..2], "2024-01"),
        everybody(&UNITS[1..], "2024-01"),
    );
    tokio::join!(one.send_people(&ones), other.send_people(&others));
    tokio::join!(one.close("2024-01"), other.close("2024-01"));

    assert_eq!(one.cohort_rows().await, rows_of(&ones));
    assert_eq!(other.cohort_rows().await, rows_of(&others));

    // The end of one is nothing to the other, and what one has is still its own.
    one.kill().await;
    let more = everybody(&UNITS[..1], "2024-02");
    other.send_people(&more).await;
    other.close("2024-02").await;
    one.start().await;
    assert_eq!(one.cohort_rows().await, rows_of(&ones));
    assert_eq!(other.cohort_rows().await, rows_of(&[others, more].concat()));
}
