//! What the contract cannot see: the files, the committer's failures, damage.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc as std_mpsc};

use futures::future::join_all;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::contract::read_all;
use crate::{DamagedRecord, LogConfigError};

/// Erasing where something is damaged.
mod damage;

fn value(number: usize) -> NewRecord {
    let key = format!("key-{number:06}").into_bytes();
    NewRecord::new(key, format!("value-{number:06}").into_bytes())
}

async fn open(dir: &TempDir) -> EmbeddedLog {
    open_path(dir.path()).await.unwrap()
}

async fn open_path(dir: &Path) -> Result<EmbeddedLog, LogOpenError> {
    EmbeddedLog::open(dir.to_owned(), 2).await
}

impl EmbeddedLog {
    /// Lets the committer do something to its connection.
    fn with_writer(&self, body: impl FnOnce(&mut Connection) + Send + 'static) {
        self.enqueue(WriterRequest::With(Box::new(body))).unwrap();
    }

    /// Holds the committer until the sender is dropped.
    fn hold(&self) -> std_mpsc::Sender<()> {
        let (release, held) = std_mpsc::channel::<()>();
        self.with_writer(move |_| _ = held.recv());
        release
    }
}

/// All bytes of all files of the log.
fn bytes_on_disk(dir: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(dir).unwrap() {
        bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    bytes
}

/// How many of the markers `marker-NNNNN-` are on disk.
fn markers_on_disk(dir: &Path) -> std::collections::BTreeSet<usize> {
    let bytes = bytes_on_disk(dir);
    let words = bytes.split(|byte| *byte == b'-');
    let pairs = words.clone().zip(words.skip(1));
    let numbers = pairs.filter(|(word, _)| word.ends_with(b"marker"));
    let number = |(_, number): (_, &[u8])| std::str::from_utf8(number).ok()?.parse().ok();
    numbers.filter_map(number).collect()
}

/// A record full of its marker, of many sizes, some on pages of their own.
fn planted(number: usize) -> NewRecord {
    let size = match number % 50 {
        49 => 60_000,
        7 => 4_050,
        rest => 40 + rest * 17,
    };
    let value = format!("marker-{number:05}-").into_bytes();
    let value = value.into_iter().cycle().take(size).collect();
    NewRecord::new(format!("key-{number}").into_bytes(), value)
}

#[tokio::test]
async fn no_erased_byte_is_left_in_any_file() {
    let dir = TempDir::new().unwrap();
    let log = open(&dir).await;
    // A few at a time, so that the streams grow into one another.
    let place = |number: usize| match number / 5 % 3 {
        2 => (Topic::DeadLetter, 0),
        partition => (Topic::Events, partition as u32),
    };
    let all: Vec<usize> = (0..2_000).collect();
    for few in all.chunks(5) {
        let (topic, partition) = place(few[0]);
        let records = few.iter().copied().map(planted).collect();
        log.append_all(topic, partition, records).await.unwrap();
    }
    assert_eq!(
        markers_on_disk(dir.path()).len(),
        2_000,
        "the search finds them"
    );
    let erased: Vec<usize> = (0..2_000).filter(|number| number % 7 < 3).collect();
    let tombstones = erased.iter().map(|number| {
        let (topic, partition) = place(*number);
        log.append(topic, partition, NewRecord::tombstone(planted(*number).key))
    });
    assert!(
        join_all(tombstones)
            .await
            .into_iter()
            .all(|stored| stored.is_ok())
    );
    log.compact().await.unwrap();
    let kept = |number: &usize| number % 7 >= 3;
    let expected: std::collections::BTreeSet<usize> = (0..2_000).filter(kept).collect();
    assert!(markers_on_disk(dir.path()) == expected);
    drop(log);
    assert!(
        markers_on_disk(dir.path()) == expected,
        "nor when it is closed"
    );

    let log = open(&dir).await;
    assert!(
        markers_on_disk(dir.path()) == expected,
        "nor when it is opened again"
    );
    let records = crate::verify(&log).await.unwrap();
    assert_eq!(records as usize, expected.len() + erased.len());
}

#[tokio::test]
async fn tombstones_are_obeyed_without_being_asked() {
    let dir = TempDir::new().unwrap();
    let log = open(&dir).await;
    log.append(Topic::Events, 0, planted(1)).await.unwrap();
    let tombstone = NewRecord::tombstone(planted(1).key);
    log.append(Topic::Events, 0, tombstone).await.unwrap();
    let gone = async {
        while !markers_on_disk(dir.path()).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let gone = tokio::time::timeout(Duration::from_secs(30), gone).await;
    gone.expect("the compactor works by itself");
}

#[tokio::test]
async fn a_tombstone_that_was_not_obeyed_is_obeyed_at_start() {
    let dir = TempDir::new().unwrap();
    let log = open(&dir).await;
    log.append(Topic::Events, 0, planted(1)).await.unwrap();
    // The process dies after the tombstone is stored and before the compactor hears of it: here
    // the compactor is ended first.
    let mut log = log;
    drop(log.compactor.take());
    let tombstone = NewRecord::tombstone(planted(1).key);
    log.append(Topic::Events, 0, tombstone).await.unwrap();
    drop(log);
    assert!(!markers_on_disk(dir.path()).is_empty());

    let log = open(&dir).await;
    log.compact().await.unwrap();
    assert!(markers_on_disk(dir.path()).is_empty());
}

#[tokio::test]
async fn a_log_is_open_once() {
    let dir = TempDir::new().unwrap();
    let log = open(&dir).await;
    let refused = open_path(dir.path()).await.err().unwrap();
    assert!(matches!(refused, LogOpenError::Locked { .. }));
    assert!(refused.to_string().contains("open in another process"));
    drop(log);
    open(&dir).await;
}

/// A child has a copy of the lock's open file between its fork and its own program, here for ever.
#[tokio::test]
async fn a_child_that_is_just_being_started_does_not_hold_a_closed_log() {
    let dir = TempDir::new().unwrap();
    let log = open(&dir).await;
    let of_child = log.lock.open_file();
    drop(log);
    file::FolderLock::take_patiently(dir.path(), || false).unwrap();
    drop(of_child);
}

/// Whoever was killed could not let go for its child too.
#[tokio::test]
async fn the_child_of_a_killed_process_is_waited_for() {
    let dir = TempDir::new().unwrap();
    let killed = file::FolderLock::take_patiently(dir.path(), || false).unwrap();
    let mut of_child = Some(killed.open_file());
    killed.die();
    let refused = file::FolderLock::take_patiently(dir.path(), || false);
    assert!(matches!(refused, Err(LogOpenError::Locked { .. })));
    let begins_its_program = || of_child.take().is_some();
    file::FolderLock::take_patiently(dir.path(), begins_its_program).unwrap();
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_loses_nothing_that_it_took() {
    let dir = TempDir::new().unwrap();
    let log = open(&dir).await;
    let release = log.hold();
    let mut waiting = Vec::new();
    let refused = loop {
        let mut append = log.append(Topic::Events, 0, value(waiting.len()));
        // The first poll puts it into the queue or refuses it.
        match futures::poll!(&mut append) {
            std::task::Poll::Ready(refused) => break refused,
            std::task::Poll::Pending => waiting.push(append),
        }
        assert!(waiting.len() <= 2 * QUEUE, "the queue has no end");
    };
    assert!(matches!(refused, Err(LogAppendError::Full)));
    let taken = waiting.len();
    drop(release);
    let stored = join_all(waiting).await;
    assert!(stored.into_iter().all(|stored| stored.is_ok()));
    assert_eq!(read_all(&log, Topic::Events, 0).await.len(), taken);
}

#[tokio::test]
async fn bytes_that_wait_are_bounded_too() {
    let dir = TempDir::new().unwrap();
    let log = open(&dir).await;
    let release = log.hold();
    let large = || NewRecord::new(b"key".to_vec(), vec![7; 30 << 20]);
    let mut waiting = Vec::new();
    for _ in 0..8 {
        let mut append = log.append(Topic::Ledger, 0, large());
        assert!(futures::poll!(&mut append).is_pending());
        waiting.push(append);
    }
    let refused = log.append(Topic::Ledger, 0, large()).await;
    assert!(matches!(refused, Err(LogAppendError::Full)));
    drop(release);
    assert!(
        join_all(waiting)
            .await
            .into_iter()
            .all(|stored| stored.is_ok())
    );
}

#[tokio::test]
async fn what_waits_is_one_transaction_over_all_topics() {
    let dir = TempDir::new().unwrap();
    let log = open(&dir).await;
    let commits = Arc::new(AtomicU32::new(0));
    let counter = commits.clone();
    log.with_writer(move |connection| {
        let count = move || {
            counter.fetch_add(1, Ordering::Relaxed);
            false
        };
        connection.commit_hook(Some(count)).unwrap();
    });
    let release = log.hold();
    let appends = (0..1_000).map(|number| {
        let topic = Topic::ALL[number % 4];
        log.append(topic, 0, value(number))
    });
    let mut all = Box::pin(join_all(appends));
    assert!(futures::poll!(&mut all).is_pending());
    drop(release);
    assert!(all.await.into_iter().all(|stored| stored.is_ok()));
    assert_eq!(commits.load(Ordering::Relaxed), 1);
}

/// Appends many at once, breaks the connection by `breaking`, and returns what the appends said.
async fn appends_while_broken(
    log: &EmbeddedLog,
    breaking: impl FnOnce(&mut Connection) + Send + 'static,
) -> Vec<Result<u64, LogAppendError>> {
    let before = log.append(Topic::Events, 0, value(0)).await;
    before.unwrap();
    log.with_writer(breaking);
    let release = log.hold();
    let appends = (1..500).map(|number| log.append(Topic::Events, 0, value(number)));
    let mut all = Box::pin(join_all(appends));
    assert!(futures::poll!(&mut all).is_pending());
    drop(release);
    all.await
}

#[tokio::test]
async fn a_full_disk_fails_the_whole_batch_and_nothing_of_it_is_stored() {
    let dir = TempDir::new().unwrap();
    let log = open(&dir).await;
    let full = |connection: &mut Connection| {
        let pages = "PRAGMA page_count";
        let pages: i64 = connection.query_row(pages, [], |row| row.get(0)).unwrap();
        let set = connection.pragma_update(None, "max_page_count", pages);
        set.unwrap();
    };
    let answers = appends_while_broken(&log, full).await;
    let unavailable = |answer: &Result<_, _>| matches!(answer, Err(LogAppendError::Unavailable(_)));
    assert!(answers.iter().all(unavailable));
    assert_eq!(read_all(&log, Topic::Events, 0).await.len(), 1);
    // There is room again (the limit went with the connection).
    assert_eq!(log.append(Topic::Events, 0, value(1)).await.unwrap(), 1);
    crate::verify(&log).await.unwrap();
}

#[tokio::test]
async fn a_failed_commit_says_that_it_does_not_know() {
    let dir = TempDir::new().unwrap();
    let log = open(&dir).await;
    let refuse = |connection: &mut Connection| {
        connection.commit_hook(Some(|| true)).unwrap();
    };
    let answers = appends_while_broken(&log, refuse).await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(LogAppendError::Unknown)))
    );
    let end = log.end(Topic::Events, 0).await.unwrap();
    assert_eq!(end, read_all(&log, Topic::Events, 0).await.len() as u64);
    assert_eq!(log.append(Topic::Events, 0, value(1)).await.unwrap(), end);
    crate::verify(&log).await.unwrap();
}

