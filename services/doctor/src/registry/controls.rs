//! What the control records of a partition say. The invariant: only what the registrar has committed
//! is in it.

use std::collections::BTreeSet;

use medvirk_domain::time::Month;
use medvirk_store::registry::{ControlMark, PartitionErasure};

/// What the control records of a partition say, as far as the registrar has committed it.
pub(super) struct ControlRecords {
    pub(super) partition: u32,
    /// The registrar's next record.
    pub(super) next: u64,
    /// Withdrawals and renewals, in log order.
    pub(super) marks: Vec<ControlMark>,
    /// Months that may be closed.
    pub(super) closes: BTreeSet<Month>,
    /// What must be gone.
    pub(super) erasures: Vec<PartitionErasure>,
}
