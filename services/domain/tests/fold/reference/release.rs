//! §4.5 to §4.7 of the reference: which groups become rows. Comes in: everything that waits at a
//! close. Goes out: the rows with their members.

use std::collections::{BTreeMap, BTreeSet};

use medvirk_domain::catalogue::{
    Catalogue, CombinedValues, CountedIdentity, CountedPer, FinestSpan, Measure, Variable,
};
use medvirk_domain::ids::{MeasureId, Pseudonym, TrustId, UnitId};
use medvirk_domain::row::{Row, RowLevel, RowParts, VariableSum};
use medvirk_domain::time::Month;

use super::Contribution;

/// A row and what is in it.
#[derive(Clone)]
pub(crate) struct Released {
    pub(crate) row: Row,
    pub(crate) members: Vec<Contribution>,
}

/// Who is in rows of the year, and with which unit.
pub(crate) type InRows = BTreeSet<(MeasureId, UnitId, Pseudonym)>;

struct Releasing<'a> {
    month: Month,
    catalogue: &'a Catalogue,
    measure: &'a Measure,
    left: Vec<&'a Contribution>,
}

/// A candidate for a row.
struct Group<'a> {
    level: RowLevel,
    organisation: String,
    part: String,
    members: Vec<&'a Contribution>,
}

/// §4.6: all rows of a close, in order.
pub(crate) fn release(
    month: Month,
    catalogue: &Catalogue,
    waiting: &[Contribution],
    in_rows: &InRows,
) -> Vec<Released> {
    let mut in_rows = in_rows.clone();
    let mut released = Vec::new();
    let trusts: BTreeSet<&TrustId> = waiting.iter().map(|one| &one.trust).collect();
    for measure in catalogue.measures.values() {
        for trust in &trusts {
            let of_this = |one: &&Contribution| one.measure == measure.id && one.trust == **trust;
            let releasing = Releasing {
                month,
                catalogue,
                measure,
                left: waiting.iter().filter(of_this).collect(),
            };
            releasing.run(&mut in_rows, &mut released);
        }
    }
    released
}

impl<'a> Releasing<'a> {
    fn run(mut self, in_rows: &mut InRows, released: &mut Vec<Released>) {
        // For each unit and part what is due is one group.
        let mut due = self.left.clone();
        due.retain(|one| self.is_due(one));
        let parts = grouped(&due, |one| {
            (RowLevel::Unit, one.unit.to_string(), one.part.clone())
        });
        self.round(parts, in_rows, released);
        if !self.month.ends_year() {
            return;
        }
        // In December the rest is joined over parts, then within the institution, then within
        // the trust.
        let units = grouped(&self.left, |one| {
            (RowLevel::Unit, one.unit.to_string(), String::new())
        });
        self.round(units, in_rows, released);
        let organisations = &self.catalogue.organisations;
        let institutions = grouped(&self.left, |one| {
            let institution = organisations.units[&one.unit].institution.to_string();
            (RowLevel::Institution, institution, String::new())
        });
        self.round(institutions, in_rows, released);
        let trusts = grouped(&self.left, |one| {
            (RowLevel::Trust, one.trust.to_string(), String::new())
        });
        self.round(trusts, in_rows, released);
    }

    fn is_due(&self, one: &Contribution) -> bool {
        let month = self.month;
        if month.ends_year() {
            one.waits >= month.year_start()
        } else if month.ends_tertial() {
            one.waits >= month.tertial_start()
        } else {
            self.measure.finest == FinestSpan::Month && one.waits == month
        }
    }

    fn round(&mut self, groups: Vec<Group<'a>>, in_rows: &mut InRows, out: &mut Vec<Released>) {
        for group in groups {
            if !self.is_releasable(&group) {
                continue;
            }
            let row = self.row(&group, in_rows);
            for one in &group.members {
                in_rows.insert((one.measure.clone(), one.unit.clone(), one.person));
            }
            let keys: BTreeSet<_> = group.members.iter().map(|one| one.key()).collect();
            self.left.retain(|one| !keys.contains(&one.key()));
            out.push(Released {
                row,
                members: group.members.into_iter().cloned().collect(),
            });
        }
    }

