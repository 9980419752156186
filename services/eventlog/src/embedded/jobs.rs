//! Jobs of the compactor. Comes in: a word that there is work, from the committer or from whoever
//! waits for it. Goes out: the same to the compactor's thread. The invariant: the compactor ends when
//! its handle is dropped, whoever else may still send.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::CompactionError;
use crate::topic::CompactionResult;

/// Where a compaction says what it did.
pub(super) type CompactionReply = oneshot::Sender<Result<CompactionResult, CompactionError>>;

/// What the compactor is asked for.
pub(super) enum CompactorJob {
    /// Tombstones were stored, so there is work.
    Tombstoned,
    /// Compact now and say what was done.
    Now(CompactionReply),
}

/// Where jobs are sent. It does not keep the compactor alive against [`CompactorHandle`].
#[derive(Clone)]
pub(super) struct CompactorJobs {
    jobs: mpsc::Sender<Option<CompactorJob>>,
}

impl CompactorJobs {
    /// A job that comes after the end is dropped, and with it its reply.
    pub(super) fn send(&self, job: CompactorJob) {
        _ = self.jobs.send(Some(job));
    }
}

/// Keeps the compactor alive: dropped, it ends as soon as it can.
pub(super) struct CompactorHandle {
    jobs: CompactorJobs,
    stop: Arc<AtomicBool>,
}

impl CompactorHandle {
    pub(super) fn jobs(&self) -> CompactorJobs {
        self.jobs.clone()
    }

    pub(super) fn send(&self, job: CompactorJob) {
        self.jobs.send(job);
    }
}

impl Drop for CompactorHandle {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        _ = self.jobs.jobs.send(None);
    }
}

/// The end at which the compactor receives its jobs.
pub(super) struct CompactorInbox {
    jobs: mpsc::Receiver<Option<CompactorJob>>,
    stop: Arc<AtomicBool>,
}

impl CompactorInbox {
    /// True once the handle was dropped.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The next job; `None` at the end.
    pub(super) fn wait(&self) -> Option<CompactorJob> {
        self.jobs.recv().ok().flatten()
    }

    /// The next job, or after that time that there is work; `None` at the end.
    pub(super) fn wait_at_most(&self, time: Duration) -> Option<CompactorJob> {
        match self.jobs.recv_timeout(time) {
            Err(mpsc::RecvTimeoutError::Timeout) => Some(CompactorJob::Tombstoned),
            Ok(job) => job,
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
        }
    }

    /// A job that waits already, or the end; `None` where nothing does.
    pub(super) fn waiting(&self) -> Option<Option<CompactorJob>> {
        self.jobs.try_recv().ok()
    }
}

/// Makes both ends of the channel of jobs.
pub(super) fn channel() -> (CompactorHandle, CompactorInbox) {
    let (sender, receiver) = mpsc::channel();
    let stop = Arc::new(AtomicBool::new(false));
    let handle = CompactorHandle {
        jobs: CompactorJobs { jobs: sender },
        stop: stop.clone(),
    };
    let inbox = CompactorInbox {
        jobs: receiver,
        stop,
    };
    (handle, inbox)
}
