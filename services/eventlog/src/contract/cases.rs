//! Appending, reading, and keeping.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use super::sandbox::{DEADLINE, LogSandbox, PARTITIONS, read_all};
use crate::{
    Log, LogAppendError, LogOpenError, LogReadError, MAX_RECORD_BYTES, NewRecord,
    OffsetCommitError, OffsetReadError, PartitionCountMismatch, Topic,
};

fn record(number: usize) -> NewRecord {
    let value = format!("value {number}").into_bytes();
    NewRecord::new(format!("key {number}").into_bytes(), value)
}

async fn append(log: &dyn Log, topic: Topic, partition: u32, record: NewRecord) -> u64 {
    let appended = log.append(topic, partition, record).await;
    appended.expect("the record is appended")
}

/// Records come back in the order of their appends, whole, under growing offsets.
pub async fn records_are_read_in_the_order_of_their_appends(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    let mut offsets = Vec::new();
    for number in 0..100 {
        offsets.push(append(&*log, Topic::Events, 1, record(number)).await);
    }
    assert!(offsets.is_sorted_by(|a, b| a < b));
    let records = read_all(&*log, Topic::Events, 1).await;
    assert_eq!(records.len(), 100);
    for (number, stored) in records.into_iter().enumerate() {
        let appended = record(number);
        assert_eq!(stored.offset, offsets[number]);
        assert!(stored.key == appended.key && stored.value == appended.value);
    }
    let end = log.end(Topic::Events, 1).await.expect("the end is known");
    assert!(end > offsets[99]);
}

/// A batch gets growing offsets in its order; an empty one gets none.
pub async fn a_batch_is_appended_in_its_order(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    let batch: Vec<NewRecord> = (0..5_000).map(record).collect();
    let offsets = log.append_all(Topic::Events, 0, batch.clone()).await;
    let offsets = offsets.expect("the batch is appended");
    assert!(offsets.len() == 5_000 && offsets.is_sorted_by(|a, b| a < b));
    let records = read_all(&*log, Topic::Events, 0).await;
    assert_eq!(records.len(), 5_000);
    for (stored, appended) in records.iter().zip(&batch) {
        assert!(stored.key == appended.key && stored.value == appended.value);
    }
    let none = log.append_all(Topic::Events, 0, Vec::new()).await;
    assert!(none.expect("nothing can be appended").is_empty());
}

/// What is appended to one partition is in no other.
pub async fn partitions_and_topics_are_apart(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    let mut number = 0;
    for topic in Topic::ALL {
        let expected = if topic.is_partitioned() {
            PARTITIONS
        } else {
            1
        };
        assert_eq!(log.partitions(topic), expected);
        for partition in 0..expected {
            assert_eq!(log.end(topic, partition).await.expect("an end"), 0);
            append(&*log, topic, partition, record(number)).await;
            number += 1;
        }
    }
    number = 0;
    for topic in Topic::ALL {
        for partition in 0..log.partitions(topic) {
            let records = read_all(&*log, topic, partition).await;
            assert!(records.len() == 1 && records[0].key == record(number).key);
            number += 1;
        }
    }
}

/// Whoever appends one after the other finds it in this order, whatever others do meanwhile.
pub async fn concurrent_appends_keep_the_order_of_each_writer(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    let writer = |writer: usize| {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            let mut offsets = Vec::new();
            for number in 0..50 {
                let record = record(writer * 1_000 + number);
                offsets.push(append(&*log, Topic::Events, 2, record).await);
            }
            offsets
        })
    };
    let writers: Vec<_> = (0..16).map(writer).collect();
    let mut all = Vec::new();
    for (writer, offsets) in join_all(writers).await.into_iter().enumerate() {
        let offsets = offsets.expect("the writer ends");
        assert!(offsets.is_sorted_by(|a, b| a < b));
        let numbers = offsets.into_iter().enumerate();
        all.extend(numbers.map(|(number, offset)| (offset, record(writer * 1_000 + number).key)));
    }
    all.sort();
    let records = read_all(&*log, Topic::Events, 2).await;
    let read = records
        .into_iter()
        .map(|stored| (stored.offset, stored.key));
    assert!(
        read.eq(all),
        "each record is once in the log, where its writer was told"
    );
}

