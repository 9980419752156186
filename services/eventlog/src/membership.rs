//! Who works on which partitions. Comes in: that a process wants its share of a group's work. Goes
//! out: the partitions that are its own by now. The invariant: each partition is somebody's, soon
//! after anybody has come or gone. That it is nobody else's as well is likely and never relied on:
//! every task may run twice.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

/// How long to wait until the others know that a member has left. They find out anyway, later.
const LEAVE: Duration = Duration::from_secs(2);

/// A share in the work of a group: partitions of the events, each with the same partition of the
/// ledger. Dropped, the share goes to the others.
pub struct GroupMembership {
    /// `None` until the work is dealt out for the first time.
    share: watch::Receiver<Option<BTreeSet<u32>>>,
    /// `None` where there can be no other member.
    shared: Option<SharedMembership>,
}

struct SharedMembership {
    /// Only dropped, which is how a member leaves.
    _member: Box<dyn Any + Send + Sync>,
    /// Told, or dropped, once it has left.
    gone: oneshot::Receiver<()>,
}

impl GroupMembership {
    /// Of whoever has the log alone: every partition, for ever.
    pub fn alone(partitions: u32) -> Self {
        let (_, share) = watch::channel(Some((0..partitions).collect()));
        Self {
            share,
            shared: None,
        }
    }

    /// One of several, who leaves when `member` is dropped, and has left when `gone` is told or
    /// dropped. There is no share until the group has dealt; where it has fewer partitions than
    /// members, that of some is empty then.
    pub fn shared(
        share: watch::Receiver<Option<BTreeSet<u32>>>,
        member: Box<dyn Any + Send + Sync>,
        gone: oneshot::Receiver<()>,
    ) -> Self {
        let shared = Some(SharedMembership {
            _member: member,
            gone,
        });
        Self { share, shared }
    }

    /// Leaves, and waits a little until the others know; so they take over at once.
    pub async fn leave(self) {
        if let Some(SharedMembership { _member, gone }) = self.shared {
            drop(_member);
            tokio::time::timeout(LEAVE, gone).await.ok();
        }
    }

    /// True where other members may have partitions too.
    pub fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// The partitions that are its own by now.
    pub fn share(&mut self) -> BTreeSet<u32> {
        self.share.borrow_and_update().clone().unwrap_or_default()
    }

    /// True once the work was dealt out; until then nobody knows what will be its own.
    pub fn is_dealt(&self) -> bool {
        self.share.borrow().is_some()
    }

    /// Waits until they are dealt, or others than [`GroupMembership::share`] has told; for ever where nothing can
    /// change any more.
    pub async fn changed(&mut self) {
        if self.share.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

impl fmt::Debug for GroupMembership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GroupMembership")
            .field(&self.share.borrow())
            .finish()
    }
}
