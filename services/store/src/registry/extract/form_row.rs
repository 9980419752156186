//! A form as the tables give it, before it is known whether it counts. The corrections and the newest
//! revisions are found out from these rows.

use clickhouse::Row;
use serde::Deserialize;

/// Where forms were sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FormSource {
    /// To the quality register.
    Register,
    /// They were filled in in a session.
    Sessions,
}

/// One form of a table, with the answers that were asked for.
#[derive(Clone, Row, Deserialize)]
pub(super) struct FormRow {
    pub(super) person: [u8; 16],
    pub(super) episode: [u8; 16],
    pub(super) partition: u16,
    pub(super) unit: String,
    pub(super) day: i32,
    pub(super) revision: u32,
    pub(super) version: u32,
    pub(super) respondent: String,
    pub(super) log_offset: u64,
    pub(super) submission_id: [u8; 16],
    pub(super) ingested_at: i64,
    pub(super) number: u32,
    pub(super) place: u16,
    pub(super) age: String,
    pub(super) total: Option<i64>,
    pub(super) answers: Vec<Option<i64>>,
    /// Numbers of reasons, counted from 1 in [`MissingReason::ALL`]; empty where there is none.
    pub(super) reasons: Vec<u8>,
}
