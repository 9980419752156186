//! How far a withdrawal has come. Comes in: a receipt, and what registrars and aggregators say of
//! themselves in the log. Goes out: an answer per partition. The invariants: a receipt has a time
//! and places in the log and how many records it erases, and nothing else about whoever withdrew;
//! nothing is remembered here.

mod search;

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use medvirk_eventlog::{Log, Topic};
use medvirk_proto::admin::v1 as wire;
use medvirk_proto::admin::v1::{LogErasure, WithdrawalProgress};
use medvirk_records::GenesisReadError;
use medvirk_records::genesis;
use medvirk_runtime::rfc3339;
use prost::Message as _;

pub(super) use search::SubjectSearch;

/// What every receipt begins with: what it is, and its version.
const BEGINS: &str = "mw1";

/// A withdrawal that is in the log.
pub(crate) struct RecordedWithdrawal {
    pub(crate) at: i64,
    /// Its offset in each partition.
    pub(crate) offsets: Vec<u64>,
    pub(crate) records: wire::WithdrawnRecords,
    pub(crate) other_spelling: bool,
}

/// Where a withdrawal is in the log.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct WithdrawalReceipt {
    /// The first bytes of the deployment's id: places say nothing in another log.
    #[prost(fixed32, tag = "1")]
    deployment: u32,
    /// When, in milliseconds since 1970.
    #[prost(int64, tag = "2")]
    pub(super) at: i64,
    /// Its offset in each partition of the events.
    #[prost(uint64, repeated, tag = "3")]
    offsets: Vec<u64>,
    /// When it was first seen carried out, in milliseconds since 1970.
    #[prost(int64, optional, tag = "4")]
    carried_out_at: Option<i64>,
    /// How much is erased: a [`wire::WithdrawalScope`].
    #[prost(int32, tag = "5")]
    scope: i32,
    /// What it erases; none in receipts from before that was counted.
    #[prost(message, optional, tag = "6")]
    records: Option<wire::WithdrawnRecords>,
}

impl WithdrawalReceipt {
    /// Of a withdrawal that was broadcast.
    pub(super) async fn new(
        log: &dyn Log,
        withdrawn: &RecordedWithdrawal,
        scope: wire::WithdrawalScope,
    ) -> Result<Self, GenesisReadError> {
        Ok(Self {
            deployment: deployment(log).await?,
            at: withdrawn.at,
            offsets: withdrawn.offsets.clone(),
            carried_out_at: None,
            scope: scope.into(),
            records: Some(withdrawn.records),
        })
    }

    /// The receipt of that text; none where it is not a receipt, or one of another deployment.
    pub(super) async fn read(log: &dyn Log, text: &str) -> Result<Option<Self>, GenesisReadError> {
        let Some(receipt) = Self::decoded(text) else {
            return Ok(None);
        };
        let of_this_log = receipt.deployment == deployment(log).await?
            && receipt.offsets.len() == log.partitions(Topic::Events) as usize;
        Ok(of_this_log.then_some(receipt))
    }

    /// One word that can be copied by hand: what it holds, and a checksum.
    pub(super) fn text(&self) -> String {
        let mut bytes = self.encode_to_vec();
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        format!("{BEGINS}{}", BASE64URL_NOPAD.encode(&bytes))
    }

    fn decoded(text: &str) -> Option<Self> {
        let bytes = text.strip_prefix(BEGINS)?.as_bytes();
        let bytes = BASE64URL_NOPAD.decode(bytes).ok()?;
        let (bytes, checksum) = bytes.split_last_chunk()?;
        let whole = crc32fast::hash(bytes) == u32::from_le_bytes(*checksum);
        whole.then(|| Self::decode(bytes).ok()).flatten()
    }
}

/// How far the log was worked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PartitionReached {
    /// The registrar's next record.
    pub(super) kept: u64,
    /// The aggregator's next record.
    pub(super) folded: u64,
}

/// Says how far the withdrawal has come, by how far each partition was worked through.
/// `erased_within` is the log's own: how long after a tombstone its files may have what it names.
pub(super) fn answer(
    receipt: &WithdrawalReceipt,
    reached: &[PartitionReached],
    erased_within: Duration,
    now: i64,
) -> wire::GetWithdrawalResponse {
    let places = (0..).zip(&receipt.offsets).zip(reached);
    let partitions: Vec<_> = places
        .map(|((number, offset), reached)| partition(number, *offset, *reached))
        .collect();
    // They are in order: the least is that of the partition that is behind.
    let progress = partitions.iter().map(|one| one.progress).min();
    let carried_out = progress == Some(WithdrawalProgress::CarriedOut.into());
    let mut known = receipt.clone();
    let (log, log_due) = match (carried_out, erased_within.is_zero()) {
        (false, _) => (LogErasure::Waiting, String::new()),
        (true, true) => (LogErasure::Erased, String::new()),
        (true, false) => {
            let at = *known.carried_out_at.get_or_insert(now);
            let within = i64::try_from(erased_within.as_millis()).unwrap_or(i64::MAX);
            (LogErasure::Due, rfc3339(at.saturating_add(within)))
        }
    };
    wire::GetWithdrawalResponse {
        at: rfc3339(receipt.at),
        progress: progress.unwrap_or_default(),
        partitions,
        log: log.into(),
        log_due,
        receipt: known.text(),
        scope: receipt.scope,
        records: receipt.records,
    }
}

