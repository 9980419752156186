//! What the comparisons come to. Comes in: what is odd, partition by partition. Goes out: the
//! checks in words. The invariant: places and numbers, and nobody's name.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::check::DoctorCheck;
use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::WithdrawalScope;
use medvirk_domain::time::Month;
use medvirk_store::registry::{ControlMark, OddRow, RowFault, StretchOfRows};
use medvirk_store::{Error as StoreError, RegistryBatch, TableOwnership};

use super::controls::ControlRecords;
use super::reading::RegistryUnreadable;
use crate::run::LATER;

const KEYS: &str = "log_keys";

const ANEW: &str = "stop the system, delete the registry's tables (the folder engine/registry of an \
    embedded one), and start it: they are filled anew from the log";
const ERASED: &str = "the registrar erases it again within the hour, and after each start; if it is \
    there again, find out who writes it";
const BRIEF: &str = "restart the system, so that the erasure is repeated, and run this again; if it \
    is still there, keep a copy of the data folder and report it";

/// Collects what is found.
pub(super) struct RegistryFindings {
    keys: u64,
    rows: u64,
    said_keys: u64,
    said_rows: u64,
    withdrawals: u64,
    left_out: u64,
    of_keys: FaultPlaces,
    of_rows: FaultPlaces,
    registry: DoctorCheck,
    withdrawn: DoctorCheck,
}

