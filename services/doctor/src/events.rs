//! One partition of the event log. Comes in: its records. Goes out: what cannot be read, what must
//! have its dead letter, and the fold of all of it, close by close. The invariant: the fold here is
//! a second one, in memory alone; it obeys the ledger and appends nothing.

use std::sync::Arc;

use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::fold::{FOLD_VERSION, Fold};
use medvirk_domain::record::{ControlRecord, Event, LogRecord, WithdrawalScope};
use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use medvirk_eventlog::{DEAD_LETTER_DAYS, LogReadError, StoredRecord, Topic, repeat_while_passing};
use medvirk_records::catalogue::PlanFollower;
use medvirk_records::codec::{self, DecodeError, LedgerRecord};

use crate::check::DoctorCheck;
use crate::dead_letters::ExpectedDeadLetters;
use crate::ledger::LedgerSeen;
use crate::refold::{PartitionRefold, RefoldedClose};
use crate::run::{DoctorRun, RESTORE, count};
use medvirk_aggregator::PartitionProgress;

const NEWER: &str = "install the version of medvirk that wrote it";
const REPLACED: &str = "the record was not set aside: keep a copy of the data folder, restart the \
    system without its folder `checkpoints`, and run this again";

/// Dead letters are erased when they are old, and with them what says that they were there: records
/// that may be older than this are not asked for theirs, in milliseconds. It is a month less than
/// letters are kept.
const ASKED_FOR: i64 = (DEAD_LETTER_DAYS as i64 - 30) * 86_400_000;

/// Reads the partition from its beginning to its end.
pub(crate) async fn walk(
    run: &mut DoctorRun,
    partition: u32,
    plans: &PlanFollower,
    ledger: &LedgerSeen,
    refused: &mut ExpectedDeadLetters,
    check: &mut DoctorCheck,
) -> Result<PartitionRefold, LogReadError> {
    let mut walk = run.walk(Topic::Events, partition).await?;
    let mut refolding = EventsRefold {
        partition,
        plans,
        ledger,
        progress: run.progress[partition as usize],
        fold: None,
        taken: 0,
        newest: 0,
        now: run.now,
        refold: PartitionRefold::new(partition),
    };
    refolding.begin(run);
    while let Some(step) = walk.step().await? {
        let Some(records) = run.tally.note(Topic::Events, partition, step) else {
            // What was not read is missing in every later close.
            refolding.fold = None;
            continue;
        };
        for stored in records {
            refolding.take(run, &stored, refused, check).await?;
        }
        tokio::task::yield_now().await;
    }
    let whole = refolding.fold.is_some();
    refolding.refold.complete(whole, ledger);
    Ok(refolding.refold)
}

/// The second fold of one partition.
struct EventsRefold<'a> {
    partition: u32,
    plans: &'a PlanFollower,
    ledger: &'a LedgerSeen,
    /// How far the task was before anything was read.
    progress: PartitionProgress,
    /// None where it cannot go on.
    fold: Option<Fold>,
    /// How many records were read so far.
    taken: u64,
    /// The time of the newest event so far, and the time now, in milliseconds since 1970.
    newest: i64,
    now: i64,
    refold: PartitionRefold,
}

