//! Whether the ledger is what the log says. Comes in: each close as a second fold of the log makes
//! it, and as the ledger has it. Goes out: a check. The invariant: rows are compared only where
//! the log still holds all that they were made from.
//!
//! A fold is a function of the log. Where nothing before a `PeriodClose` was erased after it, the
//! rows must come out the same: what was erased before it belonged to people whose withdrawal is
//! before it too, and the fold had dropped them (design §5). Where people withdrew later, the
//! anonymous row stands and cannot be made again; then it is said how many records are gone.

use medvirk_domain::time::Month;

use crate::check::DoctorCheck;
use crate::ledger::LedgerSeen;
use crate::run::count;

const REPORT: &str = "keep a copy of the data folder and report it: the ledger stands, and the \
    rows shown are its rows, but the log does not give them";
const STANDS: &str = "nothing: anonymous rows stand when people withdraw after the close";
const ROUND: &str = "restart the system; if the close is not written then, keep a copy of the data \
    folder and report it";

/// The second fold of a partition, close by close.
pub(crate) struct PartitionRefold {
    partition: u32,
    pub(crate) closes: Vec<RefoldedClose>,
    /// The last withdrawal from everything.
    pub(crate) last_withdrawal: Option<u64>,
    /// Records that were erased, so far.
    pub(crate) erased: u64,
    /// The fold came to the end of the log.
    whole: bool,
    /// Months of the ledger that it did not come to close.
    unmade: Vec<Month>,
}

/// One close of the second fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RefoldedClose {
    pub(crate) month: Month,
    /// Offset of the `PeriodClose` that closed it.
    pub(crate) offset: u64,
    /// How many records before it are erased now.
    pub(crate) erased: u64,
    /// The offset that the ledger's close names; none if the ledger has none.
    pub(crate) named: Option<u64>,
    /// The rows are those of the ledger.
    pub(crate) same: bool,
    /// The task had met the `PeriodClose` before the ledger was read.
    pub(crate) due: bool,
}

/// What can be said of one close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CloseOutcome {
    Same,
    Erased,
    Differs,
    WrongOffset,
    Missing,
    Coming,
}

impl PartitionRefold {
    pub(crate) fn new(partition: u32) -> Self {
        Self {
            partition,
            closes: Vec::new(),
            last_withdrawal: None,
            erased: 0,
            whole: false,
            unmade: Vec::new(),
        }
    }

    /// Notes what the ledger has and the second fold did not come to; `whole` if it came to the end
    /// of the log.
    pub(crate) fn complete(&mut self, whole: bool, ledger: &LedgerSeen) {
        self.whole = whole;
        let made = |month: &Month| self.closes.iter().any(|close| close.month == *month);
        let unmade = ledger.closes.keys().filter(|month| !made(month));
        self.unmade = unmade.copied().collect();
    }

    fn outcome(&self, close: &RefoldedClose) -> CloseOutcome {
        match close.named {
            None if close.due => CloseOutcome::Missing,
            None => CloseOutcome::Coming,
            Some(named) if named != close.offset => CloseOutcome::WrongOffset,
            Some(_) if close.same => CloseOutcome::Same,
            Some(_) if close.erased > 0 && self.last_withdrawal > Some(close.offset) => {
                CloseOutcome::Erased
            }
            Some(_) => CloseOutcome::Differs,
        }
    }
}

/// Compares every close of every partition.
pub(crate) fn check(refolds: &[PartitionRefold]) -> DoctorCheck {
    let mut check = DoctorCheck::new("refold");
    let (mut all, mut same) = (0, 0);
    for refold in refolds {
        all += refold.closes.len() as u64;
        for close in &refold.closes {
            let outcome = refold.outcome(close);
            same += u64::from(outcome == CloseOutcome::Same);
            tell(refold, close, outcome, &mut check);
        }
        for month in &refold.unmade {
            let place = format!("{month} of partition {}", refold.partition);
            if refold.whole {
                let found = format!("{place} is in the ledger, and no PeriodClose asked for it");
                check.differs(found, REPORT);
            } else {
                let found =
                    format!("{place} could not be made again: the log cannot be read so far");
                check.not_seen(found, "see to what the other checks have found first");
            }
        }
    }
    check.compared = format!(
        "{} in the ledger with a second fold of the whole log: {same} the same",
        count(all, "close", "closes")
    );
    check
}

