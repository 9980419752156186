//! What services say about themselves. Comes in: the form of a unit and year, from its leader. Goes
//! out: a record in the topic `catalogue`. The invariant: it obeys the form in force, and nothing is
//! answered with OK before the log has it. It is about services and not about persons: it goes no
//! way through the fold.

use medvirk_domain::catalogue::InvolvementAnswers;
use medvirk_proto::involvement::v1::involvement_service_server::InvolvementService;
use medvirk_proto::involvement::v1::{SubmitInvolvementRequest, SubmitInvolvementResponse};
use medvirk_records::catalogue::tell_involvement;
use medvirk_records::codec::{read_answers, read_year};
use medvirk_runtime::auth::{self, TokenRole};
use medvirk_runtime::this_month;
use tonic::{Request, Response, Status, async_trait};

use crate::Ingest;
use crate::metrics;
use crate::pipeline::SubmissionSender;
use crate::refusal::SubmissionRefusal;

#[async_trait]
impl InvolvementService for Ingest {
    async fn submit_involvement(
        &self,
        request: Request<SubmitInvolvementRequest>,
    ) -> Result<Response<SubmitInvolvementResponse>, Status> {
        let (sender, request) = self.open(request)?;
        let told = self.tell(&sender, &request).await;
        let outcome = told
            .as_ref()
            .err()
            .map_or(metrics::TAKEN, SubmissionRefusal::label);
        metrics::submission(metrics::INVOLVEMENT, outcome);
        told.map_err(SubmissionRefusal::into_status)?;
        Ok(Response::new(SubmitInvolvementResponse {}))
    }
}

impl Ingest {
    async fn tell(
        &self,
        sender: &SubmissionSender,
        request: &SubmitInvolvementRequest,
    ) -> Result<(), SubmissionRefusal> {
        let involvement = self.admit_involvement(sender, request)?;
        let told = tell_involvement(&*self.0.deps.log, &involvement).await;
        told.map_err(|error| {
            tracing::error!(%error, "cannot append to the catalogue");
            error.into()
        })
    }

    fn admit_involvement(
        &self,
        sender: &SubmissionSender,
        request: &SubmitInvolvementRequest,
    ) -> Result<InvolvementAnswers, SubmissionRefusal> {
        let SubmissionSender::Bearer(token) = sender else {
            return Err(auth::TokenError::Missing.into());
        };
        token.require(TokenRole::ServiceManage)?;
        let catalogue = self.catalogue()?;
        let Some(form) = &catalogue.involvement else {
            let rule = "the catalogue in force asks services for nothing";
            return Err(SubmissionRefusal::field("answers", rule));
        };
        let unit = request.unit.parse().ok();
        let unit = unit.filter(|unit| catalogue.organisations.units.contains_key(unit));
        let unit =
            unit.ok_or_else(|| SubmissionRefusal::field("unit", "must be the id of a unit"))?;
        if !token.allows_unit(&unit) {
            return Err(SubmissionRefusal::Unit {
                field: "unit".to_owned(),
            });
        }
        let clock = &*self.0.deps.clock;
        let year = read_year(request.year).filter(|year| *year <= this_month(clock).year());
        let year = year
            .ok_or_else(|| SubmissionRefusal::field("year", "must be this year or one before"))?;
        let answers = read_answers(&request.answers).map_err(|(place, _)| {
            let field = format!("answers[{place}]");
            SubmissionRefusal::field(&field, "must have the id of an item and one answer")
        })?;
        form.check(&answers).map_err(SubmissionRefusal::invalid)?;
        Ok(InvolvementAnswers {
            unit,
            year,
            answers,
            sender: token.subject.clone(),
            ingested_at: clock.now_ms(),
        })
    }
}
