//! Which partitions this process folds. Comes in: its share in the work. Goes out: two loops for
//! each partition of the share, and one that follows each of the others. The invariant: a
//! partition that comes or goes starts and stops loops and nothing else; nothing rests on being the
//! only one.

use std::collections::{BTreeMap, BTreeSet};

use medvirk_eventlog::{GroupMembership, Topic};
use medvirk_runtime::StopToken;
use tokio::task::JoinSet;
use tracing::{Instrument as _, error_span};

use crate::{
    AggregatorConfig, AggregatorError, AggregatorHandle, GROUP, follower, publisher, task,
};

/// The loops of a process.
struct ProcessLoops {
    config: AggregatorConfig,
    handle: AggregatorHandle,
    /// By partition: what stops its loops, and whether they fold.
    by_partition: BTreeMap<u32, (StopToken, bool)>,
    running: JoinSet<Result<(), AggregatorError>>,
}

/// Runs until `stop`, or until something is wrong that only a human can mend.
pub(crate) async fn run(
    config: AggregatorConfig,
    handle: AggregatorHandle,
    stop: StopToken,
) -> Result<(), AggregatorError> {
    let stop = stop.child();
    let mut membership = handle.deps.log.join(GROUP)?;
    let mut loops = ProcessLoops {
        config,
        handle,
        by_partition: BTreeMap::new(),
        running: JoinSet::new(),
    };
    loops.take_over(&mut membership, &stop);
    if membership.is_shared() {
        loops
            .running
            .spawn(follower::tell(loops.handle.clone(), stop.clone()));
    }
    let mut outcome = Ok(());
    let outcome = loop {
        // Always the same order: a run must be repeatable.
        tokio::select! {
            biased;
            ended = loops.running.join_next() => {
                let Some(ended) = ended else { break outcome };
                let ended = ended.unwrap_or(Err(AggregatorError::Panicked));
                if ended.is_err() {
                    stop.stop();
                    outcome = outcome.and(ended);
                }
            }
            () = membership.changed(), if !stop.is_stopped() => {
                loops.take_over(&mut membership, &stop);
            }
        }
    };
    membership.leave().await;
    outcome
}

impl ProcessLoops {
    /// Starts and stops what the share has changed.
    fn take_over(&mut self, membership: &mut GroupMembership, stop: &StopToken) {
        let share = membership.share();
        let dealt = membership.is_dealt();
        if membership.is_shared() && dealt {
            tracing::info!(partitions = ?share, "the share of the work");
        }
        for partition in 0..self.handle.deps.log.partitions(Topic::Events) {
            self.see_to(partition, &share, stop);
        }
        // Only now is it known what there is to catch up with; it may be nothing.
        if dealt {
            self.handle.progress.deal();
        }
    }

    fn see_to(&mut self, partition: u32, share: &BTreeSet<u32>, stop: &StopToken) {
        let here = share.contains(&partition);
        match self.by_partition.get(&partition) {
            Some((_, folds)) if *folds == here => return,
            Some((before, _)) => before.stop(),
            None => {}
        }
        let stop = stop.child();
        // Whoever folded it before, here nothing of it is folded yet.
        self.handle.note(partition, |progress| {
            progress.here = here;
            progress.caught_up = false;
        });
        let (config, handle) = (self.config.clone(), self.handle.clone());
        // Whatever one of them logs says of which partition it is.
        let span = error_span!("aggregator", partition);
        if here {
            let fold = task::run(partition, config.clone(), handle.clone(), stop.clone());
            let publish = publisher::run(partition, config, handle, stop.clone());
            self.running.spawn(fold.instrument(span.clone()));
            self.running.spawn(publish.instrument(span));
        } else {
            let follow = follower::run(partition, handle, stop.clone());
            self.running.spawn(follow.instrument(span));
        }
        self.by_partition.insert(partition, (stop, here));
    }
}