fn tell(
    refold: &PartitionRefold,
    close: &RefoldedClose,
    outcome: CloseOutcome,
    check: &mut DoctorCheck,
) {
    let place = format!("{} of partition {}", close.month, refold.partition);
    match outcome {
        CloseOutcome::Same => {}
        CloseOutcome::Coming => check.waits(
            format!("{place} is being closed"),
            "nothing; run this again in a minute",
        ),
        CloseOutcome::Erased => check.not_comparable(
            format!(
                "{place} is not comparable: {} before it were erased since",
                count(close.erased, "record", "records")
            ),
            STANDS,
        ),
        CloseOutcome::Differs => check.differs(
            format!("{place} has other rows in the ledger than the log gives"),
            REPORT,
        ),
        CloseOutcome::WrongOffset => check.differs(
            format!(
                "{place} names another offset than that of its PeriodClose, {}",
                close.offset
            ),
            REPORT,
        ),
        CloseOutcome::Missing => check.differs(
            format!("{place} was asked for, and the ledger has no close of it"),
            ROUND,
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::check::DoctorVerdict;

    use super::*;

    fn close() -> RefoldedClose {
        RefoldedClose {
            month: "2024-01".parse().unwrap(),
            offset: 50,
            erased: 0,
            named: Some(50),
            same: true,
            due: true,
        }
    }

    fn outcome(
        last_withdrawal: Option<u64>,
        change: impl FnOnce(&mut RefoldedClose),
    ) -> CloseOutcome {
        let mut refold = PartitionRefold::new(0);
        refold.last_withdrawal = last_withdrawal;
        let mut close = close();
        change(&mut close);
        refold.outcome(&close)
    }

    #[test]
    fn equal_rows_agree_whatever_was_erased() {
        assert_eq!(outcome(None, |_| {}), CloseOutcome::Same);
        assert_eq!(
            outcome(Some(60), |close| close.erased = 3),
            CloseOutcome::Same
        );
    }

    #[test]
    fn other_rows_are_excused_only_by_what_was_erased_after_the_close() {
        let other = |erased| {
            move |close: &mut RefoldedClose| {
                close.same = false;
                close.erased = erased;
            }
        };
        assert_eq!(outcome(Some(60), other(3)), CloseOutcome::Erased);
        // Nothing was erased, or all of it before the close.
        assert_eq!(outcome(Some(60), other(0)), CloseOutcome::Differs);
        assert_eq!(outcome(Some(40), other(3)), CloseOutcome::Differs);
        assert_eq!(outcome(None, other(3)), CloseOutcome::Differs);
    }

    #[test]
    fn a_close_that_is_lost_or_names_another_place_is_found() {
        let missing = |due| {
            move |close: &mut RefoldedClose| {
                close.named = None;
                close.due = due;
            }
        };
        assert_eq!(outcome(None, missing(true)), CloseOutcome::Missing);
        assert_eq!(outcome(None, missing(false)), CloseOutcome::Coming);
        let elsewhere = |close: &mut RefoldedClose| close.named = Some(49);
        assert_eq!(outcome(None, elsewhere), CloseOutcome::WrongOffset);
    }

    #[test]
    fn closes_that_the_log_does_not_give_are_told_with_their_number() {
        let mut refold = PartitionRefold::new(1);
        refold.closes = vec![close()];
        refold.unmade = vec!["2024-02".parse().unwrap()];
        assert_eq!(
            check(std::slice::from_ref(&refold)).verdict,
            DoctorVerdict::NotSeen
        );
        refold.whole = true;
        let check = check(&[refold]);
        assert_eq!(check.verdict, DoctorVerdict::Differs);
        assert!(check.compared.contains("1 close in the ledger"));
        let found = &check.findings[0].found;
        assert!(found.contains("no PeriodClose asked for it"), "{found}");
    }
}
