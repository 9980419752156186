//! What became of each submission, and what must be true of it in the end. Comes in: what was sent
//! and heard, and what log, registry and rows say. Goes out: nothing, or a failure that says who is
//! missing. The invariants: an acknowledgement is counted when it is heard, and an attempt before it
//! is made; sets are compared, never counts alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use clickhouse::Client;
use medvirk_domain::record::LogRecord;
use medvirk_records::codec::decode_event;

use crate::cohort::{CohortRow, Person, rows_of};
use crate::registry_id;

/// Everything that a row says.
const ROWS: &str = "SELECT toString(tuple(measure, hex(catalogue), level, organisation, first_month, \
    last_month, part, persons, new_in_year, single_therapist, single_device, close_month, variable, \
    sum, sum_sq, partition)) AS row FROM indicator ORDER BY row";

/// What became of one submission.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// How often it was sent.
    pub sent: usize,
    /// How often it was acknowledged.
    pub acknowledged: usize,
}

/// What came of each submission, by its id.
pub type Tallies = BTreeMap<String, Tally>;

/// What became of each submission so far.
#[derive(Default)]
pub struct Book(Mutex<Tallies>);

impl Book {
    /// Notes something about a submission.
    pub fn note(&self, id: &str, change: impl FnOnce(&mut Tally)) {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(tallies.entry(id.to_owned()).or_default());
    }

    /// What became of everything.
    pub fn tallies(&self) -> Tallies {
        let tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.clone()
    }
}

/// Everything was acknowledged in the end; each is in the registry once, and nothing else is.
///
/// # Panics
/// When it is not so.
pub fn assert_in_the_registry_once(counts: &BTreeMap<String, u64>, tallies: &Tallies) {
    let heard = tallies.iter().filter(|(_, tally)| tally.acknowledged > 0);
    let expected: BTreeSet<String> = heard.map(|(id, _)| registry_id(id)).collect();
    assert_eq!(
        expected.len(),
        tallies.len(),
        "clinics send until they are told"
    );
    let found: BTreeSet<String> = counts.keys().cloned().collect();
    let lost: Vec<_> = expected.difference(&found).collect();
    let foreign: Vec<_> = found.difference(&expected).collect();
    let twice: Vec<_> = counts.iter().filter(|(_, times)| **times != 1).collect();
    assert!(
        lost.is_empty(),
        "acknowledged and not in the registry: {lost:?}"
    );
    assert!(
        foreign.is_empty(),
        "in the registry and never sent: {foreign:?}"
    );
    assert!(
        twice.is_empty(),
        "in the registry more than once: {twice:?}"
    );
}

/// Every person is in the row of its unit and month, once.
///
/// # Panics
/// When it is not so.
pub fn assert_in_the_rows_once(rows: &[CohortRow], people: &[Person]) {
    let expected = rows_of(people);
    for (row, wanted) in rows.iter().zip(&expected) {
        let (found, meant) = (row.members(), wanted.members());
        assert_eq!(
            row, wanted,
            "in the row are {found:?}, it should be {meant:?}"
        );
    }
    assert_eq!(rows.len(), expected.len(), "one row per unit and month");
}

/// Each acknowledgement stands for a copy in the log, and each copy for an attempt. A lost copy is
/// seen here even where a later one took its place.
///
/// # Panics
/// When it is not so.
pub fn assert_in_the_log_as_heard(events: &[Vec<u8>], tallies: &Tallies) {
    let mut copies: BTreeMap<String, usize> = BTreeMap::new();
    for value in events {
        if let Ok(LogRecord::Event(event)) = decode_event(value) {
            let id = uuid::Uuid::from_bytes(event.submission_id).to_string();
            *copies.entry(id).or_default() += 1;
        }
    }
    for (id, copies) in &copies {
        let sent = tallies.get(id).map_or(0, |tally| tally.sent);
        assert!(
            *copies <= sent,
            "{id} is {copies} times in the log, sent {sent} times"
        );
    }
    for (id, tally) in tallies {
        let (copies, acknowledged) = (copies.get(id).copied().unwrap_or(0), tally.acknowledged);
        assert!(
            acknowledged <= copies,
            "{id} was acknowledged {acknowledged} times and is {copies} times in the log"
        );
    }
}

/// Every row with all its columns, as text, in order.
///
/// # Panics
/// When the indicators do not answer.
pub async fn lines_in(indicators: &Client) -> Vec<String> {
    let rows = indicators.query(ROWS).fetch_all().await;
    rows.expect("the indicators answer")
}
