//! A correction is the whole session: it takes the place of every form of it, also of those on
//! instruments that it does not have. Comes in: the newest revision of each session that was corrected,
//! whatever the instrument. Goes out: which forms are left. The invariant: it is the rule of the view
//! `session_form`; sessions that were never corrected take no memory.

use std::collections::HashMap;

use clickhouse::Row;
use serde::Deserialize;

use super::form_row::FormRow;

/// A session: person, episode, partition, unit, day and number.
type SessionIdentity = ([u8; 16], [u8; 16], u16, String, i32, u32);

/// The newest revision of each session that was corrected.
#[derive(Default)]
pub(super) struct SessionCorrections(HashMap<SessionIdentity, u32>);

/// A corrected session as it is read.
#[derive(Row, Deserialize)]
pub(super) struct CorrectedRow {
    person: [u8; 16],
    episode: [u8; 16],
    partition: u16,
    unit: String,
    day: i32,
    number: u32,
    newest: u32,
}

impl SessionCorrections {
    /// True if no correction has taken the place of this form.
    pub(super) fn leave(&self, form: &FormRow) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let session = (
            form.person,
            form.episode,
            form.partition,
            form.unit.clone(),
            form.day,
            form.number,
        );
        self.0
            .get(&session)
            .is_none_or(|newest| *newest == form.revision)
    }
}

impl FromIterator<CorrectedRow> for SessionCorrections {
    fn from_iter<I: IntoIterator<Item = CorrectedRow>>(found: I) -> Self {
        let newest = |row: CorrectedRow| {
            let CorrectedRow {
                person, episode, ..
            } = row;
            let session = (
                person,
                episode,
                row.partition,
                row.unit,
                row.day,
                row.number,
            );
            (session, row.newest)
        };
        Self(found.into_iter().map(newest).collect())
    }
}