fn partition(number: u32, offset: u64, reached: PartitionReached) -> wire::WithdrawalPartition {
    let progress = if offset < reached.kept && offset < reached.folded {
        WithdrawalProgress::CarriedOut
    } else {
        WithdrawalProgress::Waiting
    };
    wire::WithdrawalPartition {
        partition: number,
        progress: progress.into(),
        records_before: offset.saturating_sub(reached.kept),
    }
}

async fn deployment(log: &dyn Log) -> Result<u32, GenesisReadError> {
    let genesis = genesis::read(log).await?;
    let id = genesis.ok_or(GenesisReadError::NotFirst)?;
    let [a, b, c, d, ..] = *id.deployment.as_bytes();
    Ok(u32::from_le_bytes([a, b, c, d]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt() -> WithdrawalReceipt {
        WithdrawalReceipt {
            deployment: 7,
            at: 1_767_225_600_000,
            offsets: vec![5, 300, 70_000],
            carried_out_at: None,
            scope: wire::WithdrawalScope::All.into(),
            records: None,
        }
    }

    fn reached(all: [(u64, u64); 3]) -> [PartitionReached; 3] {
        all.map(|(kept, folded)| PartitionReached { kept, folded })
    }

    #[test]
    fn a_receipt_is_one_word_that_reads_back_and_no_other_does() {
        let text = receipt().text();
        assert_eq!(WithdrawalReceipt::decoded(&text), Some(receipt()));
        assert!(
            text.len() < 60
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        );
        for (place, letter) in text.char_indices() {
            let mut other = text.clone();
            other.remove(place);
            assert_eq!(WithdrawalReceipt::decoded(&other), None);
            let changed = if letter == 'A' { "B" } else { "A" };
            other.insert_str(place, changed);
            assert_ne!(WithdrawalReceipt::decoded(&other), Some(receipt()));
        }
        assert_eq!(WithdrawalReceipt::decoded(""), None);
    }

    #[test]
    fn it_is_carried_out_when_every_partition_is_behind_it() {
        let check = |all, expected: WithdrawalProgress, before: [u64; 3]| {
            let answer = answer(&receipt(), &reached(all), Duration::ZERO, 0);
            assert!(answer.progress() == expected, "{all:?}");
            let told: Vec<u64> = answer
                .partitions
                .iter()
                .map(|one| one.records_before)
                .collect();
            assert_eq!(told, before);
        };
        use WithdrawalProgress::{CarriedOut, Waiting};
        check([(0, 0); 3], Waiting, [5, 300, 70_000]);
        check([(6, 6), (301, 301), (70_000, 70_001)], Waiting, [0; 3]);
        check([(6, 6), (301, 300), (70_001, 70_001)], Waiting, [0; 3]);
        check([(6, 6), (301, 301), (70_001, 70_001)], CarriedOut, [0; 3]);
    }

    #[test]
    fn the_files_of_the_log_are_told_as_far_as_they_are_known() {
        let day = Duration::from_secs(86_400);
        let told = |receipt: &WithdrawalReceipt, all, within, now| {
            let answer = answer(receipt, &reached(all), within, now);
            (answer.log().as_str_name(), answer.log_due, answer.receipt)
        };
        let (waiting, done) = ([(0, 0); 3], [(80_000, 80_000); 3]);
        let (log, due, same) = told(&receipt(), waiting, day, 0);
        assert_eq!((log, due.as_str()), ("LOG_ERASURE_WAITING", ""));
        assert_eq!(same, receipt().text());
        let (log, due, _) = told(&receipt(), done, Duration::ZERO, 0);
        assert_eq!((log, due.as_str()), ("LOG_ERASURE_ERASED", ""));
        // Counted from when it was first seen, whenever one asks again.
        let (log, due, kept) = told(&receipt(), done, day, 1_767_225_700_000);
        assert_eq!(
            (log, due.as_str()),
            ("LOG_ERASURE_DUE", "2026-01-02T00:01:40Z")
        );
        let kept = WithdrawalReceipt::decoded(&kept).unwrap();
        let (_, later, _) = told(&kept, done, day, 1_800_000_000_000);
        assert_eq!(later, due);
        // Tables that were lost are filled and erased anew.
        assert_eq!(told(&kept, waiting, day, 0).0, "LOG_ERASURE_WAITING");
    }
}
