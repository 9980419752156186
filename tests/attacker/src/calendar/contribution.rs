//! What one person gives to a measure, and for whom it counts.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::clinic::Day;

/// For whom a person counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// A person in a month at a unit.
    Month {
        /// Number of the unit.
        unit: usize,
        /// The month of the contribution.
        month: i32,
        /// The person who contributes.
        person: u32,
    },
    /// An episode of a person.
    Episode(u32, usize),
    /// A person, by the first form of the register.
    Person(u32),
    /// The number of a survey code.
    Code(usize),
}

impl Identity {
    /// Whose it is; codes are nobody's.
    pub fn person(&self) -> Option<u32> {
        match self {
            Self::Month { person, .. } | Self::Episode(person, _) | Self::Person(person) => {
                Some(*person)
            }
            Self::Code(_) => None,
        }
    }
}

/// What one person (or code) gives to a measure, but for its values.
#[derive(Debug, Clone)]
pub struct Contribution {
    /// Id of the measure.
    pub measure: Arc<str>,
    /// For whom it counts.
    pub identity: Identity,
    /// Number of the person; for codes of the code, after all persons.
    pub counted: u32,
    /// The patient behind it.
    pub patient: u32,
    /// Number of the unit.
    pub unit: usize,
    /// Empty where there is none.
    pub part: Arc<str>,
    /// The month that it waits with.
    pub waits: i32,
    /// What decides which of a person's contributions is the last.
    pub placed: (Day, u32),
    /// The therapist, if one is named.
    pub therapist: Option<u32>,
    /// The credentials that sent what it reads.
    pub senders: BTreeSet<u32>,
}

impl Contribution {
    /// Decides which of a person's contributions is the last: what the calendar does not decide, the
    /// unit (of months) and the identity do.
    pub fn order(&self) -> impl Ord + use<> {
        let unit = matches!(self.identity, Identity::Month { .. }).then_some(self.unit);
        (self.placed, unit, self.identity)
    }
}
