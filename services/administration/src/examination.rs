//! The examination of a running system. Comes in: a wish to examine. Goes out: a stream of checks.
//! The invariants: one at a time; it ends when nobody listens any more; each part is looked at by
//! the crate that owns it, with credentials that cannot write.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use medvirk_aggregator as aggregator;
use medvirk_proto::admin::v1 as wire;
use medvirk_registrar as registrar;
use medvirk_runtime::examination::{Check, Examination, Finding, Told, Verdict};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::Stream;
use tonic::Status;

/// With less room than this on the disk of the data folder, it is time to act: in bytes,
const LEAST_ROOM: u64 = 1 << 30;
/// and in hundredths of the disk.
const LEAST_SHARE: u64 = 5;

/// Begins examinations. Clones share the turn.
#[derive(Clone)]
pub struct Examinations {
    pub indicators: aggregator::Examiner,
    /// None where this process may not read the registry.
    pub registry: Option<registrar::Examiner>,
    pub data: PathBuf,
    turn: Arc<Semaphore>,
}

/// What an examination tells, to whoever listens.
pub struct Listening {
    told: mpsc::Receiver<Told>,
    /// The next one may begin when this is dropped.
    _turn: OwnedSemaphorePermit,
}

impl Examinations {
    pub fn new(
        indicators: aggregator::Examiner,
        registry: Option<registrar::Examiner>,
        data: PathBuf,
    ) -> Self {
        let turn = Arc::new(Semaphore::new(1));
        Self {
            indicators,
            registry,
            data,
            turn,
        }
    }

    /// Begins one, beside everything else.
    pub fn begin(&self, aggregator: aggregator::Handle) -> Result<Listening, Status> {
        let busy = |_| Status::resource_exhausted("another examination is under way");
        let turn = self.turn.clone().try_acquire_owned().map_err(busy)?;
        let (examination, told) = Examination::new();
        let this = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = examination.abandoned() => {}
                () = this.examine(&aggregator, &examination) => {}
            }
        });
        Ok(Listening { told, _turn: turn })
    }

    async fn examine(&self, aggregator: &aggregator::Handle, examination: &Examination) {
        aggregator.examine(&self.indicators, examination).await;
        match &self.registry {
            Some(examiner) => examiner.examine(examination).await,
            None => {
                let mut check = Check::new("registry");
                let found = "this process may not read the registry";
                check.not_seen(found, "give it a reader of the registry, [registry] reader");
                examination.tell(check).await;
            }
        }
        examination.tell(disk(&self.data)).await;
    }
}

/// How much room there is for the data folder.
fn disk(data: &Path) -> Check {
    let mut check = Check::new("disk");
    match rustix::fs::statvfs(data) {
        Ok(told) => {
            let free = told.f_bavail.saturating_mul(told.f_frsize);
            let all = told.f_blocks.saturating_mul(told.f_frsize);
            room(free, all, &mut check);
        }
        Err(error) => check.not_seen(
            format!("the disk of the data folder does not say: {error}"),
            "look at the disk",
        ),
    }
    check
}

fn room(free: u64, all: u64, check: &mut Check) {
    let mebibytes = free >> 20;
    check.compared = format!("room on the disk of the data folder: {mebibytes} MiB are free");
    if free < LEAST_ROOM || free / LEAST_SHARE < all / 100 {
        check.differs(
            format!("only {mebibytes} MiB of {} MiB are free", all >> 20),
            "make room: a full disk refuses submissions, and loses none that were acknowledged",
        );
    }
}

// === impl Listening ===

impl Stream for Listening {
    type Item = Result<wire::ExamineResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.told
            .poll_recv(context)
            .map(|told| told.map(|told| Ok(response(told))))
    }
}

fn response(told: Told) -> wire::ExamineResponse {
    let told = match told {
        Told::Begun(name) => wire::examine_response::Told::Begun(name.to_owned()),
        Told::Done(check) => wire::examine_response::Told::Check(wire_check(check)),
    };
    wire::ExamineResponse { told: Some(told) }
}

fn wire_check(check: Check) -> wire::Check {
    let finding = |finding: Finding| wire::Finding {
        verdict: wire_verdict(finding.verdict).into(),
        found: finding.found,
        advice: finding.advice.to_owned(),
    };
    wire::Check {
        name: check.name.to_owned(),
        verdict: wire_verdict(check.verdict).into(),
        compared: check.compared,
        findings: check.findings.into_iter().map(finding).collect(),
        more: check.more,
    }
}

fn wire_verdict(verdict: Verdict) -> wire::Verdict {
    match verdict {
        Verdict::Agrees => wire::Verdict::Agrees,
        Verdict::Waits => wire::Verdict::Waits,
        Verdict::NotComparable => wire::Verdict::NotComparable,
        Verdict::NotSeen => wire::Verdict::NotSeen,
        Verdict::Differs => wire::Verdict::Differs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_nearly_full_is_found() {
        let verdict = |free, all| {
            let mut check = Check::new("disk");
            room(free, all, &mut check);
            check.verdict
        };
        assert_eq!(verdict(50 << 30, 100 << 30), Verdict::Agrees);
        assert_eq!(verdict(4 << 30, 100 << 30), Verdict::Differs);
        assert_eq!(verdict(900 << 20, 2 << 30), Verdict::Differs);
    }

    #[test]
    fn a_folder_that_is_not_there_says_so() {
        assert_eq!(disk(Path::new("/no/such/folder")).verdict, Verdict::NotSeen);
    }
}
