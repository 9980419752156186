//! Comparing the tables with what the log says. Comes in: the rows that a stretch of the log must
//! have given, and what the tables have of it. Goes out: what is odd, by place. The invariant:
//! nothing is written, no row leaves this crate, and a row that a resubmission has rightly left to
//! an earlier copy is not odd.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::ops::Range;

use clickhouse::{RowOwned, RowRead};
use data_encoding::HEXLOWER;
use medvirk_domain::ids::{DeploymentId, Pseudonym};
use medvirk_domain::time::Month;

use super::wire::{
    EpisodeRow, InvitationRow, LogKeyRow, RegistryFormRow, SessionFormRow, SurveyFormRow,
};
use super::{ControlMark, RegistryBatch, erasure};
use crate::connection::{ClickHouseServer, DatabaseConnection, fetch, fetch_one};
use crate::error::Error;
use crate::ownership::{self, TableOwnership};

/// Submissions asked for at once.
const AT_ONCE: usize = 500;

/// The tables with rows of records.
const TABLES: [&str; 6] = [
    LogKeyRow::TABLE,
    SessionFormRow::TABLE,
    RegistryFormRow::TABLE,
    SurveyFormRow::TABLE,
    EpisodeRow::TABLE,
    InvitationRow::TABLE,
];

/// Looks into the tables, not only the views. Needs `SELECT` on them and nothing else.
#[derive(Clone)]
pub struct RegistryExaminer {
    server: ClickHouseServer,
}

/// What the tables have of a stretch of the log.
#[derive(Default)]
pub struct StretchOfRows {
    log_keys: Vec<LogKeyRow>,
    session_forms: Vec<SessionFormRow>,
    registry_forms: Vec<RegistryFormRow>,
    survey_forms: Vec<SurveyFormRow>,
    episodes: Vec<EpisodeRow>,
    invitations: Vec<InvitationRow>,
}

/// Something odd about one row.
#[derive(Clone, PartialEq, Eq)]
pub struct OddRow {
    /// The table that holds the record.
    pub table: &'static str,
    /// Offset of the record that the row is about.
    pub log_offset: u64,
    /// What is wrong with the record.
    pub fault: RowFault,
    /// Whose row; never to be shown.
    pub subject: Pseudonym,
    identity: RecordIdentity,
}

/// What is odd about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowFault {
    /// The log says it and the table has it not.
    Missing,
    /// The table has it otherwise.
    Altered,
    /// The table has it and the log does not say it.
    Foreign,
}

/// What rows of one submission have in common in a table, whichever copy they come from: subject,
/// episode, submission id, and the row's place in the submission.
type RecordIdentity = ([u8; 16], [u8; 16], [u8; 16], u32);

impl fmt::Debug for StretchOfRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StretchOfRows(redacted)")
    }
}

impl fmt::Debug for OddRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            table,
            log_offset,
            fault,
            ..
        } = self;
        write!(f, "OddRow({fault:?}, {table}, {log_offset})")
    }
}

impl RegistryExaminer {
    /// Connects nothing yet.
    ///
    /// # Errors
    /// If the database's name is no identifier.
    pub fn new(connection: &DatabaseConnection) -> Result<Self, Error> {
        let server = ClickHouseServer::new(connection)?;
        Ok(Self { server })
    }

    /// Whose tables these are. Asks for nothing else, and may be asked before the migration.
    ///
    /// # Errors
    /// [`Error::OtherDeployment`] where they name another one, or if the server fails.
    pub async fn ownership(&self, ours: DeploymentId) -> Result<TableOwnership, Error> {
        ownership::of_table(&self.server, ours).await
    }

