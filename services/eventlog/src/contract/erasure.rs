//! What a log must do with tombstones and at compaction.

use std::collections::BTreeSet;
use std::time::Duration;

use super::sandbox::{DEADLINE, LogSandbox, read_all};
use crate::{Log, NewRecord, StoredRecord, Topic};

/// Appends a value and returns its offset.
async fn put(log: &dyn Log, partition: u32, key: &[u8], value: &[u8]) -> u64 {
    let record = NewRecord::new(key.to_vec(), value.to_vec());
    let appended = log.append(Topic::Events, partition, record).await;
    appended.expect("the record is appended")
}

async fn bury(log: &dyn Log, partition: u32, key: &[u8]) -> u64 {
    let tombstone = NewRecord::tombstone(key.to_vec());
    let appended = log.append(Topic::Events, partition, tombstone).await;
    appended.expect("the tombstone is appended")
}

/// A key of one copy of a submission, as whoever appends makes it: half of it is random.
fn copy_key(submission: [u8; 16]) -> Vec<u8> {
    let nonce: [u8; 16] = rand::random();
    [submission, nonce].concat()
}

/// The values of a partition, tombstones left out.
async fn values(log: &dyn Log, partition: u32) -> BTreeSet<Vec<u8>> {
    let records = read_all(log, Topic::Events, partition).await;
    let value = |stored: StoredRecord| stored.value;
    records.into_iter().filter_map(value).collect()
}

/// Polls until the partition holds exactly these values: a backend may take its time.
async fn assert_settles(
    sandbox: &dyn LogSandbox,
    log: &dyn Log,
    partition: u32,
    expected: &[&[u8]],
) {
    let expected: BTreeSet<Vec<u8>> = expected.iter().map(|value| value.to_vec()).collect();
    let settled = async {
        loop {
            sandbox.settle(log).await;
            if values(log, partition).await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let settled = tokio::time::timeout(DEADLINE, settled).await;
    settled.expect("compaction leaves exactly what no tombstone names");
}

/// Only earlier records of this key and this partition; never another copy of the same
/// submission, nor what came after.
pub async fn a_tombstone_erases_exactly_what_it_names(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    let submission = [9; 16];
    let (first, second) = (copy_key(submission), copy_key(submission));
    assert_ne!(first, second, "two appends of one submission have two keys");
    put(&*log, 0, &first, b"first copy").await;
    put(&*log, 0, &second, b"second copy").await;
    put(&*log, 1, &first, b"elsewhere").await;
    sandbox.settle(&*log).await;
    let both: [&[u8]; 2] = [b"first copy", b"second copy"];
    assert_settles(sandbox, &*log, 0, &both).await;

    bury(&*log, 0, &first).await;
    bury(&*log, 0, &copy_key(submission)).await;
    put(&*log, 0, &first, b"after the tombstone").await;
    let rest: [&[u8]; 2] = [b"after the tombstone", b"second copy"];
    assert_settles(sandbox, &*log, 0, &rest).await;
    assert_settles(sandbox, &*log, 1, &[b"elsewhere"]).await;
}

/// A reader goes over a gap, from before it and from within it, and no offset comes twice.
pub async fn erased_offsets_are_gaps_and_are_never_used_again(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    let mut offsets = Vec::new();
    for number in 0..10_u8 {
        offsets.push(put(&*log, 0, &[number + 1], &[number]).await);
    }
    for number in 3..10_u8 {
        bury(&*log, 0, &[number + 1]).await;
    }
    assert_settles(sandbox, &*log, 0, &[&[0], &[1], &[2]]).await;
    let end = log.end(Topic::Events, 0).await.expect("the end is known");
    for from in offsets {
        let batch = log
            .read(Topic::Events, 0, from, 1 << 20, Duration::ZERO)
            .await;
        let batch = batch.expect("the log is read across the gap");
        assert!(batch.next > from && batch.records.iter().all(|record| record.offset >= from));
    }
    assert!(put(&*log, 0, b"new", b"new").await >= end);
}

/// Erasure is as durable as an append, also when the log is closed right after the tombstone.
pub async fn what_is_erased_stays_erased_after_opening_again(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    put(&*log, 0, b"a", b"stays").await;
    put(&*log, 0, b"b", b"goes").await;
    put(&*log, 0, b"c", b"goes too").await;
    bury(&*log, 0, b"b").await;
    assert_settles(sandbox, &*log, 0, &[b"stays", b"goes too"]).await;
    let last = bury(&*log, 0, b"c").await;
    drop(log);

    let log = sandbox.open().await;
    assert_settles(sandbox, &*log, 0, &[b"stays"]).await;
    assert!(put(&*log, 0, b"d", b"stays").await > last);
}
