//! Promise 7: the indicator tables are disposable. What is lost or altered in them comes back from
//! the ledger, and what the ledger does not have stops the system.

use medvirk_tests::cohort::{CohortRow, UNITS, everybody, rows_of};
use medvirk_tests::{System, eventually};

/// A system with two closed months that compares its tables with the ledger every second.
async fn two_months_closed() -> (System, Vec<CohortRow>) {
    let system = System::builder()
        .cohort()
        .setting("AGGREGATOR__COMPARE_EVERY", "\"1s\"")
        .start()
        .await;
    let mut people = Vec::new();
    for month in ["2024-01", "2024-02"] {
        people.extend(everybody(&UNITS, month));
    }
    system.send_people(&people).await;
    system.close("2024-02").await;
    let rows = rows_of(&people);
    assert_eq!(system.cohort_rows().await, rows);
    (system, rows)
}

/// Runs a statement with the writer's password.
async fn damage(system: &System, statement: &str) {
    let done = system.writer("indicators").query(statement).execute().await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_or_altered_in_the_tables_is_mended_from_the_ledger() {
    let (system, rows) = two_months_closed().await;
    let year = ["--period", "year", "--from", "2024-01", "--to", "2024-12"];
    let figures = system.indicators(&year);
    assert!(figures.iter().any(|figure| figure["shown"] == true));
    for statement in [
        "DELETE FROM indicator_rows WHERE organisation = 'north-a'",
        "INSERT INTO indicator_rows SELECT * REPLACE (arrayMap(one -> one + 1000000, sum) AS sum) \
         FROM indicator_rows FINAL WHERE organisation = 'south-b'",
        "TRUNCATE TABLE indicator_rows",
    ] {
        let damaged = async {
            damage(&system, statement).await;
            system.cohort_rows().await
        };
        assert_ne!(system.frozen(damaged).await, rows, "{statement}");
        let mended = || async { (system.try_cohort_rows().await? == rows).then_some(()) };
        eventually(&format!("mended: {statement}"), mended).await;
        assert_eq!(system.indicators(&year), figures);
    }
    // Without its marks a close is not shown, so that nobody sees half of one.
    damage(&system, "TRUNCATE TABLE closes").await;
    let marked = || async { (system.indicators(&year) == figures).then_some(()) };
    eventually("the closes are marked again", marked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_are_rebuilt_from_the_ledger_with_the_same_contents() {
    let (system, rows) = two_months_closed().await;
    let told = system.run(&["admin", "rebuild-indicators"]);
    assert!(told.contains("8 rows of 2 months"), "{told}");
    assert_eq!(system.cohort_rows().await, rows);

    // A table is gone.
    for table in ["indicator_rows", "closes"] {
        damage(&system, &format!("DROP TABLE {table} SYNC")).await;
        system.run(&["admin", "rebuild-indicators"]);
        assert_eq!(system.cohort_rows().await, rows, "without {table}");
    }

    // The database is gone, with its engine's folder.
    assert_eq!(system.terminate().await, Some(0));
    std::fs::remove_dir_all(system.data().join("engine/indicators")).unwrap();
    system.start().await;
    let whole = || async { (system.try_cohort_rows().await? == rows).then_some(()) };
    eventually("the tables are filled from the ledger", whole).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_the_ledger_lacks_stop_the_system_and_it_says_so() {
    for (changed, month) in [
        ("toUInt32(202405) AS close_month", "2024-05"),
        ("'nobody-knows' AS organisation", "2024-01"),
    ] {
        let (system, _) = two_months_closed().await;
        let foreign = format!(
            "INSERT INTO indicator_rows SELECT * REPLACE ({changed}) FROM (\
             SELECT * FROM indicator_rows FINAL \
             WHERE organisation = 'north-a' AND close_month = 202401)"
        );
        damage(&system, &foreign).await;

        assert_eq!(system.ended().await, Some(70), "{changed}");
        let told = system.told();
        let last = told.lines().last().unwrap_or_default();
        assert!(
            last.contains(&format!("the tables have rows of {month} in partition 0"))
                && last.contains("the ledger lacks"),
            "{last}"
        );
    }
}
