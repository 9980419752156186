//! Period closes. Comes in: the clock, or somebody's wish. Goes out: `PeriodClose` records in
//! every partition, each after the plan of the month that follows it. The invariant: no month is
//! skipped and none is closed too early; nothing is closed by itself of which the log has no record;
//! repeats are harmless, so several schedulers may run.

use std::time::Duration;

use medvirk_domain::record::ControlRecord;
use medvirk_domain::time::Month;
use medvirk_eventlog::{LogStepError, PassingError as _};
use medvirk_records::{catalogue, control};
use medvirk_runtime::{Clock, StopToken};

use crate::recorded::{EmptyMonths, RecordedMonths};
use crate::{AggregatorDependencies, AggregatorError, AggregatorHandle, MonthCloseError};

/// How often the clock is looked at.
const EVERY: Duration = Duration::from_secs(30);

/// How long to wait after the log has not taken a close.
const RETRY: Duration = Duration::from_millis(500);

/// Closes months as they become due, until `stop`. What the log does not take now is tried again.
///
/// # Errors
/// As [`close_until`], where it does not pass.
pub async fn close_when_due(
    handle: AggregatorHandle,
    empty: EmptyMonths,
    stop: StopToken,
) -> Result<(), AggregatorError> {
    tokio::select! {
        biased;
        // What was broadcast stands; the rest is due again at the next start.
        () = stop.stopped() => Ok(()),
        closing = keep_closing(&handle, empty) => closing,
    }
}

async fn keep_closing(
    handle: &AggregatorHandle,
    empty: EmptyMonths,
) -> Result<(), AggregatorError> {
    handle.caught_up().await;
    let mut recorded = RecordedMonths::new(handle.deps.log.clone());
    // The month that was told to stay open: once is enough.
    let mut told = None;
    loop {
        let present = handle.present();
        let due = last_due(handle.deps.clock.as_ref(), present);
        let wait = match due {
            Some(due) if empty == EmptyMonths::StayOpen => {
                match last_recorded(&mut recorded, present, due).await {
                    Ok(Some(month)) => close_all(handle, month).await?,
                    Ok(None) => {
                        if told != Some(present) {
                            tell_empty(present, due);
                            told = Some(present);
                        }
                        EVERY
                    }
                    Err(error) if error.is_passing() => {
                        tracing::warn!(%error, "cannot look for records; trying again");
                        RETRY
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Some(due) => close_all(handle, due).await?,
            None => EVERY,
        };
        tokio::time::sleep(wait).await;
    }
}

/// The last month from `present` to `due` before one of which the log has no record.
async fn last_recorded(
    recorded: &mut RecordedMonths,
    present: Month,
    due: Month,
) -> Result<Option<Month>, LogStepError> {
    let (mut last, mut month) = (None, present);
    while month <= due && recorded.has(month).await? {
        (last, month) = (Some(month), month.next());
    }
    Ok(last)
}

fn tell_empty(present: Month, due: Month) {
    tracing::warn!(
        %present,
        %due,
        "not closed: the log has no record of the present month, and a close is for ever; submit what \
         belongs to it, or close it empty with `medvirk admin close-period` or aggregator.close_empty"
    );
}

/// Closes months up to this one and says how long to wait then.
async fn close_all(handle: &AggregatorHandle, month: Month) -> Result<Duration, AggregatorError> {
    match close_until(handle, month).await {
        // Some partitions may have it; the month is due until it is closed in all.
        Err(error) if error.is_passing() => {
            tracing::warn!(%month, %error, "cannot close; trying again");
            Ok(RETRY)
        }
        closed => {
            closed?;
            Ok(EVERY)
        }
    }
}

/// The last month from `present` on that may be closed by now.
fn last_due(clock: &dyn Clock, present: Month) -> Option<Month> {
    let now = clock.now_ms();
    let due = |month: &Month| month.closes_from() <= now;
    std::iter::successors(Some(present).filter(due), |month| {
        Some(month.next()).filter(due)
    })
    .last()
}

/// Closes every month from the present one up to `month`, in order, and returns them once the
/// tables show them; none if `month` is closed already, once the tables show that. The caller sees to it that `month` is due:
/// the fold refuses it otherwise, and this would wait for ever.
///
/// # Errors
/// When the log takes neither plan nor control record. What was broadcast stands, and repeating
/// the call is harmless.
pub async fn close_until(
    handle: &AggregatorHandle,
    month: Month,
) -> Result<Vec<Month>, MonthCloseError> {
    let AggregatorDependencies {
        log, plans, clock, ..
    } = &handle.deps;
    let mut closed = Vec::new();
    let mut present = handle.present();
    while present <= month {
        catalogue::ensure_plan(log.as_ref(), plans, present.next()).await?;
        let ingested_at = clock.now_ms();
        let close = ControlRecord::PeriodClose {
            month: present,
            ingested_at,
        };
        control::broadcast(log.as_ref(), close, ingested_at).await?;
        handle.published(present).await;
        closed.push(present);
        present = present.next();
    }
    // Also of a month that was closed before: who repeats a call that broke wants its rows.
    if month >= handle.first_month {
        handle.published(month).await;
    }
    Ok(closed)
}

#[cfg(test)]
pub(crate) mod tests;
