//! Rules of the organisation tree. That ids are unique over all levels is seen when it is read.

use std::collections::BTreeMap;

use super::titles::check_titles;
use crate::catalogue::draft::CatalogueDraft;
use crate::catalogue::problem::{CatalogueLimits, ProblemReport};

/// Every trust lies in a region, every institution in a trust, every unit in an institution.
pub(super) fn parent_exists(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    let tree = &draft.organisations;
    let trusts = tree.trusts.iter().map(|(id, trust)| {
        let known = tree.regions.contains_key(&trust.region);
        (id.as_str(), "region", trust.region.as_str(), known)
    });
    let institutions = tree.institutions.iter().map(|(id, institution)| {
        let known = tree.trusts.contains_key(&institution.trust);
        (id.as_str(), "trust", institution.trust.as_str(), known)
    });
    let units = tree.units.iter().map(|(id, unit)| {
        let known = tree.institutions.contains_key(&unit.institution);
        (id.as_str(), "institution", unit.institution.as_str(), known)
    });
    for (id, level, parent, known) in trusts.chain(institutions).chain(units) {
        if !known {
            let element = format!("organisation/{id}/parent");
            let message = format!("there is no {level} {parent}");
            report.add(&element, "parent-exists", message);
        }
    }
}

/// A unit's number in survey codes names no other unit.
pub(super) fn unit_number(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    let mut owners = BTreeMap::new();
    for (id, unit) in &draft.organisations.units {
        if let Some(owner) = owners.insert(unit.number, id) {
            let element = format!("organisation/{id}/number");
            let message = format!("{} is the number of {owner}", unit.number);
            report.add(&element, "unit-number", message);
        }
    }
}

/// Every organisation has a name.
pub(super) fn organisation_title(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    let tree = &draft.organisations;
    let regions = tree.regions.iter().map(|(id, it)| (id.as_str(), &it.title));
    let trusts = tree.trusts.iter().map(|(id, it)| (id.as_str(), &it.title));
    let institutions = tree.institutions.iter();
    let institutions = institutions.map(|(id, it)| (id.as_str(), &it.title));
    let units = tree.units.iter().map(|(id, it)| (id.as_str(), &it.title));
    for (id, title) in regions.chain(trusts).chain(institutions).chain(units) {
        check_titles(&format!("organisation/{id}"), title, report);
    }
    // A nation that could not be read is a problem already.
    let nation = format!("organisation/{}", tree.nation.id);
    if draft.sites.contains(&nation) {
        check_titles(&nation, &tree.nation.title, report);
    }
}
