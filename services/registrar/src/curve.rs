//! The patient's own curve. Comes in: a tablet's references and token. Goes out: every scale of
//! the episode as a series. The invariant: a tablet sees an episode only with a token for a unit
//! of the episode's trust, and whatever it may not see looks like what does not exist.

mod series;

use std::sync::Arc;

use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::ids::{CatalogueHash, TrustId, UnitId};
use medvirk_domain::record::EpisodeKey;
use medvirk_proto::curve::v1::curve_service_server::CurveService;
use medvirk_proto::curve::v1::{GetCurveRequest, GetCurveResponse};
use medvirk_records::catalogue::PlanFollower;
use medvirk_runtime::auth::{TokenRole, TokenVerifier};
use medvirk_runtime::pseudonym::PseudonymKey;
use medvirk_runtime::{Clock, this_month};
use medvirk_store::RegistryReader;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::RegistrarDependencies;

/// Answers requests for curves.
pub struct CurveReader {
    plans: PlanFollower,
    reader: RegistryReader,
    pseudonyms: PseudonymKey,
    verifier: TokenVerifier,
    clock: Arc<dyn Clock>,
}

impl CurveReader {
    pub(crate) fn new(deps: &RegistrarDependencies) -> Self {
        Self {
            plans: deps.plans.clone(),
            reader: deps.reader.clone(),
            pseudonyms: deps.pseudonyms.clone(),
            verifier: deps.verifier.clone(),
            clock: deps.clock.clone(),
        }
    }

    /// The unit that is asked for, if the token is for it.
    fn admit(&self, request: &Request<GetCurveRequest>) -> Result<UnitId, Status> {
        let now = self.clock.now_ms();
        let role = TokenRole::FeedbackSubmit;
        let token = medvirk_front::authorised(request.metadata(), &self.verifier, role, now)
            .map_err(|refused| medvirk_front::refused(&refused))?;
        let asked = request.get_ref();
        for (field, value) in [("patient", &asked.patient), ("episode", &asked.episode)] {
            if value.is_empty() {
                return Err(violation(field, "is needed"));
            }
        }
        let unit = asked.unit.parse::<UnitId>();
        let unit = unit.map_err(|error| violation("unit", &error.to_string()))?;
        if !token.allows_unit(&unit) {
            return Err(Status::permission_denied("the token is not for this unit"));
        }
        Ok(unit)
    }

    /// The trust of the unit that the tablet is in, as things are now.
    fn trust_now(&self, unit: &UnitId) -> Result<TrustId, Status> {
        let now = self.plans.in_force(this_month(self.clock.as_ref()));
        let now = now.or_else(|| self.plans.get(&self.plans.first_plan()?.catalogue));
        let catalogue = now.ok_or_else(|| Status::unavailable("no catalogue is in force"))?;
        let trust = catalogue.organisations.trust_of(unit);
        let trust = trust.ok_or_else(|| violation("unit", "is not in the catalogue"))?;
        Ok(trust.clone())
    }

    async fn curve(
        &self,
        episode: &EpisodeKey,
        trust: &TrustId,
    ) -> Result<GetCurveResponse, Status> {
        let forms = self.reader.curve(episode).await.map_err(unavailable)?;
        let mut known = Vec::with_capacity(forms.len());
        for form in forms {
            let catalogue = self.catalogue(&form.catalogue).await?;
            if catalogue.organisations.trust_of(&form.unit) == Some(trust) {
                known.push((form, catalogue));
            }
        }
        if known.is_empty() && !self.is_open(episode, trust).await? {
            return Err(Status::not_found("nothing is known of this episode here"));
        }
        let series = series::of(&known);
        Ok(GetCurveResponse { series })
    }

    /// True if the episode was opened, or closed, in the trust.
    async fn is_open(&self, episode: &EpisodeKey, trust: &TrustId) -> Result<bool, Status> {
        let units = self.reader.units_of(episode).await.map_err(unavailable)?;
        for (catalogue, unit) in units {
            let catalogue = self.catalogue(&catalogue).await?;
            if catalogue.organisations.trust_of(&unit) == Some(trust) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn catalogue(&self, hash: &CatalogueHash) -> Result<Arc<Catalogue>, Status> {
        if let Some(catalogue) = self.plans.get(hash) {
            return Ok(catalogue);
        }
        // It may have been activated in another process a moment ago.
        self.plans.refresh().await.map_err(|error| {
            tracing::warn!(%error, "cannot read the catalogue");
            Status::unavailable("the catalogue cannot be read")
        })?;
        let catalogue = self.plans.get(hash);
        catalogue.ok_or_else(|| Status::unavailable("a catalogue is not known yet"))
    }
}

#[tonic::async_trait]
impl CurveService for CurveReader {
    async fn get_curve(
        &self,
        request: Request<GetCurveRequest>,
    ) -> Result<Response<GetCurveResponse>, Status> {
        let unit = self.admit(&request)?;
        let trust = self.trust_now(&unit)?;
        let GetCurveRequest {
            patient, episode, ..
        } = request.into_inner();
        let key = EpisodeKey {
            person: self.pseudonyms.patient(&trust, &patient),
            episode: self.pseudonyms.episode(&trust, &patient, &episode),
        };
        self.curve(&key, &trust).await.map(Response::new)
    }
}

fn violation(field: &str, rule: &str) -> Status {
    let details = ErrorDetails::with_bad_request_violation(field, rule);
    let message = format!("{field} {rule}");
    Status::with_error_details(Code::InvalidArgument, message, details)
}

fn unavailable(error: medvirk_store::Error) -> Status {
    tracing::warn!(%error, "cannot read a curve");
    Status::unavailable("the registry cannot be read")
}
