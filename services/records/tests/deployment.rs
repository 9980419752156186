//! Genesis and control records: what concerns all partitions.

#![allow(clippy::unwrap_used)] // Helpers of tests may, as tests may.

use std::collections::BTreeSet;

use medvirk_domain::ids::{DeploymentId, Pseudonym};
use medvirk_domain::record::{ControlRecord, LogRecord};
use medvirk_domain::time::Month;
use medvirk_eventlog::contract::{EmbeddedSandbox, LogSandbox as _, PARTITIONS, read_all};
use medvirk_eventlog::{NewRecord, Topic};
use medvirk_records::codec::decode_event;
use medvirk_records::control;
use medvirk_records::genesis::{Genesis, found_or_check, read};
use medvirk_records::{FoundingError, GenesisReadError};

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn genesis() -> Genesis {
    Genesis::new(PARTITIONS, month("2024-01"))
}

#[tokio::test]
async fn the_first_genesis_decides() {
    let sandbox = EmbeddedSandbox::fresh();
    let log = sandbox.open().await;
    assert_eq!(read(&*log).await.unwrap(), None);
    let found = found_or_check(&*log, genesis()).await.unwrap();
    let again = found_or_check(&*log, genesis()).await.unwrap();
    assert_eq!(found, again, "the id is that of the first");
    assert_eq!(read(&*log).await.unwrap(), Some(found));
    assert_eq!(log.end(Topic::Ledger, 0).await.unwrap(), 1);
}

#[tokio::test]
async fn of_two_founders_at_once_both_learn_the_same() {
    let sandbox = EmbeddedSandbox::fresh();
    let log = sandbox.open().await;
    let founders = (0..8).map(|_| found_or_check(&*log, genesis()));
    let found = futures::future::join_all(founders).await;
    let ids: BTreeSet<DeploymentId> = found.into_iter().map(|it| it.unwrap().deployment).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn who_differs_from_the_genesis_does_not_start() {
    let sandbox = EmbeddedSandbox::fresh();
    let log = sandbox.open().await;
    found_or_check(&*log, genesis()).await.unwrap();
    let other = [
        Genesis::new(12, month("2024-01")),
        Genesis::new(PARTITIONS, month("2024-02")),
        Genesis {
            partitioner: "crc32".to_owned(),
            ..genesis()
        },
    ];
    for other in other {
        let refused = found_or_check(&*log, other).await.err().unwrap();
        assert!(matches!(refused, FoundingError::Mismatch(_)));
        assert!(refused.to_string().contains("not the deployment"));
    }
}

#[tokio::test]
async fn a_ledger_that_begins_otherwise_is_refused() {
    let sandbox = EmbeddedSandbox::fresh();
    let log = sandbox.open().await;
    let noise = NewRecord::new(Vec::new(), b"noise".to_vec());
    log.append(Topic::Ledger, 0, noise).await.unwrap();
    let refused = found_or_check(&*log, genesis()).await;
    assert!(matches!(
        refused,
        Err(FoundingError::Genesis(GenesisReadError::Undecodable(_)))
    ));
    assert!(GenesisReadError::NotFirst.to_string().contains("genesis"));
}

#[tokio::test]
async fn a_control_record_is_in_every_partition_under_its_own_key() {
    let sandbox = EmbeddedSandbox::fresh();
    let log = sandbox.open().await;
    let close = ControlRecord::PeriodClose {
        month: month("2024-01"),
        ingested_at: 1_707_174_000_000,
    };
    let person = Pseudonym::new([7; 16]);
    let renewal = ControlRecord::Renewal { person };
    for control in [close, close, renewal] {
        control::broadcast(&*log, control, 1_707_174_000_000)
            .await
            .unwrap();
    }
    let mut keys = BTreeSet::new();
    for partition in 0..PARTITIONS {
        let records = read_all(&*log, Topic::Events, partition).await;
        let decoded = records
            .iter()
            .map(|it| decode_event(it.value.as_deref().unwrap()));
        assert!(decoded.eq([close, close, renewal].map(|it| Ok(LogRecord::Control(it)))));
        keys.extend(records.into_iter().map(|record| record.key));
    }
    assert_eq!(keys.len(), 3 * PARTITIONS as usize);
}

#[cfg(feature = "mutants")]
#[test]
fn every_broken_rule_of_a_deployment_is_noticed() {
    use medvirk_mutants::{Rule, is_noticed_by};
    let tests: [(Rule, fn()); 2] = [
        (Rule::FirstGenesis, the_first_genesis_decides),
        (
            Rule::BroadcastToAll,
            a_control_record_is_in_every_partition_under_its_own_key,
        ),
    ];
    for (rule, test) in tests {
        assert!(is_noticed_by(rule, test), "{rule:?}");
    }
}
