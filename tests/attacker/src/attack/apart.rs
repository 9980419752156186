//! Sums of what others can see, and what stands in one number with it. Reads: rows, the calendar,
//! and what others see of everybody: how treatment ended, sex, age, numbers of sessions, days.
//!
//! Three ways lead from there to what only an answer tells. A flag on both is the answer of the few
//! of whom the seen half holds. Sums of what is seen, of one part, tell which subset of those who
//! were there is in it. So they do of who is in the row at all, where leaving something out keeps
//! one out of it.

use std::collections::BTreeMap;

use crate::calendar::sight::{SeenMember, SeenShare, Sight};
use crate::calendar::{Calendar, Identity};
use crate::public::{Level, Measure, Public, Row, Value};

/// Subsets of more than so many persons are not looked at.
const MOST: usize = 26;

/// Something that is claimed of a single person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Place of the row.
    pub row: usize,
    /// The person or code that the claim is about.
    pub identity: Identity,
    /// What is claimed of that person.
    pub of: ClaimOf,
}

/// What can be claimed of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimOf {
    /// The flag at this place is 1, or it is not.
    Flag(usize, bool),
    /// The person is in the part of the row, or is not.
    Part(bool),
    /// The person was there and left something out.
    LeftOut,
}

/// What was tried, and what is claimed.
#[derive(Debug, Default)]
pub struct Claims {
    /// Rows in which something that others see stands.
    pub rows: usize,
    /// Everything that is claimed.
    pub claims: Vec<Claim>,
}

/// Attacks all rows of units.
pub fn attack(public: &Public, calendar: &Calendar, sight: &Sight) -> Claims {
    let mut found = Claims::default();
    for (place, row) in public.rows.iter().enumerate() {
        let attacked = AttackedRow {
            public,
            calendar,
            sight,
            place,
            row,
            measure: public.measure_of(row),
        };
        let shares = public.facts(row.closed).seen_shares(attacked.measure);
        if row.level != Level::Unit || shares.iter().all(|share| *share == SeenShare::Nothing) {
            continue;
        }
        found.rows += 1;
        found.claims.extend(attacked.by_flags(&shares));
        found.claims.extend(attacked.by_subsets(&shares));
    }
    found
}

struct AttackedRow<'a> {
    public: &'a Public,
    calendar: &'a Calendar,
    sight: &'a Sight,
    place: usize,
    row: &'a Row,
    measure: &'a Measure,
}

impl AttackedRow<'_> {
    fn claim(&self, identity: Identity, of: ClaimOf) -> Claim {
        Claim {
            row: self.place,
            identity,
            of,
        }
    }

    /// Those of whom the seen half of a flag holds are fewer than k, and all alike.
    fn by_flags(&self, shares: &[SeenShare]) -> Vec<Claim> {
        let seen = self.seen();
        let members = self.calendar.last_ones(self.place);
        let mut claims = Vec::new();
        let joined = shares.iter().enumerate();
        for (flag, _) in joined.filter(|(_, share)| **share == SeenShare::Conditions) {
            let holds = |identity: &Identity| {
                let member = seen.get(identity);
                member.is_some_and(|member| member.values.get(&flag).is_some_and(|one| *one > 0))
            };
            let few: Vec<Identity> = members.iter().map(|one| one.identity).collect();
            let few: Vec<Identity> = few.into_iter().filter(holds).collect();
            let sum = self.row.figures[flag].sum / 1_000_000;
            let alike = sum == 0 || sum == few.len() as i64;
            if alike && !few.is_empty() && few.len() < self.measure.fewest() {
                let claim = |who: Identity| self.claim(who, ClaimOf::Flag(flag, sum > 0));
                claims.extend(few.into_iter().map(claim));
            }
        }
        claims
    }

    /// Which subsets of those who were there have these sums.
    fn by_subsets(&self, shares: &[SeenShare]) -> Vec<Claim> {
        let whole = shares.iter().enumerate();
        let whole: Vec<usize> = whole
            .filter(|(place, share)| {
                // Of a month a person gives one number.
                let is_one =
                    !self.measure.variables[*place].adds || self.row.first == self.row.last;
                **share == SeenShare::Whole && is_one
            })
            .map(|(place, _)| place)
            .collect();
        let facts = self.public.facts(self.row.closed);
        let of_part = !facts.sees_part(self.measure) && !self.row.part.is_empty();
        let candidates = self.candidates(of_part);
        let persons = self.row.persons as usize;
        if whole.is_empty() || candidates.len() > MOST || candidates.len() <= persons {
            return Vec::new();
        }
        let mut wanted = vec![persons as i64];
        wanted.extend(whole.iter().map(|place| self.row.figures[*place].sum));
        let weights: Vec<Vec<i64>> = candidates
            .iter()
            .map(|member| {
                let sums = whole.iter().map(|place| member.values[place]);
                std::iter::once(1).chain(sums).collect()
            })
            .collect();
        let Some((always, ever)) = fixed(&weights, &wanted) else {
            return Vec::new();
        };
        let mut claims = Vec::new();
        for (bit, member) in candidates.iter().enumerate() {
            let who = member.contribution.identity;
            match (always >> bit & 1 == 1, ever >> bit & 1 == 1) {
                (true, _) if of_part => claims.push(self.claim(who, ClaimOf::Part(true))),
                (_, false) if of_part => claims.push(self.claim(who, ClaimOf::Part(false))),
                (_, false) => claims.push(self.claim(who, ClaimOf::LeftOut)),
                _ => {}
            }
        }
        claims
    }

    /// What others see at the close of the row of those who may be in it.
    fn seen(&self) -> BTreeMap<Identity, &SeenMember> {
        let all = self.sight.get(&self.row.closed).into_iter().flatten();
        let of_measure = all.filter(|one| *one.contribution.measure == *self.measure.id);
        of_measure
            .map(|one| (one.contribution.identity, one))
            .collect()
    }

    /// Whoever may be in the row, as far as others see. Of a part: whoever waited in any.
    fn candidates(&self, of_part: bool) -> Vec<&SeenMember> {
        let row = self.row;
        let facts = self.public.facts(row.closed);
        let waiting = self.calendar.waiting.get(&row.closed).into_iter().flatten();
        let waiting: Vec<Identity> = waiting
            .filter(|one| {
                *one.measure == *self.measure.id && (row.first..=row.last).contains(&one.waits)
            })
            .map(|one| one.identity)
            .collect();
        let two = self.needs_two();
        let stands = |member: &&SeenMember| {
            let one = &member.contribution;
            let there = if of_part {
                waiting.contains(&one.identity)
            } else {
                (row.first..=row.last).contains(&one.waits)
            };
            let part = of_part || row.part.is_empty() || *one.part == *row.part;
            let scored = !two || member.forms.is_none_or(|forms| forms >= 2);
            there && part && scored && facts.covers(row, one.unit)
        };
        let mut found: Vec<&SeenMember> = self.seen().into_values().filter(stands).collect();
        found.sort_by_key(|member| member.contribution.identity);
        // Whoever is there twice counts once, and it is not known which time.
        let mut persons: Vec<u32> = found.iter().map(|one| one.contribution.counted).collect();
        persons.sort_unstable();
        if persons.windows(2).any(|two| two[0] == two[1]) {
            Vec::new()
        } else {
            found
        }
    }

    fn needs_two(&self) -> bool {
        let values = self.measure.variables.iter();
        let mut values = values.flat_map(|one| one.reading.values());
        values.any(|value| matches!(value, Value::Last(_) | Value::Change(_)))
    }
}

