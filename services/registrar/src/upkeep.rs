//! What is done now and then. Comes in: that time has passed. Goes out: tidy tables, and erasures
//! done again. The invariant: nothing here is needed for a row to be right; it takes away what a
//! crash, a late insert of a replaced process or a late dead letter may have left behind. On a full
//! disk it is what makes room, so it goes on while inserts fail.

use std::time::Duration;

use medvirk_domain::mutants::{Rule, broken};
use medvirk_eventlog::{Log, Topic};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::{Config, Deps, Error, Tables, dead_letters, erasure, metrics, withdrawn};

/// How soon the tables are tidied when an insert fails: what it lacks may be room.
const SOON: Duration = Duration::from_secs(2);

/// When what is due next, and the task that runs beside the rounds. Dropped, it is aborted.
pub(crate) struct Upkeep {
    config: Config,
    tidy_at: Instant,
    erase_at: Instant,
    running: JoinSet<()>,
}

impl Upkeep {
    pub(crate) fn new(config: &Config) -> Self {
        let now = Instant::now();
        Self {
            config: config.clone(),
            // Both also after every start: a process may never live as long as that.
            tidy_at: now,
            erase_at: now,
            running: JoinSet::new(),
        }
    }

    /// There are partitions that this process has not looked after yet.
    pub(crate) fn begin_anew(&mut self) {
        self.erase_at = Instant::now();
    }

    /// An insert has failed: the tables are tidied soon.
    pub(crate) fn hurry(&mut self) {
        self.tidy_at = self.tidy_at.min(Instant::now() + SOON);
    }

    /// Starts what is due; does not wait for it. `places` says per partition which record is
    /// next.
    pub(crate) fn look_after(&mut self, deps: &Deps, places: &[(u32, u64)]) {
        while self.running.try_join_next().is_some() {}
        if !self.running.is_empty() {
            return;
        }
        let now = Instant::now();
        if now >= self.erase_at {
            self.erase_at = now + self.config.erase_every;
            let (deps, places) = (deps.clone(), places.to_vec());
            let keep = self.config.keep_dead_letters;
            self.running.spawn(async move {
                for (partition, next) in places {
                    let (log, writer) = (deps.log.as_ref(), deps.writer.as_ref());
                    note(erase_again(partition, next, log, writer).await);
                }
                note(erase_old(&deps, keep).await);
            });
        } else if now >= self.tidy_at {
            self.tidy_at = now + self.config.tidy_every;
            let writer = deps.writer.clone();
            self.running
                .spawn(async move { note(writer.tidy().await.map_err(Error::from)) });
        }
    }
}

/// Erases once more what every withdrawal of a partition names.
async fn erase_again(
    partition: u32,
    next: u64,
    log: &dyn Log,
    writer: &dyn Tables,
) -> Result<(), Error> {
    let marks = writer.marks(partition).await?;
    let erasures = withdrawn::erasures(partition, &marks, next);
    if erasures.is_empty() || broken(Rule::ErasedAgain) {
        return Ok(());
    }
    erasure::tombstone_all(&erasures, log, writer).await?;
    writer.delete_rows(&erasures).await?;
    writer.delete_keys(&erasures).await?;
    Ok(())
}

/// Erases the dead letters that nobody sent in again in time.
async fn erase_old(deps: &Deps, keep: Duration) -> Result<(), Error> {
    let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
    let then = deps.clock.now_ms().saturating_sub(keep);
    let keys = dead_letters::keys_before(deps.log.as_ref(), then).await?;
    erasure::tombstone(deps.log.as_ref(), Topic::DeadLetter, 0, keys).await
}

fn note(outcome: Result<(), Error>) {
    if let Err(error) = outcome {
        metrics::retried("upkeep");
        tracing::warn!(%error, "upkeep failed; it is tried again");
    }
}
