//! Erasing what a withdrawal names. Comes in: control records with their offsets. Goes out: tables
//! and a disk without the person. The invariants: every step may be repeated; a step looks only at
//! records before the one that it obeys, so that a repeat does not touch what came after a
//! renewal.

use std::fmt;
use std::time::Duration;

use clickhouse::Row;
use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::WithdrawalScope;
use serde::{Deserialize, Serialize};

use super::wire::{literal, narrow};
use super::{LogKey, RegistryWriter};
use crate::connection::{ClickHouseServer, execute, fetch, fetch_one};
use crate::error::Error;

const WITHDRAWALS: &str = "withdrawals";
/// Tables of rows, with the column of the subject, and whether a withdrawal from the register
/// concerns them.
const TABLES: [(&str, &str, bool); 5] = [
    ("registry_forms", "person", true),
    ("session_forms", "person", false),
    ("episodes", "person", false),
    ("survey_forms", "code", false),
    ("invitations", "code", false),
];
/// Erasures in one statement, at most.
const AT_ONCE: usize = 100;
const ALL_TABLES: [&str; 8] = [
    "session_forms",
    "registry_forms",
    "survey_forms",
    "episodes",
    "invitations",
    "log_keys",
    "withdrawals",
    "period_closes",
];
/// How long erased parts may take to leave the disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// A control record about a person or a code, at its place in a partition.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ControlMark {
    /// Partition of the event log, below 65,536.
    pub partition: u32,
    /// Offset of the control record.
    pub log_offset: u64,
    /// Pseudonym of the patient or the survey code.
    pub subject: Pseudonym,
    /// What the person asked for.
    pub action: ControlAction,
}

/// What a [`ControlMark`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlAction {
    /// The person withdraws within this scope.
    Withdrawn(WithdrawalScope),
    /// The person takes part again.
    Renewed,
}

/// What is to be erased in one partition.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PartitionErasure {
    /// Partition of the event log.
    pub partition: u32,
    /// The pseudonym of the person whose records are erased.
    pub subject: Pseudonym,
    /// Which of the person's records are erased.
    pub scope: WithdrawalScope,
    /// Only those before this offset.
    pub before: u64,
}

impl fmt::Debug for ControlMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ControlMark(redacted)")
    }
}

impl fmt::Debug for PartitionErasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartitionErasure(redacted)")
    }
}

#[derive(Row, Serialize, Deserialize)]
struct MarkRow {
    partition: u16,
    log_offset: u64,
    subject: [u8; 16],
    action: String,
}

#[derive(Row, Deserialize)]
struct KeyRow {
    log_offset: u64,
    #[serde(with = "serde_bytes")]
    key: Vec<u8>,
    registry_form: bool,
}

impl RegistryWriter {
    /// Adds a withdrawal or a renewal. From then on the views leave out, or show again, what the
    /// tables have of the subject in the partition.
    ///
    /// # Errors
    /// If the server fails: repeat the call.
    pub async fn mark(&self, mark: &ControlMark) -> Result<(), Error> {
        let row = MarkRow {
            partition: narrow(mark.partition),
            log_offset: mark.log_offset,
            subject: *mark.subject.as_bytes(),
            action: word(mark.action).to_owned(),
        };
        self.server
            .insert("mark a withdrawal", WITHDRAWALS, &[row])
            .await
    }

