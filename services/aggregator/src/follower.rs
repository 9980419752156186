//! A partition that another process folds. Comes in: its ledger, and the marks in the tables. Goes
//! out: which months are closed, and of which the rows are there. And the other way round: how far
//! the partitions of this process are folded, for those who follow them. The invariant: nothing is
//! written but that place, and nothing rests on it.

use std::time::Duration;

use medvirk_domain::time::Month;
use medvirk_eventlog::Topic;
use medvirk_runtime::StopToken;
use medvirk_store::hash_of;
use tokio::time::Instant;

use crate::{AggregatorError, AggregatorHandle, GROUP};
use medvirk_records::ledger::LedgerView;

/// How often the ledger and the tables are looked at.
const EVERY: Duration = Duration::from_millis(500);

/// How often the others are told how far this process is.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// How often a place in which nothing happens is told again: brokers forget what was committed some
/// days ago.
const AGAIN_EVERY: Duration = Duration::from_hours(1);

/// Follows one partition until `stop`.
pub(crate) async fn run(
    partition: u32,
    handle: AggregatorHandle,
    stop: StopToken,
) -> Result<(), AggregatorError> {
    let follow = async {
        let mut ledger = LedgerView::new(handle.deps.log.clone(), partition);
        loop {
            ledger.read_to_end().await?;
            let closed = ledger.closes().keys().next_back().copied();
            handle.note(partition, |progress| {
                progress.closed = closed;
                progress.caught_up |= !progress.here;
            });
            if handle.progress.get(partition).published != closed {
                look_at_tables(partition, &handle, &ledger).await;
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::select! {
        biased;
        () = stop.stopped() => Ok(()),
        failed = follow => failed,
    }
}

/// Tables that do not answer now are asked again.
async fn look_at_tables(partition: u32, handle: &AggregatorHandle, ledger: &LedgerView) {
    match published(partition, handle, ledger).await {
        Ok(published) => handle.note(partition, |progress| progress.published = published),
        Err(error) => tracing::warn!(%error, "cannot read the tables; trying again"),
    }
}

/// The last month that is there with all before it. A mark comes after its rows.
async fn published(
    partition: u32,
    handle: &AggregatorHandle,
    ledger: &LedgerView,
) -> Result<Option<Month>, medvirk_store::Error> {
    let told = handle.deps.writer.closes(partition).await?;
    let there = ledger.closes().iter();
    let there = there.take_while(|(month, close)| told.get(month) == Some(&hash_of(close)));
    Ok(there.map(|(month, _)| *month).last())
}

/// Commits, as a member of the group, how far the partitions of this process are folded. Nothing
/// starts there, the checkpoints say where to start; it is for people and for other processes.
pub(crate) async fn tell(handle: AggregatorHandle, stop: StopToken) -> Result<(), AggregatorError> {
    let log = &handle.deps.log;
    let mut told = Vec::new();
    let telling = async {
        loop {
            let progress = handle.progress();
            told.resize(progress.len(), None);
            for ((partition, progress), told) in (0..).zip(progress).zip(&mut told) {
                let place = (progress.next, Instant::now());
                if !progress.here || !is_news(*told, place.0, place.1) {
                    continue;
                }
                match log
                    .commit(GROUP, Topic::Events, partition, progress.next)
                    .await
                {
                    Ok(()) => *told = Some(place),
                    Err(error) => tracing::warn!(partition, %error, "cannot tell the progress"),
                }
            }
            tokio::time::sleep(TOLD_EVERY).await;
        }
    };
    tokio::select! {
        biased;
        () = stop.stopped() => Ok(()),
        () = telling => Ok(()),
    }
}

/// True where the others must be told this place now; `told` is what they were told, and when.
fn is_news(told: Option<(u64, Instant)>, next: u64, now: Instant) -> bool {
    told.is_none_or(|(told, at)| told != next || now - at >= AGAIN_EVERY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_once_and_again_before_brokers_forget_it() {
        let begun = Instant::now();
        let told = Some((7, begun));
        assert!(is_news(None, 7, begun), "never told");
        assert!(is_news(told, 8, begun), "another place");
        assert!(!is_news(told, 7, begun + AGAIN_EVERY / 2), "just told");
        assert!(is_news(told, 7, begun + AGAIN_EVERY), "told long ago");
    }
}