    /// What the tables have of records with these offsets.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn held(&self, partition: u32, offsets: Range<u64>) -> Result<StretchOfRows, Error> {
        Ok(StretchOfRows {
            log_keys: self.rows(partition, &offsets).await?,
            session_forms: self.rows(partition, &offsets).await?,
            registry_forms: self.rows(partition, &offsets).await?,
            survey_forms: self.rows(partition, &offsets).await?,
            episodes: self.rows(partition, &offsets).await?,
            invitations: self.rows(partition, &offsets).await?,
        })
    }

    async fn rows<T: StoredRow>(
        &self,
        partition: u32,
        offsets: &Range<u64>,
    ) -> Result<Vec<T>, Error> {
        let sql = format!(
            "SELECT ?fields FROM {} WHERE partition = ? AND log_offset >= ? AND log_offset < ?",
            T::TABLE
        );
        let query = self.server.query(&sql).bind(partition);
        let query = query.bind(offsets.start).bind(offsets.end);
        fetch::<T>("look at registry rows", query).await
    }

    /// Leaves out what is missing because an earlier copy of the same submission is there: of
    /// equal submissions the first stays.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn without_repeats(
        &self,
        partition: u32,
        odd: Vec<OddRow>,
    ) -> Result<Vec<OddRow>, Error> {
        let mut known: HashMap<(&'static str, RecordIdentity), u64> = HashMap::new();
        for some in odd.chunks(AT_ONCE) {
            let missing = || some.iter().filter(|one| one.is_missing_row());
            let tables: BTreeSet<&'static str> = missing().map(|one| one.table).collect();
            for table in tables {
                let ids = missing().filter(|one| one.table == table);
                let ids: BTreeSet<[u8; 16]> = ids.map(|one| one.identity.2).collect();
                for (identity, offset) in self.first_copies(table, partition, &ids).await? {
                    let first = known.entry((table, identity)).or_insert(offset);
                    *first = offset.min(*first);
                }
            }
        }
        let is_repeat = |one: &OddRow| {
            let first = known.get(&(one.table, one.identity));
            one.is_missing_row() && first.is_some_and(|first| *first < one.log_offset)
        };
        Ok(odd.into_iter().filter(|one| !is_repeat(one)).collect())
    }

    async fn first_copies(
        &self,
        table: &'static str,
        partition: u32,
        ids: &BTreeSet<[u8; 16]>,
    ) -> Result<Vec<(RecordIdentity, u64)>, Error> {
        match table {
            SessionFormRow::TABLE => self.copies::<SessionFormRow>(partition, ids).await,
            RegistryFormRow::TABLE => self.copies::<RegistryFormRow>(partition, ids).await,
            SurveyFormRow::TABLE => self.copies::<SurveyFormRow>(partition, ids).await,
            EpisodeRow::TABLE => self.copies::<EpisodeRow>(partition, ids).await,
            InvitationRow::TABLE => self.copies::<InvitationRow>(partition, ids).await,
            _ => Ok(Vec::new()),
        }
    }

    async fn copies<T: StoredRow>(
        &self,
        partition: u32,
        ids: &BTreeSet<[u8; 16]>,
    ) -> Result<Vec<(RecordIdentity, u64)>, Error> {
        let literal = |id: &[u8; 16]| {
            let hex = HEXLOWER.encode(id);
            format!("toFixedString(unhex('{hex}'), 16)")
        };
        let ids: Vec<String> = ids.iter().map(literal).collect();
        let sql = format!(
            "SELECT ?fields FROM {} WHERE partition = ? AND submission_id IN ({})",
            T::TABLE,
            ids.join(", ")
        );
        let query = self.server.query(&sql).bind(partition);
        let rows = fetch::<T>("look for repeats", query).await?;
        Ok(rows
            .iter()
            .map(|row| (row.identity(), row.offset()))
            .collect())
    }

    /// How many rows there are of records that the log has not: from `ends[partition]` on, or of
    /// partitions beyond the last.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn beyond(&self, ends: &[u64]) -> Result<u64, Error> {
        let of_one = (0..).zip(ends);
        let beyond = of_one.map(|(partition, end): (u32, &u64)| {
            format!(" OR (partition = {partition} AND log_offset >= {end})")
        });
        let condition: String = beyond.collect();
        let mut rows = 0;
        for table in TABLES {
            let partitions = ends.len();
            let sql =
                format!("SELECT count() FROM {table} WHERE partition >= {partitions}{condition}");
            rows += fetch_one::<u64>("count rows beyond the log", self.server.query(&sql)).await?;
        }
        Ok(rows)
    }

    /// As [`super::RegistryWriter::marks`].
    ///
    /// # Errors
    /// If the server fails.
    pub async fn marks(&self, partition: u32) -> Result<Vec<ControlMark>, Error> {
        erasure::marks(&self.server, partition).await
    }

    /// The months that the partition's log has a [`super::PeriodClosed`] for.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn period_closes(&self, partition: u32) -> Result<BTreeSet<Month>, Error> {
        const READ: &str = "read the period closes";
        let sql = "SELECT DISTINCT month FROM period_closes WHERE partition = ?";
        let query = self.server.query(sql).bind(partition);
        let months = fetch::<u32>(READ, query).await?;
        let foreign = Error::Foreign {
            attempt: READ,
            column: "month",
        };
        let months: Option<_> = months.into_iter().map(Month::from_yyyymm).collect();
        months.ok_or(foreign)
    }
}

