//! Processes that share the work.

use std::collections::BTreeSet;
use std::time::Duration;

use medvirk_eventlog::contract::{KafkaSandbox, PARTITIONS};
use medvirk_eventlog::{GroupMembership, NewRecord, Topic, open_kafka};

use crate::brokers;

/// Longer than anything takes on a slow machine; a test that needs it has failed.
const DEADLINE: Duration = Duration::from_secs(60);

async fn until(
    member: &mut GroupMembership,
    done: impl Fn(&BTreeSet<u32>) -> bool,
) -> BTreeSet<u32> {
    let waiting = async {
        loop {
            let share = member.share();
            if done(&share) {
                return share;
            }
            member.changed().await;
        }
    };
    let share = tokio::time::timeout(DEADLINE, waiting).await;
    share.expect("the work is dealt out")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_is_shared_out_and_goes_to_those_who_stay() {
    let all: BTreeSet<u32> = (0..PARTITIONS).collect();
    let sandbox = KafkaSandbox::fresh(&brokers()).await;
    let log = open_kafka(sandbox.config(), PARTITIONS).await.unwrap();
    let mut first = log.join("worker").unwrap();
    assert!(first.is_shared());
    until(&mut first, |share| *share == all).await;

    let mut second = log.join("worker").unwrap();
    let theirs = until(&mut second, |share| !share.is_empty()).await;
    let ours = until(&mut first, |share| share.len() < all.len()).await;
    assert!(ours.is_disjoint(&theirs));
    assert_eq!(&ours | &theirs, all);

    drop(second);
    until(&mut first, |share| *share == all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_one_too_many_is_told_that_nothing_is_left() {
    let sandbox = KafkaSandbox::fresh(&brokers()).await;
    let log = open_kafka(sandbox.config(), PARTITIONS).await.unwrap();
    let mut members: Vec<_> = (0..=PARTITIONS)
        .map(|_| log.join("worker").unwrap())
        .collect();
    assert!(!members[0].is_dealt(), "it has hardly begun to join");
    let dealt = async {
        loop {
            let shares: Vec<_> = members.iter_mut().map(GroupMembership::share).collect();
            let one_each = shares.iter().filter(|share| share.len() == 1).count();
            if one_each == PARTITIONS as usize && members.iter().all(GroupMembership::is_dealt) {
                return shares;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let shares = tokio::time::timeout(DEADLINE, dealt).await;
    let shares = shares.expect("the work is dealt out");
    assert!(shares.iter().any(BTreeSet::is_empty));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shares_the_work_of_a_group_can_commit_for_it() {
    let sandbox = KafkaSandbox::fresh(&brokers()).await;
    let log = open_kafka(sandbox.config(), PARTITIONS).await.unwrap();
    let mut member = log.join("worker").unwrap();
    until(&mut member, |share| share.contains(&0)).await;
    let record = NewRecord::new(b"key".to_vec(), b"value".to_vec());
    let offset = log.append(Topic::Events, 0, record).await.unwrap();
    let next = offset + 1;
    log.commit("worker", Topic::Events, 0, next).await.unwrap();
    let committed = log.committed("worker", Topic::Events, 0).await.unwrap();
    assert_eq!(committed, Some(next));
}
