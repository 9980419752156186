//! What AdminService works on. `impl AdminService` is in `admin_service.rs`, and who withdraws is in
//! `withdrawals.rs`.

use std::sync::Arc;

use medvirk_aggregator as aggregator;
use medvirk_domain::record::Control;
use medvirk_domain::time::Month;
use medvirk_eventlog::Log;
use medvirk_ingest::code::Codes;
use medvirk_records::catalogue::Plans;
use medvirk_records::control;
use medvirk_report::Report;
use medvirk_runtime::Clock;
use medvirk_runtime::auth::{Role, Verifier};
use medvirk_runtime::pseudonym::Pseudonyms;
use tonic::{Request, Status};

use crate::doctor::DoctorCalls;
use crate::status::status;

/// What the service works on.
#[derive(Clone)]
pub struct Admin {
    pub log: Arc<dyn Log>,
    pub plans: Plans,
    pub aggregator: aggregator::Handle,
    /// Where it runs in this process.
    pub report: Option<Report>,
    pub pseudonyms: Pseudonyms,
    pub codes: Codes,
    pub verifier: Verifier,
    pub clock: Arc<dyn Clock>,
    pub first_month: Month,
    pub doctor: DoctorCalls,
}

impl Admin {
    /// The request, if its token has the role `admin`.
    pub(crate) fn admitted<T>(&self, request: Request<T>) -> Result<T, Status> {
        let now = self.clock.now_ms();
        medvirk_front::authorised(request.metadata(), &self.verifier, Role::Admin, now)
            .map_err(|refused| medvirk_front::refused(&refused))?;
        Ok(request.into_inner())
    }

    /// Gives when, and where in each partition.
    pub(crate) async fn broadcast(&self, what: Control) -> Result<(i64, Vec<u64>), Status> {
        let at = self.clock.now_ms();
        let sent = control::broadcast(self.log.as_ref(), what, at).await;
        Ok((at, sent.map_err(status)?))
    }
}