impl OddRow {
    /// A key stands for one copy; a row for the first of several.
    fn is_missing_row(&self) -> bool {
        self.fault == RowFault::Missing && self.table != LogKeyRow::TABLE
    }
}

impl StretchOfRows {
    /// How many rows the tables have, keys left out.
    pub fn rows(&self) -> usize {
        self.session_forms.len()
            + self.registry_forms.len()
            + self.survey_forms.len()
            + self.episodes.len()
            + self.invitations.len()
    }

    /// How many log keys.
    pub fn keys(&self) -> usize {
        self.log_keys.len()
    }

    /// What is odd, when this batch is what the log says.
    pub fn compare(&self, said: &RegistryBatch) -> Vec<OddRow> {
        let mut odd = Vec::new();
        compare(&self.log_keys, &said.log_keys, &mut odd);
        compare(&self.session_forms, &said.session_forms, &mut odd);
        compare(&self.registry_forms, &said.registry_forms, &mut odd);
        compare(&self.survey_forms, &said.survey_forms, &mut odd);
        compare(&self.episodes, &said.episodes, &mut odd);
        compare(&self.invitations, &said.invitations, &mut odd);
        odd
    }
}

/// A row of a record. Several of one record differ in their place.
trait StoredRow: RowOwned + RowRead + PartialEq {
    const TABLE: &'static str;
    fn offset(&self) -> u64;
    fn identity(&self) -> RecordIdentity;
}

macro_rules! kept {
    ($($name:ident $table:literal |$row:ident| $identity:expr;)*) => {
        $(impl StoredRow for $name {
            const TABLE: &'static str = $table;

            fn offset(&self) -> u64 {
                self.log_offset
            }

            fn identity(&self) -> RecordIdentity {
                let $row = self;
                $identity
            }
        })*
    };
}

kept! {
    LogKeyRow "log_keys" |row| (row.subject, [0; 16], [0; 16], 0);
    SessionFormRow "session_forms" |row|
        (row.person, row.episode, row.submission_id, row.place.into());
    RegistryFormRow "registry_forms" |row| (row.person, row.episode, row.submission_id, 0);
    SurveyFormRow "survey_forms" |row| (row.code, [0; 16], row.submission_id, 0);
    EpisodeRow "episodes" |row|
        (row.person, row.episode, row.submission_id, u32::from(row.event == "closed"));
    InvitationRow "invitations" |row| (row.code, [0; 16], row.submission_id, 0);
}

fn compare<'a, T, R: StoredRow + From<&'a T>>(held: &[R], said: &'a [T], odd: &mut Vec<OddRow>) {
    let fault = |row: &R, fault| OddRow {
        table: R::TABLE,
        log_offset: row.offset(),
        fault,
        subject: Pseudonym::new(row.identity().0),
        identity: row.identity(),
    };
    let place = |row: &R| (row.offset(), row.identity());
    let said: HashMap<_, R> = said
        .iter()
        .map(|one| {
            let row = R::from(one);
            (place(&row), row)
        })
        .collect();
    let mut seen = HashSet::new();
    for row in held {
        match said.get(&place(row)) {
            // A repeated insert may stand there twice until parts are merged.
            Some(same) if same == row => {}
            Some(_) => odd.push(fault(row, RowFault::Altered)),
            None => odd.push(fault(row, RowFault::Foreign)),
        }
        seen.insert(place(row));
    }
    let mut missing: Vec<&R> = said
        .iter()
        .filter(|(place, _)| !seen.contains(*place))
        .map(|(_, row)| row)
        .collect();
    missing.sort_by_key(|row| place(row));
    odd.extend(missing.into_iter().map(|row| fault(row, RowFault::Missing)));
}

#[cfg(test)]
mod tests;
