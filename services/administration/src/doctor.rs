//! The doctor over gRPC. Comes in: the call `Examine`. Goes out: a stream of checks. The invariants:
//! one examination at a time; it ends when nobody listens any more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use medvirk_doctor::{
    Doctor, DoctorCheck, DoctorFinding, DoctorMessage, DoctorReport, DoctorVerdict,
};
use medvirk_proto::admin::v1 as wire;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::Stream;
use tonic::Status;

/// Calls the doctor, one caller at a time. Clones share the turn.
#[derive(Clone)]
pub struct DoctorCalls {
    doctor: Doctor,
    turn: Arc<Semaphore>,
}

/// What the doctor reports, to whoever listens.
pub struct DoctorStream {
    messages: mpsc::Receiver<DoctorMessage>,
    /// The next one may begin when this is dropped.
    _turn: OwnedSemaphorePermit,
}

impl DoctorCalls {
    pub fn new(doctor: Doctor) -> Self {
        let turn = Arc::new(Semaphore::new(1));
        Self { doctor, turn }
    }

    /// Begins an examination, beside everything else.
    pub fn begin(&self) -> Result<DoctorStream, Status> {
        let busy = |_| Status::resource_exhausted("another examination is under way");
        let turn = self.turn.clone().try_acquire_owned().map_err(busy)?;
        let (report, messages) = DoctorReport::new();
        let doctor = self.doctor.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = report.abandoned() => {}
                () = doctor.examine(&report) => {}
            }
        });
        Ok(DoctorStream {
            messages,
            _turn: turn,
        })
    }
}

// === impl DoctorStream ===

impl Stream for DoctorStream {
    type Item = Result<wire::ExamineResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.messages
            .poll_recv(context)
            .map(|message| message.map(|message| Ok(response(message))))
    }
}

fn response(message: DoctorMessage) -> wire::ExamineResponse {
    let told = match message {
        DoctorMessage::Begun(name) => wire::examine_response::Told::Begun(name.to_owned()),
        DoctorMessage::Done(check) => wire::examine_response::Told::Check(wire_check(check)),
    };
    wire::ExamineResponse { told: Some(told) }
}

fn wire_check(check: DoctorCheck) -> wire::Check {
    let finding = |finding: DoctorFinding| wire::Finding {
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

fn wire_verdict(verdict: DoctorVerdict) -> wire::Verdict {
    match verdict {
        DoctorVerdict::Agrees => wire::Verdict::Agrees,
        DoctorVerdict::Waits => wire::Verdict::Waits,
        DoctorVerdict::NotComparable => wire::Verdict::NotComparable,
        DoctorVerdict::NotSeen => wire::Verdict::NotSeen,
        DoctorVerdict::Differs => wire::Verdict::Differs,
    }
}