/// Places with the same fault in the same table.
type FaultPlaces = BTreeMap<(u32, &'static str, RowFault), Vec<u64>>;

impl RegistryFindings {
    pub(super) fn new() -> Self {
        Self {
            keys: 0,
            rows: 0,
            said_keys: 0,
            said_rows: 0,
            withdrawals: 0,
            left_out: 0,
            of_keys: FaultPlaces::new(),
            of_rows: FaultPlaces::new(),
            registry: DoctorCheck::new("registry"),
            withdrawn: DoctorCheck::new("withdrawals"),
        }
    }

    /// The tables say whose they are.
    pub(super) fn ownership(&mut self, told: &Result<TableOwnership, RegistryUnreadable>) {
        match told {
            Ok(TableOwnership::Ours) => {}
            Ok(TableOwnership::Unclaimed) => self.registry.differs(
                "the registry tables name no deployment",
                "start the registrar anew, which writes it down",
            ),
            Err(RegistryUnreadable::Tables(error @ StoreError::OtherDeployment { .. })) => {
                self.registry.differs(
                    error.to_string(),
                    "stop the roles, and look at [registry] url and database of each",
                );
            }
            Err(stopped) => self.registry.not_seen(stopped.to_string(), LATER),
        }
    }

    /// A stretch was compared.
    pub(super) fn compared(&mut self, held: &StretchOfRows, said: &RegistryBatch) {
        self.keys += held.keys() as u64;
        self.rows += held.rows() as u64;
        self.said_keys += said.log_keys.len() as u64;
        self.said_rows += (said.len() - said.log_keys.len()) as u64;
    }

    /// A partition could not be looked at to its end.
    pub(super) fn stopped(&mut self, partition: u32, stopped: &RegistryUnreadable) {
        let found = format!("partition {partition}: {stopped}");
        self.registry.not_seen(found, LATER);
    }

    /// Withdrawals and renewals in the log and in the tables.
    pub(super) fn marks(
        &mut self,
        partition: u32,
        controls: &ControlRecords,
        marks: &[ControlMark],
    ) {
        self.withdrawals += controls.erasures.len() as u64;
        let key = |mark: &ControlMark| (mark.log_offset, mark.subject);
        let in_tables: HashSet<_> = marks.iter().map(key).collect();
        let in_log: HashSet<_> = controls.marks.iter().map(key).collect();
        let lost = controls
            .marks
            .iter()
            .filter(|mark| !in_tables.contains(&key(mark)));
        for mark in lost {
            let found = format!(
                "the withdrawal or renewal at partition {partition}, offset {} is not marked in \
                 the tables",
                mark.log_offset
            );
            self.withdrawn.differs(found, ANEW);
        }
        let before = |mark: &&ControlMark| mark.log_offset < controls.next;
        let foreign = marks
            .iter()
            .filter(before)
            .filter(|mark| !in_log.contains(&key(mark)));
        for mark in foreign {
            let found = format!(
                "the tables mark a withdrawal or renewal at partition {partition}, offset {} that \
                 the log has not",
                mark.log_offset
            );
            self.withdrawn.differs(found, ANEW);
        }
    }

    /// Months that may be closed, in the log and in the tables.
    pub(super) fn period_closes(
        &mut self,
        partition: u32,
        controls: &ControlRecords,
        known: &BTreeSet<Month>,
    ) {
        for month in controls.closes.difference(known) {
            let found = format!("the tables do not know that partition {partition} closed {month}");
            self.registry.differs(found, ANEW);
        }
    }

    /// What is odd about rows; those of people who are just leaving are left out.
    pub(super) fn odd(
        &mut self,
        controls: &ControlRecords,
        leaving: &HashSet<Pseudonym>,
        odd: Vec<OddRow>,
    ) {
        for one in odd {
            if leaving.contains(&one.subject) {
                self.left_out += 1;
                continue;
            }
            let partition = controls.partition;
            if one.fault == RowFault::Foreign && is_erased(controls, &one) {
                let found = format!(
                    "{} has a row of somebody who withdrew, at partition {partition}, offset {}",
                    one.table, one.log_offset
                );
                self.withdrawn.differs(found, ERASED);
                continue;
            }
            let faults = match one.table {
                KEYS => &mut self.of_keys,
                _ => &mut self.of_rows,
            };
            let places = faults.entry((partition, one.table, one.fault)).or_default();
            places.push(one.log_offset);
        }
    }

    /// Records of people who withdrew that are in the log without a tombstone.
    pub(super) fn lingering(&mut self, partition: u32, mut offsets: Vec<u64>) {
        offsets.sort_unstable();
        for offset in offsets {
            let found = format!(
                "the log holds a record of somebody who withdrew, at partition {partition}, \
                 offset {offset}"
            );
            self.withdrawn.differs(found, BRIEF);
        }
    }

    /// How many rows are of places that the log has not.
    pub(super) fn beyond(&mut self, rows: &Result<u64, RegistryUnreadable>) {
        match rows {
            Ok(0) => {}
            Ok(rows) => {
                let found = format!("{rows} rows are of records beyond the end of the log");
                self.registry.differs(found, ANEW);
            }
            Err(stopped) => {
                let found = stopped.to_string();
                self.registry.not_seen(found, LATER);
            }
        }
    }

    /// How many dead letters are of people who withdrew.
    pub(super) fn letters(&mut self, letters: Result<usize, RegistryUnreadable>) {
        match letters {
            Ok(0) => {}
            Ok(letters) => {
                let found = format!("{letters} dead letters are of people who withdrew");
                let advice = "nothing: the registrar erases them within the hour, and after each \
                    start";
                self.withdrawn.waits(found, advice);
            }
            Err(stopped) => {
                let found = stopped.to_string();
                self.withdrawn.not_seen(found, LATER);
            }
        }
    }

    /// Everything that was found, in words.
    pub(super) fn checks(self) -> [DoctorCheck; 3] {
        let (mut registry, mut withdrawn) = (self.registry, self.withdrawn);
        let mut keys = DoctorCheck::new("log keys");
        tell(&mut keys, &self.of_keys, "key");
        keys.compared = format!(
            "{} keys in the tables with {} events in the log, one for each copy",
            self.keys, self.said_keys
        );
        tell(&mut registry, &self.of_rows, "row");
        registry.compared = format!(
            "{} rows of five tables with {} that the log says, every column; of a submission that \
             was sent twice the first stays",
            self.rows, self.said_rows
        );
        withdrawn.compared = format!(
            "{} withdrawals, counted per partition: marked, no rows in the tables, no records in \
             the log",
            self.withdrawals
        );
        if self.left_out > 0 {
            let found = format!(
                "{} differences are of people who are just being erased",
                self.left_out
            );
            withdrawn.waits(found, "nothing; run this again in a minute");
        }
        [keys, registry, withdrawn]
    }
}

/// True if a withdrawal says that the row must be gone.
fn is_erased(controls: &ControlRecords, odd: &OddRow) -> bool {
    let of_register = odd.table == "registry_forms";
    controls.erasures.iter().any(|erasure| {
        erasure.subject == odd.subject
            && odd.log_offset < erasure.before
            && (erasure.scope == WithdrawalScope::All || of_register || odd.table == KEYS)
    })
}

/// Places of one fault in one table are one finding.
fn tell(check: &mut DoctorCheck, faults: &FaultPlaces, what: &str) {
    for ((partition, table, fault), offsets) in faults {
        let fault = match fault {
            RowFault::Missing => "lacks",
            RowFault::Altered => "has otherwise than the log",
            RowFault::Foreign => "has, and the log has not,",
        };
        let shown: Vec<String> = offsets.iter().take(5).map(ToString::to_string).collect();
        let (count, shown) = (offsets.len(), shown.join(", "));
        let more = if count > 5 { ", …" } else { "" };
        let found = format!(
            "{table} {fault} the {what} of {count} records of partition {partition} (offset \
             {shown}{more})"
        );
        check.differs(found, ANEW);
    }
}
