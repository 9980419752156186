//! The service. Comes in: what it reads, and who may. Goes out: pulls, each in the audit log before
//! its first byte and after its last. The invariants: so many pulls are under way at once and no
//! more; a chunk is made whole before it is sent, so a slow client holds memory and no query.

use std::sync::Arc;

use medvirk_proto::extract::v1 as wire;
use medvirk_proto::extract::v1::extract_service_server::ExtractServiceServer;
use medvirk_proto::extract::v1::{
    Begun, Chunk, Ended, Groups, PullRequest, PullResponse, pull_response::Part,
};
use medvirk_records::catalogue::PlanFollower;
use medvirk_runtime::auth::{AccessToken, TokenRole, TokenVerifier};
use medvirk_runtime::{Clock, rfc3339};
use medvirk_store::{IndicatorReader, RegistryReader};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::Sender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tonic::Status;

use crate::audit::{AuditEntry, AuditError, AuditFile};
use crate::dataset::Dataset;
use crate::error::Error;
use crate::metrics::{count_pull, count_rows};
use crate::pull::{DatasetPull, FinishedChunk, FormGroups};
use crate::sources::DatasetSources;

/// So many pulls at once.
const AT_ONCE: usize = 4;
/// The largest piece of a chunk, in bytes.
const PIECE: usize = 1 << 20;
/// So many pieces wait to be sent, beside the chunk in hand.
const PIECES: usize = 16;

/// What the service is made of.
pub struct ExtractDependencies {
    /// Reads the views of the register.
    pub registry: RegistryReader,
    /// Reads the rows of period closes.
    pub indicators: IndicatorReader,
    /// Which catalogues there are.
    pub plans: PlanFollower,
    /// Verifies the bearer token of each call.
    pub verifier: TokenVerifier,
    /// Gives the time of each call.
    pub clock: Arc<dyn Clock>,
    /// Where every pull is written down; without it, nothing is given out.
    pub audit: Option<AuditFile>,
}

/// The service. Clones share everything.
#[derive(Clone)]
pub struct Extract(Arc<ExtractState>);

struct ExtractState {
    sources: DatasetSources,
    verifier: TokenVerifier,
    clock: Arc<dyn Clock>,
    audit: Option<Arc<AuditFile>>,
    permits: Arc<Semaphore>,
}

/// The bytes that have been sent to the caller.
#[derive(Default)]
struct SentTotals {
    rows: u64,
    chunks: u32,
}

/// The next part of an answer, for whoever reads it.
type PullSender = Sender<Result<PullResponse, Status>>;

impl Extract {
    /// Makes the service from what it depends on.
    pub fn new(deps: ExtractDependencies) -> Self {
        Self(Arc::new(ExtractState {
            sources: DatasetSources {
                registry: deps.registry,
                indicators: deps.indicators,
                plans: deps.plans,
            },
            verifier: deps.verifier,
            clock: deps.clock,
            audit: deps.audit.map(Arc::new),
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        }))
    }

    /// The service as tonic serves it.
    pub fn service(&self) -> ExtractServiceServer<Self> {
        ExtractServiceServer::new(self.clone())
    }

    /// Whoever has this value of the header `authorization` may take extracts.
    pub(crate) fn authorise(&self, header: Option<&str>) -> Result<Arc<AccessToken>, Error> {
        let now_ms = self.0.clock.now_ms();
        let verifier = &self.0.verifier;
        Ok(verifier.authorise(header, TokenRole::RegistryExtract, now_ms)?)
    }

    /// The datasets that a caller may ask for.
    pub(crate) async fn datasets(&self) -> Result<Vec<wire::Dataset>, Error> {
        let sources = &self.0.sources;
        let catalogue = sources.catalogue(None, self.0.clock.now_ms()).await?;
        let all = Dataset::all(&catalogue, &sources.received().await?);
        let told = |dataset: &Dataset| wire::Dataset {
            name: dataset.name().into_owned(),
            about: dataset.about(&catalogue),
            formats: dataset
                .formats()
                .iter()
                .map(|format| format.name().to_owned())
                .collect(),
            personal: dataset.forms().is_some(),
        };
        Ok(all.iter().map(told).collect())
    }

