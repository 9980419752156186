//! The release rule (design §4.5–4.7). Comes in: what waits at a close. Goes out: rows. The
//! invariant: the rule looks at who and how many, never at the values, and what is due of a
//! measure, unit and part is one group, which gives one row or waits.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;

use super::partition_fold::Fold;
use super::state::{ContributionIdentity, InternedName, TrustState};
use super::waiting::{Contribution, ContributionPool, WaitingContributions};
use crate::catalogue::{
    Catalogue, CombinedValues, CountedIdentity, CountedPer, FinestSpan, Measure, Organisations,
    Variable,
};
use crate::ids::{InstitutionId, Pseudonym, UnitId};
use crate::row::{Row, RowLevel, RowParts, VariableSum};
use crate::time::Month;

/// From this many persons on a row may show a sum of squares; for codes it is twice as many. That
/// the variable has enough steps is checked when the catalogue is loaded.
const SPREAD_PERSONS: usize = 12;

impl Fold {
    /// The rows that the close of `waiting` releases. `catalogue` is the one in force.
    pub fn release(&self, waiting: &WaitingContributions, catalogue: &Catalogue) -> Vec<Row> {
        let mut rows = Vec::new();
        for pool in &waiting.pools {
            let trust = self
                .trusts
                .get(&pool.trust_name)
                .expect("pools come from this state");
            let mut releaser = GroupReleaser {
                pool,
                trust,
                month: waiting.month,
                organisations: &catalogue.organisations,
                rows: &mut rows,
            };
            releaser.release();
        }
        rows
    }
}

/// Makes the rows of one measure in one trust.
struct GroupReleaser<'a> {
    pool: &'a ContributionPool,
    trust: &'a TrustState,
    month: Month,
    organisations: &'a Organisations,
    rows: &'a mut Vec<Row>,
}

/// Which organisation and part a group is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct GroupKey {
    level: RowLevel,
    organisation: String,
    part: String,
}

impl<'a> GroupReleaser<'a> {
    /// The order of §4.6: units and parts; in December what is left is joined over parts, then
    /// within the institution, then within the trust.
    fn release(&mut self) {
        let due = self
            .pool
            .contributions
            .iter()
            .filter(|contribution| self.is_due(contribution));
        let mut left = self.release_by(due.collect(), |contribution| GroupKey {
            level: RowLevel::Unit,
            organisation: contribution.unit.to_string(),
            part: contribution
                .part
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        });
        if !self.month.ends_year() {
            return;
        }
        let joined = |level, organisation: String| GroupKey {
            level,
            organisation,
            part: String::new(),
        };
        left = self.release_by(left, |contribution| {
            joined(RowLevel::Unit, contribution.unit.to_string())
        });
        let organisations = self.organisations;
        left = self.release_by(left, |contribution| {
            joined(
                RowLevel::Institution,
                institution(organisations, &contribution.unit).to_string(),
            )
        });
        let trust = self.pool.trust.to_string();
        self.release_by(left, |_| joined(RowLevel::Trust, trust.clone()));
    }

    /// Inside a tertial the month's; at its end the tertial's; at the year's end the year's.
    fn is_due(&self, contribution: &Contribution) -> bool {
        let month = self.month;
        let from = match (
            self.pool.measure.finest,
            month.ends_year(),
            month.ends_tertial(),
        ) {
            (_, true, _) => month.year_start(),
            (_, _, true) => month.tertial_start(),
            (FinestSpan::Month, ..) => month,
            (FinestSpan::Tertial, ..) => return false,
        };
        (from..=month).contains(&contribution.waits)
    }

