//! What waits at a close (design §4.2–4.4): contributions, pooled by measure and trust. The invariant:
//! nobody but the fold makes one.

use super::state::{ContributionIdentity, InternedName};
use crate::catalogue::Measure;
use crate::fixed::FixedPoint;
use crate::ids::{PartId, Pseudonym, TrustId, UnitId};
use crate::time::{Day, Month};

/// Everything that waits at one close.
pub struct WaitingContributions {
    pub(super) month: Month,
    /// By measure and trust.
    pub(super) pools: Vec<ContributionPool>,
}

/// What waits of one measure in one trust: all that may ever be pooled together.
pub(super) struct ContributionPool {
    pub(super) measure: Measure,
    pub(super) measure_name: InternedName,
    pub(super) trust: TrustId,
    pub(super) trust_name: InternedName,
    pub(super) contributions: Vec<Contribution>,
    /// Patients whose first form gives nothing and never will.
    pub(super) spent: Vec<ContributionIdentity>,
}

/// What one person (or code) gives to a measure.
pub(super) struct Contribution {
    pub(super) identity: ContributionIdentity,
    pub(super) unit: UnitId,
    pub(super) unit_name: InternedName,
    pub(super) part: Option<PartId>,
    /// The month that it waits with.
    pub(super) waits: Month,
    /// Day and number that decide which of a person's contributions is the last.
    pub(super) placed: (Day, u32),
    pub(super) therapist: Option<Pseudonym>,
    /// The credentials that sent what it reads.
    pub(super) senders: Vec<InternedName>,
    /// One per variable, clamped and rounded.
    pub(super) values: Vec<FixedPoint>,
}
