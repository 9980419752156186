//! What became of each thing that a file says.

use super::row::RowProblem;

/// What a fate is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FateSubject {
    Row,
    Opening,
    Form,
    Closing,
}

/// What became of one thing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SubjectFate {
    pub(super) row: usize,
    pub(super) what: FateSubject,
    /// Empty where there is no submission.
    pub(super) id: String,
    pub(super) end: FateEnd,
}

/// How one thing of a file ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum FateEnd {
    /// The system has it.
    Sent,
    /// It would be sent.
    WouldBeSent,
    /// The system had it before.
    Known(String),
    Refused(Vec<RowProblem>),
    /// The system has something else of the same, which stands.
    Different(String),
    /// It is sent when another row is put right.
    Held(String),
    Skipped(String),
    /// Nobody can say: the run ended before.
    Open,
}

// === impl FateSubject ===

impl FateSubject {
    /// True for what a row says by itself.
    pub(super) fn is_of_row(self) -> bool {
        matches!(self, Self::Row | Self::Form)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::Opening => "opening of the episode",
            Self::Form => "form",
            Self::Closing => "closing of the episode",
        }
    }
}
