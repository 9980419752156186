//! What the tasks of a run share. Comes in: a plan. Goes out: a running system, and what became of
//! each submission.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use medvirk_tests::tally::Book;
use medvirk_tests::{PATIENCE, System};
use tokio::sync::{RwLock, watch};

use crate::plan::{FIRST_MONTH, Plan};

/// A run under way.
pub(crate) struct Scene {
    /// The system that is struck.
    pub(crate) system: System,
    /// How many faults are over.
    pub(crate) struck: AtomicUsize,
    /// Told anew whenever a month is about to be closed.
    pub(crate) closing: watch::Sender<usize>,
    /// How often the system itself said: send it again.
    pub(crate) refused: AtomicU64,
    /// Held by clinics while they send, so that somebody may look at a quiet system.
    pub(crate) sending: RwLock<()>,
    /// What became of each submission.
    pub(crate) book: Book,
}

impl Scene {
    /// Starts the system with an empty folder.
    pub(crate) async fn set(plan: &Plan) -> Self {
        let builder = System::builder().cohort().first_month(FIRST_MONTH);
        let builder = builder.setting("ENGINE__SILENCE", "\"3s\"");
        Self {
            system: builder.disk(plan.disk()).start().await,
            struck: AtomicUsize::new(0),
            closing: watch::Sender::new(0),
            refused: AtomicU64::new(0),
            sending: RwLock::default(),
            book: Book::default(),
        }
    }

    /// How many faults are over.
    pub(crate) fn struck(&self) -> usize {
        self.struck.load(Ordering::SeqCst)
    }

    /// Waits until everything in the log is folded and in the registry, and both engines answer.
    /// Clinics wait meanwhile, since under load there is always something new. Says how long it
    /// took.
    pub(crate) async fn caught_up(&self) -> Duration {
        let begun = Instant::now();
        let _quiet = self.sending.write().await;
        self.system.settled().await;
        for (engine, sql) in [
            ("indicators", "SELECT count() FROM indicator"),
            ("registry", "SELECT count() FROM episodes"),
        ] {
            self.answers(engine, sql).await;
        }
        begun.elapsed()
    }

    /// Waits until an engine answers.
    async fn answers(&self, engine: &str, sql: &str) {
        let begun = Instant::now();
        loop {
            let query = self.system.reader(engine).query(sql).fetch_one::<u64>();
            let told = match tokio::time::timeout(Duration::from_secs(5), query).await {
                Ok(Ok(_)) => return,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "nothing for 5 s".to_owned(),
            };
            let waits = begun.elapsed() < PATIENCE;
            assert!(waits, "the engine of the {engine} does not answer: {told}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
