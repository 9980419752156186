//! The attacks on the production release rule, each beside the same attack on a victim that is
//! broken on purpose. The run ends with a table of all figures. `MEDVIRK_SEED` gives back a seed
//! that was printed, `MEDVIRK_ROUNDS=10` makes ten times as many runs.

#![allow(clippy::print_stdout)] // The figures are what these tests are for.

mod apart;
mod corrections;
mod erasure;
mod figures;
mod january;
mod linear;
mod random;
mod rows;
mod sources;
mod subtraction;
mod sybils;

use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use medvirk_attacker::calendar::{Calendar, Truth, reckon};
use medvirk_attacker::clinic::catalogues::Limits;
use medvirk_attacker::clinic::{Habits, Story, generate};
use medvirk_attacker::public::Public;
use medvirk_attacker::rng::Rng;
use medvirk_attacker::table::Table;
use medvirk_attacker::victim::Victim;
use medvirk_attacker::victim::broken::Exposed;

/// The seed of all chance in these tests, unless `MEDVIRK_SEED` has another.
const SEED: u64 = 20_231_231;

/// A test; what it finds goes into the table.
type Attack = (&'static str, fn(&Table));

fn main() -> ExitCode {
    let attacks = [
        linear::ATTACKS,
        random::ATTACKS,
        january::ATTACKS,
        subtraction::ATTACKS,
        sybils::ATTACKS,
        figures::ATTACKS,
        rows::ATTACKS,
        erasure::ATTACKS,
        corrections::ATTACKS,
        apart::ATTACKS,
        sources::ATTACKS,
    ];
    let table = Arc::new(Table::default());
    let trial = |(name, attack): &Attack| {
        let (attack, table) = (*attack, Arc::clone(&table));
        Trial::test(*name, move || {
            attack(&table);
            Ok(())
        })
    };
    let trials = attacks.concat().iter().map(trial).collect();
    let arguments = Arguments::from_args();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        println!(
            "MEDVIRK_SEED={} MEDVIRK_ROUNDS={}\n{table}",
            seed(),
            rounds()
        );
    }
    conclusion.exit_code()
}

fn given(name: &str) -> Option<u64> {
    let given = std::env::var(name).ok()?;
    Some(
        given
            .parse()
            .expect("MEDVIRK_SEED and MEDVIRK_ROUNDS are numbers"),
    )
}

fn seed() -> u64 {
    given("MEDVIRK_SEED").unwrap_or(SEED)
}

fn rounds() -> u64 {
    given("MEDVIRK_ROUNDS").unwrap_or(1)
}

/// A seed for each run of an attack.
fn seeds(runs: u64) -> Vec<u64> {
    let mut rng = Rng::new(seed());
    (0..runs * rounds()).map(|_| rng.bits()).collect()
}

/// A story, what the production rule makes public of it, and who is in which row.
struct Seen {
    victim: Rc<Victim>,
    story: Story,
    public: Public,
    calendar: Calendar,
    truth: Truth,
}

impl Seen {
    fn of(story: Story) -> Self {
        let victim = Rc::new(Victim::of(&story));
        Self::with(story, victim)
    }

    fn with(story: Story, victim: Rc<Victim>) -> Self {
        let public = victim.publish(&story);
        let (calendar, truth) = reckon(&story, &public);
        assert_eq!(
            truth.contradiction(&public, &calendar),
            None,
            "the calendar is wrong"
        );
        Self {
            victim,
            story,
            public,
            calendar,
            truth,
        }
    }

    fn exposed(self) -> Exposed {
        Exposed {
            public: self.public,
            calendar: self.calendar,
            truth: self.truth,
        }
    }
}

/// Clinics of every size, with all that is odd.
fn habits(rng: &mut Rng) -> Habits {
    let mut habits = Habits::usual(
        1 + rng.below(6) as usize,
        rng.between(12, 30) as i32,
        [2.0, 4.0, 7.0, 14.0][rng.below(4) as usize],
    );
    habits.stay = [2.0, 4.0, 8.0][rng.below(3) as usize];
    habits
}

/// Random clinics under the catalogue that the program brings.
fn random(seed: u64) -> Seen {
    let mut rng = Rng::new(seed);
    let mut habits = habits(&mut rng);
    let k = [5, 5, 6, 10][rng.below(4) as usize];
    habits.limits = Limits {
        k,
        r: 3 + rng.below(2),
        tertial: rng.percent(30),
    };
    Seen::of(generate(rng.bits(), &habits))
}

/// As many clinics, patients and months as the demo has, with the default limits.
fn demo_sized(seed: u64) -> Seen {
    Seen::of(generate(seed, &Habits::usual(12, 24, 14.0)))
}

/// The share of the whole in percent.
fn share(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}
