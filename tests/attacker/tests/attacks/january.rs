//! A January that changes the catalogue: units move, come, leave and are registered anew; k, r,
//! parts and finest spans change. The rows of two years, of old and new units, are compared.

use medvirk_attacker::attack::{constants, contributions, presence, removal};
use medvirk_attacker::clinic::catalogues::{Change, Limits, january, shipped};
use medvirk_attacker::clinic::{Habits, Story, generate_under};
use medvirk_attacker::public::Facts;
use medvirk_attacker::rng::Rng;
use medvirk_attacker::table::{Line, Table};
use medvirk_attacker::victim::broken;

use crate::linear::Ranked;
use crate::{Attack, Seen, seeds, share};

pub(crate) const ATTACKS: &[Attack] = &[
    (
        "rows_of_two_years_name_nobody_whatever_january_changes",
        rows_of_two_years_name_nobody_whatever_january_changes,
    ),
    (
        "a_new_tree_helps_little_against_a_constant",
        a_new_tree_helps_little_against_a_constant,
    ),
    (
        "a_year_that_is_told_again_under_the_new_tree_names_persons",
        a_year_that_is_told_again_under_the_new_tree_names_persons,
    ),
];

const ATTACK: &str = "January changes";
const FIRST: i32 = 2023 * 12;

/// Two years, or a little more, with that change between them.
fn story(seed: u64, habits: &Habits, change: Option<Change>) -> Story {
    let mut rng = Rng::new(seed);
    let units = habits.units(&mut rng);
    let old = shipped(FIRST, units, habits.limits);
    let catalogues = match change {
        Some(change) => january(&mut rng, old, FIRST + 12, change),
        None => vec![old],
    };
    generate_under(rng.bits(), habits, catalogues)
}

fn rows_of_two_years_name_nobody_whatever_january_changes(table: &Table) {
    let (mut ranked, mut rows) = (Ranked::default(), 0);
    for seed in seeds(3) {
        for change in Change::ALL {
            let present = [3.0, 6.0, 12.0][(seed % 3) as usize];
            let habits = Habits::usual(8, 26, present);
            let seen = Seen::of(story(seed, &habits, Some(change)));
            ranked.attack(&seen, None);
            check(&seen, change);
            rows += seen.public.rows.len();
        }
    }
    ranked.tell(table, "around a January that changes the catalogue");
    table.note(
        ATTACK,
        format!("{rows} rows, by the limits, flags and tree of their own year"),
    );
}

/// Removal by either tree, and presence.
fn check(seen: &Seen, change: Change) {
    let left = removal::attack(&seen.public, &seen.calendar);
    assert!(left.broken.is_empty(), "{change:?}: {:#?}", left.broken);
    let found = presence::attack(&seen.public, &seen.calendar);
    assert!(
        found.missing.is_empty() && found.unexpected.is_empty(),
        "{change:?}: {found:#?}"
    );
    // Institutions and trusts of the other year's tree know their own contributions too.
    let [old, new] = &seen.public.catalogues[..] else {
        panic!("two catalogues");
    };
    let mut other = seen.public.clone();
    let trees = |facts: &Facts, tree: &Facts| Facts {
        units: tree.units.clone(),
        ..facts.clone()
    };
    other.catalogues = vec![trees(old, new), trees(new, old)];
    if change == Change::Moved {
        let left = removal::attack(&other, &seen.calendar);
        // Of a pooled row: a unit is a unit in either tree.
        assert!(left.unit >= 5, "{left:?}");
    }
}

fn a_new_tree_helps_little_against_a_constant(table: &Table) {
    let changes = [
        None,
        Some(Change::Moved),
        Some(Change::Split),
        Some(Change::Merged),
    ];
    for change in changes {
        let (mut solved, mut persons) = (0, 0);
        for seed in seeds(8) {
            let habits = Habits {
                stay: 6.0,
                odd: 0,
                constant: true,
                limits: Limits::default(),
                ..Habits::usual(4, 24, 8.0)
            };
            let seen = Seen::of(story(seed, &habits, change));
            let of = ("fit.alliance", 0);
            let found = constants::attack(&seen.public, &seen.calendar, of, 0.0);
            (solved, persons) = (solved + found.solved.len(), persons + found.persons.len());
        }
        let told = change.map_or_else(|| "nothing".to_owned(), |change| format!("{change:?}"));
        table.line(Line {
            attack: ATTACK,
            knows: "the calendar, and that an answer never changes",
            data: format!("units of 8, courses of 6 months; {told} in January"),
            attacked: persons,
            of: "persons",
            isolated: solved,
            r2: None,
        });
        assert!(share(solved, persons) <= 2.0, "{change:?}");
    }
}

fn a_year_that_is_told_again_under_the_new_tree_names_persons(table: &Table) {
    let (mut few, mut persons) = (0, 0);
    for seed in seeds(5) {
        let habits = Habits::usual(8, 14, 2.0);
        let seen = Seen::of(story(seed, &habits, Some(Change::Moved)));
        let exposed = broken::restated(seen.exposed());
        let of = ("fit.outcome", 0);
        let found = contributions::attack(&exposed.public, &exposed.calendar, of, 5);
        few += found.in_few.len();
        let moved = exposed.calendar.contributions.iter().filter(|one| {
            let unit = |year: usize| &exposed.public.catalogues[year].units[one.unit].institution;
            *one.measure == *of.0 && unit(0) != unit(1)
        });
        let moved: std::collections::BTreeSet<u32> = moved.map(|one| one.patient).collect();
        persons += moved.len();
    }
    let found = share(few, persons);
    table.broken(ATTACK, "the old year again under the new tree", found);
    assert!(few > 0);
}
