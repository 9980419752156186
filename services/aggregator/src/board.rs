//! Where the loops say how far they have come. Comes in: notes. Goes out: the same to whoever waits
//! for them. The invariant: who waits is woken in the order of waiting, so that a run is repeatable;
//! a watch channel of Tokio wakes in an order that it draws.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::progress::PartitionProgress;

/// How far each partition has come.
pub(crate) struct ProgressBoard {
    progress: Mutex<Vec<PartitionProgress>>,
    /// Whether this process knows which partitions are its own.
    dealt: AtomicBool,
    changed: Notify,
}

impl ProgressBoard {
    pub(crate) fn new(partitions: u32) -> Self {
        Self {
            progress: Mutex::new(vec![PartitionProgress::default(); partitions as usize]),
            dealt: AtomicBool::new(false),
            changed: Notify::new(),
        }
    }

    /// The progress of each partition.
    pub(crate) fn all(&self) -> Vec<PartitionProgress> {
        self.lock().clone()
    }

    /// The progress of one partition.
    pub(crate) fn get(&self, partition: u32) -> PartitionProgress {
        self.lock()[partition as usize]
    }

    pub(crate) fn note(&self, partition: u32, change: impl FnOnce(&mut PartitionProgress)) {
        change(&mut self.lock()[partition as usize]);
        self.changed.notify_waiters();
    }

    /// The work was dealt out, and what it changes is noted.
    pub(crate) fn deal(&self) {
        self.dealt.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// Waits until the work is dealt out.
    pub(crate) async fn dealt(&self) {
        loop {
            let changed = self.changed.notified();
            if self.dealt.load(Ordering::Acquire) {
                return;
            }
            changed.await;
        }
    }

    /// Waits until it holds of a partition.
    pub(crate) async fn wait_for(&self, partition: u32, done: impl Fn(&PartitionProgress) -> bool) {
        loop {
            // It is told of what changes from here on.
            let changed = self.changed.notified();
            if done(&self.get(partition)) {
                return;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<PartitionProgress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
