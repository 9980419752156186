//! One partition's fold. Comes in: `feedback.events` in offset order. Goes out: closes in the
//! ledger, dead letters, checkpoints. The invariant: what is in memory is the fold of the log up
//! to `next`, with every close obeyed as the ledger has it.

use std::sync::Arc;
use std::time::Duration;

use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::fold::{FOLD_VERSION, Fold};
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::record::{ControlRecord, LogRecord};
use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use medvirk_eventlog::{Log, LogReadError, NewRecord, RecordBatch, StoredRecord, Topic};
use medvirk_records::catalogue::PlanFollower;
use medvirk_records::codec::{self, DeadLetter, DecodeError};
use medvirk_runtime::StopToken;

use crate::checkpoint::PartitionCheckpoint;
use crate::ledger::first_close;
use crate::patience::{given_up, patiently};
use crate::{AggregatorConfig, AggregatorError, AggregatorHandle, metrics};
use medvirk_records::ledger::LedgerView;

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 1 << 20;

/// How long a read waits for something new.
const READ_WAIT: Duration = Duration::from_secs(1);

/// A checkpoint follows this many records, if nothing else asks for one before.
const RECORDS_PER_CHECKPOINT: u64 = 1_000_000;

/// Folds one partition until `stop`.
pub(crate) async fn run(
    partition: u32,
    config: AggregatorConfig,
    handle: AggregatorHandle,
    stop: StopToken,
) -> Result<(), AggregatorError> {
    let fold = async {
        let mut task = PartitionTask::start(partition, &config, handle).await?;
        while !stop.is_stopped() {
            // Always the same order: a run must be repeatable.
            let batch = tokio::select! {
                biased;
                () = stop.stopped() => break,
                batch = task.read() => batch?,
            };
            for stored in &batch.records {
                task.fold_one(stored).await?;
            }
            task.arrived_at(batch.next, batch.records.len()).await?;
        }
        task.checkpoint(task.next);
        Ok(())
    };
    let ended = tokio::select! {
        biased;
        folded = fold => folded,
        // A log that does not answer must not keep the process; the next one folds it again.
        () = given_up(&stop) => Ok(()),
    };
    metrics::episodes_held(partition, 0);
    ended
}

/// The fold of one partition and its place in the log.
struct PartitionTask {
    partition: u32,
    log: Arc<dyn Log>,
    plans: PlanFollower,
    handle: AggregatorHandle,
    ledger: LedgerView,
    checkpoint_at: PartitionCheckpoint,
    fold: Fold,
    /// Offset of the next record to fold.
    next: u64,
    checkpointed: u64,
}

impl PartitionTask {
    /// From the newest whole checkpoint, or from the beginning of the log.
    async fn start(
        partition: u32,
        config: &AggregatorConfig,
        handle: AggregatorHandle,
    ) -> Result<Self, AggregatorError> {
        let (log, plans) = (handle.deps.log.clone(), handle.deps.plans.clone());
        let checkpoint_at = PartitionCheckpoint::new(handle.deps.checkpoints.clone(), partition);
        let end = patiently("read the log", || log.end(Topic::Events, partition)).await?;
        let known = checkpoint_at.read().filter(|(_, next)| *next <= end);
        let (fold, next) = match known {
            Some(known) => known,
            None => {
                let catalogue = in_force(&plans, config.first_month).await?;
                let partitions = log.partitions(Topic::Events);
                (
                    Fold::new(partition, partitions, config.first_month, &catalogue),
                    0,
                )
            }
        };
        let mut ledger = LedgerView::new(log.clone(), partition);
        ledger.read_to_end().await?;
        handle.note(partition, |progress| progress.closed = fold.closed());
        tracing::info!(next, end, "folding");
        Ok(Self {
            partition,
            log,
            plans,
            handle,
            ledger,
            checkpoint_at,
            fold,
            next,
            checkpointed: next,
        })
    }

    async fn read(&self) -> Result<RecordBatch, LogReadError> {
        let (log, partition, next) = (&self.log, self.partition, self.next);
        let read = || log.read(Topic::Events, partition, next, READ_BYTES, READ_WAIT);
        patiently("read the log", read).await
    }

    /// Folds one record, or sets it aside whole, or stops.
    async fn fold_one(&mut self, stored: &StoredRecord) -> Result<(), AggregatorError> {
        // A tombstone says what is erased; the fold has nothing to do with it.
        let Some(value) = &stored.value else {
            return Ok(());
        };
        match codec::decode_event(value) {
            Ok(LogRecord::Event(event)) => {
                let catalogue = self.catalogue(stored.offset, &event.catalogue).await?;
                if let Err(rejection) = self.fold.apply_event(&event, &catalogue) {
                    self.set_aside(stored, rejection.as_str()).await?;
                }
            }
            Ok(LogRecord::Control(control)) => self.steer(stored.offset, &control).await?,
            Err(DecodeError::Malformed(reason)) => self.set_aside(stored, reason.as_str()).await?,
            Err(source) => {
                let (partition, offset) = (self.partition, stored.offset);
                return Err(AggregatorError::Record {
                    partition,
                    offset,
                    source,
                });
            }
        }
        Ok(())
    }

