//! Rows. Comes in: what an importer made of a row. Goes out: the same to whoever sends it. The
//! invariant: nothing here has a `Debug` that shows answers or references, and a problem never
//! quotes a cell.

use std::fmt;

use medvirk_domain::time::Day;
use medvirk_proto::feedback::v1::{Ending, RegistryForm, Session};

/// A file as an importer read it.
pub(super) struct ImportedRows {
    pub(super) rows: Vec<ImportedRow>,
    /// What a user should know of the file.
    pub(super) notes: Vec<String>,
}

/// What became of a row.
pub(super) struct ImportedRow {
    /// As a spreadsheet shows it.
    pub(super) number: usize,
    /// Whose row it is, where that can be read; also of a row that is refused.
    pub(super) about: Option<EpisodeReference>,
    /// What it says of its episode, where that can be read.
    pub(super) episode: Option<EpisodeFacts>,
    pub(super) outcome: RowOutcome,
    /// How its references were normalised.
    pub(super) notes: Vec<RowProblem>,
}

/// A patient's episode, as the file names both.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct EpisodeReference {
    pub(super) patient: String,
    pub(super) episode: String,
}

/// Where a row stands in the course of its episode.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PlaceInTime {
    pub(super) day: Day,
    /// As text that sorts; may be empty.
    pub(super) time: String,
    /// Of the session; nought where the row names none.
    pub(super) number: u32,
}

/// What is to be done with a row.
pub(super) enum RowOutcome {
    Session(Session),
    Form(RegistryForm),
    /// Nothing to import, and why.
    Skip(String),
    /// To be imported once another row is put right, and which.
    Hold(String),
    Refuse(Vec<RowProblem>),
}

/// What a row says of its episode.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct EpisodeFacts {
    pub(super) about: EpisodeReference,
    pub(super) place: PlaceInTime,
    pub(super) unit: String,
    /// First day, YYYY-MM-DD; an opening is sent where there is one.
    pub(super) opened: Option<String>,
    pub(super) therapist: Option<String>,
    /// Last day, and how it ended; a closing is sent where there is one.
    pub(super) closed: Option<(String, Ending)>,
}

/// Why a row is refused; never what was in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct RowProblem {
    /// Header as it is expected, variable or item.
    pub(super) field: String,
    pub(super) reason: String,
}

// === impl ImportedRow ===

impl ImportedRow {
    /// A row that cannot be imported.
    pub(super) fn refused(
        number: usize,
        about: Option<EpisodeReference>,
        problems: Vec<RowProblem>,
    ) -> Self {
        Self {
            number,
            about,
            episode: None,
            outcome: RowOutcome::Refuse(problems),
            notes: Vec::new(),
        }
    }
}

// === impl RowProblem ===

impl RowProblem {
    pub(super) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            reason: reason.into(),
        }
    }
}

impl fmt::Debug for RowOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(_) => f.write_str("Session(redacted)"),
            Self::Form(_) => f.write_str("Form(redacted)"),
            Self::Skip(reason) => write!(f, "Skip({reason})"),
            Self::Hold(reason) => write!(f, "Hold({reason})"),
            Self::Refuse(problems) => write!(f, "Refuse({problems:?})"),
        }
    }
}
