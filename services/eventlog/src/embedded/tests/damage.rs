use std::collections::BTreeSet;

use super::*;

/// The value of record 8 is damaged at its end, its key is not.
const VALUE_OF_8: &str = "UPDATE events_1 SET record =
    CAST(substr(record, 1, length(record) - 1) || x'00' AS BLOB) WHERE record_offset = 8";

/// The key of record 8 is damaged at its beginning.
const KEY_OF_8: &str = "UPDATE events_1 SET record =
    CAST(substr(record, 1, 9) || x'00' || substr(record, 11) AS BLOB) WHERE record_offset = 8";

/// What the README tells the operator to do, from a copy that a test has made before.
const MEND: &str = "PRAGMA secure_delete = ON;
    UPDATE events_1 SET record = (SELECT record FROM copy WHERE record_offset = events_1.record_offset)
    WHERE record_offset IN (SELECT record_offset FROM copy);
    DELETE FROM copy";

/// Thirty planted records, and so many behind them that those are not looked at when the log is
/// opened; then what the test does to the file.
async fn damaged(damage: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    let log = open(&dir).await;
    let records = (0..30).map(planted).collect();
    log.append_all(Topic::Events, 1, records).await.unwrap();
    append_others(&log).await;
    drop(log);
    change(dir.path(), damage);
    dir
}

async fn append_others(log: &EmbeddedLog) {
    let others = (0..10_000).map(value).collect();
    log.append_all(Topic::Events, 1, others).await.unwrap();
}

async fn tombstone(log: &EmbeddedLog, numbers: &[usize]) {
    let gone = |number: &usize| NewRecord::tombstone(planted(*number).key);
    let tombstones = numbers.iter().map(gone).collect();
    log.append_all(Topic::Events, 1, tombstones).await.unwrap();
}

/// Erases these, closes the log, and gives the planted records that are left in its files.
async fn erase(dir: &TempDir, numbers: &[usize]) -> BTreeSet<usize> {
    let log = open(dir).await;
    tombstone(&log, numbers).await;
    log.compact().await.unwrap();
    drop(log);
    markers_on_disk(dir.path())
}

fn change(dir: &Path, statements: &str) {
    let file = Connection::open(file::path(dir)).unwrap();
    file.execute_batch(statements).unwrap();
}

fn copy_of(offset: u64) -> String {
    format!("CREATE TABLE copy AS SELECT * FROM events_1 WHERE record_offset = {offset};")
}

fn pending(dir: &TempDir) -> u64 {
    let file = Connection::open(file::path(dir.path())).unwrap();
    let sql = "SELECT count(*) FROM pending_tombstone";
    file.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn all_but(gone: &[usize]) -> BTreeSet<usize> {
    (0..30).filter(|number| !gone.contains(number)).collect()
}

#[tokio::test]
async fn a_damaged_record_keeps_nothing_before_or_behind_it_from_being_erased() {
    for damage in [
        VALUE_OF_8,
        KEY_OF_8,
        "UPDATE events_1 SET record = zeroblob(30) WHERE record_offset = 8",
        "DELETE FROM events_1 WHERE record_offset = 8",
    ] {
        let dir = damaged(damage).await;
        let left = erase(&dir, &[3, 20]).await;
        assert!(left.is_disjoint(&[3, 20].into()), "{damage}: {left:?}");
        assert!(
            left.is_superset(&all_but(&[3, 8, 20])),
            "{damage}: {left:?}"
        );
    }
}

#[tokio::test]
async fn a_damaged_record_that_still_has_its_key_is_erased_by_it() {
    let dir = damaged(VALUE_OF_8).await;
    assert_eq!(erase(&dir, &[8]).await, all_but(&[8]));
    assert_eq!(pending(&dir), 0);
    // An erased record is whole.
    crate::verify(&open(&dir).await).await.unwrap();
}

#[tokio::test]
async fn a_damaged_record_stays_until_it_is_mended_and_is_erased_then() {
    let dir = damaged(&(copy_of(8) + KEY_OF_8)).await;
    let left = erase(&dir, &[8, 20]).await;
    assert_eq!(
        left,
        all_but(&[20]),
        "what was acknowledged is not thrown away"
    );
    assert_eq!(pending(&dir), 2, "what may name it is not forgotten");

    change(dir.path(), MEND);
    let left = erase(&dir, &[]).await;
    assert_eq!(left, all_but(&[8, 20]));
    assert_eq!(pending(&dir), 0);
    crate::verify(&open(&dir).await).await.unwrap();
}

#[tokio::test]
async fn a_damaged_tombstone_keeps_no_other_from_being_obeyed_and_is_not_forgotten() {
    let dir = TempDir::new().unwrap();
    let mut log = open(&dir).await;
    let records = (0..30).map(planted).collect();
    log.append_all(Topic::Events, 1, records).await.unwrap();
    // Nothing is erased before the damage.
    drop(log.compactor.take());
    tombstone(&log, &[20, 3]).await;
    append_others(&log).await;
    drop(log);
    change(
        dir.path(),
        &(copy_of(30) + &KEY_OF_8.replace("= 8", "= 30")),
    );

    assert_eq!(erase(&dir, &[]).await, all_but(&[3]));
    assert_eq!(pending(&dir), 2);
    change(dir.path(), MEND);
    assert_eq!(erase(&dir, &[]).await, all_but(&[3, 20]));
    assert_eq!(pending(&dir), 0);
}