    async fn steer(&mut self, offset: u64, control: &ControlRecord) -> Result<(), AggregatorError> {
        let months = self.fold.apply_control(control);
        for month in months {
            self.close(month, offset).await?;
        }
        // What a withdrawal drops must not be read back from an old checkpoint's file either.
        let drops = matches!(control, ControlRecord::Withdrawal { .. });
        if drops || matches!(control, ControlRecord::PeriodClose { .. }) {
            self.checkpoint(offset + 1);
        }
        Ok(())
    }

    /// §5: obey the first close in the ledger; where there is none, compute one and append it.
    async fn close(&mut self, month: Month, offset: u64) -> Result<(), AggregatorError> {
        let next = in_force(&self.plans, month.next()).await?;
        let catalogue = in_force(&self.plans, month).await?;
        let waiting = self.fold.begin_close(month, &catalogue);
        let compute = || Close {
            month,
            offset,
            catalogue: catalogue.hash,
            fold_version: FOLD_VERSION,
            rows: self.fold.release(&waiting, &catalogue),
        };
        let (close, computed) = first_close(&mut self.ledger, month, compute).await?;
        self.fold.obey(waiting, &close.rows, &catalogue, &next);
        metrics::closed(computed);
        tracing::info!(%month, rows = close.rows.len(), "closed");
        self.handle
            .note(self.partition, |progress| progress.closed = Some(month));
        Ok(())
    }

    /// Appends the record whole to the dead letters and awaits the acknowledgement.
    async fn set_aside(
        &self,
        stored: &StoredRecord,
        reason: &'static str,
    ) -> Result<(), AggregatorError> {
        let letter = DeadLetter {
            topic: Topic::Events,
            partition: self.partition,
            offset: stored.offset,
            reason: reason.to_owned(),
            key: stored.key.clone(),
            value: stored.value.clone().unwrap_or_default(),
            set_aside_at: self.handle.deps.clock.now_ms(),
        };
        let value = codec::encode_dead_letter(&letter);
        // A second copy is harmless: both name the same place.
        let log = &self.log;
        let append = || {
            let record = NewRecord::new(stored.key.clone(), value.clone());
            log.append(Topic::DeadLetter, 0, record)
        };
        patiently("append a dead letter", append).await?;
        metrics::dead_letter(reason);
        tracing::warn!(offset = stored.offset, reason, "dead letter");
        Ok(())
    }

    async fn catalogue(
        &self,
        offset: u64,
        hash: &CatalogueHash,
    ) -> Result<Arc<Catalogue>, AggregatorError> {
        if let Some(catalogue) = self.plans.get(hash) {
            return Ok(catalogue);
        }
        patiently("read the catalogue", || self.plans.refresh()).await?;
        let unknown = AggregatorError::UnknownCatalogue {
            partition: self.partition,
            offset,
            hash: *hash,
        };
        self.plans.get(hash).ok_or(unknown)
    }

    async fn arrived_at(&mut self, next: u64, records: usize) -> Result<(), AggregatorError> {
        self.next = next;
        metrics::folded(records as u64);
        let (log, partition) = (&self.log, self.partition);
        let end = patiently("read the log", || log.end(Topic::Events, partition)).await?;
        let caught_up = records == 0 || next >= end;
        metrics::episodes_held(self.partition, self.fold.episodes());
        self.handle.note(self.partition, |progress| {
            progress.next = next;
            progress.caught_up |= caught_up;
        });
        if next - self.checkpointed >= RECORDS_PER_CHECKPOINT {
            self.checkpoint(next);
        }
        Ok(())
    }

    /// Without one the next start takes longer, and that is all.
    fn checkpoint(&mut self, next: u64) {
        match self.checkpoint_at.write(&self.fold, next) {
            Ok(()) => self.checkpointed = next,
            Err(error) => tracing::warn!(%error, "cannot write checkpoint"),
        }
    }
}

/// The catalogue in force in a month. Its plan was written before the close that asks for it.
pub(crate) async fn in_force(
    plans: &PlanFollower,
    month: Month,
) -> Result<Arc<Catalogue>, AggregatorError> {
    if plans.plan(month).is_none() {
        patiently("read the catalogue", || plans.refresh()).await?;
    }
    let plan = plans.plan(month).ok_or(AggregatorError::NoPlan { month })?;
    if plan.fold_version > FOLD_VERSION {
        return Err(AggregatorError::FoldVersion {
            month,
            wanted: plan.fold_version,
        });
    }
    plans
        .get(&plan.catalogue)
        .ok_or(AggregatorError::NoPlan { month })
}
