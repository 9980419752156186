//! The rounds of a registrar. Comes in: `feedback.events` of every partition. Goes out: rows, then
//! commits. The invariants: one batch at a time, kept until it is in the tables; an offset is
//! committed after everything before it is there; nothing after a withdrawal is read before the
//! withdrawal has been carried out.

use std::sync::Arc;

use futures::future::try_join_all;
use medvirk_domain::admission::closes_in_time;
use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::partition::LogPartition;
use medvirk_domain::record::{ControlRecord, Event, LogRecord, WithdrawalSubject};
use medvirk_domain::withdrawal::StandingWithdrawals;
use medvirk_eventlog::{
    GroupMembership, PassingError as _, RETRY_PAUSE, RecordBatch, StoredRecord, Topic,
    repeat_while_passing,
};
use medvirk_records::codec::{self, DecodeError};
use medvirk_runtime::StopToken;
use medvirk_store::RegistryBatch;
use medvirk_store::registry::{ControlAction, ControlMark, LogKey, PeriodClosed};
use tokio::task::JoinSet;
use tracing::{Instrument as _, error_span};

use crate::erasure::{self, ErasureStep, PlacedWithdrawal};
use crate::registry_rows::{RecordPlace, append_rows};
use crate::upkeep::UpkeepSchedule;
use crate::withdrawn;
use crate::{
    GROUP, RegistrarConfig, RegistrarDependencies, RegistrarError, RegistrarHandle, metrics,
};

/// Repeats an attempt until it succeeds, or fails for a reason that does not pass.
async fn until_done<T, A>(
    what: &'static str,
    attempt: impl FnMut() -> A,
) -> Result<T, RegistrarError>
where
    A: Future<Output = Result<T, RegistrarError>>,
{
    repeat_while_passing(attempt, |error| warn(what, error)).await
}

/// One partition and where the registrar stands in it.
struct PartitionPosition {
    number: u32,
    /// Offset of the next record.
    next: u64,
    /// As of that record.
    withdrawn: StandingWithdrawals,
    /// The withdrawal at `next`, and the task that carries it out. Dropped, it is aborted.
    erasing: Option<(PlacedWithdrawal, JoinSet<Result<(), RegistrarError>>)>,
}

/// What one round has read and must bring into the tables and the log.
#[derive(Default)]
struct RoundWork {
    rows: RegistryBatch,
    /// Renewals; they bring nothing back, so they need no care.
    marks: Vec<ControlMark>,
    /// Keys of events of withdrawn people, with their partition.
    late: Vec<(u32, Vec<u8>)>,
    records: usize,
}

pub(crate) async fn run(
    config: RegistrarConfig,
    deps: RegistrarDependencies,
    handle: RegistrarHandle,
    stop: StopToken,
) -> Result<(), RegistrarError> {
    let mut membership = deps.log.join(GROUP)?;
    let rounds = RegistrarRounds {
        membership: &mut membership,
        upkeep: UpkeepSchedule::new(&config),
        config,
        deps,
        handle,
        partitions: Vec::new(),
    };
    // Always the same order: a run must be repeatable.
    let outcome = tokio::select! {
        biased;
        // Whatever is under way is repeated at the next start.
        () = stop.stopped() => Ok(()),
        outcome = rounds.go() => outcome,
    };
    membership.leave().await;
    outcome
}

struct RegistrarRounds<'a> {
    config: RegistrarConfig,
    deps: RegistrarDependencies,
    handle: RegistrarHandle,
    membership: &'a mut GroupMembership,
    /// The partitions of this process.
    partitions: Vec<PartitionPosition>,
    upkeep: UpkeepSchedule,
}

