//! The client. Comes in: a server and how many submissions. Goes out: all of them acknowledged. The
//! invariant: every server gets the same messages with the same headers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{SubmitSessionRequest, SubmitSessionResponse};
use medvirk_tests::{fit_ors, session, submission};
use prost::Message;
use tonic::Request;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

use crate::Failed;
use crate::server::Server;

/// Tablets that send one session after another, each on a connection of its own.
const TABLETS: usize = 32;
const UNIT: &str = "fjord-poliklinikk";
const DATE: &str = "2024-03-01";
const ECHO: &str = "/medvirk.benches.Echo/Echo";
const INGEST: &str = "/medvirk.feedback.v1.FeedbackService/SubmitSession";

pub(crate) struct Tablets {
    /// Gives every patient of this process another number.
    patients: Arc<AtomicUsize>,
}

/// One tablet with a connection of its own.
#[derive(Clone)]
pub(crate) struct Tablet {
    grpc: Grpc<Channel>,
    bearer: tonic::metadata::AsciiMetadataValue,
    is_echo: bool,
}

impl Tablets {
    pub(crate) fn new() -> Self {
        let patients = Arc::default();
        Self { patients }
    }

    /// Sends so many and waits for every acknowledgement.
    pub(crate) async fn send(&self, server: &Server, many: usize) -> Result<(), Failed> {
        let left = Arc::new(AtomicUsize::new(many));
        let mut sending = Vec::new();
        for _ in 0..TABLETS {
            let mut tablet = Tablet::connect(server).await?;
            let (left, patients) = (left.clone(), self.patients.clone());
            sending.push(tokio::spawn(async move {
                while left
                    .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
                    .is_ok()
                {
                    tablet.send(request(patients.fetch_add(1, Relaxed))).await?;
                }
                Ok::<_, Failed>(())
            }));
        }
        for tablet in sending {
            tablet.await??;
        }
        Ok(())
    }
}

impl Tablet {
    pub(crate) async fn connect(server: &Server) -> Result<Self, Failed> {
        let channel = Endpoint::from_shared(server.address.clone())?
            .connect()
            .await?;
        Ok(Self {
            grpc: Grpc::new(channel),
            bearer: format!("Bearer {}", server.token).parse()?,
            is_echo: server.is_echo,
        })
    }

    /// Sends one and waits for its acknowledgement.
    pub(crate) async fn send(&mut self, request: SubmitSessionRequest) -> Result<(), Failed> {
        if self.is_echo {
            self.call::<SubmitSessionRequest>(ECHO, request).await
        } else {
            self.call::<SubmitSessionResponse>(INGEST, request).await
        }
    }

    async fn call<A: Message + Default + 'static>(
        &mut self,
        path: &'static str,
        request: SubmitSessionRequest,
    ) -> Result<(), Failed> {
        let mut request = Request::new(request);
        let bearer = self.bearer.clone();
        request.metadata_mut().insert("authorization", bearer);
        self.grpc.ready().await?;
        let codec = ProstCodec::<SubmitSessionRequest, A>::default();
        let path = PathAndQuery::from_static(path);
        self.grpc.unary(request, path, codec).await?;
        Ok(())
    }
}

/// The session of a patient of that number, with one outcome form.
pub(crate) fn request(patient: usize) -> SubmitSessionRequest {
    let form = fit_ors([5.0, 6.0, 7.0, 8.0]);
    let session = session(&format!("patient-{patient}"), UNIT, DATE, 1, form);
    SubmitSessionRequest {
        submission_id: submission(Kind::Session(session.clone())).submission_id,
        session: Some(session),
    }
}
