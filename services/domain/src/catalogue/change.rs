//! Changes from one catalogue to the next (design §4.9). Comes in: two catalogues and the month
//! from which the second is in force. Goes out: what may not change then. The invariant: what a
//! year's rows are made of is the same in all of the year, but for stricter k and r.

use std::collections::BTreeMap;

use super::contents::Catalogue;
use super::instrument::Instrument;
use super::measure::Measure;
use super::organisation::{Organisations, Titles};
use super::problem::{CatalogueProblems, ProblemReport};
use crate::time::Month;

/// Checks that `new` may follow `old` from the month `from` on. Places are those of `new`.
pub fn check_change(
    old: &Catalogue,
    new: &Catalogue,
    from: Month,
) -> Result<(), CatalogueProblems> {
    let mut report = ProblemReport::new(&new.sites);
    instruments(old, new, from, &mut report);
    trusts_and_numbers(&old.organisations, &new.organisations, &mut report);
    if from != from.year_start() {
        tree(&old.organisations, &new.organisations, &mut report);
        measures(old, new, &mut report);
    }
    CatalogueProblems::none_of(report.finish())
}

/// A version of an instrument never changes once it is there, its texts excepted, and leaves in a
/// January only.
fn instruments(old: &Catalogue, new: &Catalogue, from: Month, report: &mut ProblemReport<'_>) {
    for ((id, version), before) in &old.instruments {
        let element = format!("instrument/{id}/{version}");
        match new.instruments.get(&(id.clone(), *version)) {
            Some(after) if without_texts(before) != without_texts(after) => {
                let message = "a version that was in force does not change: give it a new one";
                report.add(&element, "instrument-version", message);
            }
            None if from != from.year_start() => {
                let message = format!("{id} version {version} can leave in a January only");
                report.add(&element, "january", message);
            }
            Some(_) | None => {}
        }
    }
}

fn without_texts(instrument: &Instrument) -> Instrument {
    let mut bare = instrument.clone();
    bare.title = Titles::new();
    bare.sources.clear();
    bare.unverified.clear();
    if let Some(norm) = &mut bare.norm {
        norm.title = Titles::new();
        norm.source.clear();
    }
    for item in &mut bare.items {
        item.label = Titles::new();
        item.values.clear();
        // What others know of it plays no part in its scores.
        item.seen = false;
    }
    for scale in &mut bare.scales {
        scale.title = Titles::new();
    }
    bare
}

/// A unit that changes trust is a new unit, and so is one with another number; a number is never
/// given to another.
fn trusts_and_numbers(old: &Organisations, new: &Organisations, report: &mut ProblemReport<'_>) {
    let owners: BTreeMap<u32, _> = old.units.iter().map(|(id, it)| (it.number, id)).collect();
    for (id, unit) in &new.units {
        let element = format!("organisation/{id}");
        if let Some(before) = old.units.get(id) {
            if old.trust_of(id) != new.trust_of(id) {
                let message = "a unit that changes trust is a new unit: give it a new id";
                report.add(&format!("{element}/parent"), "unit-trust", message);
            }
            if before.number != unit.number {
                let message = format!("the number of {id} was {} and stays", before.number);
                report.add(&format!("{element}/number"), "unit-number", message);
            }
        }
        if let Some(owner) = owners.get(&unit.number).filter(|owner| **owner != id) {
            let message = format!("{} was the number of {owner}", unit.number);
            report.add(&format!("{element}/number"), "unit-number", message);
        }
    }
}

/// Who belongs to whom, and what is registered of units, changes in a January only.
fn tree(old: &Organisations, new: &Organisations, report: &mut ProblemReport<'_>) {
    let (before, after) = (places(old), places(new));
    for (id, place) in &after {
        let message = match before.get(id) {
            Some(known) if known == place => continue,
            Some(_) => format!("{id} can change its place or flags in a January only"),
            None => format!("{id} can be added in a January only"),
        };
        report.add(&format!("organisation/{id}"), "january", message);
    }
    for id in before.keys().filter(|id| !after.contains_key(*id)) {
        let message = format!("{id} can leave in a January only");
        report.add(&format!("organisation/{id}"), "january", message);
    }
}

/// What an organisation is: level, parent, single-source flags.
type OrganisationPlace<'a> = (&'static str, &'a str, bool, bool);

fn places(tree: &Organisations) -> BTreeMap<&str, OrganisationPlace<'_>> {
    let nation = (tree.nation.id.as_str(), ("nation", "", false, false));
    let regions = tree.regions.keys();
    let regions = regions.map(|id| (id.as_str(), ("region", "", false, false)));
    let trusts = tree.trusts.iter();
    let trusts = trusts.map(|(id, it)| (id.as_str(), ("trust", it.region.as_str(), false, false)));
    let institutions = tree.institutions.iter().map(|(id, it)| {
        let place = ("institution", it.trust.as_str(), false, false);
        (id.as_str(), place)
    });
    let units = tree.units.iter().map(|(id, it)| {
        let parent = it.institution.as_str();
        let place = ("unit", parent, it.single_therapist, it.single_device);
        (id.as_str(), place)
    });
    let below = regions.chain(trusts).chain(institutions).chain(units);
    std::iter::once(nation).chain(below).collect()
}

/// What a measure says and of whom changes in a January only; k and r may rise in any month.
fn measures(old: &Catalogue, new: &Catalogue, report: &mut ProblemReport<'_>) {
    for (id, before) in &old.measures {
        let element = format!("measure/{id}");
        let Some(after) = new.measures.get(id) else {
            let message = format!("{id} can leave in a January only");
            report.add(&element, "january", message);
            continue;
        };
        for field in changed(before, after) {
            let message = format!("{field} can change in a January only");
            report.add(&format!("{element}/{field}"), "january", message);
        }
        for (field, before, after) in [("k", before.k, after.k), ("r", before.r, after.r)] {
            if after < before {
                let message = format!("{field} can be lowered in a January only");
                report.add(&format!("{element}/{field}"), "january", message);
            }
        }
    }
}

fn changed(before: &Measure, after: &Measure) -> Vec<&'static str> {
    [
        ("population", before.population != after.population),
        ("per", before.per != after.per),
        ("finest", before.finest != after.finest),
        ("identity", before.identity != after.identity),
        ("parts", before.parts != after.parts),
        ("variables", before.variables != after.variables),
    ]
    .into_iter()
    .filter_map(|(field, changed)| changed.then_some(field))
    .collect()
}