impl RegistrarRounds<'_> {
    /// Begins with the partitions that are new in the share of the work, and lets go of those that
    /// are in it no more. What is under way there is the next one's to repeat.
    async fn take_over(&mut self) -> Result<(), RegistrarError> {
        let share = self.membership.share();
        self.partitions.retain(|held| share.contains(&held.number));
        for number in share {
            if self.partitions.iter().any(|held| held.number == number) {
                continue;
            }
            let partition =
                until_done("start", || PartitionPosition::start(number, &self.deps)).await?;
            self.handle.note(number, partition.next);
            self.partitions.push(partition);
            self.upkeep.begin_anew();
        }
        Ok(())
    }

    async fn go(mut self) -> Result<(), RegistrarError> {
        loop {
            self.take_over().await?;
            // Every partition that is not held up by a withdrawal, at the same time.
            let read = until_done("read", || self.read()).await?;
            // What they say becomes one batch.
            let (work, next) = self.take(read).await?;
            // It is kept here until it is in the tables.
            self.bring_in_patiently(&work).await?;
            // Only then is it behind us.
            until_done("commit", || self.commit(&next)).await?;
            self.arrive(&work, &next);
            // Withdrawals are carried out beside, each while its partition stands still.
            self.carry_out_withdrawals().await?;
            self.look_after();
        }
    }

    fn look_after(&mut self) {
        let places: Vec<_> = self.partitions.iter().map(|p| (p.number, p.next)).collect();
        self.upkeep.look_after(&self.deps, &places);
    }

    async fn read(&self) -> Result<Vec<(usize, RecordBatch)>, RegistrarError> {
        let RegistrarConfig {
            read_bytes, wait, ..
        } = self.config;
        let mut reads = Vec::new();
        for (index, partition) in self.partitions.iter().enumerate() {
            let (number, next) = (partition.number, partition.next);
            if partition.erasing.is_none() {
                let log = self.deps.log.clone();
                reads.push(async move {
                    let read = log.read(Topic::Events, number, next, read_bytes, wait);
                    Ok((index, read.await?))
                });
            }
        }
        if reads.is_empty() {
            tokio::time::sleep(wait).await;
        }
        try_join_all(reads).await
    }

    /// Takes the records of each partition up to its first withdrawal. Says where each stands.
    async fn take(
        &mut self,
        read: Vec<(usize, RecordBatch)>,
    ) -> Result<(RoundWork, Vec<(usize, u64)>), RegistrarError> {
        let (mut work, mut places) = (RoundWork::default(), Vec::with_capacity(read.len()));
        let partitions = self.deps.log.partitions(Topic::Events);
        for (index, batch) in read {
            let partition = &mut self.partitions[index];
            let mut next = batch.next;
            for stored in batch.records {
                let place = RecordPlace {
                    partition: LogPartition {
                        number: partition.number,
                        of: partitions,
                    },
                    offset: stored.offset,
                };
                if let Some(withdrawal) =
                    partition.take(place, stored, &self.deps, &mut work).await?
                {
                    next = withdrawal.offset;
                    partition.erasing = Some((withdrawal, JoinSet::new()));
                    break;
                }
                work.records += 1;
            }
            places.push((index, next));
        }
        Ok((work, places))
    }

    /// Repeats it until it is done; meanwhile upkeep goes on, since it may be what makes room.
    async fn bring_in_patiently(&mut self, work: &RoundWork) -> Result<(), RegistrarError> {
        loop {
            match self.bring_in(work).await {
                Err(error) if error.is_passing() => {
                    self.upkeep.hurry();
                    self.look_after();
                    pause("insert", &error).await;
                }
                done => break done,
            }
        }
    }

    async fn bring_in(&self, work: &RoundWork) -> Result<(), RegistrarError> {
        let RegistrarDependencies { log, writer, .. } = &self.deps;
        writer.insert(&work.rows).await?;
        for mark in &work.marks {
            writer.mark(mark).await?;
        }
        for (partition, key) in &work.late {
            let keys = vec![key.clone()];
            erasure::tombstone(log.as_ref(), Topic::Events, *partition, keys).await?;
        }
        Ok(())
    }

    async fn commit(&self, next: &[(usize, u64)]) -> Result<(), RegistrarError> {
        let moved = |(index, next): &&(usize, u64)| self.partitions[*index].next != *next;
        let commits = next.iter().filter(moved).map(|(index, next)| {
            let number = self.partitions[*index].number;
            self.deps.log.commit(GROUP, Topic::Events, number, *next)
        });
        try_join_all(commits).await?;
        Ok(())
    }

    fn arrive(&mut self, work: &RoundWork, next: &[(usize, u64)]) {
        metrics::dealt_with(work.records);
        metrics::inserted(work.rows.len());
        for (index, next) in next {
            let partition = &mut self.partitions[*index];
            partition.next = *next;
            self.handle.note(partition.number, *next);
        }
    }

    async fn carry_out_withdrawals(&mut self) -> Result<(), RegistrarError> {
        for partition in &mut self.partitions {
            let Some((withdrawal, task)) = &mut partition.erasing else {
                continue;
            };
            if task.is_empty() {
                let (partition, offset) = (withdrawal.partition, withdrawal.offset);
                let span = error_span!("withdrawal", partition, offset);
                task.spawn(carry_out(self.deps.clone(), *withdrawal).instrument(span));
            }
            let Some(ended) = task.try_join_next() else {
                continue;
            };
            ended.map_err(|_| RegistrarError::Panicked)??;
            let PlacedWithdrawal {
                subject,
                scope,
                offset,
                ..
            } = *withdrawal;
            partition.withdrawn.withdraw(subject, scope);
            partition.next = offset + 1;
            partition.erasing = None;
            metrics::erased();
            self.handle.note(partition.number, partition.next);
        }
        Ok(())
    }
}

impl PartitionPosition {
    async fn start(number: u32, deps: &RegistrarDependencies) -> Result<Self, RegistrarError> {
        let committed = deps.log.committed(GROUP, Topic::Events, number).await?;
        let next = if deps.writer.is_empty(number).await? {
            0
        } else {
            committed.unwrap_or(0)
        };
        let marks = deps.writer.marks(number).await?;
        tracing::info!(partition = number, next, "keeping the registry");
        Ok(Self {
            number,
            next,
            withdrawn: withdrawn::standing_at(&marks, next),
            erasing: None,
        })
    }