impl EventsRefold<'_> {
    fn begin(&mut self, run: &DoctorRun) {
        let first = run.first_month;
        let plan = self.plans.plan(first);
        let catalogue = plan.and_then(|plan| self.plans.get(&plan.catalogue));
        let begin = |catalogue: Arc<Catalogue>| {
            Fold::new(self.partition, run.partitions, first, &catalogue)
        };
        self.fold = catalogue.map(begin);
    }

    async fn take(
        &mut self,
        run: &DoctorRun,
        stored: &StoredRecord,
        refused: &mut ExpectedDeadLetters,
        check: &mut DoctorCheck,
    ) -> Result<(), LogReadError> {
        // Every offset before it that gave no record was erased.
        self.refold.erased = stored.offset - self.taken;
        self.taken += 1;
        let Some(value) = &stored.value else {
            return Ok(());
        };
        let place = format!("partition {}, offset {}", self.partition, stored.offset);
        match codec::decode_event(value) {
            Ok(LogRecord::Event(event)) => match self.event(&event) {
                Ok(None) => {}
                Ok(Some(reason)) => self.refuse(stored, reason, refused),
                Err(found) => check.differs(format!("{place} {found}"), RESTORE),
            },
            Ok(LogRecord::Control(control)) => self.steer(run, stored.offset, &control).await?,
            Err(DecodeError::Malformed(reason)) => self.refuse(stored, reason.as_str(), refused),
            Err(newer) => {
                self.fold = None;
                check.differs(format!("{place}: {newer}"), NEWER);
            }
        }
        Ok(())
    }

    /// Folds an event in. Says why it is refused, or what is wrong.
    fn event(&mut self, event: &Event) -> Result<Option<&'static str>, &'static str> {
        self.newest = self.newest.max(event.ingested_at);
        let Some(catalogue) = self.plans.get(&event.catalogue) else {
            return Err("names a catalogue that the log has not");
        };
        let Some(fold) = &mut self.fold else {
            return Ok(None);
        };
        let taken = fold.apply_event(event, &catalogue);
        Ok(taken.err().map(|refusal| refusal.as_str()))
    }

    /// What the task has met must be among the dead letters, if they can still be there.
    fn refuse(
        &self,
        stored: &StoredRecord,
        reason: &'static str,
        refused: &mut ExpectedDeadLetters,
    ) {
        let is_young = self.now - self.newest < ASKED_FOR;
        if stored.offset < self.progress.next && is_young {
            refused.add(&stored.key, (self.partition, stored.offset), reason);
        }
    }

    async fn steer(
        &mut self,
        run: &DoctorRun,
        offset: u64,
        control: &ControlRecord,
    ) -> Result<(), LogReadError> {
        if let ControlRecord::Withdrawal {
            scope: WithdrawalScope::All,
            ..
        } = control
        {
            self.refold.last_withdrawal = Some(offset);
        }
        let Some(fold) = &mut self.fold else {
            return Ok(());
        };
        for month in fold.apply_control(control) {
            self.close(run, month, offset).await?;
        }
        Ok(())
    }

    /// Makes the rows of a close anew and compares them; then obeys the ledger's.
    async fn close(
        &mut self,
        run: &DoctorRun,
        month: Month,
        offset: u64,
    ) -> Result<(), LogReadError> {
        let in_force = async |month| in_force(self.plans, month).await;
        let (Some(catalogue), Some(next)) = (in_force(month).await, in_force(month.next()).await)
        else {
            // The check of the plans names the month.
            self.fold = None;
            return Ok(());
        };
        let Some(fold) = &mut self.fold else {
            return Ok(());
        };
        let waiting = fold.begin_close(month, &catalogue);
        let made = fold.release(&waiting, &catalogue);
        let ledger = match self.ledger.closes.get(&month) {
            Some(seen) => read_close(run, self.partition, seen.at).await?,
            None => None,
        };
        self.refold.closes.push(RefoldedClose {
            month,
            offset,
            erased: self.refold.erased,
            named: ledger.as_ref().map(|close| close.offset),
            same: ledger.as_ref().is_some_and(|close| close.rows == made),
            due: offset < self.progress.next,
        });
        let rows = ledger.map_or(made, |close| close.rows);
        fold.obey(waiting, &rows, &catalogue, &next);
        Ok(())
    }
}

/// The catalogue in force in a month, where this program can fold by its plan.
async fn in_force(plans: &PlanFollower, month: Month) -> Option<Arc<Catalogue>> {
    if plans.plan(month).is_none() {
        repeat_while_passing(|| plans.refresh(), |_| {})
            .await
            .ok()?;
    }
    let plan = plans.plan(month)?;
    if plan.fold_version > FOLD_VERSION {
        return None;
    }
    plans.get(&plan.catalogue)
}

/// One close of the ledger, at its place there.
async fn read_close(
    run: &DoctorRun,
    partition: u32,
    at: u64,
) -> Result<Option<Close>, LogReadError> {
    let (log, wait) = (&run.log, std::time::Duration::ZERO);
    let batch = log.read(Topic::Ledger, partition, at, 1, wait).await?;
    let stored = batch.records.first();
    let value = stored.and_then(|stored| stored.value.as_deref());
    match value.map(codec::decode_ledger) {
        Some(Ok(LedgerRecord::Close(close))) => Ok(Some(close)),
        _ => Ok(None),
    }
}

/// Says what was compared, over all topics, and what is wrong with it.
pub(crate) fn sum_up(run: &DoctorRun, refused: ExpectedDeadLetters, check: &mut DoctorCheck) {
    let tally = &run.tally;
    check.compared = format!(
        "{} of {} topics and {}, {} erased: checksums, offsets, and that each can be read or has \
         its dead letter",
        count(tally.records, "record", "records"),
        Topic::ALL.len(),
        count(run.partitions.into(), "partition", "partitions"),
        tally.erased
    );
    for damage in &tally.damaged {
        check.differs(damage.to_string(), RESTORE);
    }
    for ((partition, offset), reason) in refused.left() {
        let found = format!(
            "partition {partition}, offset {offset} cannot be folded ({reason}) and has no dead \
             letter"
        );
        check.differs(found, REPLACED);
    }
    if refused.unfollowed > 0 {
        let found = format!(
            "{} records that cannot be folded are too many to be followed",
            refused.unfollowed
        );
        check.not_seen(
            found,
            "look at the dead letters: `medvirk admin dead-letter list`",
        );
    }
}
