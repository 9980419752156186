//! The doctor finds nothing in a healthy system, and names what is planted in a damaged one. The
//! running system mends its tables by itself, so it is told to compare them once an hour.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::row::Close;
use medvirk_eventlog::{NewRecord, Topic};
use medvirk_records::codec::encode_close;
use medvirk_tests::cohort::{Person, Sending, UNITS, everybody};
use medvirk_tests::{Ran, System, medvirk};
use serde_json::Value;

const CHECKS: [&str; 14] = [
    "deployment",
    "ledger",
    "rows",
    "tables",
    "log",
    "refold",
    "dead letters",
    "checkpoints",
    "closing",
    "log keys",
    "registry",
    "withdrawals",
    "offsets",
    "disk",
];

/// A system with a closed month, a withdrawal after it, another closed month, and a restart.
async fn lived_in() -> (System, Person) {
    let system = System::builder()
        .cohort()
        .setting("AGGREGATOR__COMPARE_EVERY", "\"1h\"")
        .start()
        .await;
    let january = everybody(&UNITS, "2024-01");
    let gone = january[3].clone();
    system.send_people(&january).await;
    system.close("2024-01").await;
    system.settled().await;
    keep_a_copy(&system, "session_forms").await;
    keep_a_copy(&system, "log_keys").await;
    system.withdraw(gone.trust(), &gone.reference()).await;
    system.settled().await;
    // A submission that is sent twice is there twice in the log and once in the tables.
    let february: Vec<Sending> = everybody(&UNITS, "2024-02")
        .iter()
        .flat_map(Person::sendings)
        .collect();
    system.send_all(february.iter().cloned()).await;
    system.send_all(february.into_iter()).await;
    system.close("2024-02").await;
    assert_eq!(system.terminate().await, Some(0));
    system.start().await;
    system.settled().await;
    (system, gone)
}

/// Beside the table, for putting rows back.
async fn keep_a_copy(system: &System, table: &str) {
    let sql = format!(
        "CREATE TABLE kept_{table} ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM {table}"
    );
    alter(system, "registry", &sql).await;
}

