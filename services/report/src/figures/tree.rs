//! The organisation tree as figures need it. Comes in: the organisations of a catalogue. Goes out:
//! who lies above whom, at any level. The invariant: every organisation but the nation has one
//! above it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use medvirk_domain::catalogue::Organisations;
use medvirk_domain::row::RowLevel;

/// Level of an organisation that a figure can be about; from the finest to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrganisationLevel {
    /// A unit, which has patients.
    Unit,
    /// An institution, which has units.
    Institution,
    /// A hospital trust, which has institutions.
    Trust,
    /// A region, which has hospital trusts.
    Region,
    /// The nation, above all others.
    Nation,
}

/// Who lies above whom.
pub(super) struct OrganisationTree(BTreeMap<String, TreePlace>);

struct TreePlace {
    level: OrganisationLevel,
    above: Option<String>,
}

/// A word that names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a level is unit, institution, trust, region or nation")]
pub struct UnknownLevel;

// === impl OrganisationLevel ===

impl OrganisationLevel {
    const ALL: [Self; 5] = [
        Self::Unit,
        Self::Institution,
        Self::Trust,
        Self::Region,
        Self::Nation,
    ];

    /// The word that questions and answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Institution => "institution",
            Self::Trust => "trust",
            Self::Region => "region",
            Self::Nation => "nation",
        }
    }
}

impl From<RowLevel> for OrganisationLevel {
    fn from(level: RowLevel) -> Self {
        match level {
            RowLevel::Unit => Self::Unit,
            RowLevel::Institution => Self::Institution,
            RowLevel::Trust => Self::Trust,
        }
    }
}

impl FromStr for OrganisationLevel {
    type Err = UnknownLevel;

    fn from_str(word: &str) -> Result<Self, UnknownLevel> {
        Self::ALL
            .into_iter()
            .find(|level| level.as_str() == word)
            .ok_or(UnknownLevel)
    }
}

impl fmt::Display for OrganisationLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl Tree ===

impl OrganisationTree {
    pub(super) fn new(organisations: &Organisations) -> Self {
        use OrganisationLevel::{Institution, Nation, Region, Trust, Unit};
        let nation = organisations.nation.id.to_string();
        let mut places = BTreeMap::new();
        let mut put = |id: &str, level, above: Option<String>| {
            places.insert(id.to_owned(), TreePlace { level, above });
        };
        for (id, unit) in &organisations.units {
            put(id.as_str(), Unit, Some(unit.institution.to_string()));
        }
        for (id, institution) in &organisations.institutions {
            put(
                id.as_str(),
                Institution,
                Some(institution.trust.to_string()),
            );
        }
        for (id, trust) in &organisations.trusts {
            put(id.as_str(), Trust, Some(trust.region.to_string()));
        }
        for id in organisations.regions.keys() {
            put(id.as_str(), Region, Some(nation.clone()));
        }
        put(&nation, Nation, None);
        Self(places)
    }

    /// Level of an organisation; `None` where the tree does not have it.
    pub(super) fn level(&self, id: &str) -> Option<OrganisationLevel> {
        self.0.get(id).map(|place| place.level)
    }

    /// All organisations, by id.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, OrganisationLevel)> {
        self.0.iter().map(|(id, place)| (id.as_str(), place.level))
    }

    /// The organisation itself, then all above it, up to the nation.
    pub(super) fn upwards<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a str> {
        std::iter::successors(Some(id), |id| self.0.get(*id)?.above.as_deref())
    }
}
