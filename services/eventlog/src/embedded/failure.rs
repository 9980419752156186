//! Why something was not written: the queue refuses a request, or the committer fails it. The
//! invariant: after "full" and "unavailable" nothing was stored.

use crate::cause::UnavailableLog;
use crate::error::{CompactionError, LogAppendError, OffsetCommitError};

/// Why a request does not come into the committer's queue.
#[derive(Debug)]
pub(super) enum QueueRefusal {
    /// Too many requests wait already.
    Full,
    /// The committer's thread has ended.
    Stopped,
}

impl From<QueueRefusal> for LogAppendError {
    fn from(refusal: QueueRefusal) -> Self {
        match refusal {
            QueueRefusal::Full => Self::Full,
            QueueRefusal::Stopped => UnavailableLog::stopped("append to log").into(),
        }
    }
}

impl From<QueueRefusal> for OffsetCommitError {
    fn from(refusal: QueueRefusal) -> Self {
        match refusal {
            QueueRefusal::Full => Self::Full,
            QueueRefusal::Stopped => UnavailableLog::stopped("append to log").into(),
        }
    }
}

/// Why the committer failed a request.
#[derive(Debug)]
pub(super) enum WriteFailure {
    /// At the commit: it may be stored.
    Unknown,
    /// Before the commit: nothing is stored.
    Unavailable(UnavailableLog),
}

impl From<UnavailableLog> for WriteFailure {
    fn from(error: UnavailableLog) -> Self {
        Self::Unavailable(error)
    }
}

impl From<WriteFailure> for LogAppendError {
    fn from(failure: WriteFailure) -> Self {
        match failure {
            WriteFailure::Unknown => Self::Unknown,
            WriteFailure::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

impl From<WriteFailure> for OffsetCommitError {
    fn from(failure: WriteFailure) -> Self {
        match failure {
            WriteFailure::Unknown => Self::Unknown,
            WriteFailure::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

impl From<WriteFailure> for CompactionError {
    fn from(failure: WriteFailure) -> Self {
        match failure {
            WriteFailure::Unknown => Self::Unknown,
            WriteFailure::Unavailable(error) => Self::Unavailable(error),
        }
    }
}