async fn alter(system: &System, engine: &str, sql: &str) {
    let done = system.writer(engine).query(sql).execute().await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

fn doctor(system: &System) -> Ran {
    system.try_run(&["admin", "doctor"])
}

/// Damages a table and gives what the doctor says. Again, where a start that is just over has
/// mended it at once.
async fn damaged(system: &System, engine: &str, damage: &str, check: &str) -> String {
    let seen = || async {
        alter(system, engine, damage).await;
        let told = doctor(system);
        (told.code != 0).then_some(told)
    };
    only(medvirk_tests::eventually(damage, seen).await, check)
}

/// What the doctor says, as it ends with 70 and finds nothing else than what this check has.
fn found(system: &System, check: &str) -> String {
    only(doctor(system), check)
}

fn only(told: Ran, check: &str) -> String {
    let told = told.expect(70);
    let expected = format!("medvirk: it differs: {check}\n");
    assert_eq!(told.err, expected, "{}", told.out);
    told.out
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_in_a_healthy_system() {
    let (system, gone) = lived_in().await;
    let told = doctor(&system).expect(0).out;
    let verdict = |check: &str| {
        let of_it = |line: &&str| line.starts_with(&format!("{check:<13} "));
        let line = told.lines().find(of_it);
        let line = line.unwrap_or_else(|| panic!("{check} in\n{told}"));
        line[13..].trim_start().to_owned()
    };
    for check in CHECKS {
        let expected = match check {
            // A row stands when somebody withdraws after the close; here nobody closes by itself.
            "refold" => "not comparable",
            "closing" => "waits",
            _ => "agrees",
        };
        assert!(verdict(check).starts_with(expected), "{check} in\n{told}");
    }
    for expected in [
        "4 closes of 2 partitions",
        "8 rows of the ledger",
        "8 rows of 4 closes in the tables",
        "4 closes in the ledger with a second fold of the whole log: 3 the same",
        "is not comparable: 4 records before it were erased since",
        "2 withdrawals, counted per partition",
        "0 dead letters waiting",
        "nothing differs",
    ] {
        assert!(told.contains(expected), "{expected} in\n{told}");
    }
    assert!(!told.contains(&gone.reference()) && !told.contains("patient"));
    as_json(&system, 0);
}

/// JSON says the same.
fn as_json(system: &System, code: i32) -> Value {
    let told = system.try_run(&["admin", "doctor", "--format", "json"]);
    let told: Value = serde_json::from_str(&told.expect(code).out).unwrap();
    let names = told["checks"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), CHECKS.len());
    assert!(names.iter().all(|name| CHECKS.contains(name)), "{names:?}");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_indicator_tables_is_named() {
    let (system, _) = lived_in().await;
    let heal = || system.run(&["admin", "rebuild-indicators"]);
    for (damage, expected) in [
        (
            "DELETE FROM indicator_rows WHERE organisation = 'north-a' AND close_month = 202401",
            "2024-01 of partition 0 has 1 rows, and the ledger has 2",
        ),
        (
            "INSERT INTO indicator_rows SELECT * REPLACE ('nobody-knows' AS organisation) FROM (\
             SELECT * FROM indicator_rows FINAL \
             WHERE organisation = 'south-a' AND close_month = 202402)",
            "2024-02 of partition 1 has 3 rows, and the ledger has 2",
        ),
        (
            "INSERT INTO indicator_rows SELECT * REPLACE (arrayMap(one -> one + 1, sum) AS sum) \
             FROM indicator_rows FINAL WHERE organisation = 'south-b'",
            "partition 1 has 2 rows, and not those of the ledger",
        ),
        (
            "DELETE FROM closes WHERE month = 202402 AND partition = 1",
            "2024-02 of partition 1 is not marked as closed, so it is not shown",
        ),
        (
            "INSERT INTO indicator_rows SELECT * REPLACE (toUInt32(202405) AS close_month) FROM (\
             SELECT * FROM indicator_rows FINAL \
             WHERE organisation = 'north-b' AND close_month = 202401)",
            "partition 0 has rows of 2024-05 that the ledger lacks",
        ),
    ] {
        let told = damaged(&system, "indicators", damage, "tables").await;
        assert!(told.contains(expected), "{expected} in\n{told}");
        assert!(told.contains("next: "), "{told}");
        heal();
        doctor(&system).expect(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_registry_is_named() {
    let (system, _) = lived_in().await;
    let put_back = "INSERT INTO session_forms SELECT * FROM kept_session_forms \
        WHERE (partition, log_offset) NOT IN (SELECT partition, log_offset FROM session_forms)";
    // The rows of whoever withdrew are all that is kept and not there.
    let told = damaged(&system, "registry", put_back, "withdrawals").await;
    let expected = "session_forms has a row of somebody who withdrew, at partition 0, offset";
    assert_eq!(told.matches(expected).count(), 2, "{told}");
    // A restart repeats every erasure.
    assert_eq!(system.terminate().await, Some(0));
    system.start().await;
    let erased = || async { (doctor(&system).code == 0).then_some(()) };
    medvirk_tests::eventually("it is erased again", erased).await;

    for (damage, mend, check, expected) in [
        (
            "DELETE FROM session_forms WHERE unit = 'south-a' AND number = 2 AND day < '2024-02-01'",
            "INSERT INTO session_forms SELECT * FROM kept_session_forms WHERE unit = 'south-a'",
            "registry",
            "session_forms lacks the row of 10 records of partition 1",
        ),
        (
            "DELETE FROM log_keys WHERE partition = 1 AND log_offset = 7",
            "INSERT INTO log_keys SELECT * FROM kept_log_keys WHERE partition = 1",
            "log keys",
            "log_keys lacks the key of 1 records of partition 1 (offset 7)",
        ),
        (
            "INSERT INTO log_keys SELECT * REPLACE (log_offset + 1000000 AS log_offset) \
             FROM (SELECT * FROM log_keys WHERE partition = 1 AND log_offset = 7)",
            "DELETE FROM log_keys WHERE log_offset > 1000000",
            "registry",
            "1 rows are of records beyond the end of the log",
        ),
        (
            "INSERT INTO session_forms SELECT * REPLACE (arrayMap(one -> one + 1, score) AS score) \
             FROM kept_session_forms WHERE unit = 'north-b' AND number = 1",
            "INSERT INTO session_forms SELECT * FROM kept_session_forms WHERE unit = 'north-b'",
            "registry",
            "session_forms has otherwise than the log the row of 10 records of partition 0",
        ),
    ] {
        let told = damaged(&system, "registry", damage, check).await;
        assert!(told.contains(expected), "{expected} in\n{told}");
        alter(&system, "registry", mend).await;
        doctor(&system).expect(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_checkpoint_and_a_damaged_record_are_named() {
    let (system, _) = lived_in().await;
    let checkpoint = system.data().join("checkpoints/fold-1.checkpoint");
    let bytes = std::fs::read(&checkpoint).unwrap();
    std::fs::write(&checkpoint, &bytes[..bytes.len() / 2]).unwrap();
    let told = found(&system, "checkpoints");
    let expected = "the checkpoint of partition 1 is torn or of another program";
    assert!(told.contains(expected), "{told}");

    // It is written anew when the system stops; so many records more, and the damage is further
    // back than the start looks.
    assert_eq!(system.terminate().await, Some(0));
    let victim = grow(&system).await;
    system.start().await;
    system.settled().await;
    doctor(&system).expect(0);
    assert_eq!(system.terminate().await, Some(0));
    flip(&system.data().join("log/log.sqlite"), &victim);
    system.start().await;
    let told = found(&system, "log");
    let expected = "feedback.events, partition 1, offset 3: the checksum is wrong";
    assert!(told.contains(expected), "{told}");
    assert!(
        told.contains("put the record back from a copy of the log"),
        "{told}"
    );
    let json = as_json(&system, 70);
    let log = json["checks"].as_array().unwrap().iter();
    let log = log.clone().find(|check| check["name"] == "log").unwrap();
    assert_eq!(log["verdict"], "differs");

    // Nobody's erasure waits until it is mended.
    for unit in UNITS {
        let leaver = &everybody(&[unit], "2024-02")[0];
        system.withdraw(leaver.trust(), &leaver.reference()).await;
    }
    system.settled().await;
    found(&system, "log");
    let (_, metrics) = system.health("/metrics").await;
    let gauge = "eventlog_damaged_records{topic=\"feedback.events\",partition=\"1\"} ";
    assert!(metrics.contains(gauge), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_does_not_say_is_named_and_what_cannot_be_folded_is_counted() {
    let (system, _) = lived_in().await;
    assert_eq!(system.terminate().await, Some(0));
    let log = system.log(2).await;
    let close = |month: &str| Close {
        month: month.parse().unwrap(),
        offset: 1,
        catalogue: CatalogueHash::new([9; 32]),
        fold_version: 1,
        rows: Vec::new(),
    };
    let garbage = NewRecord::new(vec![7; 32], b"garbage 777".to_vec());
    log.append(Topic::Events, 1, garbage).await.unwrap();
    // The second of a month is harmless; one that nobody asked for is not.
    for month in ["2024-01", "2024-05"] {
        let value = encode_close(&close(month));
        let record = NewRecord::new(Vec::new(), value);
        log.append(Topic::Ledger, 1, record).await.unwrap();
    }
    drop(log);
    system.start().await;
    system.settled().await;
    let told = found(&system, "ledger, refold");
    for expected in [
        "1 close was written twice, which is harmless",
        "2024-05 is closed where 2024-03 should be",
        "2024-05 was closed with another catalogue than planned",
        "2024-05 of partition 1 is in the ledger, and no PeriodClose asked for it",
        "1 dead letter waiting",
        "waits: 1 set aside: protobuf",
    ] {
        assert!(told.contains(expected), "{expected} in\n{told}");
    }
    assert!(!told.contains("777"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_meanwhile_is_not_taken_for_a_fault() {
    let system = System::builder()
        .cohort()
        .setting("AGGREGATOR__COMPARE_EVERY", "\"1s\"")
        .start()
        .await;
    let over = Arc::new(AtomicBool::new(false));
    let goes_on = async {
        for month in ["2024-01", "2024-02"] {
            let people = everybody(&UNITS, month);
            for some in people.chunks(10) {
                system.send_people(some).await;
                system.withdraw(some[2].trust(), &some[2].reference()).await;
            }
            system.close(month).await;
            for person in people.iter().step_by(13) {
                system.withdraw(person.trust(), &person.reference()).await;
            }
        }
        over.store(true, Ordering::Relaxed);
    };
    let (data, is_over) = (system.data().to_str().unwrap().to_owned(), over.clone());
    let looked = tokio::task::spawn_blocking(move || {
        let mut looked = Vec::new();
        while looked.len() < 10 || !is_over.load(Ordering::Relaxed) {
            looked.push(medvirk(&["admin", "doctor", "--data", &data], &[]));
        }
        looked
    });
    let ((), looked) = tokio::join!(goes_on, looked);
    for told in looked.unwrap() {
        told.expect(0);
    }
    system.settled().await;
    doctor(&system).expect(0);
}

/// Appends tombstones of nothing, more than are looked at when the log is opened. Gives the bytes
/// of an early record.
async fn grow(system: &System) -> Vec<u8> {
    let log = system.log(2).await;
    let nothing = |number: u64| {
        let key = [[0xee; 24].as_slice(), &number.to_be_bytes()].concat();
        NewRecord::tombstone(key)
    };
    let tombstones = (0..10_100).map(nothing).collect();
    log.append_all(Topic::Events, 1, tombstones).await.unwrap();
    let wait = std::time::Duration::ZERO;
    let batch = log.read(Topic::Events, 1, 3, 1, wait).await.unwrap();
    batch.records[0].value.clone().unwrap()
}

/// Changes one byte of these in a file.
fn flip(file: &PathBuf, of: &[u8]) {
    let mut bytes = std::fs::read(file).unwrap();
    let place = bytes.windows(of.len()).position(|window| window == of);
    let place = place.expect("the record is in the file");
    bytes[place + of.len() / 2] ^= 1;
    std::fs::write(file, bytes).unwrap();
}
