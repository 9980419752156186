//! The four gRPC services. Comes in: requests. Goes out: responses. The invariant: nothing
//! happens here but renaming; the pipeline does the work.

use medvirk_front::bearer;
use medvirk_proto::episode::v1 as episode;
use medvirk_proto::episode::v1::episode_service_server::EpisodeService;
use medvirk_proto::feedback::v1 as feedback;
use medvirk_proto::feedback::v1::feedback_service_server::FeedbackService;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::registry::v1 as registry;
use medvirk_proto::registry::v1::registry_service_server::RegistryService;
use medvirk_proto::survey::v1 as survey;
use medvirk_proto::survey::v1::survey_service_server::SurveyService;
use tonic::{Request, Response, Status, async_trait};

use crate::admission::{SentSubmission, SubmissionKind};
use crate::pipeline::SubmissionSender;
use crate::refusal::SubmissionRefusal;
use crate::reply::{self, SubmissionReceipt};
use crate::{Ingest, MAX_BATCH};

/// Declares which field of a request holds the body, and what it is.
macro_rules! sent {
    ($request:expr, $field:ident as $kind:ident) => {
        SentSubmission {
            id: $request.submission_id,
            what: SubmissionKind::$kind,
            root: stringify!($field),
            body: $request.$field.map(Kind::$kind),
        }
    };
}

#[async_trait]
impl FeedbackService for Ingest {
    async fn submit_session(
        &self,
        request: Request<feedback::SubmitSessionRequest>,
    ) -> Result<Response<feedback::SubmitSessionResponse>, Status> {
        let (sender, request) = self.open(request)?;
        let receipt = self
            .one(&sender, sent!(request, session as Session))
            .await?;
        Ok(Response::new(feedback::SubmitSessionResponse {
            scores: receipt.scores,
            alerts: receipt.alerts,
            unjudged: receipt.unjudged,
            next: receipt.next,
        }))
    }

    async fn correct_session(
        &self,
        request: Request<feedback::CorrectSessionRequest>,
    ) -> Result<Response<feedback::CorrectSessionResponse>, Status> {
        let (sender, request) = self.open(request)?;
        let receipt = self
            .one(&sender, sent!(request, correction as Correction))
            .await?;
        Ok(Response::new(feedback::CorrectSessionResponse {
            scores: receipt.scores,
            alerts: receipt.alerts,
            unjudged: receipt.unjudged,
            next: receipt.next,
        }))
    }

    async fn submit_batch(
        &self,
        request: Request<feedback::SubmitBatchRequest>,
    ) -> Result<Response<feedback::SubmitBatchResponse>, Status> {
        let (sender, request) = self.open(request)?;
        let count = request.submissions.len();
        if !(1..=MAX_BATCH).contains(&count) {
            let rule = format!("must have 1 to {MAX_BATCH} submissions");
            return Err(SubmissionRefusal::field("submissions", &rule).into_status());
        }
        let all: Vec<_> = request.submissions.into_iter().map(item).collect();
        let results = self.take_all(&sender, &all).await;
        let results = all.into_iter().zip(results);
        Ok(Response::new(feedback::SubmitBatchResponse {
            results: results
                .map(|(sent, result)| reply::result(sent.id, result))
                .collect(),
        }))
    }

    async fn get_next_items(
        &self,
        request: Request<feedback::GetNextItemsRequest>,
    ) -> Result<Response<feedback::GetNextItemsResponse>, Status> {
        let (sender, request) = self.open(request)?;
        let asked = self
            .ask(&sender, &request)
            .map_err(SubmissionRefusal::into_status)?;
        Ok(Response::new(feedback::GetNextItemsResponse {
            asking: Some(reply::asked(&asked)),
        }))
    }
}

#[async_trait]
impl SurveyService for Ingest {
    async fn issue_invitation(
        &self,
        request: Request<survey::IssueInvitationRequest>,
    ) -> Result<Response<survey::IssueInvitationResponse>, Status> {
        let (sender, request) = self.open(request)?;
        let receipt = self
            .one(&sender, sent!(request, invitation as Invitation))
            .await?;
        let issued = receipt
            .code
            .ok_or_else(|| SubmissionRefusal::Internal.into_status())?;
        Ok(Response::new(survey::IssueInvitationResponse {
            code: issued.text,
            expires: issued.expires,
        }))
    }

    async fn submit_survey(
        &self,
        request: Request<survey::SubmitSurveyRequest>,
    ) -> Result<Response<survey::SubmitSurveyResponse>, Status> {
        let (sender, request) = self.open(request)?;
        let receipt = self
            .one(&sender, sent!(request, survey as DischargeSurvey))
            .await?;
        let scores = receipt.scores;
        Ok(Response::new(survey::SubmitSurveyResponse { scores }))
    }
}

#[async_trait]
impl EpisodeService for Ingest {
    async fn open_episode(
        &self,
        request: Request<episode::OpenEpisodeRequest>,
    ) -> Result<Response<episode::OpenEpisodeResponse>, Status> {
        let (sender, request) = self.open(request)?;
        self.one(&sender, sent!(request, opening as EpisodeOpened))
            .await?;
        Ok(Response::new(episode::OpenEpisodeResponse {}))
    }

    async fn close_episode(
        &self,
        request: Request<episode::CloseEpisodeRequest>,
    ) -> Result<Response<episode::CloseEpisodeResponse>, Status> {
        let (sender, request) = self.open(request)?;
        self.one(&sender, sent!(request, closing as EpisodeClosed))
            .await?;
        Ok(Response::new(episode::CloseEpisodeResponse {}))
    }
}

#[async_trait]
impl RegistryService for Ingest {
    async fn submit_registry_form(
        &self,
        request: Request<registry::SubmitRegistryFormRequest>,
    ) -> Result<Response<registry::SubmitRegistryFormResponse>, Status> {
        let (sender, request) = self.open(request)?;
        let receipt = self
            .one(&sender, sent!(request, registry_form as RegistryForm))
            .await?;
        let scores = receipt.scores;
        Ok(Response::new(registry::SubmitRegistryFormResponse {
            scores,
        }))
    }
}

impl Ingest {
    /// Who sends, and the request.
    pub(crate) fn open<T>(&self, request: Request<T>) -> Result<(SubmissionSender, T), Status> {
        let header = bearer(request.metadata())
            .map_err(|error| SubmissionRefusal::from(error).into_status())?;
        let sender = self
            .sender(header)
            .map_err(SubmissionRefusal::into_status)?;
        Ok((sender, request.into_inner()))
    }

    async fn one(
        &self,
        sender: &SubmissionSender,
        sent: SentSubmission,
    ) -> Result<SubmissionReceipt, Status> {
        let taken = self.take(sender, sent).await;
        taken.map_err(SubmissionRefusal::into_status)
    }
}

fn item(submission: feedback::Submission) -> SentSubmission {
    let what = SubmissionKind::of(submission.kind.as_ref());
    SentSubmission {
        id: submission.submission_id,
        what,
        root: what.as_str(),
        body: submission.kind,
    }
}
