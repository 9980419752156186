//! One partition of the ledger, by itself. Comes in: its records. Goes out: what is kept of each
//! first close, and what is odd about their order. The invariant: rows are looked at while their
//! record is at hand, and only their number and hash are kept.

use std::collections::{BTreeMap, BTreeSet};

use medvirk_domain::fold::FOLD_VERSION;
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::partition::LogPartition;
use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use medvirk_eventlog::{LogStepError, StoredRecord, Topic};
use medvirk_records::catalogue::PlanFollower;
use medvirk_records::codec::{self, LedgerRecord};
use medvirk_store::{RowsHash, hash_of};

use crate::check::DoctorCheck;
use crate::rows;
use crate::run::{DoctorRun, RESTORE, count};

const FOREIGN: &str = "somebody else writes to the ledger, or it was lost in part: stop the \
    system, keep a copy of its data folder, and find out who";
const NEWER: &str = "install the version of medvirk that wrote it";

/// What is kept of a partition of the ledger.
#[derive(Default)]
pub(crate) struct LedgerSeen {
    pub(crate) closes: BTreeMap<Month, CloseSeen>,
    /// Months in the order of their first closes.
    order: Vec<Month>,
    /// Closes of months that had one; harmless.
    again: u64,
    rows: u64,
    undecodable: Vec<u64>,
}

/// What is kept of a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CloseSeen {
    /// Where it is in the ledger.
    pub(crate) at: u64,
    /// The offset of the `PeriodClose` that it names.
    pub(crate) offset: u64,
    pub(crate) catalogue: CatalogueHash,
    pub(crate) fold_version: u32,
    pub(crate) rows: RowsHash,
}

/// Reads the partition's ledger to its end, and looks at each row.
pub(crate) async fn look(
    run: &mut DoctorRun,
    partition: u32,
    plans: &PlanFollower,
    rows: &mut DoctorCheck,
) -> Result<LedgerSeen, LogStepError> {
    let mut seen = LedgerSeen::default();
    let mut walk = run.walk(Topic::Ledger, partition).await?;
    while let Some(step) = walk.step().await? {
        let records = run.tally.note(Topic::Ledger, partition, step);
        for stored in records.unwrap_or_default() {
            let Some(close) = seen.take(&stored) else {
                continue;
            };
            match plans.get(&close.catalogue) {
                Some(catalogue) => {
                    let place = LogPartition {
                        number: partition,
                        of: run.partitions,
                    };
                    rows::check(place, &close, &catalogue, rows);
                }
                None => rows.not_seen(
                    format!("the catalogue of {} is not in the log", close.month),
                    RESTORE,
                ),
            }
        }
    }
    Ok(seen)
}

impl LedgerSeen {
    /// The close, if it is the first of its month.
    fn take(&mut self, stored: &StoredRecord) -> Option<Close> {
        let value = stored.value.as_deref().unwrap_or_default();
        let close = match codec::decode_ledger(value) {
            Ok(LedgerRecord::Close(close)) => close,
            Ok(LedgerRecord::Genesis(_)) => return None,
            Err(_) => {
                self.undecodable.push(stored.offset);
                return None;
            }
        };
        if self.closes.contains_key(&close.month) {
            self.again += 1;
            return None;
        }
        let seen = CloseSeen {
            at: stored.offset,
            offset: close.offset,
            catalogue: close.catalogue,
            fold_version: close.fold_version,
            rows: hash_of(&close),
        };
        self.rows += seen.rows.rows;
        self.order.push(close.month);
        self.closes.insert(close.month, seen);
        Some(close)
    }

    /// One first close for each month from `first` on, in order and as planned, at least as far as
    /// the fold said that it has closed.
    pub(crate) fn judge(
        &self,
        first: Month,
        dealt_with: Option<Month>,
        plans: &PlanFollower,
        check: &mut DoctorCheck,
    ) {
        for offset in &self.undecodable {
            check.differs(
                format!("the record at offset {offset} cannot be read"),
                RESTORE,
            );
        }
        for found in gaps(first, dealt_with, &self.order) {
            check.differs(found, FOREIGN);
        }
        for (month, close) in &self.closes {
            let planned = plans.plan(*month).map(|plan| plan.catalogue);
            if planned != Some(close.catalogue) {
                let found = format!("{month} was closed with another catalogue than planned");
                check.differs(found, FOREIGN);
            }
            if close.fold_version == 0 || close.fold_version > FOLD_VERSION {
                let version = close.fold_version;
                check.differs(format!("{month} was folded by version {version}"), NEWER);
            }
        }
    }
}

/// What is wrong with the order of first closes.
fn gaps(first: Month, dealt_with: Option<Month>, order: &[Month]) -> Vec<String> {
    let mut found = Vec::new();
    let mut expected = first;
    for month in order {
        if *month != expected {
            found.push(format!("{month} is closed where {expected} should be"));
        }
        expected = month.next();
    }
    match dealt_with {
        Some(closed) if closed >= expected => {
            found.push(format!(
                "{expected} was closed, and the ledger has no close of it"
            ));
        }
        _ => {}
    }
    found
}

/// Says what was compared, over all partitions.
pub(crate) fn sum_up(
    seen: &BTreeMap<u32, LedgerSeen>,
    ledger: &mut DoctorCheck,
    rows: &mut DoctorCheck,
) {
    let closes = seen.values().map(|one| one.closes.len() as u64).sum();
    let again = seen.values().map(|one| one.again).sum();
    let lasts: BTreeSet<_> = seen
        .values()
        .map(|one| one.closes.keys().next_back().copied())
        .collect();
    ledger.compared = format!(
        "{} of {}, one per month and in order, with plans and fold versions",
        count(closes, "close", "closes"),
        count(seen.len() as u64, "partition", "partitions"),
    );
    if again > 0 {
        let again = count(again, "close was", "closes were");
        ledger.compared += &format!("; {again} written twice, which is harmless");
    }
    if lasts.len() > 1 {
        let found = "not every partition has closed the same month yet";
        ledger.waits(
            found,
            "nothing: a close is under way; run this again in a minute",
        );
    }
    let all = seen.values().map(|one| one.rows).sum();
    rows.compared = format!(
        "{} of the ledger with the release rule",
        count(all, "row", "rows")
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn months(texts: &[&str]) -> Vec<Month> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_month_that_is_skipped_out_of_order_or_lost_is_found() {
        let check = |closed: &[&str], dealt_with: Option<&str>, expected: &[&str]| {
            let dealt_with = dealt_with.map(|text| text.parse().unwrap());
            let first = "2024-01".parse().unwrap();
            assert_eq!(gaps(first, dealt_with, &months(closed)), expected);
        };
        check(&[], None, &[]);
        check(&["2024-01", "2024-02"], Some("2024-02"), &[]);
        // The ledger has it before the fold says so.
        check(&["2024-01", "2024-02"], Some("2024-01"), &[]);
        check(
            &["2024-01", "2024-03"],
            None,
            &["2024-03 is closed where 2024-02 should be"],
        );
        check(
            &["2024-02", "2024-01"],
            None,
            &[
                "2024-02 is closed where 2024-01 should be",
                "2024-01 is closed where 2024-03 should be",
            ],
        );
        check(
            &["2024-01"],
            Some("2024-03"),
            &["2024-02 was closed, and the ledger has no close of it"],
        );
    }
}
