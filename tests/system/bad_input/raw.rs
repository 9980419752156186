//! Calls that are wrong before a field is: unreadable bytes, sizes, counts, and other protocols.
//! Also the call of each kind.

use bytes::{Buf as _, BufMut as _, Bytes};
use medvirk_proto::episode::v1::episode_service_client::EpisodeServiceClient;
use medvirk_proto::episode::v1::{CloseEpisodeRequest, OpenEpisodeRequest};
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{
    CorrectSessionRequest, Invitation, Session, Submission, SubmitBatchRequest,
    SubmitSessionRequest,
};
use medvirk_proto::registry::v1::SubmitRegistryFormRequest;
use medvirk_proto::registry::v1::registry_service_client::RegistryServiceClient;
use medvirk_proto::survey::v1::survey_service_client::SurveyServiceClient;
use medvirk_proto::survey::v1::{IssueInvitationRequest, SubmitSurveyRequest};
use medvirk_tests::{Clinic, submission};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Status};

use super::cases::{UNIT, good_session, this_month};
use super::fields;

/// A good code of this month.
pub(super) async fn issue_code(clinic: &Clinic) -> String {
    let invitation = Invitation {
        unit: UNIT.to_owned(),
        month: this_month(),
    };
    let sent = clinic
        .send(vec![submission(Kind::Invitation(invitation))])
        .await;
    sent[0].code_issued.clone()
}

/// Sends it by the call of its kind; in a batch of its own where it has none.
pub(super) async fn send(clinic: &Clinic, sent: Submission) -> Result<(), Status> {
    let submission_id = sent.submission_id.clone();
    macro_rules! send {
        ($client:ident . $call:ident ( $request:ident { $field:ident : $body:expr } )) => {{
            let request = $request {
                submission_id,
                $field: Some($body),
            };
            let request = clinic.request(request);
            $client::new(clinic.channel())
                .$call(request)
                .await
                .map(drop)
        }};
    }
    use medvirk_proto::feedback::v1::feedback_service_client::FeedbackServiceClient;
    match sent.kind {
        Some(Kind::EpisodeOpened(body)) => {
            send!(EpisodeServiceClient.open_episode(OpenEpisodeRequest { opening: body }))
        }
        Some(Kind::EpisodeClosed(body)) => {
            send!(EpisodeServiceClient.close_episode(CloseEpisodeRequest { closing: body }))
        }
        Some(Kind::Session(body)) => {
            send!(FeedbackServiceClient.submit_session(SubmitSessionRequest { session: body }))
        }
        Some(Kind::Correction(body)) => {
            send!(FeedbackServiceClient.correct_session(CorrectSessionRequest { correction: body }))
        }
        Some(Kind::Invitation(body)) => {
            send!(SurveyServiceClient.issue_invitation(IssueInvitationRequest { invitation: body }))
        }
        Some(Kind::DischargeSurvey(body)) => {
            send!(SurveyServiceClient.submit_survey(SubmitSurveyRequest { survey: body }))
        }
        Some(Kind::RegistryForm(body)) => send!(RegistryServiceClient.submit_registry_form(
            SubmitRegistryFormRequest {
                registry_form: body
            }
        )),
        None => {
            let request = SubmitSessionRequest {
                submission_id,
                session: None,
            };
            let sent = clinic
                .feedback()
                .submit_session(clinic.request(request))
                .await;
            sent.map(drop)
        }
    }
}

/// Bytes that are no request, and requests that are too large; how many.
pub(super) async fn unreadable(clinic: &Clinic) -> usize {
    let wrong: [(&str, &'static [u8], &[&str]); 6] = [
        // session { patient: C3 28 }
        (
            "a reference that is not UTF-8",
            b"\x12\x04\x0a\x02\xc3\x28",
            &["session.patient"],
        ),
        // session { unit: FF }
        (
            "a unit that is not UTF-8",
            b"\x12\x03\x1a\x01\xff",
            &["session.unit"],
        ),
        // session { forms { instrument: FE } }
        (
            "an instrument that is not UTF-8",
            b"\x12\x05\x32\x03\x0a\x01\xfe",
            &["session.forms.instrument"],
        ),
        ("a session that is cut off", b"\x12\x40\x0a", &["session"]),
        (
            "bytes that are no message",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            &[""],
        ),
        ("an empty message", b"", &["session", "submission_id"]),
    ];
    for (what, bytes, expected) in wrong {
        let refused = send_bytes(clinic, Bytes::from_static(bytes)).await;
        assert_eq!(refused.code(), Code::InvalidArgument, "{what}: {refused}");
        let mut named = fields(&refused);
        named.sort_unstable();
        assert_eq!(named, expected, "{what}");
    }
    let large = Session {
        patient: "oversized-".repeat(1 << 19),
        ..good_session()
    };
    let request = SubmitSessionRequest {
        submission_id: uuid::Uuid::new_v4().to_string(),
        session: Some(large),
    };
    let packed = clinic
        .feedback()
        .send_compressed(tonic::codec::CompressionEncoding::Gzip);
    for mut client in [clinic.feedback(), packed] {
        let sent = client.submit_session(clinic.request(request.clone())).await;
        let refused = sent.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        assert!(refused.message().contains("4194304 bytes"), "{refused}");
    }
    wrong.len() + 2
}

/// Batches of too few and too many; how many.
pub(super) async fn counts(clinic: &Clinic) -> usize {
    let counts = [0, 501, 10_000];
    for count in counts {
        let all = (0..count).map(|_| submission(Kind::Session(good_session())));
        let request = SubmitBatchRequest {
            submissions: all.collect(),
        };
        let sent = clinic
            .feedback()
            .submit_batch(clinic.request(request))
            .await;
        let refused = sent.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{count}: {refused}");
        assert_eq!(fields(&refused), ["submissions"], "{count}");
    }
    counts.len()
}

/// Other protocols on the port; whatever it says to them, it must not mind.
pub(super) async fn noise(address: &str) {
    let noise: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff",
        &[0; 4_096],
    ];
    for bytes in noise {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        // It may hang up in the middle.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
}

/// Sends bytes as they are.
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

async fn send_bytes(clinic: &Clinic, bytes: Bytes) -> Status {
    let mut client = tonic::client::Grpc::new(clinic.channel());
    client.ready().await.unwrap();
    let path = "/medvirk.feedback.v1.FeedbackService/SubmitSession";
    let request = clinic.request(bytes);
    let sent = client.unary(request, path.parse().unwrap(), Raw).await;
    sent.expect_err("bytes that are no submission")
}
