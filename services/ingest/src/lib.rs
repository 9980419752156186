//! From the tablet to the log: authenticate, authorise, admit, score, pseudonymise, append, reply.
//!
//! Comes in: requests of clinics and patients, by gRPC or as FHIR. Goes out: events in the log, scores and alerts
//! in the replies. The invariants: nothing is answered with OK before the log has acknowledged it;
//! nothing of a refused submission is kept; no reference to a person leaves the process.

#![warn(missing_docs)]

// In reading order: what a submission goes through, then what serves it.
pub mod admission;
mod attempts;
pub mod code;
mod event;
mod fhir;
mod involvement;
pub mod metrics;
mod pipeline;
mod refusal;
mod reply;
mod services;

use std::fmt;
use std::sync::Arc;

use medvirk_domain::time::Month;
use medvirk_eventlog::Log;
use medvirk_front::{HttpInterface, MAX_MESSAGE_BYTES};
use medvirk_proto::episode::v1::episode_service_server::EpisodeServiceServer;
use medvirk_proto::feedback::v1::feedback_service_server::FeedbackServiceServer;
use medvirk_proto::involvement::v1::involvement_service_server::InvolvementServiceServer;
use medvirk_proto::registry::v1::registry_service_server::RegistryServiceServer;
use medvirk_proto::survey::v1::survey_service_server::SurveyServiceServer;
use medvirk_records::catalogue::PlanFollower;
use medvirk_records::codec::KEY_ID;
use medvirk_runtime::Clock;
use medvirk_runtime::auth::TokenVerifier;
use medvirk_runtime::pseudonym::PseudonymKey;
use tokio::sync::watch;
use tonic::codec::CompressionEncoding;
use tonic::service::{Routes, RoutesBuilder};

use attempts::AttemptBucket;
use code::SurveyCodes;

/// The most submissions of one batch.
pub const MAX_BATCH: usize = 500;

/// What ingest allows. It is not to be set: it goes with the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestConfig {
    /// So many wrong survey codes are told to be wrong in a minute, from all senders without a
    /// token together; then such senders must wait. 1 or more.
    pub wrong_codes_per_minute: u32,
}

/// What ingest needs from its surroundings.
pub struct IngestDependencies {
    /// The log that events go to.
    pub log: Arc<dyn Log>,
    /// The catalogues in the log.
    pub plans: PlanFollower,
    /// The first month that is not closed.
    pub present: watch::Receiver<Month>,
    /// Tells by tokens who sends.
    pub verifier: TokenVerifier,
    /// Replaces references by pseudonyms.
    pub pseudonyms: PseudonymKey,
    /// Issues and reads survey codes.
    pub codes: SurveyCodes,
    /// The clock that tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Why ingest cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The log's schema knows one key.
    #[error("the pseudonym key has id {found}; the log takes key {KEY_ID} only")]
    KeyId {
        /// The id of the configured key.
        found: u32,
    },
}

/// Takes submissions. Clones share everything.
#[derive(Clone)]
pub struct Ingest(Arc<IngestState>);

struct IngestState {
    deps: IngestDependencies,
    attempts: AttemptBucket,
}

impl Ingest {
    /// Names of the gRPC services, for health checks.
    pub const SERVICES: [&'static str; 5] = [
        "medvirk.feedback.v1.FeedbackService",
        "medvirk.survey.v1.SurveyService",
        "medvirk.episode.v1.EpisodeService",
        "medvirk.registry.v1.RegistryService",
        "medvirk.involvement.v1.InvolvementService",
    ];

    /// FHIR, as the front has to know it.
    pub const FHIR: HttpInterface = fhir::INTERFACE;

    /// Ready to serve.
    ///
    /// # Errors
    /// When the pseudonym key is not the one that the log takes.
    pub fn new(config: &IngestConfig, deps: IngestDependencies) -> Result<Self, ServerError> {
        let found = deps.pseudonyms.key_id();
        if found != KEY_ID {
            return Err(ServerError::KeyId { found });
        }
        metrics::describe();
        let attempts =
            AttemptBucket::per_minute(config.wrong_codes_per_minute, deps.clock.now_ms());
        Ok(Self(Arc::new(IngestState { deps, attempts })))
    }

    /// The services, to be served alone.
    pub fn routes(&self) -> Routes {
        let mut routes = RoutesBuilder::default();
        self.add_to(&mut routes);
        self.with_fhir(routes.routes())
    }

    /// Adds FHIR over HTTP to what is served on the same port.
    pub fn with_fhir(&self, routes: Routes) -> Routes {
        let router = routes.into_axum_router();
        router.merge(fhir::router(self.clone())).into()
    }

    /// Adds the services to others that are served on the same port.
    pub fn add_to(&self, routes: &mut RoutesBuilder) {
        macro_rules! add {
            ($($server:ident)*) => {$(
                routes.add_service(
                    $server::new(self.clone())
                        .max_decoding_message_size(MAX_MESSAGE_BYTES)
                        .accept_compressed(CompressionEncoding::Gzip),
                );
            )*};
        }
        add!(FeedbackServiceServer SurveyServiceServer EpisodeServiceServer RegistryServiceServer);
        add!(InvolvementServiceServer);
    }
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            wrong_codes_per_minute: 600,
        }
    }
}

impl fmt::Debug for Ingest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ingest")
    }
}
