//! The server: durability before OK, deadlines, limits, unreadable requests, and how it stops.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use medvirk_front::FrontConfig;
use medvirk_proto::feedback::v1::feedback_service_client::FeedbackServiceClient;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};
use tonic_types::StatusExt as _;

use crate::clinic::{Clinic, connect, eventually};
use crate::log::Mode;
use crate::malformed::{logged, violations};
use crate::requests::{session, submit};

#[tokio::test]
async fn ok_comes_after_the_log_has_acknowledged() {
    let clinic = Clinic::open().await;
    clinic.log.set(Mode::Stall);
    let sent = clinic.at_tau(submit(session()));
    let mut client = clinic.feedback();
    let call = tokio::spawn(async move { client.submit_session(sent).await });
    eventually(async || clinic.log.waiting() == 1).await;
    assert!(!call.is_finished());
    assert_eq!(logged(&clinic).await, 0);
    clinic.log.set(Mode::Pass);
    call.await.unwrap().unwrap();
    assert_eq!(logged(&clinic).await, 1);
}

#[tokio::test]
async fn a_log_that_fails_is_told_apart() {
    let clinic = Clinic::open().await;
    let cases = [
        (Mode::Full, Code::ResourceExhausted, "REFUSAL_CODE_LOG_FULL"),
        (Mode::Unknown, Code::Unavailable, "REFUSAL_CODE_LOG_UNKNOWN"),
        (
            Mode::Unavailable,
            Code::Unavailable,
            "REFUSAL_CODE_LOG_UNAVAILABLE",
        ),
    ];
    for (mode, code, reason) in cases {
        clinic.log.set(mode);
        let sent = clinic.at_tau(submit(session()));
        let refused = clinic.feedback().submit_session(sent).await.unwrap_err();
        assert_eq!(refused.code(), code);
        let details = refused.get_error_details();
        assert!(
            details
                .retry_info()
                .and_then(|retry| retry.retry_delay)
                .is_some()
        );
        assert_eq!(details.error_info().unwrap().reason, reason);
    }
}

