//! Who has withdrawn, at a place in a partition. Comes in: withdrawals and renewals in the order of
//! the log. Goes out: what a person or a code has withdrawn from. The invariant: it is a function of
//! the log up to the place; of several withdrawals the widest holds, until a renewal.

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::ids::Pseudonym;
use crate::record::{Event, WithdrawalScope};

/// From what each person or code has withdrawn.
#[derive(Default, Serialize, Deserialize)]
pub struct StandingWithdrawals(HashMap<Pseudonym, WithdrawalScope>);

impl StandingWithdrawals {
    /// Somebody withdraws: of several scopes the widest holds.
    pub fn withdraw(&mut self, whom: Pseudonym, scope: WithdrawalScope) {
        let widest = self.scope_of(whom);
        let widest = widest.map_or(scope, |known| scope.max(known));
        self.0.insert(whom, widest);
    }

    /// Somebody takes part again. Gives what the withdrawal was from, if there was one.
    pub fn renew(&mut self, whom: Pseudonym) -> Option<WithdrawalScope> {
        self.0.remove(&whom)
    }

    /// What somebody has withdrawn from, if anything.
    pub fn scope_of(&self, whom: Pseudonym) -> Option<WithdrawalScope> {
        self.0.get(&whom).copied()
    }

    /// True if an event that comes now must be erased at once.
    pub fn cover(&self, event: &Event) -> bool {
        let scope = self.scope_of(event.subject());
        scope.is_some_and(|scope| scope.covers(&event.body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_withdrawal_holds_until_a_renewal() {
        let whom = Pseudonym::new([1; 16]);
        let mut standing = StandingWithdrawals::default();
        assert_eq!(standing.scope_of(whom), None);
        for (scope, holds) in [
            (WithdrawalScope::Registry, WithdrawalScope::Registry),
            (WithdrawalScope::All, WithdrawalScope::All),
            (WithdrawalScope::Registry, WithdrawalScope::All),
        ] {
            standing.withdraw(whom, scope);
            assert_eq!(standing.scope_of(whom), Some(holds));
        }
        assert_eq!(standing.renew(whom), Some(WithdrawalScope::All));
        assert_eq!(standing.renew(whom), None);
    }
}