    /// Begins a pull and gives what comes of it.
    pub(crate) async fn pull(
        &self,
        request: PullRequest,
        token: Arc<AccessToken>,
    ) -> Result<mpsc::Receiver<Result<PullResponse, Status>>, Error> {
        let permits = self.0.permits.clone();
        let permit = permits.try_acquire_owned().map_err(|_| Error::Busy)?;
        let id = uuid::Uuid::new_v4().simple().to_string();
        let now_ms = self.0.clock.now_ms();
        let pull = DatasetPull::begin(request, token, &self.0.sources, id, now_ms).await?;
        let pull = Arc::new(pull);
        let whole = SentTotals {
            rows: pull.snapshot.rows,
            chunks: pull.snapshot.chunks,
        };
        // Before anything leaves.
        self.note(&pull, "begun", whole, "").await?;
        let (answers, received) = mpsc::channel(PIECES);
        tokio::spawn(self.clone().carry_out(pull, answers, permit));
        Ok(received)
    }

    /// Sends everything, and writes down how much it was.
    async fn carry_out(
        self,
        pull: Arc<DatasetPull>,
        answers: PullSender,
        _permit: OwnedSemaphorePermit,
    ) {
        let mut sent = SentTotals::default();
        let outcome = match self.send(&pull, &answers, &mut sent).await {
            Ok(true) => "whole",
            Ok(false) => "cut-short",
            Err(error) => {
                // Whoever is not there any more need not be told.
                let _ = answers.send(Err(error.status())).await;
                error.as_str()
            }
        };
        let dataset = Dataset::label(&pull.dataset.name());
        count_pull(dataset, outcome);
        count_rows(dataset, sent.rows);
        if let Err(error) = self.note(&pull, "ended", sent, outcome).await {
            tracing::error!(%error, "cannot write down how a pull ended");
        }
    }

    /// False if nobody reads any more.
    async fn send(
        &self,
        pull: &DatasetPull,
        answers: &PullSender,
        sent: &mut SentTotals,
    ) -> Result<bool, Error> {
        let answer = |part| PullResponse { part: Some(part) };
        let (folder, file) = pull.place();
        let begun = Begun {
            snapshot: Some(pull.snapshot.clone()),
            file,
            folder,
            join: pull.join().name().to_owned(),
            groups: pull.groups.as_ref().map(groups),
        };
        if answers.send(Ok(answer(Part::Begun(begun)))).await.is_err() {
            return Ok(false);
        }
        for number in pull.first_chunk..pull.snapshot.chunks {
            let made = pull.chunk(number, &self.0.sources).await?;
            let rows = made.rows;
            if !send_chunk(number, made, answers).await {
                return Ok(false);
            }
            sent.rows += rows;
            sent.chunks += 1;
        }
        let manifest = pull.manifest(&self.0.sources).await?;
        // Last, since somebody may have withdrawn while all of this was made.
        pull.check(&self.0.sources).await?;
        let ended = answer(Part::Ended(Ended { manifest }));
        Ok(answers.send(Ok(ended)).await.is_ok())
    }

    async fn note(
        &self,
        pull: &Arc<DatasetPull>,
        event: &'static str,
        sent: SentTotals,
        outcome: &'static str,
    ) -> Result<(), Error> {
        let audit = self.0.audit.clone().ok_or(Error::NoAudit)?;
        let pull = pull.clone();
        let at = rfc3339(self.0.clock.now_ms());
        let noting = tokio::task::spawn_blocking(move || {
            audit.note(&AuditEntry {
                at,
                pull: &pull.id,
                event,
                who: &pull.token.subject,
                dataset: &pull.dataset.name(),
                format: pull.format.name(),
                coarse: pull.coarse,
                purpose: &pull.purpose,
                from: &pull.from,
                to: &pull.to,
                units: pull.token.units.words(),
                first_chunk: pull.first_chunk,
                rows: sent.rows,
                chunks: sent.chunks,
                outcome,
            })
        });
        let noted = noting.await.map_err(std::io::Error::other);
        Ok(noted.map_err(AuditError::from)??)
    }
}

/// False if nobody reads any more.
async fn send_chunk(number: u32, made: FinishedChunk, answers: &PullSender) -> bool {
    let answer = |part| Ok(PullResponse { part: Some(part) });
    let bytes = made.bytes;
    let head = Chunk {
        number,
        rows: made.rows,
        bytes: bytes.len() as u64,
        sha256: Sha256::digest(&bytes).to_vec(),
    };
    if answers.send(answer(Part::Chunk(head))).await.is_err() {
        return false;
    }
    for piece in bytes.chunks(PIECE) {
        let piece = answer(Part::Bytes(piece.to_vec()));
        if answers.send(piece).await.is_err() {
            return false;
        }
    }
    true
}

/// How large the groups of a file are.
fn groups(of: &FormGroups) -> Groups {
    Groups {
        shared: of.words(),
        of_one: of.sizes.one,
        of_few: of.sizes.few,
        of_enough: of.sizes.enough,
    }
}
