//! The organisation tree: nation, regions, trusts, institutions, units.

use std::collections::BTreeMap;

use crate::ids::{InstitutionId, NationId, RegionId, TrustId, UnitId};
use crate::reference::ReferencePatterns;

/// Titles by language: "nb", "nn", "en", "se".
pub type Titles = BTreeMap<String, String>;

/// Who belongs to whom. Every id is unique over all levels.
#[derive(Debug, Clone)]
pub struct Organisations {
    /// The nation, which is the whole.
    pub nation: Nation,
    /// Regions of the nation.
    pub regions: BTreeMap<RegionId, Region>,
    /// Trusts; each in a region.
    pub trusts: BTreeMap<TrustId, Trust>,
    /// Institutions; each in a trust.
    pub institutions: BTreeMap<InstitutionId, Institution>,
    /// Units; each in an institution.
    pub units: BTreeMap<UnitId, Unit>,
}

/// The nation, which is the whole that all regions make.
#[derive(Debug, Clone)]
pub struct Nation {
    /// The id of the nation.
    pub id: NationId,
    /// The titles of the nation by language.
    pub title: Titles,
}

/// One region of the nation.
#[derive(Debug, Clone)]
pub struct Region {
    /// The titles of the region by language.
    pub title: Titles,
}

/// A hospital trust: what is ever pooled together lies within one.
#[derive(Debug, Clone)]
pub struct Trust {
    /// The region it lies in.
    pub region: RegionId,
    /// Its number in the register of legal entities: nine digits.
    pub orgnr: Option<String>,
    /// What its references to patients, episodes and therapists look like.
    pub references: ReferencePatterns,
    /// The titles of the trust by language.
    pub title: Titles,
}

/// One institution of a trust.
#[derive(Debug, Clone)]
pub struct Institution {
    /// The trust it belongs to.
    pub trust: TrustId,
    /// Its number in the register of legal entities: nine digits.
    pub orgnr: Option<String>,
    /// The titles of the institution by language.
    pub title: Titles,
}

/// One unit of an institution.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The institution it belongs to.
    pub institution: InstitutionId,
    /// Its number in survey codes; unique, never used again for another unit.
    pub number: u32,
    /// Registered as having one therapist: the rule about therapists is off in its own rows.
    pub single_therapist: bool,
    /// Registered as having one device: the rule about credentials is off in its own rows.
    pub single_device: bool,
    /// Its number in the register of legal entities: nine digits.
    pub orgnr: Option<String>,
    /// Its number in the register of health units (RESH): digits.
    pub resh: Option<String>,
    /// The titles of the unit by language.
    pub title: Titles,
}

impl Organisations {
    /// True if there is an organisation of that id, of whatever level.
    pub fn has(&self, id: &str) -> bool {
        self.nation.id.as_str() == id || self.above(id).is_some()
    }

    /// True if the first organisation is, or lies in, the second one.
    pub fn lies_in(&self, id: &str, whole: &str) -> bool {
        let upwards = std::iter::successors(Some(id), |id| self.above(id));
        self.has(id) && upwards.into_iter().any(|id| id == whole)
    }

    /// What an organisation lies in; nothing for the nation and for what there is not.
    fn above(&self, id: &str) -> Option<&str> {
        if let Some(unit) = self.units.get(id) {
            Some(unit.institution.as_str())
        } else if let Some(institution) = self.institutions.get(id) {
            Some(institution.trust.as_str())
        } else if let Some(trust) = self.trusts.get(id) {
            Some(trust.region.as_str())
        } else {
            self.regions.get(id).map(|_| self.nation.id.as_str())
        }
    }

    /// The trust that a unit belongs to.
    pub fn trust_of(&self, unit: &UnitId) -> Option<&TrustId> {
        let institution = &self.units.get(unit)?.institution;
        self.institutions
            .get(institution)
            .map(|institution| &institution.trust)
    }

    /// The region of a unit, if the unit is known.
    pub fn region_of(&self, unit: &UnitId) -> Option<&RegionId> {
        let trust = self.trusts.get(self.trust_of(unit)?)?;
        Some(&trust.region)
    }

    /// The number of a legal entity under which the figures of an organisation of any level are
    /// published: its own, or for a unit else its institution's.
    pub fn orgnr_of(&self, id: &str) -> Option<&str> {
        if let Some(unit) = self.units.get(id) {
            let institution = self.institutions.get(&unit.institution);
            let above = || institution.and_then(|it| it.orgnr.as_deref());
            return unit.orgnr.as_deref().or_else(above);
        }
        let institution = self.institutions.get(id).map(|it| &it.orgnr);
        let own = institution.or_else(|| self.trusts.get(id).map(|it| &it.orgnr));
        own.and_then(Option::as_deref)
    }

    /// The unit with that number in survey codes.
    pub fn unit_numbered(&self, number: u32) -> Option<&UnitId> {
        self.units
            .iter()
            .find(|(_, unit)| unit.number == number)
            .map(|(id, _)| id)
    }
}
