//! A row of a NORSE export between its cells and its submission.

use medvirk_proto::feedback::v1::{Form, Session};

use crate::columns::Keys;
use crate::row::{EpisodeReference, Facts, Outcome, Problem, Row};

/// A row that is read as far as its own cells go; its number may still be counted.
pub(super) struct DraftedRow {
    pub(super) line: usize,
    /// Whose it is, as far as that can be read.
    pub(super) patient: Option<String>,
    pub(super) episode: Option<String>,
    pub(super) keys: Option<Keys>,
    pub(super) facts: Option<Facts>,
    pub(super) number: Option<u32>,
    pub(super) form: Option<Form>,
    pub(super) skip: Option<&'static str>,
    /// Why it has no number yet.
    pub(super) hold: Option<String>,
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<Problem>,
}

/// Nobody is behind such a row.
pub(super) const TEST_ACCOUNT: &str = "test account";

// === impl DraftedRow ===

impl DraftedRow {
    /// The row, once its number is counted.
    pub(super) fn into_row(self) -> Row {
        let about = match (self.patient, self.episode) {
            (Some(patient), Some(episode)) => Some(EpisodeReference { patient, episode }),
            _ => None,
        };
        let outcome = match (self.skip, self.hold, self.keys, self.number, self.form) {
            (Some(reason), ..) => Outcome::Skip(reason.to_owned()),
            _ if !self.problems.is_empty() => Outcome::Refuse(self.problems),
            (None, Some(reason), ..) => Outcome::Hold(reason),
            (None, None, Some(keys), Some(number), Some(form)) => Outcome::Session(Session {
                patient: keys.about.patient,
                episode: keys.about.episode,
                unit: keys.unit,
                date: keys.day.to_string(),
                number,
                forms: vec![form],
                earlier: Vec::new(),
            }),
            _ => Outcome::Refuse(self.problems),
        };
        Row {
            number: self.line,
            about,
            episode: self.facts,
            outcome,
            notes: self.notes,
        }
    }
}