/// A log of many records, closed, whose file `damage` changes.
async fn damaged(damage: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    let log = open(&dir).await;
    let records = (0..10_500).map(value).collect();
    log.append_all(Topic::Events, 1, records).await.unwrap();
    drop(log);
    let file = Connection::open(file::path(dir.path())).unwrap();
    file.execute_batch(damage).unwrap();
    dir
}

async fn assert_refused_at_start(damage: &str, at: u64) {
    let dir = damaged(damage).await;
    let refused = open_path(dir.path()).await.err().expect(damage);
    let is_meant = matches!(
        refused,
        LogOpenError::Damaged(DamagedRecord { topic: Topic::Events, partition: 1, offset, .. })
            if offset == at
    );
    assert!(is_meant, "{damage}: {refused}");
    assert!(!refused.to_string().contains("value-"));
}

async fn assert_refused_when_read(damage: &str, at: u64) {
    let dir = damaged(damage).await;
    let log = open(&dir).await;
    let refused = crate::verify(&log).await.expect_err(damage);
    let is_meant = matches!(
        refused,
        LogReadError::Damaged(DamagedRecord { topic: Topic::Events, partition: 1, offset, .. })
            if offset == at
    );
    assert!(is_meant, "{damage}: {refused}");
    let before = log.read(Topic::Events, 1, 0, 100, Duration::ZERO).await;
    assert!(before.is_ok(), "what is before the damage can be read");
}

