//! Marks of withdrawals and renewals. Comes in: those of a partition in log order. Goes out: who has
//! withdrawn at a place, and what must be gone for ever. The invariant: both are functions of the
//! log up to the place, so that a repeat after a crash gives what the first time gave.

use medvirk_domain::withdrawal::StandingWithdrawals;
use medvirk_store::registry::{ControlAction, ControlMark, PartitionErasure};

/// Who has withdrawn before the record at `next`.
pub(crate) fn standing_at(marks: &[ControlMark], next: u64) -> StandingWithdrawals {
    let mut standing = StandingWithdrawals::default();
    for mark in marks.iter().filter(|mark| mark.log_offset < next) {
        match mark.action {
            ControlAction::Withdrawn(scope) => standing.withdraw(mark.subject, scope),
            ControlAction::Renewed => _ = standing.renew(mark.subject),
        }
    }
    standing
}

/// What must be gone for ever: all that came before the renewal that ended a withdrawal, or
/// before `next` where none did.
pub fn erasures(partition: u32, marks: &[ControlMark], next: u64) -> Vec<PartitionErasure> {
    let passed = || marks.iter().filter(|mark| mark.log_offset < next);
    let mut erasures = Vec::new();
    for mark in passed() {
        let ControlAction::Withdrawn(scope) = mark.action else {
            continue;
        };
        let ends = |other: &&ControlMark| {
            other.subject == mark.subject
                && other.log_offset > mark.log_offset
                && other.action == ControlAction::Renewed
        };
        erasures.push(PartitionErasure {
            partition,
            subject: mark.subject,
            scope,
            before: passed().find(ends).map_or(next, |end| end.log_offset),
        });
    }
    erasures
}

#[cfg(test)]
mod tests {
    use medvirk_domain::ids::Pseudonym;
    use medvirk_domain::record::WithdrawalScope;

    use super::*;

    fn mark(log_offset: u64, action: ControlAction) -> ControlMark {
        ControlMark {
            partition: 0,
            log_offset,
            subject: Pseudonym::new([1; 16]),
            action,
        }
    }

    #[test]
    fn a_renewal_ends_what_must_stay_away() {
        let marks = [
            mark(3, ControlAction::Withdrawn(WithdrawalScope::All)),
            mark(7, ControlAction::Renewed),
            mark(9, ControlAction::Withdrawn(WithdrawalScope::Registry)),
        ];
        let spans = |next| -> Vec<_> {
            let erasures = erasures(0, &marks, next);
            erasures.iter().map(|it| (it.scope, it.before)).collect()
        };
        assert_eq!(spans(3), []);
        assert_eq!(spans(5), [(WithdrawalScope::All, 5)]);
        assert_eq!(
            spans(20),
            [(WithdrawalScope::All, 7), (WithdrawalScope::Registry, 20)]
        );
    }
}
