//! The attacks on the production release rule, each beside the same attack on a victim that is
//! broken on purpose. `cargo test --package medvirk-attacker -- --nocapture` prints the figures;
//! `MEDVIRK_SEED` gives back a seed that was printed.

#![allow(clippy::print_stdout)] // The figures are what these tests are for.

mod erasure;
mod figures;
mod linear;
mod sources;
mod subtraction;

use medvirk_attacker::calendar::{Calendar, Truth, reckon};
use medvirk_attacker::clinic::{Habits, Limits, Story, generate};
use medvirk_attacker::public::Public;
use medvirk_attacker::rng::Rng;
use medvirk_attacker::victim::Victim;

/// The seed of all chance in these tests, unless `MEDVIRK_SEED` has another.
const SEED: u64 = 20_231_231;

/// A seed for each run of an attack; printed, so that it can be given back.
fn seeds(attack: &str, runs: u64) -> Vec<u64> {
    let given = std::env::var("MEDVIRK_SEED").ok();
    let seed = given.map_or(SEED, |text| text.parse().expect("MEDVIRK_SEED is a number"));
    println!("{attack}: MEDVIRK_SEED={seed}, {runs} runs");
    let mut rng = Rng::new(seed);
    (0..runs).map(|_| rng.bits()).collect()
}

/// A story, what the production rule makes public of it, and who is in which row.
struct Seen {
    victim: Victim,
    story: Story,
    public: Public,
    calendar: Calendar,
    truth: Truth,
}

impl Seen {
    fn of(story: Story) -> Self {
        let victim = Victim::of(&story);
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
}

/// Clinics of every size, with all that is odd.
fn random(seed: u64) -> Seen {
    let mut rng = Rng::new(seed);
    let mut habits = Habits::usual(
        1 + rng.below(6) as usize,
        rng.between(12, 30) as i32,
        [2.0, 4.0, 7.0, 14.0][rng.below(4) as usize],
    );
    habits.stay = [2.0, 4.0, 8.0][rng.below(3) as usize];
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

/// In percent.
fn share(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}
