//! What the tasks of a run share. Comes in: a plan. Goes out: a running deployment, and what became
//! of each submission. The invariant: clinics go on while anything is struck.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clickhouse::Client;
use medvirk_tests::{Deployment, Kind};
use tokio::sync::{RwLock, watch};

use crate::crowd::Crowd;
use crate::plan::{FIRST_MONTH, Size};

/// Everything must be caught up so soon after a fault.
pub(crate) const CATCH_UP: Duration = Duration::from_secs(30);

/// The two trusts of the cohort are in two of them, and two have nothing but closes.
const PARTITIONS: u32 = 4;

/// A run under way.
pub(crate) struct Scene {
    /// The processes that are struck.
    pub(crate) deployment: Deployment,
    /// The clinics that send.
    pub(crate) crowd: Crowd,
    /// How many faults are over.
    struck: AtomicUsize,
    /// The place of the month that is being sent.
    pub(crate) present: watch::Sender<usize>,
    /// The months before this place need not wait for faults: a fault waits for their close.
    hurried: AtomicUsize,
    /// How many months are about to be closed, or are.
    pub(crate) closing: watch::Sender<usize>,
    /// How many months are closed.
    pub(crate) closed: watch::Sender<usize>,
    /// Held by clinics while they send, so that somebody may look at a quiet system.
    pub(crate) sending: RwLock<()>,
}

impl Scene {
    /// Starts all processes and the clinics.
    pub(crate) async fn set(size: Size, crowd: Crowd) -> Self {
        let deployment = Deployment::builder()
            .catalogue(crowd.catalogue())
            .first_month(FIRST_MONTH)
            .partitions(PARTITIONS)
            .brokers(size.brokers)
            .with(Kind::Ingest, size.each)
            .with(Kind::Aggregator, size.each)
            .with(Kind::Registrar, size.each);
        Self {
            deployment: deployment.start().await,
            crowd,
            struck: AtomicUsize::new(0),
            present: watch::Sender::new(0),
            hurried: AtomicUsize::new(0),
            closing: watch::Sender::new(0),
            closed: watch::Sender::new(0),
            sending: RwLock::default(),
        }
    }

    /// One more fault is over.
    pub(crate) fn has_struck(&self) {
        self.struck.fetch_add(1, Ordering::SeqCst);
    }

    /// The month that is being sent is closed as soon as it is sent.
    pub(crate) fn hurry(&self) {
        let present = *self.present.borrow();
        self.hurried.store(present + 1, Ordering::SeqCst);
    }

    /// True when clinics need not go on with repeats: enough faults have struck, or one waits for
    /// the close of the month of this place.
    pub(crate) fn is_enough(&self, place: usize, faults: usize) -> bool {
        self.struck.load(Ordering::SeqCst) >= faults || place < self.hurried.load(Ordering::SeqCst)
    }

    /// Waits until everything in the log is folded and in the registry, and both engines answer.
    /// Clinics wait meanwhile, since under load there is always something new. Says how long it
    /// took.
    pub(crate) async fn caught_up(&self) -> Duration {
        let begun = Instant::now();
        let _quiet = self.sending.write().await;
        let left = || CATCH_UP.saturating_sub(begun.elapsed());
        self.deployment.settled(left()).await;
        for reader in self.deployment.readers().await {
            while !answers(&reader).await {
                assert!(!left().is_zero(), "an engine does not answer");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        begun.elapsed()
    }
}

async fn answers(engine: &Client) -> bool {
    let asked = engine.query("SELECT 1").fetch_one::<u8>();
    let answer = tokio::time::timeout(Duration::from_secs(5), asked).await;
    matches!(answer, Ok(Ok(1)))
}