/// A reader at the end is woken by the next append to its partition.
pub async fn a_waiting_reader_wakes_up(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    append(&*log, Topic::Events, 0, record(0)).await;
    let end = log.end(Topic::Events, 0).await.expect("the end is known");
    let wait = 10 * DEADLINE;
    let mut reader = Box::pin(log.read(Topic::Events, 0, end, 1 << 20, wait));
    // Elsewhere something is appended: that does not wake it.
    let elsewhere = append(&*log, Topic::Events, 1, record(1));
    tokio::select! {
        biased;
        _ = &mut reader => panic!("nothing was appended here"),
        _ = elsewhere => {}
    }
    let here = append(&*log, Topic::Events, 0, record(2));
    let both = tokio::time::timeout(DEADLINE, futures::future::join(reader, here)).await;
    let (batch, offset) = both.expect("the reader wakes up");
    let batch = batch.expect("the log is read");
    assert!(batch.records[0].offset == offset && batch.records[0].key == record(2).key);
}

/// Nothing new is no error.
pub async fn a_reader_that_waits_in_vain_gets_an_empty_batch(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    append(&*log, Topic::Ledger, 0, record(0)).await;
    let end = log.end(Topic::Ledger, 0).await.expect("the end is known");
    for wait in [Duration::ZERO, Duration::from_millis(20)] {
        let batch = log.read(Topic::Ledger, 0, end, 1 << 20, wait).await;
        let batch = batch.expect("the log is read");
        assert!(batch.records.is_empty() && batch.next == end);
    }
}

/// Without a key nothing could ever erase it.
pub async fn a_compacted_topic_refuses_records_without_key(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    for topic in Topic::ALL {
        let keyless = NewRecord::new(Vec::new(), b"value".to_vec());
        let appended = log.append(topic, 0, keyless).await;
        if topic.is_compacted() {
            assert!(matches!(appended, Err(LogAppendError::Keyless { .. })));
        } else {
            assert!(appended.is_ok());
        }
    }
    // One without a key refuses the whole batch.
    let batch = vec![record(0), NewRecord::tombstone(Vec::new())];
    assert!(log.append_all(Topic::Events, 0, batch).await.is_err());
    assert_eq!(log.end(Topic::Events, 0).await.expect("an end"), 0);
}

/// Ledger and catalogue are kept for ever.
pub async fn a_topic_kept_for_ever_refuses_tombstones(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    for topic in [Topic::Ledger, Topic::Catalogue] {
        let tombstone = NewRecord::tombstone(b"key".to_vec());
        let refused = log.append(topic, 0, tombstone).await;
        assert!(matches!(refused, Err(LogAppendError::KeptForEver { .. })));
    }
}

/// Nobody reads on where there is nothing, and believes to be up to date.
pub async fn unknown_partitions_and_offsets_beyond_the_end_are_errors(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    let unknown = log.append(Topic::Events, PARTITIONS, record(0)).await;
    assert!(matches!(unknown, Err(LogAppendError::NoPartition(_))));
    let unknown = log.end(Topic::Catalogue, 1).await;
    assert!(matches!(unknown, Err(OffsetReadError::NoPartition(_))));
    let beyond = log.read(Topic::Events, 0, 5, 1, Duration::ZERO).await;
    assert!(matches!(beyond, Err(LogReadError::BeyondEnd(_))));
    let beyond = log.commit("group", Topic::Events, 0, 5).await;
    assert!(matches!(beyond, Err(OffsetCommitError::BeyondEnd(_))));
}