    /// Makes a row of every group that is releasable and gives back the rest.
    fn release_by(
        &mut self,
        contributions: Vec<&'a Contribution>,
        key: impl Fn(&Contribution) -> GroupKey,
    ) -> Vec<&'a Contribution> {
        let mut groups: BTreeMap<GroupKey, Vec<&Contribution>> = BTreeMap::new();
        for contribution in contributions {
            groups
                .entry(key(contribution))
                .or_default()
                .push(contribution);
        }
        let mut left = Vec::new();
        for (key, contributions) in groups {
            let group = ReleaseGroup::of(&contributions);
            let flags = self.flags(&key);
            let rule = ReleaseRule {
                measure: &self.pool.measure,
                organisations: self.organisations,
                level: key.level,
                flags,
            };
            if rule.admits(&group) {
                let row = self.row(&key, &group, flags);
                self.rows.push(row);
            } else {
                left.extend(contributions);
            }
        }
        left
    }

    fn flags(&self, key: &GroupKey) -> SourceFlags {
        let unit = match key.level {
            RowLevel::Unit => self.organisations.units.get(key.organisation.as_str()),
            RowLevel::Institution | RowLevel::Trust => None,
        };
        unit.map_or_else(SourceFlags::default, |unit| SourceFlags {
            single_therapist: unit.single_therapist,
            single_device: unit.single_device,
        })
    }

    fn row(&mut self, key: &GroupKey, group: &ReleaseGroup<'_>, flags: SourceFlags) -> Row {
        let measure = &self.pool.measure;
        let (first, last) = self.span(group);
        let sums = measure.variables.iter().enumerate();
        let known = measure.per == CountedPer::Month || measure.parts.is_none();
        Row::released(RowParts {
            measure: measure.id.clone(),
            level: key.level,
            organisation: key.organisation.clone(),
            first,
            last,
            part: key.part.clone(),
            persons: u32::try_from(group.persons()).expect("fewer persons than u32 holds"),
            new_in_year: known.then(|| self.count_new(group)),
            single_therapist: flags.single_therapist,
            single_device: flags.single_device,
            variables: sums
                .map(|(place, variable)| group.sum(measure, place, variable))
                .collect(),
        })
    }

    /// The month if all of it waited with that month, else the tertial, else the year.
    fn span(&self, group: &ReleaseGroup<'_>) -> (Month, Month) {
        let month = self.month;
        let earliest = group
            .all()
            .map(|contribution| contribution.waits)
            .min()
            .unwrap_or(month);
        let by_month = self.pool.measure.finest == FinestSpan::Month;
        let first = if earliest == month && by_month {
            month
        } else if earliest >= month.tertial_start() {
            month.tertial_start()
        } else {
            month.year_start()
        };
        (first, month)
    }

    /// How many are in no earlier row of this measure and year at their unit. Rows of this close
    /// are no earlier ones: what a unit has left at a close is in one group, so nobody is in two of
    /// them with the same unit.
    fn count_new(&self, group: &ReleaseGroup<'_>) -> u32 {
        let (measure, in_rows) = (self.pool.measure_name, &self.trust.in_rows);
        let is_new = |(person, member): &(&Pseudonym, &GroupMember<'_>)| {
            !in_rows.contains(&(measure, member.last.unit_name, **person))
        };
        let new = group.members.iter().filter(is_new).count();
        u32::try_from(new).expect("fewer persons than u32 holds")
    }
}

/// What a unit is registered as.
#[derive(Default, Clone, Copy)]
struct SourceFlags {
    single_therapist: bool,
    single_device: bool,
}

/// Contributions that would be summed into one row, by person.
struct ReleaseGroup<'a> {
    members: BTreeMap<Pseudonym, GroupMember<'a>>,
}

/// A person of a group, placed by the last contribution.
struct GroupMember<'a> {
    last: &'a Contribution,
    all: Vec<&'a Contribution>,
}

impl<'a> ReleaseGroup<'a> {
    fn of(contributions: &[&'a Contribution]) -> Self {
        let mut members: BTreeMap<Pseudonym, GroupMember<'a>> = BTreeMap::new();
        for contribution in contributions {
            let fresh = || GroupMember {
                last: contribution,
                all: Vec::new(),
            };
            let member = members
                .entry(contribution.identity.whom())
                .or_insert_with(fresh);
            member.all.push(contribution);
            if order(contribution) > order(member.last) {
                member.last = contribution;
            }
        }
        Self { members }
    }

    /// How many persons the group has. A person with several contributions is one.
    fn persons(&self) -> usize {
        self.members.len()
    }

    fn all(&self) -> impl Iterator<Item = &'a Contribution> + '_ {
        self.members
            .values()
            .flat_map(|member| member.all.iter().copied())
    }

    /// How many persons the largest place has. A person is where the last contribution is.
    fn largest_place(&self, place: impl Fn(&UnitId) -> String) -> usize {
        let places = self.members.values();
        largest(places.map(|member| BTreeSet::from([place(&member.last.unit)])))
    }

    /// Sum and, where it may be shown, sum of squares of one variable.
    fn sum(&self, measure: &Measure, place: usize, variable: &Variable) -> VariableSum {
        let of_member = |member: &GroupMember<'_>| match variable.over {
            CombinedValues::Sum => member.sum(place),
            CombinedValues::Last => member.last.values[place].micros(),
        };
        let values = || self.members.values().map(of_member);
        let enough = match measure.identity {
            CountedIdentity::Person => SPREAD_PERSONS,
            CountedIdentity::Code => 2 * SPREAD_PERSONS,
        };
        let spread =
            variable.spread && variable.over == CombinedValues::Last && self.persons() >= enough;
        VariableSum {
            variable: variable.id.clone(),
            sum: values().sum(),
            sum_sq: spread.then(|| {
                values()
                    .map(|value| i128::from(value) * i128::from(value))
                    .sum()
            }),
        }
    }
}