    /// Takes one record, unless it is a withdrawal.
    async fn take(
        &mut self,
        place: RecordPlace,
        stored: StoredRecord,
        deps: &RegistrarDependencies,
        work: &mut RoundWork,
    ) -> Result<Option<PlacedWithdrawal>, RegistrarError> {
        // A tombstone is our own.
        let Some(value) = &stored.value else {
            return Ok(None);
        };
        let (partition, log_offset) = (place.partition.number, place.offset);
        match codec::decode_event(value) {
            Ok(LogRecord::Event(event)) if self.withdrawn.cover(&event) => {
                work.late.push((partition, stored.key));
            }
            Ok(LogRecord::Event(event)) => {
                let catalogue = catalogue(deps, place, &event.catalogue).await?;
                work.keep(place, event, stored.key, &catalogue);
            }
            Ok(LogRecord::Control(ControlRecord::Withdrawal { subject, scope })) => {
                let (WithdrawalSubject::Person(subject) | WithdrawalSubject::Code(subject)) =
                    subject;
                return Ok(Some(PlacedWithdrawal {
                    partition,
                    offset: log_offset,
                    subject,
                    scope,
                }));
            }
            Ok(LogRecord::Control(ControlRecord::Renewal { person })) => {
                self.withdrawn.renew(person);
                work.marks.push(ControlMark {
                    partition,
                    log_offset,
                    subject: person,
                    action: ControlAction::Renewed,
                });
            }
            Ok(LogRecord::Control(ControlRecord::PeriodClose { month, ingested_at })) => {
                if closes_in_time(month, ingested_at) {
                    work.rows.period_closes.push(PeriodClosed {
                        partition,
                        month,
                        log_offset,
                    });
                }
            }
            // The aggregator sets it aside.
            Err(DecodeError::Malformed(reason)) => metrics::skipped(reason.as_str()),
            Err(source) => {
                return Err(RegistrarError::Record {
                    partition,
                    offset: log_offset,
                    source,
                });
            }
        }
        Ok(None)
    }
}

impl RoundWork {
    fn keep(&mut self, place: RecordPlace, event: Event, key: Vec<u8>, catalogue: &Catalogue) {
        // Also of an event that gets no row: its copy in the log must be found all the same.
        self.rows.log_keys.push(LogKey {
            subject: event.subject(),
            partition: place.partition.number,
            log_offset: place.offset,
            key,
            registry_form: event.body.is_of_register(),
        });
        if let Err(rejection) = append_rows(place, event, catalogue, &mut self.rows) {
            metrics::skipped(rejection.as_str());
        }
    }
}

/// Carries out a withdrawal from the first step to the commit, as often as it takes.
async fn carry_out(
    deps: RegistrarDependencies,
    withdrawal: PlacedWithdrawal,
) -> Result<(), RegistrarError> {
    until_done("erase", || carry_out_once(&deps, &withdrawal)).await?;
    tracing::info!("withdrawal done");
    Ok(())
}

async fn carry_out_once(
    deps: &RegistrarDependencies,
    withdrawal: &PlacedWithdrawal,
) -> Result<(), RegistrarError> {
    let log = deps.log.as_ref();
    let (partition, next) = (withdrawal.partition, withdrawal.offset + 1);
    for step in ErasureStep::ALL {
        erasure::perform(step, withdrawal, log, deps.writer.as_ref()).await?;
    }
    log.commit(GROUP, Topic::Events, partition, next).await?;
    Ok(())
}

async fn catalogue(
    deps: &RegistrarDependencies,
    place: RecordPlace,
    hash: &CatalogueHash,
) -> Result<Arc<Catalogue>, RegistrarError> {
    if let Some(catalogue) = deps.plans.get(hash) {
        return Ok(catalogue);
    }
    until_done("read the catalogue", || refresh(deps)).await?;
    deps.plans
        .get(hash)
        .ok_or(RegistrarError::UnknownCatalogue {
            partition: place.partition.number,
            offset: place.offset,
            hash: *hash,
        })
}

async fn refresh(deps: &RegistrarDependencies) -> Result<(), RegistrarError> {
    Ok(deps.plans.refresh().await?)
}

async fn pause(what: &'static str, error: &RegistrarError) {
    warn(what, error);
    tokio::time::sleep(RETRY_PAUSE).await;
}

fn warn(what: &'static str, error: &RegistrarError) {
    metrics::retried(what);
    tracing::warn!(what, error = %ErrorChain(error), "failed; trying again");
}

/// An error with its causes; none of ours shows a value.
struct ErrorChain<'a>(&'a RegistrarError);

impl std::fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = std::error::Error::source(self.0);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
