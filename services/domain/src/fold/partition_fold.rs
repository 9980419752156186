//! What one partition's fold holds, and what it tells of it (design §4.2, §4.3). The invariant: it is
//! a function of the log up to here and of the closes in the ledger.

use hashbrown::{HashMap, HashSet};
use serde::{Deserialize, Serialize};

use super::state::{InternedName, InternedNames, TrustState};
use crate::catalogue::Catalogue;
use crate::ids::Pseudonym;
use crate::record::{EpisodeKey, WithdrawalScope};
use crate::time::Month;
use crate::withdrawal::StandingWithdrawals;

/// The version of the rules in this module. A plan names the version in force; a binary stops
/// before one that it does not know.
pub const FOLD_VERSION: u32 = 1;

/// For how many months, measured against the last closed one, what has entered a group is
/// remembered; what is older goes to the registry only (§4.2).
pub(super) const MEMORY_MONTHS: i32 = 24;

/// Everything that one partition of the log says.
///
/// It is serialisable for checkpoints alone; nobody but the fold knows its shape.
#[derive(Serialize, Deserialize)]
pub struct Fold {
    pub(super) partition: u32,
    pub(super) partitions: u32,
    pub(super) first_month: Month,
    /// The last closed month.
    pub(super) closed: Option<Month>,
    pub(super) names: InternedNames,
    /// The first month in which each measure was in force.
    pub(super) since: HashMap<InternedName, Month>,
    /// What is ever pooled together lies within one trust, so nothing else is needed to make a
    /// trust's rows; this is why the number of partitions plays no part.
    pub(super) trusts: HashMap<InternedName, TrustState>,
    pub(super) withdrawn: StandingWithdrawals,
    /// The month in which somebody who had withdrawn from everything began to take part again.
    pub(super) renewed: HashMap<Pseudonym, Month>,
    /// The month in which somebody who had withdrawn began to take part in the register again.
    pub(super) renewed_register: HashMap<Pseudonym, Month>,
    /// The measures in force that read forms of the register.
    pub(super) of_register: HashSet<InternedName>,
}

impl Fold {
    /// An empty fold. `catalogue` is the one in force in `first_month`, the month of the
    /// deployment's genesis.
    pub fn new(partition: u32, partitions: u32, first_month: Month, catalogue: &Catalogue) -> Self {
        let mut fold = Self {
            partition,
            partitions,
            first_month,
            closed: None,
            names: InternedNames::default(),
            since: HashMap::new(),
            trusts: HashMap::new(),
            withdrawn: StandingWithdrawals::default(),
            renewed: HashMap::new(),
            renewed_register: HashMap::new(),
            of_register: HashSet::new(),
        };
        fold.go_over_to(catalogue);
        fold
    }

    /// The last closed month.
    pub fn closed(&self) -> Option<Month> {
        self.closed
    }

    /// The first month that is not closed at this place in the log.
    pub fn present(&self) -> Month {
        self.closed.map_or(self.first_month, Month::next)
    }

    /// How many episodes are held, for the metrics.
    pub fn episodes(&self) -> usize {
        self.trusts.values().map(|trust| trust.episodes.len()).sum()
    }

    /// True for a form of the register that can still count: nobody has withdrawn from it, and it
    /// is not of a time before the person came back to it.
    pub(super) fn registered(&self, person: Pseudonym, month: Month) -> bool {
        let withdrawn = self.withdrawn.scope_of(person).is_some();
        let before = self.is_before_register_renewal(person, month);
        !withdrawn && !before
    }

    /// True for a person or a code, until a renewal. A withdrawal from the register is about its
    /// forms only.
    pub(super) fn has_withdrawn(&self, whom: Pseudonym) -> bool {
        self.withdrawn.scope_of(whom) == Some(WithdrawalScope::All)
    }

    /// True for a month before a person came back to the register.
    pub(super) fn is_before_register_renewal(&self, person: Pseudonym, month: Month) -> bool {
        self.renewed_register
            .get(&person)
            .is_some_and(|renewed| month < *renewed)
    }

    /// True for what a person who withdrew and came back did before: it may be in a row already.
    pub(super) fn is_before_renewal(&self, episode: &EpisodeKey, month: Month) -> bool {
        self.renewed
            .get(&episode.person)
            .is_some_and(|renewed| month < *renewed)
    }

    /// True for months of which nothing is remembered any more.
    pub(super) fn is_forgotten(&self, month: Month) -> bool {
        self.closed
            .is_some_and(|closed| month < closed.plus(-MEMORY_MONTHS))
    }

    /// Notes which measures are new with this catalogue: they count from the present month on.
    pub(super) fn go_over_to(&mut self, catalogue: &Catalogue) {
        let from = self.present();
        let mut since = HashMap::new();
        self.of_register.clear();
        for (id, measure) in &catalogue.measures {
            let name = self.names.intern(id.as_str());
            since.insert(name, self.since.get(&name).copied().unwrap_or(from));
            if measure.population.is_of_register() {
                self.of_register.insert(name);
            }
        }
        self.since = since;
    }
}
