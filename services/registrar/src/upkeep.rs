//! What is done now and then. Comes in: that time has passed. Goes out: tidy tables, erasures done
//! again, and a log in which they can take effect. The invariant: nothing here is needed for a row to be right; it takes away what a
//! crash, a late insert of a replaced process or a late dead letter may have left behind. On a full
//! disk it is what makes room, so it goes on while inserts fail.

use std::time::Duration;

use medvirk_eventlog::{Log, Topic};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::{
    GROUP, RegistrarConfig, RegistrarDependencies, RegistrarError, RegistryTables, dead_letters,
    erasure, metrics, withdrawn,
};

/// How soon the tables are tidied when an insert fails: what it lacks may be room.
const SOON: Duration = Duration::from_secs(2);

/// When what is due next, and the task that runs beside the rounds. Dropped, it is aborted.
pub(crate) struct UpkeepSchedule {
    config: RegistrarConfig,
    tidy_at: Instant,
    erase_at: Instant,
    roll_at: Instant,
    /// Where each partition stood when its erasures were last repeated.
    stood: Vec<(u32, u64)>,
    running: JoinSet<()>,
}

impl UpkeepSchedule {
    pub(crate) fn new(config: &RegistrarConfig) -> Self {
        let now = Instant::now();
        Self {
            config: config.clone(),
            // All also after every start: a process may never live as long as that.
            tidy_at: now,
            erase_at: now,
            roll_at: now,
            stood: Vec::new(),
            running: JoinSet::new(),
        }
    }

    /// There are partitions that this process has not looked after yet.
    pub(crate) fn begin_anew(&mut self) {
        self.erase_at = Instant::now();
        self.roll_at = self.erase_at;
    }

    /// An insert has failed: the tables are tidied soon.
    pub(crate) fn hurry(&mut self) {
        self.tidy_at = self.tidy_at.min(Instant::now() + SOON);
    }

    /// Starts what is due; does not wait for it. `places` says per partition which record is
    /// next.
    pub(crate) fn look_after(&mut self, deps: &RegistrarDependencies, places: &[(u32, u64)]) {
        while self.running.try_join_next().is_some() {}
        if !self.running.is_empty() {
            return;
        }
        let now = Instant::now();
        if now >= self.erase_at {
            self.erase_at = now + self.config.erase_every;
            let roll = now >= self.roll_at;
            if roll {
                self.roll_at = now + self.config.roll_every;
            }
            let stood = std::mem::replace(&mut self.stood, places.to_vec());
            let work = UpkeepWork {
                places: places.to_vec(),
                idle: places
                    .iter()
                    .filter(|at| stood.contains(at))
                    .copied()
                    .collect(),
                keep: self.config.keep_dead_letters,
                roll,
            };
            self.running.spawn(work.carry_out(deps.clone()));
        } else if now >= self.tidy_at {
            self.tidy_at = now + self.config.tidy_every;
            let writer = deps.writer.clone();
            self.running.spawn(async move {
                note(writer.tidy().await.map_err(RegistrarError::from));
            });
        }
    }
}

/// What is done every hour.
struct UpkeepWork {
    places: Vec<(u32, u64)>,
    /// Those that have not moved since the last time.
    idle: Vec<(u32, u64)>,
    keep: Duration,
    roll: bool,
}

impl UpkeepWork {
    async fn carry_out(self, deps: RegistrarDependencies) {
        let (log, writer) = (deps.log.as_ref(), deps.writer.as_ref());
        for (partition, next) in self.places {
            let erases = note(erase_again(partition, next, log, writer).await);
            // After the tombstones, so that they can take effect too.
            if self.roll && erases != Some(false) {
                note(
                    log.roll(Topic::Events, partition)
                        .await
                        .map_err(RegistrarError::from),
                );
            }
        }
        note(erase_old(&deps, self.keep).await);
        if self.roll {
            note(roll_dead_letters(log).await);
        }
        for (partition, next) in self.idle {
            note(remind(partition, next, log).await);
        }
    }
}

/// Erases once more what every withdrawal of a partition names. Says whether there are any.
async fn erase_again(
    partition: u32,
    next: u64,
    log: &dyn Log,
    writer: &dyn RegistryTables,
) -> Result<bool, RegistrarError> {
    let marks = writer.marks(partition).await?;
    let erasures = withdrawn::erasures(partition, &marks, next);
    if erasures.is_empty() {
        return Ok(false);
    }
    erasure::tombstone_all(&erasures, log, writer).await?;
    writer.delete_rows(&erasures).await?;
    writer.delete_keys(&erasures).await?;
    Ok(true)
}

/// Whoever's they are: any of them is erased, at the latest when it is old.
async fn roll_dead_letters(log: &dyn Log) -> Result<(), RegistrarError> {
    if log.end(Topic::DeadLetter, 0).await? > 0 {
        log.roll(Topic::DeadLetter, 0).await?;
    }
    Ok(())
}

/// Says again where the registrar is in a partition in which nothing happens: brokers forget it
/// after some days, and then nobody could tell how far a withdrawal has come. If something happens
/// at this very moment the place goes back, until the next one.
async fn remind(partition: u32, next: u64, log: &dyn Log) -> Result<(), RegistrarError> {
    Ok(log.commit(GROUP, Topic::Events, partition, next).await?)
}

/// Erases the dead letters that nobody sent in again in time.
async fn erase_old(deps: &RegistrarDependencies, keep: Duration) -> Result<(), RegistrarError> {
    let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
    let then = deps.clock.now_ms().saturating_sub(keep);
    let old = dead_letters::before(deps.log.as_ref(), then).await?;
    erasure::tombstone(deps.log.as_ref(), Topic::DeadLetter, 0, old.keys).await
}

/// What came of it, if it was done.
fn note<T>(outcome: Result<T, RegistrarError>) -> Option<T> {
    if let Err(error) = &outcome {
        metrics::retried("upkeep");
        tracing::warn!(%error, "upkeep failed; it is tried again");
    }
    outcome.ok()
}
