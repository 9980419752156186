//! What clinics send, with defaults.

use std::time::Duration;

use medvirk_proto::feedback::v1::feedback_service_client::FeedbackServiceClient;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{
    EpisodeClosing, EpisodeOpening, Form, ItemResponse, Respondent, Session, Submission,
    SubmissionResult, SubmitBatchRequest, SubmitSessionRequest, item_response::Response,
};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use uuid::Uuid;

/// Somebody who sends, under one credential.
#[derive(Clone)]
pub struct Clinic {
    channel: Channel,
    token: String,
}

/// What became of a batch.
pub type Sent = Result<Vec<SubmissionResult>, Status>;

impl Clinic {
    pub(crate) fn new(channel: Channel, token: &str) -> Self {
        Self {
            channel,
            token: token.to_owned(),
        }
    }

    /// A request with this clinic's token.
    pub fn request<T>(&self, message: T) -> Request<T> {
        crate::system::authorised(message, &self.token)
    }

    /// A client of the service that takes sessions and batches.
    pub fn feedback(&self) -> FeedbackServiceClient<Channel> {
        FeedbackServiceClient::new(self.channel.clone())
    }

    /// The channel, for other services.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Sends once and returns what came back.
    pub async fn try_send(&self, submissions: Vec<Submission>) -> Sent {
        let mut request = self.request(SubmitBatchRequest { submissions });
        request.set_timeout(Duration::from_secs(10));
        Ok(self
            .feedback()
            .submit_batch(request)
            .await?
            .into_inner()
            .results)
    }

    /// Sends once, one session by its own call, and says what was said of each.
    pub async fn try_each(&self, batch: &[Submission]) -> Vec<Result<(), Status>> {
        if let [one] = batch
            && let Some(Kind::Session(session)) = &one.kind
        {
            return vec![self.try_session(one, session.clone()).await];
        }
        match self.try_send(batch.to_vec()).await {
            Ok(results) => {
                let said = |result: SubmissionResult| match result.code {
                    0 => Ok(()),
                    code => Err(Status::new(code.into(), result.message)),
                };
                results.into_iter().map(said).collect()
            }
            Err(status) => batch.iter().map(|_| Err(status.clone())).collect(),
        }
    }

    async fn try_session(&self, submission: &Submission, session: Session) -> Result<(), Status> {
        let mut request = self.request(SubmitSessionRequest {
            submission_id: submission.submission_id.clone(),
            session: Some(session),
        });
        request.set_timeout(Duration::from_secs(10));
        self.feedback().submit_session(request).await.map(|_| ())
    }

    /// Sends, again and again while nobody can say whether it was taken, and expects that all is
    /// taken.
    ///
    /// # Panics
    /// When a submission is refused, or nothing is taken for 30 seconds.
    pub async fn send(&self, submissions: Vec<Submission>) -> Vec<SubmissionResult> {
        for batch in submissions.chunks(500) {
            let send = || async {
                match self.try_send(batch.to_vec()).await {
                    Ok(results) => {
                        let open = |result: &SubmissionResult| {
                            is_open(&Status::new(result.code.into(), ""))
                        };
                        (!results.iter().any(open)).then_some(results)
                    }
                    Err(status) if is_open(&status) => None,
                    Err(status) => panic!("refused: {status}"),
                }
            };
            let results = crate::eventually("a batch is taken", send).await;
            for result in &results {
                assert_eq!(
                    result.code,
                    0,
                    "{}: {:?}",
                    result.message,
                    result.violations.len()
                );
            }
            if submissions.len() <= 500 {
                return results;
            }
        }
        Vec::new()
    }
}

/// True where the documented rule says: send it again. What this client calls unknown or cancelled
/// because the connection broke in the middle, others call unavailable.
pub fn is_open(status: &Status) -> bool {
    let broken = std::error::Error::source(status).is_some();
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => true,
        Code::Unknown | Code::Cancelled | Code::Internal => broken,
        _ => false,
    }
}

/// A submission with a fresh id.
pub fn submission(kind: Kind) -> Submission {
    Submission {
        submission_id: Uuid::new_v4().to_string(),
        kind: Some(kind),
    }
}

/// An opening without a therapist.
pub fn opening(patient: &str, unit: &str, date: &str) -> EpisodeOpening {
    EpisodeOpening {
        patient: patient.to_owned(),
        episode: format!("{patient}-1"),
        unit: unit.to_owned(),
        date: date.to_owned(),
        therapist: String::new(),
    }
}

/// A closing that was planned.
pub fn closing(patient: &str, unit: &str, date: &str) -> EpisodeClosing {
    EpisodeClosing {
        patient: patient.to_owned(),
        episode: format!("{patient}-1"),
        unit: unit.to_owned(),
        date: date.to_owned(),
        ending: 1,
    }
}

/// A session with one form.
pub fn session(patient: &str, unit: &str, date: &str, number: u32, form: Form) -> Session {
    Session {
        patient: patient.to_owned(),
        episode: format!("{patient}-1"),
        unit: unit.to_owned(),
        date: date.to_owned(),
        number,
        forms: vec![form],
        earlier: Vec::new(),
    }
}

/// A form that the patient filled in, version 1.
pub fn form(instrument: &str) -> Form {
    Form {
        instrument: instrument.to_owned(),
        version: 1,
        respondent: Respondent::Self_ as i32,
        items: Vec::new(),
        total: None,
        age: 0,
        coding: 0,
    }
}

/// `bdi-total` with this total.
pub fn bdi(total: f64) -> Form {
    Form {
        total: Some(total),
        ..form("bdi-total")
    }
}

/// `fit-ors` with these four values.
pub fn fit_ors(values: [f64; 4]) -> Form {
    let items = ["individual", "interpersonal", "social", "overall"];
    let item = |(item, value): (&str, f64)| ItemResponse {
        item: item.to_owned(),
        response: Some(Response::Value(value)),
    };
    Form {
        items: items.into_iter().zip(values).map(item).collect(),
        ..form("fit-ors")
    }
}
