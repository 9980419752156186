//! Obeying a close (design §5). Comes in: what waits, and the rows of the first close of the month
//! in the ledger. Goes out: a state in which those groups are emptied. The invariant: no member
//! lists; what a row empties is what waits at this place in the log, so a later erasure changes
//! nothing.

use hashbrown::HashMap;

use super::partition_fold::{Fold, MEMORY_MONTHS};
use super::waiting::{Contribution, ContributionPool, WaitingContributions};
use crate::catalogue::{Catalogue, Organisations};
use crate::row::{Row, RowLevel};

impl Fold {
    /// Empties the groups of `rows`, in the order of the ledger; in December the rest too. Then
    /// goes over to the catalogue of the month after and forgets what is too old.
    ///
    /// `in_force` is the catalogue of the month that is closed, `next` that of the one after.
    pub fn obey(
        &mut self,
        waiting: WaitingContributions,
        rows: &[Row],
        in_force: &Catalogue,
        next: &Catalogue,
    ) {
        let month = waiting.month;
        for pool in waiting.pools {
            self.empty(pool, month.ends_year(), rows, &in_force.organisations);
        }
        self.closed = Some(month);
        let oldest = month.plus(-MEMORY_MONTHS);
        for trust in self.trusts.values_mut() {
            if month.ends_year() {
                trust.in_rows.clear();
            }
            trust.forget_before(oldest);
        }
        self.go_over_to(next);
    }

    fn empty(
        &mut self,
        pool: ContributionPool,
        all: bool,
        rows: &[Row],
        organisations: &Organisations,
    ) {
        // A close has thousands of rows and millions of contributions: each looks at those about
        // its own organisations only.
        let mut about: HashMap<&str, Vec<&Row>> = HashMap::new();
        for row in rows.iter().filter(|row| *row.measure() == pool.measure.id) {
            about.entry(row.organisation()).or_default().push(row);
        }
        let trust = self
            .trusts
            .get_mut(&pool.trust_name)
            .expect("pools come from this state");
        // What no longer waits, because a correction took its values away, no longer has a place.
        trust
            .waits
            .retain(|(measure, _), _| *measure != pool.measure_name);
        let spent = pool.spent.into_iter();
        trust
            .entered
            .extend(spent.map(|identity| (pool.measure_name, identity)));
        for contribution in pool.contributions {
            let key = (pool.measure_name, contribution.identity);
            let released = places(&contribution, organisations)
                .filter_map(|place| about.get(place))
                .flatten()
                .any(|row| takes(row, &contribution, organisations));
            if released {
                let person = contribution.identity.whom();
                trust
                    .in_rows
                    .insert((pool.measure_name, contribution.unit_name, person));
            }
            if released || all {
                trust.entered.insert(key);
            } else {
                trust.waits.insert(key, contribution.waits);
            }
        }
    }
}

/// The organisations that a row may be about which takes the contribution.
fn places<'a>(
    contribution: &'a Contribution,
    organisations: &'a Organisations,
) -> impl Iterator<Item = &'a str> {
    let unit = &contribution.unit;
    let institution = organisations.units.get(unit);
    let institution = institution.map(|unit| unit.institution.as_str());
    let trust = organisations.trust_of(unit).map(|trust| trust.as_str());
    [Some(unit.as_str()), institution, trust]
        .into_iter()
        .flatten()
}

/// True if the row is about the contribution's organisation, part and waiting month.
fn takes(row: &Row, contribution: &Contribution, organisations: &Organisations) -> bool {
    let part = contribution.part.as_ref().map_or("", |part| part.as_str());
    let unit = &contribution.unit;
    let organisation = match row.level() {
        RowLevel::Unit => unit.as_str() == row.organisation(),
        RowLevel::Institution => {
            let institution = organisations
                .units
                .get(unit)
                .map(|unit| unit.institution.as_str());
            institution == Some(row.organisation())
        }
        RowLevel::Trust => {
            organisations.trust_of(unit).map(|trust| trust.as_str()) == Some(row.organisation())
        }
    };
    let all_parts = row.part().is_empty();
    let span = row.first()..=row.last();
    organisation && (all_parts || row.part() == part) && span.contains(&contribution.waits)
}