#[tokio::test]
async fn a_deadline_is_honoured_and_leaves_it_unknown() {
    let clinic = Clinic::open().await;
    clinic.log.set(Mode::Stall);
    let mut sent = clinic.at_tau(submit(session()));
    sent.metadata_mut()
        .insert("grpc-timeout", "300m".parse().unwrap());
    // A client that does not look at the deadline itself, so that the answer is the server's.
    let patient = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let origin = clinic.address.parse().unwrap();
    let mut client = FeedbackServiceClient::with_origin(patient, origin);
    let refused = client.submit_session(sent).await.unwrap_err();
    assert_eq!(refused.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn no_call_takes_longer_than_the_server_allows() {
    let limits = FrontConfig {
        timeout: Duration::from_millis(200),
        ..Default::default()
    };
    let clinic = Clinic::with(Default::default(), limits).await;
    clinic.log.set(Mode::Stall);
    let sent = clinic.at_tau(submit(session()));
    let refused = clinic.feedback().submit_session(sent).await.unwrap_err();
    assert_eq!(refused.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn too_many_calls_are_refused_at_once_and_health_still_answers() {
    let limits = FrontConfig {
        max_concurrent: 2,
        ..Default::default()
    };
    let clinic = Clinic::with(Default::default(), limits).await;
    clinic.log.set(Mode::Stall);
    let calls: Vec<_> = (0..2)
        .map(|_| {
            let (mut client, sent) = (clinic.feedback(), clinic.at_tau(submit(session())));
            tokio::spawn(async move { client.submit_session(sent).await })
        })
        .collect();
    eventually(async || clinic.log.waiting() == 2).await;
    let sent = clinic.at_tau(submit(session()));
    let refused = clinic.feedback().submit_session(sent).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.get_error_details().retry_info().is_some());
    assert_eq!(health(&clinic, "").await.unwrap(), 1);
    clinic.log.set(Mode::Pass);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    clinic
        .feedback()
        .submit_session(clinic.at_tau(submit(session())))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_oversized_request_is_refused_with_its_limit() {
    let clinic = Clinic::open().await;
    let mut large = session();
    large.patient = "x".repeat(5 << 20);
    let refused = clinic
        .feedback()
        .submit_session(clinic.at_tau(submit(large.clone())))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(
        refused.message().contains("4194304 bytes"),
        "{}",
        refused.message()
    );
    // Small on the wire and large when unpacked.
    let mut packed = FeedbackServiceClient::new(clinic.channel.clone())
        .send_compressed(tonic::codec::CompressionEncoding::Gzip);
    let refused = packed
        .submit_session(clinic.at_tau(submit(large)))
        .await
        .unwrap_err();
    assert_eq!(
        refused.code(),
        Code::InvalidArgument,
        "{}",
        refused.message()
    );
    assert_eq!(logged(&clinic).await, 0);
    clinic
        .feedback()
        .submit_session(clinic.at_tau(submit(session())))
        .await
        .unwrap();
}

/// Sends bytes as they are.
#[derive(Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

async fn send_raw(clinic: &Clinic, bytes: &'static [u8]) -> Status {
    let mut client = tonic::client::Grpc::new(clinic.channel.clone());
    client.ready().await.unwrap();
    let path = "/medvirk.feedback.v1.FeedbackService/SubmitSession"
        .parse()
        .unwrap();
    let request = clinic.at_tau(Bytes::from_static(bytes));
    client
        .unary(request, path, Raw)
        .await
        .map(drop)
        .unwrap_err()
}

#[tokio::test]
async fn unreadable_requests_are_the_clients_fault_and_name_the_field() {
    let clinic = Clinic::open().await;
    // session { patient: C3 28 }, which is not UTF-8.
    let refused = send_raw(&clinic, b"\x12\x04\x0a\x02\xc3\x28").await;
    assert_eq!(
        refused.code(),
        Code::InvalidArgument,
        "{}",
        refused.message()
    );
    assert_eq!(violations(&refused), ["session.patient"]);
    // A session that is cut off, and one that is no message.
    for wrong in [
        b"\x12\x40\x0a".as_slice(),
        b"\x12\x02\xff\xff",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let refused = send_raw(&clinic, wrong).await;
        assert_eq!(
            refused.code(),
            Code::InvalidArgument,
            "{}",
            refused.message()
        );
    }
    // An empty message is readable, and wrong in another way.
    assert_eq!(
        violations(&send_raw(&clinic, b"").await),
        ["submission_id", "session"]
    );
    assert_eq!(logged(&clinic).await, 0);
    clinic
        .feedback()
        .submit_session(clinic.at_tau(submit(session())))
        .await
        .unwrap();
}

async fn health(clinic: &Clinic, service: &str) -> Result<i32, Status> {
    let service = service.to_owned();
    let mut client = HealthClient::new(clinic.channel.clone());
    let answer = client.check(HealthCheckRequest { service }).await?;
    Ok(answer.into_inner().status)
}

#[tokio::test]
async fn health_is_told_by_service() {
    let clinic = Clinic::open().await;
    for service in medvirk_ingest::Ingest::SERVICES.into_iter().chain([""]) {
        assert_eq!(health(&clinic, service).await.unwrap(), 1, "{service}");
    }
    assert_eq!(
        health(&clinic, "other").await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn reflection_answers_in_both_versions() {
    let clinic = Clinic::open().await;
    macro_rules! services {
        ($version:ident) => {{
            use $version::server_reflection_client::ServerReflectionClient;
            use $version::server_reflection_request::MessageRequest;
            use $version::server_reflection_response::MessageResponse;
            let request = $version::ServerReflectionRequest {
                host: String::new(),
                message_request: Some(MessageRequest::ListServices(String::new())),
            };
            let mut client = ServerReflectionClient::new(clinic.channel.clone());
            let answer = client
                .server_reflection_info(tokio_stream::once(request))
                .await
                .unwrap();
            let first = answer.into_inner().message().await.unwrap().unwrap();
            match first.message_response.unwrap() {
                MessageResponse::ListServicesResponse(list) => list
                    .service
                    .into_iter()
                    .map(|service| service.name)
                    .collect::<Vec<_>>(),
                _ => panic!("not a list"),
            }
        }};
    }
    for listed in [services!(v1), services!(v1alpha)] {
        for service in medvirk_ingest::Ingest::SERVICES {
            assert!(
                listed.contains(&service.to_owned()),
                "{service} in {listed:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_stop_lets_what_is_under_way_come_to_its_end() {
    let clinic = Clinic::open().await;
    clinic.log.set(Mode::Stall);
    let (mut client, sent) = (clinic.feedback(), clinic.at_tau(submit(session())));
    let call = tokio::spawn(async move { client.submit_session(sent).await });
    eventually(async || clinic.log.waiting() == 1).await;
    clinic.stop.stop();
    // Nobody new is let in.
    let endpoint = tonic::transport::Endpoint::from_shared(clinic.address.clone()).unwrap();
    eventually(async || endpoint.connect().await.is_err()).await;
    assert!(!call.is_finished());
    clinic.log.set(Mode::Pass);
    call.await.unwrap().unwrap();
    assert_eq!(logged(&clinic).await, 1);
    clinic.serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let limits = FrontConfig {
        grace: Duration::from_millis(100),
        ..Default::default()
    };
    let clinic = Clinic::with(Default::default(), limits).await;
    clinic.log.set(Mode::Stall);
    let (mut client, sent) = (clinic.feedback(), clinic.at_tau(submit(session())));
    let call = tokio::spawn(async move { client.submit_session(sent).await });
    eventually(async || clinic.log.waiting() == 1).await;
    clinic.stop.stop();
    clinic.serving.await.unwrap().unwrap();
    call.abort();
}

#[tokio::test]
async fn two_run_side_by_side() {
    let (one, other) = (Clinic::open().await, Clinic::open().await);
    let sent = one.at_tau(submit(session()));
    let mut client = FeedbackServiceClient::new(connect(&one.address).await);
    client.submit_session(sent).await.unwrap();
    assert_eq!((logged(&one).await, logged(&other).await), (1, 0));
    let foreign: Request<_> = one.at_tau(submit(session()));
    assert_eq!(
        other
            .feedback()
            .submit_session(foreign)
            .await
            .unwrap_err()
            .code(),
        Code::Unauthenticated
    );
}
