//! What ingest needs, and what everything that serves it shares.

use std::fmt;
use std::sync::Arc;

use medvirk_domain::time::Month;
use medvirk_eventlog::Log;
use medvirk_records::catalogue::PlanFollower;
use medvirk_records::codec::KEY_ID;
use medvirk_runtime::Clock;
use medvirk_runtime::auth::TokenVerifier;
use medvirk_runtime::pseudonym::PseudonymKey;
use tokio::sync::watch;

use crate::attempts::AttemptBucket;
use crate::code::SurveyCodes;
use crate::metrics;

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

/// Takes submissions. Clones share everything. How it is served is in `routes`.
#[derive(Clone)]
pub struct Ingest(pub(crate) Arc<IngestState>);

pub(crate) struct IngestState {
    pub(crate) deps: IngestDependencies,
    pub(crate) attempts: AttemptBucket,
}

impl Ingest {
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