/// Who is in every subset with these sums, and who is in any; `None` if there is no such subset.
/// Each half of the candidates is tried apart, and what the two give is matched.
fn fixed(weights: &[Vec<i64>], wanted: &[i64]) -> Option<(u64, u64)> {
    let half = weights.len() / 2;
    let (left, right) = weights.split_at(half);
    let mut by_sum: BTreeMap<Vec<i64>, (u64, u64)> = BTreeMap::new();
    for (mask, sums) in subsets(left, wanted.len()) {
        let known = by_sum.entry(sums).or_insert((u64::MAX, 0));
        *known = (known.0 & mask, known.1 | mask);
    }
    let mut all: Option<(u64, u64)> = None;
    for (mask, sums) in subsets(right, wanted.len()) {
        let rest: Vec<i64> = wanted
            .iter()
            .zip(sums)
            .map(|(all, one)| all - one)
            .collect();
        let Some((always, ever)) = by_sum.get(&rest) else {
            continue;
        };
        let mask = mask << half;
        let (before, any) = all.unwrap_or((u64::MAX, 0));
        all = Some((before & (always | mask), any | ever | mask));
    }
    all
}

/// Every subset with its sums.
fn subsets(weights: &[Vec<i64>], sums: usize) -> Vec<(u64, Vec<i64>)> {
    let mut all = vec![(0, vec![0; sums])];
    for (bit, weight) in weights.iter().enumerate() {
        let with = |(mask, sums): &(u64, Vec<i64>)| {
            let added = sums.iter().zip(weight).map(|(sum, one)| sum + one);
            (mask | 1 << bit, added.collect())
        };
        let more: Vec<(u64, Vec<i64>)> = all.iter().map(with).collect();
        all.extend(more);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_in_every_subset_and_who_in_none_is_found() {
        let weights = |all: &[i64]| all.iter().map(|one| vec![1, *one]).collect::<Vec<_>>();
        // Two of 1, 2, 4, 8 that make 9: only one way.
        assert_eq!(fixed(&weights(&[1, 2, 4, 8]), &[2, 9]), Some((9, 9)));
        // Two of 1, 3, 2, 2 that make 4: two ways, and nobody is sure.
        assert_eq!(fixed(&weights(&[1, 3, 2, 2]), &[2, 4]), Some((0, 15)));
        // Three of 1, 1, 5, 9 that make 7: the 9 is not among them.
        assert_eq!(fixed(&weights(&[1, 1, 5, 9]), &[3, 7]), Some((7, 7)));
        assert_eq!(fixed(&weights(&[1, 1]), &[1, 7]), None);
    }
}