#[tokio::test]
async fn damage_near_the_end_is_met_at_start() {
    assert_refused_at_start("DELETE FROM events_1 WHERE record_offset = 10499", 10_500).await;
    assert_refused_at_start("DELETE FROM events_1 WHERE record_offset = 9000", 9_000).await;
    assert_refused_at_start("DELETE FROM events_1 WHERE record_offset = 0", 0).await;
    assert_refused_at_start("DELETE FROM events_1", 10_500).await;
    let swap = "UPDATE events_1 SET record =
        (SELECT record FROM events_1 WHERE record_offset = 9001) WHERE record_offset = 9000";
    assert_refused_at_start(swap, 9_000).await;
    let zero = "UPDATE events_1 SET record = zeroblob(30) WHERE record_offset = 9999";
    assert_refused_at_start(zero, 9_999).await;
    assert_refused_at_start("UPDATE next_offset SET next = 10499 WHERE next > 0", 10_499).await;
    assert_refused_at_start("UPDATE next_offset SET next = 10501 WHERE next > 0", 10_501).await;
}

#[tokio::test]
async fn damage_further_back_is_met_when_it_is_read() {
    assert_refused_when_read("DELETE FROM events_1 WHERE record_offset = 77", 77).await;
    let flip = "UPDATE events_1 SET record =
        CAST(substr(record, 1, 20) || x'00' || substr(record, 22) AS BLOB) WHERE record_offset = 78";
    assert_refused_when_read(flip, 78).await;
    let forged = "UPDATE events_1 SET record =
        CAST(zeroblob(4) || x'03' || zeroblob(20) AS BLOB) WHERE record_offset = 79";
    assert_refused_when_read(forged, 79).await;
}