    /// Whether a group passes the rule of §4.5.
    fn is_releasable(&self, group: &Group<'_>) -> bool {
        let (k, r) = (self.measure.k as usize, self.measure.r as usize);
        let persons = persons(&group.members);
        let n = persons.len();
        let without = |belongs: &dyn Fn(&[&Contribution]) -> bool| {
            n - persons.values().filter(|all| belongs(all)).count()
        };
        let placed = |all: &[&'_ Contribution]| all[all.len() - 1].clone();
        let (one_therapist, one_device) = self.single_source(group);
        let organisations = &self.catalogue.organisations;
        let mut good = n >= k;
        for one in &group.members {
            if self.measure.identity == CountedIdentity::Person {
                let his = |all: &[&Contribution]| placed(all).therapist == one.therapist;
                good &= one_therapist || without(&his) >= r;
                for sender in &one.senders {
                    let sent =
                        |all: &[&Contribution]| all.iter().any(|any| any.senders.contains(sender));
                    good &= one_device || without(&sent) >= r;
                }
            }
            let institution = |of: &Contribution| &organisations.units[&of.unit].institution;
            let same_unit = |all: &[&Contribution]| placed(all).unit == one.unit;
            let same_institution =
                |all: &[&Contribution]| institution(&placed(all)) == institution(one);
            good &= group.level == RowLevel::Unit || without(&same_unit) >= k;
            good &= group.level != RowLevel::Trust || without(&same_institution) >= k;
        }
        good
    }

    /// The unit's flags; in pooled rows both rules always apply.
    fn single_source(&self, group: &Group<'_>) -> (bool, bool) {
        if group.level != RowLevel::Unit {
            return (false, false);
        }
        let unit = &self.catalogue.organisations.units[&group.members[0].unit];
        (unit.single_therapist, unit.single_device)
    }

    /// The row of a group, as §4.7 has it.
    fn row(&self, group: &Group<'_>, in_rows: &InRows) -> Row {
        let measure = self.measure;
        let persons = persons(&group.members);
        let is_new = |all: &&Vec<&Contribution>| {
            let last = all[all.len() - 1];
            !in_rows.contains(&(measure.id.clone(), last.unit.clone(), last.person))
        };
        let new_in_year = persons.values().filter(is_new).count() as u32;
        let (single_therapist, single_device) = self.single_source(group);
        let variables = measure.variables.iter().enumerate();
        Row::from_ledger(RowParts {
            measure: measure.id.clone(),
            level: group.level,
            organisation: group.organisation.clone(),
            first: self.span_start(&group.members),
            last: self.month,
            part: group.part.clone(),
            persons: persons.len() as u32,
            new_in_year: (measure.per == CountedPer::Month || measure.parts.is_none())
                .then_some(new_in_year),
            single_therapist,
            single_device,
            variables: variables
                .map(|(place, variable)| sums(measure, place, variable, &persons))
                .collect(),
        })
    }

    /// The month if all of it waited with that month, else the tertial, else the year.
    fn span_start(&self, members: &[&Contribution]) -> Month {
        let month = self.month;
        if self.measure.finest == FinestSpan::Month && members.iter().all(|one| one.waits == month)
        {
            month
        } else if members.iter().all(|one| one.waits >= month.tertial_start()) {
            month.tertial_start()
        } else {
            month.year_start()
        }
    }
}

/// Groups in key order.
fn grouped<'a>(
    all: &[&'a Contribution],
    key: impl Fn(&Contribution) -> (RowLevel, String, String),
) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<_, Vec<&Contribution>> = BTreeMap::new();
    for one in all {
        groups.entry(key(one)).or_default().push(one);
    }
    groups
        .into_iter()
        .map(|((level, organisation, part), members)| Group {
            level,
            organisation,
            part,
            members,
        })
        .collect()
}

/// Each person's contributions; the last one places the person.
fn persons<'a>(members: &[&'a Contribution]) -> BTreeMap<Pseudonym, Vec<&'a Contribution>> {
    let mut persons: BTreeMap<Pseudonym, Vec<&Contribution>> = BTreeMap::new();
    for one in members {
        persons.entry(one.person).or_default().push(one);
    }
    for all in persons.values_mut() {
        all.sort_by_key(|one| (one.placed, &one.identity));
    }
    persons
}

fn sums(
    measure: &Measure,
    place: usize,
    variable: &Variable,
    persons: &BTreeMap<Pseudonym, Vec<&Contribution>>,
) -> VariableSum {
    let (mut sum, mut sum_sq) = (0, 0);
    for all in persons.values() {
        let value: i64 = match variable.over {
            CombinedValues::Last => all[all.len() - 1].values[place],
            CombinedValues::Sum => all.iter().map(|one| one.values[place]).sum(),
        };
        sum += value;
        sum_sq += i128::from(value) * i128::from(value);
    }
    let steps = (variable.max.micros() - variable.min.micros()) / variable.grain.micros() + 1;
    let enough = match measure.identity {
        CountedIdentity::Person => 12,
        CountedIdentity::Code => 24,
    };
    let shown = variable.spread
        && variable.over == CombinedValues::Last
        && steps >= 20
        && persons.len() >= enough;
    VariableSum {
        variable: variable.id.clone(),
        sum,
        sum_sq: shown.then_some(sum_sq),
    }
}
