//! What others can see, beside what only answers tell.

use std::collections::BTreeSet;
use std::rc::Rc;

use medvirk_attacker::attack::apart::{Claim, ClaimOf, attack};
use medvirk_attacker::calendar::{Identity, sight};
use medvirk_attacker::clinic::catalogues::{before_apart, joined};
use medvirk_attacker::clinic::{Habits, generate_under};
use medvirk_attacker::public::Facts;
use medvirk_attacker::rng::Rng;
use medvirk_attacker::table::{Line, Table};
use medvirk_attacker::victim::Victim;

use crate::{Attack, Seen, demo_sized, random, seeds, share};

pub(crate) const ATTACKS: &[Attack] = &[
    (
        "what_others_see_tells_no_answer",
        what_others_see_tells_no_answer,
    ),
    (
        "what_was_shipped_before_told_answers",
        what_was_shipped_before_told_answers,
    ),
    (
        "every_way_of_joining_tells_answers_and_is_refused",
        every_way_of_joining_tells_answers_and_is_refused,
    ),
];

const APART: &str = "endings, sex, age, numbers of sessions";
const KNOWS: &str = "the calendar, and these";

/// What was found of whom.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) rows: usize,
    pub(crate) claims: usize,
    right: usize,
    flags: usize,
    parts: usize,
    left_out: usize,
    persons: usize,
}

impl Told {
    pub(crate) fn attack(&mut self, seen: &Seen) {
        let sight = sight::look(&seen.story, &seen.public, &seen.calendar);
        let found = attack(&seen.public, &seen.calendar, &sight);
        self.rows += found.rows;
        let mut persons = BTreeSet::new();
        for claim in &found.claims {
            self.claims += 1;
            self.right += usize::from(is_right(seen, claim));
            match claim.of {
                ClaimOf::Flag(..) => self.flags += 1,
                ClaimOf::Part(_) => self.parts += 1,
                ClaimOf::LeftOut => self.left_out += 1,
            }
            persons.insert(claim.identity);
        }
        self.persons += persons.len();
    }

    pub(crate) fn tell(&self, table: &Table, data: &str) {
        table.line(Line {
            attack: APART,
            knows: KNOWS,
            data: data.to_owned(),
            attacked: self.rows,
            of: "rows",
            isolated: self.persons,
            ..Line::default()
        });
    }

    fn note(&self, table: &Table, data: &str) {
        let note = format!(
            "{data}: {} claims of {} persons in {} rows, {} right: {} flags, {} parts, {} left out",
            self.claims, self.persons, self.rows, self.right, self.flags, self.parts, self.left_out
        );
        table.note(APART, note);
        let right = share(self.right, self.claims);
        table.broken(APART, &format!("{data}, claims that are right"), right);
    }
}

/// The row's member of that identity, if it is one.
fn member(seen: &Seen, row: usize, identity: Identity) -> Option<usize> {
    let members = seen.calendar.rows[row].iter().copied();
    members
        .into_iter()
        .find(|place| seen.calendar.contributions[*place].identity == identity)
}

fn is_right(seen: &Seen, claim: &Claim) -> bool {
    let place = member(seen, claim.row, claim.identity);
    match claim.of {
        ClaimOf::Flag(flag, holds) => {
            place.is_some_and(|place| (seen.truth.values[place][flag] > 0) == holds)
        }
        ClaimOf::Part(is_in) => place.is_some() == is_in,
        ClaimOf::LeftOut => place.is_none(),
    }
}

fn what_others_see_tells_no_answer(table: &Table) {
    let mut told = Told::default();
    for seed in seeds(20) {
        told.attack(&random(seed));
    }
    told.tell(table, "random clinics");
    assert_eq!(told.claims, 0);
    let mut told = Told::default();
    told.attack(&demo_sized(seeds(1)[0]));
    told.tell(table, "as large as the demo");
    assert_eq!(told.claims, 0);
    assert!(told.rows > 100, "there is something to attack");
}

/// A story of two years under one catalogue.
fn under(seed: u64, habits: &Habits, facts: impl Fn(&mut Rng) -> Facts) -> Seen {
    let mut rng = Rng::new(seed);
    let catalogues = vec![facts(&mut rng)];
    let victim = Victim::load(&catalogues).unwrap_or_else(|rules| panic!("{rules:?}"));
    let story = generate_under(rng.bits(), habits, catalogues);
    Seen::with(story, Rc::new(victim))
}

fn what_was_shipped_before_told_answers(table: &Table) {
    let mut told = Told::default();
    let habits = Habits::usual(4, 24, 14.0);
    for seed in seeds(4) {
        let seen = under(seed, &habits, |rng| {
            before_apart(2023 * 12, habits.units(rng), habits.limits)
        });
        told.attack(&seen);
    }
    told.note(table, "the catalogue that was shipped before");
    assert!(told.flags > 20 && told.parts > 20, "{}", told.claims);
    let wrong = told.claims - told.right;
    assert!(100 * wrong <= 5 * told.claims, "{wrong} of {}", told.claims);
}

fn every_way_of_joining_tells_answers_and_is_refused(table: &Table) {
    let mut told = Told::default();
    let habits = Habits::usual(4, 24, 14.0);
    for seed in seeds(4) {
        let seen = under(seed, &habits, |rng| {
            joined(2023 * 12, habits.units(rng), habits.limits)
        });
        told.attack(&seen);
    }
    told.note(table, "a small catalogue with every way of joining");
    let ways = [told.flags, told.parts, told.left_out];
    assert!(ways.iter().all(|found| *found > 10), "{ways:?}");
    let wrong = told.claims - told.right;
    assert!(100 * wrong <= 5 * told.claims, "{wrong} of {}", told.claims);
    let mut facts = joined(2023 * 12, habits.units(&mut Rng::new(1)), habits.limits);
    facts.joined = false;
    let refused = Victim::load(&[facts]).err().expect("the loader refuses it");
    assert!(refused.iter().all(|rule| *rule == "apart"), "{refused:?}");
    assert_eq!(
        refused.len(),
        7,
        "three flags, two numbers beside a part, two beside what may be left out"
    );
}
