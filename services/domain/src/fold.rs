//! The fold: what one partition of the event log says (design §4 and §5).
//!
//! Comes in: the records of one partition in offset order, each with the catalogue that admitted
//! it, and at a `PeriodClose` the catalogue in force. Goes out: the rows of each close. The
//! invariant: the state is a function of the log up to here and of the closes in the ledger;
//! neither the clock, nor the number of partitions, nor a crash plays a part.
//!
//! A close has three steps, and only the last one changes anything:
//!
//! 1. [`Fold::begin_close`] lists every contribution that waits ([`contribution`], §4.2–4.4);
//! 2. [`Fold::release`] groups them and makes the rows that are releasable ([`release`], §4.5–4.7);
//! 3. [`Fold::obey`] empties what the first close in the ledger says, whoever wrote it (§5).

// In reading order.
mod partition_fold;

mod apply;

mod state;

mod waiting;

mod contribution;

mod release;

mod obey;

pub use partition_fold::{FOLD_VERSION, Fold};
pub use waiting::WaitingContributions;