impl GroupMember<'_> {
    /// Who sent or corrected what the person's contributions read.
    fn credentials(&self) -> BTreeSet<InternedName> {
        let senders = self.all.iter().flat_map(|one| one.senders.iter());
        senders.copied().collect()
    }

    /// Of all contributions, in millionths.
    fn sum(&self, place: usize) -> i64 {
        let values = self.all.iter().map(|one| one.values[place].micros());
        values.sum()
    }
}

/// By date, then number; what the calendar does not decide, the unit and the identity do. Units by
/// their ids: the order of names depends on what else the log says.
fn order(contribution: &Contribution) -> impl Ord {
    let identity = contribution.identity;
    let unit = matches!(identity, ContributionIdentity::Month { .. }).then_some(&contribution.unit);
    (contribution.placed, unit, identity)
}

/// Whether one group may become a row (§4.5): at least k persons; at least r persons without any one
/// source; and, where the row pools organisations, at least k persons without any one of them.
struct ReleaseRule<'a> {
    measure: &'a Measure,
    organisations: &'a Organisations,
    level: RowLevel,
    flags: SourceFlags,
}

impl ReleaseRule<'_> {
    fn admits(&self, group: &ReleaseGroup<'_>) -> bool {
        self.has_k_persons(group)
            && self.has_r_without_any_source(group)
            && self.has_k_without_any_organisation(group)
    }

    fn has_k_persons(&self, group: &ReleaseGroup<'_>) -> bool {
        group.persons() >= self.measure.k as usize
    }

    /// Codes have no therapist and no device, so the rule of sources does not apply to them.
    fn has_r_without_any_source(&self, group: &ReleaseGroup<'_>) -> bool {
        if self.measure.identity == CountedIdentity::Code {
            return group.persons() >= self.measure.r as usize;
        }
        let largest_source = self
            .largest_therapist(group)
            .max(self.largest_credential(group));
        group.persons() - largest_source >= self.measure.r as usize
    }

    /// A person belongs to the therapist of the last contribution. Persons without a named
    /// therapist count as those of one therapist. A unit that is registered for one therapist has
    /// no such source.
    fn largest_therapist(&self, group: &ReleaseGroup<'_>) -> usize {
        if self.flags.single_therapist {
            return 0;
        }
        let therapists = group
            .members
            .values()
            .map(|member| BTreeSet::from([member.last.therapist]));
        largest(therapists)
    }

    /// A person belongs to every credential that sent or corrected what the contributions read. A
    /// unit that is registered for one device has no such source.
    fn largest_credential(&self, group: &ReleaseGroup<'_>) -> usize {
        if self.flags.single_device {
            return 0;
        }
        let credentials = group.members.values().map(GroupMember::credentials);
        largest(credentials)
    }

    /// A unit's row pools no organisation. An institution's row pools units. A trust's row pools
    /// institutions, and an institution takes its units away with it.
    fn has_k_without_any_organisation(&self, group: &ReleaseGroup<'_>) -> bool {
        let largest_organisation = match self.level {
            RowLevel::Unit => return true,
            RowLevel::Institution => group.largest_place(ToString::to_string),
            RowLevel::Trust => {
                group.largest_place(|unit| institution(self.organisations, unit).to_string())
            }
        };
        group.persons() - largest_organisation >= self.measure.k as usize
    }
}

/// How many persons the most frequent source stands for; a person belongs to each of theirs.
fn largest<T: std::hash::Hash + Ord>(sources: impl Iterator<Item = BTreeSet<T>>) -> usize {
    let mut counts: HashMap<T, usize> = HashMap::new();
    for source in sources.flatten() {
        *counts.entry(source).or_default() += 1;
    }
    counts.into_values().max().unwrap_or(0)
}

fn institution<'a>(organisations: &'a Organisations, unit: &UnitId) -> &'a InstitutionId {
    &organisations
        .units
        .get(unit)
        .expect("what waits has a unit in force")
        .institution
}
