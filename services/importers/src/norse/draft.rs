//! A row of a NORSE export between its cells and its submission.

use medvirk_proto::feedback::v1::{Form, Session};

use crate::columns::RowKeys;
use crate::row::{EpisodeFacts, EpisodeReference, ImportedRow, RowOutcome, RowProblem};

/// A row that is read as far as its own cells go; its number may still be counted.
pub(super) struct DraftedRow {
    pub(super) line: usize,
    /// Whose it is, as far as that can be read.
    pub(super) patient: Option<String>,
    pub(super) episode: Option<String>,
    pub(super) keys: Option<RowKeys>,
    pub(super) facts: Option<EpisodeFacts>,
    pub(super) number: Option<u32>,
    pub(super) form: Option<Form>,
    pub(super) skip: Option<&'static str>,
    /// Why it has no number yet.
    pub(super) hold: Option<String>,
    pub(super) problems: Vec<RowProblem>,
    pub(super) notes: Vec<RowProblem>,
}

/// Nobody is behind such a row.
pub(super) const TEST_ACCOUNT: &str = "test account";

// === impl DraftedRow ===

impl DraftedRow {
    /// The row, once its number is counted.
    pub(super) fn into_row(self) -> ImportedRow {
        let about = match (self.patient, self.episode) {
            (Some(patient), Some(episode)) => Some(EpisodeReference { patient, episode }),
            _ => None,
        };
        let outcome = match (self.skip, self.hold, self.keys, self.number, self.form) {
            (Some(reason), ..) => RowOutcome::Skip(reason.to_owned()),
            _ if !self.problems.is_empty() => RowOutcome::Refuse(self.problems),
            (None, Some(reason), ..) => RowOutcome::Hold(reason),
            (None, None, Some(keys), Some(number), Some(form)) => RowOutcome::Session(Session {
                patient: keys.about.patient,
                episode: keys.about.episode,
                unit: keys.unit,
                date: keys.day.to_string(),
                number,
                forms: vec![form],
                earlier: Vec::new(),
            }),
            _ => RowOutcome::Refuse(self.problems),
        };
        ImportedRow {
            number: self.line,
            about,
            episode: self.facts,
            outcome,
            notes: self.notes,
        }
    }
}