/// A batch is never empty because a record is larger than what was asked for.
pub async fn large_records_are_read_one_by_one(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    let value = |number: u8| vec![number; (1 << 20) + usize::from(number)];
    for number in 0..5 {
        let record = NewRecord::new(vec![number + 1], value(number));
        append(&*log, Topic::Events, 0, record).await;
    }
    let (mut from, mut batches) = (0, 0);
    while from < log.end(Topic::Events, 0).await.expect("an end") {
        let batch = log
            .read(Topic::Events, 0, from, 1_000, Duration::ZERO)
            .await;
        let batch = batch.expect("the log is read");
        assert_eq!(batch.records.len(), 1);
        assert!(batch.records[0].value == Some(value(batches)));
        batches += 1;
        from = batch.next;
    }
    assert_eq!(batches, 5);
}

/// A record beyond the limit is refused; one at the limit is taken.
pub async fn a_record_that_is_too_large_is_refused(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    let sized = |bytes: usize| NewRecord::new(b"key".to_vec(), vec![7; bytes - 3]);
    let refused = log
        .append(Topic::Ledger, 0, sized(MAX_RECORD_BYTES + 1))
        .await;
    assert!(matches!(refused, Err(LogAppendError::TooLarge { .. })));
    append(&*log, Topic::Ledger, 0, sized(MAX_RECORD_BYTES)).await;
    let records = read_all(&*log, Topic::Ledger, 0).await;
    assert!(records.len() == 1 && records[0].value == sized(MAX_RECORD_BYTES).value);
}

/// Records, ends and offsets are as they were.
pub async fn everything_is_there_after_opening_again(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    for number in 0..50 {
        append(&*log, Topic::Events, 0, record(number)).await;
        append(&*log, Topic::Ledger, 1, record(number)).await;
    }
    let before = read_all(&*log, Topic::Events, 0).await;
    let end = log.end(Topic::Events, 0).await.expect("the end is known");
    drop(log);

    let log = sandbox.open().await;
    assert!(read_all(&*log, Topic::Events, 0).await == before);
    assert_eq!(read_all(&*log, Topic::Ledger, 1).await.len(), 50);
    assert_eq!(log.end(Topic::Events, 0).await.expect("an end"), end);
    assert!(append(&*log, Topic::Events, 0, record(50)).await >= end);
    assert_eq!(read_all(&*log, Topic::Events, 0).await.len(), 51);
}

/// Each group reads on where it said, in each partition, also after a restart.
pub async fn committed_offsets_are_kept_by_group_and_partition(sandbox: &dyn LogSandbox) {
    let log = sandbox.open().await;
    for partition in 0..2 {
        let batch = (0..10).map(record).collect();
        let appended = log.append_all(Topic::Events, partition, batch).await;
        appended.expect("the batch is appended");
    }
    let commit = async |group: &str, partition: u32, next: u64| {
        let done = log.commit(group, Topic::Events, partition, next).await;
        done.expect("the offset is committed");
    };
    assert_eq!(committed(&*log, "a", 0).await, None);
    commit("a", 0, 7).await;
    commit("a", 1, 2).await;
    commit("b", 0, 5).await;
    commit("b", 0, 3).await;
    let check = async |log: &dyn Log| {
        assert_eq!(committed(log, "a", 0).await, Some(7));
        assert_eq!(committed(log, "a", 1).await, Some(2));
        assert_eq!(committed(log, "b", 0).await, Some(3));
        assert_eq!(committed(log, "b", 1).await, None);
    };
    check(&*log).await;
    drop(log);
    check(&*sandbox.open().await).await;
}

async fn committed(log: &dyn Log, group: &str, partition: u32) -> Option<u64> {
    let next = log.committed(group, Topic::Events, partition).await;
    next.expect("the committed offset is known")
}

/// Another number would put the events of one trust into two partitions.
pub async fn the_number_of_partitions_is_fixed(sandbox: &dyn LogSandbox) {
    drop(sandbox.open().await);
    for wrong in [PARTITIONS - 1, PARTITIONS + 1] {
        let refused = crate::open(&sandbox.url(), wrong).await;
        assert!(matches!(
            refused.err(),
            Some(LogOpenError::Partitions(PartitionCountMismatch { found: PARTITIONS, wanted }))
                if wanted == wrong
        ));
    }
    drop(sandbox.open().await);
}