    /// Every withdrawal and renewal of a partition, in log order.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn marks(&self, partition: u32) -> Result<Vec<ControlMark>, Error> {
        marks(&self.server, partition).await
    }

    /// The log keys that an erasure names, in log order.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn log_keys(&self, erasure: &PartitionErasure) -> Result<Vec<LogKey>, Error> {
        let sql = format!(
            "SELECT ?fields FROM log_keys FINAL WHERE {} ORDER BY log_offset",
            keys_condition(erasure)
        );
        let rows = fetch::<KeyRow>("list log keys", self.server.query(&sql)).await?;
        let key = |row: KeyRow| LogKey {
            subject: erasure.subject,
            partition: erasure.partition,
            log_offset: row.log_offset,
            key: row.key,
            registry_form: row.registry_form,
        };
        Ok(rows.into_iter().map(key).collect())
    }

    /// Deletes the rows that erasures name, and waits until they have left the disk.
    ///
    /// # Errors
    /// If the server fails or parts stay on the disk: repeat the call.
    pub async fn delete_rows(&self, erasures: &[PartitionErasure]) -> Result<(), Error> {
        for (table, column, of_register) in TABLES {
            let concerns =
                |erasure: &&PartitionErasure| of_register || erasure.scope == WithdrawalScope::All;
            let conditions = erasures.iter().filter(concerns);
            let conditions = conditions.map(|erasure| condition(erasure, column));
            self.delete(table, &conditions.collect::<Vec<_>>()).await?;
        }
        Ok(())
    }

    /// Deletes the log keys that erasures name, once their tombstones are in the log.
    ///
    /// # Errors
    /// If the server fails or parts stay on the disk: repeat the call.
    pub async fn delete_keys(&self, erasures: &[PartitionErasure]) -> Result<(), Error> {
        let conditions: Vec<String> = erasures.iter().map(keys_condition).collect();
        self.delete("log_keys", &conditions).await
    }

    /// Removes from the disk what merges have left behind. A server does that by itself; the
    /// embedded engine does not.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn tidy(&self) -> Result<(), Error> {
        for table in ALL_TABLES {
            self.server.drop_old_parts(table).await?;
        }
        Ok(())
    }

    /// A mutation rewrites every part that has such rows. It is left out where there are none,
    /// but old parts may still be there from an attempt that was cut short.
    async fn delete(&self, table: &'static str, conditions: &[String]) -> Result<(), Error> {
        for some in conditions.chunks(AT_ONCE) {
            let any = some.join(" OR ");
            let count = format!("SELECT count() FROM {table} WHERE {any}");
            let rows = fetch_one::<u64>("count rows to erase", self.server.query(&count)).await?;
            if rows > 0 {
                let delete = format!("ALTER TABLE {table} DELETE WHERE {any}");
                let delete = self.server.query(&delete);
                // It returns when the rows are in no part that is in use.
                execute("delete rows", delete.with_setting("mutations_sync", "1")).await?;
            }
        }
        if conditions.is_empty() {
            return Ok(());
        }
        self.wait_for_old_parts(table).await
    }

    async fn wait_for_old_parts(&self, table: &'static str) -> Result<(), Error> {
        // A query that is still reading keeps a part; and a merge may leave new ones meanwhile,
        // so only those that are old now are waited for.
        let sql = "SELECT name FROM system.parts WHERE database = ? AND table = ? AND NOT active";
        let old = || {
            let query = self.server.query(sql);
            let query = query.bind(self.server.database()).bind(table);
            fetch::<String>("list old parts", query)
        };
        let mut waiting = old().await?;
        let tries = PATIENCE.as_millis() / 50;
        for _ in 0..tries {
            if waiting.is_empty() {
                return Ok(());
            }
            self.server.drop_old_parts(table).await?;
            let now = old().await?;
            waiting.retain(|name| now.contains(name));
            if !waiting.is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        let parts = waiting.len() as u64;
        Err(Error::NotYetErased { parts })
    }
}

/// Every withdrawal and renewal of a partition, in log order.
pub(super) async fn marks(
    server: &ClickHouseServer,
    partition: u32,
) -> Result<Vec<ControlMark>, Error> {
    const READ: &str = "read the withdrawals";
    let sql = "SELECT ?fields FROM withdrawals FINAL WHERE partition = ? ORDER BY log_offset";
    let query = server.query(sql).bind(partition);
    let mark = |row: MarkRow| {
        let action = action(&row.action).ok_or(Error::Foreign {
            attempt: READ,
            column: "action",
        })?;
        Ok(ControlMark {
            partition,
            log_offset: row.log_offset,
            subject: Pseudonym::new(row.subject),
            action,
        })
    };
    let rows = fetch::<MarkRow>(READ, query).await?;
    rows.into_iter().map(mark).collect()
}

fn condition(erasure: &PartitionErasure, column: &str) -> String {
    format!(
        "({column} = {} AND partition = {} AND log_offset < {})",
        literal(&erasure.subject),
        erasure.partition,
        erasure.before
    )
}

fn keys_condition(erasure: &PartitionErasure) -> String {
    let some = match erasure.scope {
        WithdrawalScope::Registry => " AND registry_form",
        WithdrawalScope::All => "",
    };
    format!("({}{some})", condition(erasure, "subject"))
}

fn word(action: ControlAction) -> &'static str {
    match action {
        ControlAction::Withdrawn(WithdrawalScope::Registry) => "registry",
        ControlAction::Withdrawn(WithdrawalScope::All) => "all",
        ControlAction::Renewed => "renewal",
    }
}

fn action(text: &str) -> Option<ControlAction> {
    [
        ControlAction::Withdrawn(WithdrawalScope::Registry),
        ControlAction::Withdrawn(WithdrawalScope::All),
        ControlAction::Renewed,
    ]
    .into_iter()
    .find(|action| word(*action) == text)
}
