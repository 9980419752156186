//! Rules that a test can break, to see whether it would notice. Comes in: the rule to break, in
//! builds with the feature `mutants`. Goes out: whether it is broken. The invariant: without the
//! feature no rule can be broken, and the compiler leaves the question out.

/// A rule of the design that holds unless it is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A task obeys the first close in the ledger, not its own.
    ObeyTheFirst,
    /// The ledger is read before a close is computed, and of several closes the first counts.
    FirstCounts,
    /// An append counts when it was read back, not when it was sent.
    ReadBack,
    /// The ledger has a row before the tables have it.
    LedgerBeforeTables,
    /// Rows are compared with the ledger, not only marks.
    CompareRows,
    /// A checkpoint says that a close is behind it only when the close was obeyed.
    CheckpointAfterClose,
    /// A torn checkpoint is as good as none.
    WholeCheckpoint,
    /// A bad record is set aside.
    SetAside,
    /// It is set aside until that is acknowledged.
    SetAsideAcknowledged,
    /// A withdrawal drops what waits.
    WithdrawalDrops,
    /// What happened before a renewal does not count again.
    RenewalStartsAnew,
    /// A month is not closed before it is over.
    NotTooEarly,
    /// Skipped months are closed first.
    SkippedFirst,
    /// What has entered a row is remembered.
    EnteredOnce,
    /// Of a session the highest revision counts.
    HighestRevision,
    /// A withdrawal erases nothing before the ledger has the closes that precede it.
    LedgerBeforeErasure,
    /// The registrar commits an offset when its rows are in the tables.
    CommitAfterInsert,
    /// What comes from a withdrawn person later is erased at once.
    LateErased,
    /// Log keys are deleted after their tombstones are in the log.
    TombstonesBeforeKeys,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::ObeyTheFirst,
        Self::FirstCounts,
        Self::ReadBack,
        Self::LedgerBeforeTables,
        Self::CompareRows,
        Self::CheckpointAfterClose,
        Self::WholeCheckpoint,
        Self::SetAside,
        Self::SetAsideAcknowledged,
        Self::WithdrawalDrops,
        Self::RenewalStartsAnew,
        Self::NotTooEarly,
        Self::SkippedFirst,
        Self::EnteredOnce,
        Self::HighestRevision,
        Self::LedgerBeforeErasure,
        Self::CommitAfterInsert,
        Self::LateErased,
        Self::TombstonesBeforeKeys,
    ];
}

/// True if the rule is broken in this thread.
#[cfg(not(feature = "mutants"))]
#[inline(always)]
pub const fn broken(_rule: Rule) -> bool {
    false
}

#[cfg(feature = "mutants")]
pub use on::{break_rule, broken};

#[cfg(feature = "mutants")]
mod on {
    use std::cell::Cell;

    use super::Rule;

    thread_local! {
        static BROKEN: Cell<Option<Rule>> = const { Cell::new(None) };
    }

    /// Breaks one rule in this thread, or none.
    pub fn break_rule(rule: Option<Rule>) {
        BROKEN.set(rule);
    }

    /// True if the rule is broken in this thread.
    pub fn broken(rule: Rule) -> bool {
        BROKEN.get() == Some(rule)
    }
}
