//! What AdminService works on. `impl AdminService` is in `admin_service.rs`, and who withdraws is in
//! `withdrawals.rs`.

use std::sync::Arc;

use medvirk_aggregator as aggregator;
use medvirk_domain::record::ControlRecord;
use medvirk_domain::time::Month;
use medvirk_eventlog::Log;
use medvirk_ingest::code::SurveyCodes;
use medvirk_records::catalogue::PlanFollower;
use medvirk_records::control;
use medvirk_report::Report;
use medvirk_runtime::Clock;
use medvirk_runtime::auth::{TokenRole, TokenVerifier};
use medvirk_runtime::pseudonym::PseudonymKey;
use tonic::{Request, Status};

use crate::doctor::DoctorCalls;
use crate::status::status;

/// What the service works on.
#[derive(Clone)]
pub struct AdminCalls {
    pub log: Arc<dyn Log>,
    pub plans: PlanFollower,
    pub aggregator: aggregator::AggregatorHandle,
    /// Where it runs in this process.
    pub report: Option<Report>,
    pub pseudonyms: PseudonymKey,
    pub codes: SurveyCodes,
    pub verifier: TokenVerifier,
    pub clock: Arc<dyn Clock>,
    pub first_month: Month,
    pub doctor: DoctorCalls,
}

impl AdminCalls {
    /// The request, if its token has the role `admin`.
    pub(crate) fn admitted<T>(&self, request: Request<T>) -> Result<T, Status> {
        let now = self.clock.now_ms();
        medvirk_front::authorised(request.metadata(), &self.verifier, TokenRole::Admin, now)
            .map_err(|refused| medvirk_front::refused(&refused))?;
        Ok(request.into_inner())
    }

    /// Gives when, and where in each partition.
    pub(crate) async fn broadcast(&self, what: ControlRecord) -> Result<(i64, Vec<u64>), Status> {
        let at = self.clock.now_ms();
        let sent = control::broadcast(self.log.as_ref(), what, at).await;
        Ok((at, sent.map_err(status)?))
    }
}