#[tokio::test]
async fn a_walk_goes_round_damage_and_hides_no_other_record() {
    let dir = damaged("").await;
    let log = open(&dir).await;
    let gone = vec![NewRecord::tombstone(value(99).key)];
    let written = log.append_all(Topic::Events, 1, gone).await.unwrap();
    log.compact().await.unwrap();
    drop(log);
    let file = Connection::open(file::path(dir.path())).unwrap();
    let damage = "DELETE FROM events_1 WHERE record_offset = 77;
        UPDATE events_1 SET record = zeroblob(30) WHERE record_offset IN (1, 78, 400)";
    file.execute_batch(damage).unwrap();
    let log: Arc<dyn crate::Log> = Arc::new(open(&dir).await);
    let mut walk = crate::LogWalk::whole(log, Topic::Events, 1).await.unwrap();
    assert_eq!(walk.end(), 10_501);
    let (mut read, mut holes, mut damaged) = (Vec::new(), 0, Vec::new());
    while let Some(step) = walk.step().await.unwrap() {
        match step {
            crate::LogStep::Records { batch, erased } => {
                read.extend(batch.records.iter().map(|stored| stored.offset));
                holes += erased;
            }
            crate::LogStep::Damaged { offset, .. } => damaged.push(offset),
        }
    }
    assert_eq!(damaged, [1, 77, 78, 400]);
    assert_eq!(holes, 1);
    let whole = (0..=written[0]).filter(|offset| ![1, 77, 78, 99, 400].contains(offset));
    assert_eq!(read, whole.collect::<Vec<_>>());
}

#[tokio::test]
async fn files_of_another_format_are_refused() {
    let dir = damaged("PRAGMA user_version = 2").await;
    let refused = open_path(dir.path()).await.err().unwrap();
    assert!(matches!(
        refused,
        LogOpenError::Format { found: 2, known: 1 }
    ));
}

#[tokio::test]
async fn a_log_that_is_not_a_database_is_refused() {
    let dir = TempDir::new().unwrap();
    std::fs::write(file::path(dir.path()), vec![7; 10_000]).unwrap();
    assert!(open_path(dir.path()).await.is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_folder_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TempDir::new().unwrap();
    let log = dir.path().join("data").join("log");
    drop(open_path(&log).await.unwrap());
    let mode = std::fs::metadata(log).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn only_known_addresses_are_opened() {
    for url in ["", "file:", "kafka://localhost", "/tmp/log"] {
        assert!(
            matches!(
                crate::open(url, 2).await.err(),
                Some(LogOpenError::Config(LogConfigError::Url))
            ),
            "{url}"
        );
    }
    for partitions in [0, 1_025] {
        let dir = TempDir::new().unwrap();
        let url = format!("file:{}", dir.path().display());
        assert!(crate::open(&url, partitions).await.is_err());
    }
}
