//! Removal. Knowledge: the calendar, and everything that one therapist, one credential, one unit
//! or one institution knows: the contributions of their own. Who is left in each row?

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::{Calendar, Contribution};
use crate::public::{Level, Measure, Public, Row};

/// The fewest persons left in any row.
#[derive(Debug, PartialEq, Eq)]
pub struct Left {
    /// Without any one therapist.
    pub therapist: usize,
    /// Without any one credential.
    pub credential: usize,
    /// In pooled rows, without any one unit,
    pub unit: usize,
    /// in trusts' rows, without any one institution.
    pub institution: usize,
    /// In rows that a unit with a single therapist or device has for itself; such a row says so.
    pub flagged: usize,
    /// Patients in the row with the fewest; of codes as many may be half of those counted.
    pub patients: usize,
    /// What breaks the promise.
    pub broken: Vec<String>,
    /// In how many rows.
    pub rows_broken: usize,
}

/// Removes each source and each organisation from each row.
pub fn attack(public: &Public, calendar: &Calendar) -> Left {
    let mut left = Left {
        therapist: usize::MAX,
        credential: usize::MAX,
        unit: usize::MAX,
        institution: usize::MAX,
        flagged: usize::MAX,
        patients: usize::MAX,
        broken: Vec::new(),
        rows_broken: 0,
    };
    for (place, row) in public.rows.iter().enumerate() {
        let measure = public.measure_of(row);
        let before = left.broken.len();
        let units = &public.facts(row.closed).units;
        left.row(units, calendar, place, row, measure);
        left.rows_broken += usize::from(left.broken.len() > before);
    }
    left
}

impl Left {
    /// The worse of two.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.broken.extend(other.broken);
        Self {
            therapist: self.therapist.min(other.therapist),
            credential: self.credential.min(other.credential),
            unit: self.unit.min(other.unit),
            institution: self.institution.min(other.institution),
            flagged: self.flagged.min(other.flagged),
            patients: self.patients.min(other.patients),
            broken: self.broken,
            rows_broken: self.rows_broken + other.rows_broken,
        }
    }

    fn row(
        &mut self,
        units: &[crate::public::Unit],
        calendar: &Calendar,
        place: usize,
        row: &Row,
        measure: &Measure,
    ) {
        let (k, r) = (measure.k as usize, measure.r as usize);
        let last = calendar.last_ones(place);
        let without = |of: &dyn Fn(&Contribution) -> String| {
            let of = |one: &&Contribution| BTreeSet::from([of(one)]);
            last.len() - largest(last.iter().map(of))
        };
        let mut check = |what: &str, fewest: &mut usize, persons: usize, least: usize| {
            *fewest = (*fewest).min(persons);
            if persons < least {
                self.broken.push(format!(
                    "row {place} without one {what}: {persons}, {row:?}"
                ));
            }
        };
        let patients: BTreeSet<u32> = last.iter().map(|one| one.patient).collect();
        // A patient may hold two codes.
        let least = measure.fewest();
        check("person less", &mut self.patients, patients.len(), least);
        if row.level != Level::Unit {
            let persons = without(&|one| units[one.unit].id.clone());
            check("unit", &mut self.unit, persons, k);
        }
        if row.level == Level::Trust {
            let persons = without(&|one| units[one.unit].institution.clone());
            check("institution", &mut self.institution, persons, k);
        }
        if measure.counts_codes() {
            return;
        }
        let persons = without(&|one| format!("{:?}", one.therapist));
        if row.single_therapist {
            self.flagged = self.flagged.min(persons)
        } else {
            check("therapist", &mut self.therapist, persons, r)
        }
        let senders = calendar.members(place).into_values().map(|places| {
            let senders = places
                .iter()
                .flat_map(|one| &calendar.contributions[*one].senders);
            senders.copied().collect::<BTreeSet<u32>>()
        });
        let persons = last.len() - largest(senders);
        if row.single_device {
            self.flagged = self.flagged.min(persons)
        } else {
            check("credential", &mut self.credential, persons, r)
        }
    }
}

/// How many persons the most frequent source stands for.
fn largest<T: Ord>(sources: impl Iterator<Item = BTreeSet<T>>) -> usize {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for source in sources.flatten() {
        *counts.entry(source).or_default() += 1;
    }
    counts.into_values().max().unwrap_or(0)
}
