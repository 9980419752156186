//! Sybils. Knowledge: the calendar, and every contribution that the attacker has a hand in: those
//! of made-up patients, and those that read a form or a correction which the attacker's
//! credentials have sent. They are subtracted. Who is left?

use std::collections::BTreeSet;

use crate::calendar::{Calendar, Contribution};
use crate::public::Public;

/// What the attacker has.
#[derive(Debug, Default, Clone)]
pub struct Hand {
    /// The credentials that the attacker holds.
    pub credentials: BTreeSet<u32>,
    /// The patients that the attacker made up.
    pub patients: BTreeSet<u32>,
}

impl Hand {
    fn knows(&self, one: &Contribution) -> bool {
        self.patients.contains(&one.patient) || !self.credentials.is_disjoint(&one.senders)
    }
}

/// For each row in which the attacker has a hand: how many persons are left whom the attacker
/// does not know, and how many the attacker knows.
pub fn attack(public: &Public, calendar: &Calendar, hand: &Hand) -> Vec<(usize, usize)> {
    let rows = (0..public.rows.len()).map(|row| {
        let members = calendar.members(row);
        let known = members.values().filter(|places| {
            let mut contributions = places.iter().map(|place| &calendar.contributions[*place]);
            contributions.any(|one| hand.knows(one))
        });
        let known = known.count();
        (members.len() - known, known)
    });
    rows.filter(|(_, known)| *known > 0).collect()
}
