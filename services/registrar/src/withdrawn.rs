//! Who has withdrawn, at a place in a partition. Comes in: withdrawals and renewals in log order.
//! Goes out: whether an event may be kept. The invariant: it is a function of the log up to the
//! place, so that a repeat after a crash judges as the first time.

use std::collections::HashMap;

use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::{Event, Scope};
use medvirk_store::registry::{Action, Erasure, Mark};

use crate::admission;

/// Who has withdrawn, and from what.
#[derive(Default)]
pub(crate) struct Withdrawn(HashMap<Pseudonym, Scope>);

impl Withdrawn {
    /// As it was before the record at `next`.
    pub(crate) fn at(marks: &[Mark], next: u64) -> Self {
        let mut withdrawn = Self::default();
        for mark in marks.iter().filter(|mark| mark.log_offset < next) {
            withdrawn.take(mark.subject, mark.action);
        }
        withdrawn
    }

    /// Of several withdrawals the widest holds, until a renewal.
    pub(crate) fn take(&mut self, subject: Pseudonym, action: Action) {
        match action {
            Action::Renewed => {
                self.0.remove(&subject);
            }
            Action::Withdrawn(scope) => {
                let widest = self
                    .0
                    .get(&subject)
                    .map_or(scope, |known| scope.max(*known));
                self.0.insert(subject, widest);
            }
        }
    }

    /// True if the event must be erased at once.
    pub(crate) fn covers(&self, event: &Event) -> bool {
        match self.0.get(&event.subject()) {
            Some(Scope::All) => true,
            Some(Scope::Registry) => admission::is_registry_form(event),
            None => false,
        }
    }
}

/// What must be gone for ever: all that came before the renewal that ended a withdrawal, or
/// before `next` where none did.
pub fn erasures(partition: u32, marks: &[Mark], next: u64) -> Vec<Erasure> {
    let passed = || marks.iter().filter(|mark| mark.log_offset < next);
    let mut erasures = Vec::new();
    for mark in passed() {
        let Action::Withdrawn(scope) = mark.action else {
            continue;
        };
        let ends = |other: &&Mark| {
            other.subject == mark.subject
                && other.log_offset > mark.log_offset
                && other.action == Action::Renewed
        };
        erasures.push(Erasure {
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
    use super::*;

    fn mark(log_offset: u64, action: Action) -> Mark {
        Mark {
            partition: 0,
            log_offset,
            subject: Pseudonym::new([1; 16]),
            action,
        }
    }

    #[test]
    fn a_renewal_ends_what_must_stay_away() {
        let marks = [
            mark(3, Action::Withdrawn(Scope::All)),
            mark(7, Action::Renewed),
            mark(9, Action::Withdrawn(Scope::Registry)),
        ];
        let spans = |next| -> Vec<_> {
            let erasures = erasures(0, &marks, next);
            erasures.iter().map(|it| (it.scope, it.before)).collect()
        };
        assert_eq!(spans(3), []);
        assert_eq!(spans(5), [(Scope::All, 5)]);
        assert_eq!(spans(20), [(Scope::All, 7), (Scope::Registry, 20)]);
    }
}
