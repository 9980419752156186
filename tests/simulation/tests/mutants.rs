//! Each rule is broken in turn, and a schedule must notice. `MEDVIRK_MUTANT_SCHEDULES` says how
//! many schedules each rule gets for its figure.

#![allow(clippy::print_stdout)] // Figures belong to the answer.

use medvirk_domain::mutants::Rule;
use medvirk_simulation::{Broken, Sabotage, Tale, run, run_tale};

/// For the figure how often a broken rule is noticed.
const SCHEDULES: u64 = 60;

/// So many until one notices, at most.
const PATIENCE: u64 = 6_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// How many of how many schedules noticed, and the first that did.
fn hunt(sabotage: Sabotage) -> (u64, u64, Option<Broken>) {
    let schedules = number("MEDVIRK_MUTANT_SCHEDULES").unwrap_or(SCHEDULES);
    let (mut noticed, mut first) = (0, None);
    for seed in 0..PATIENCE {
        if seed >= schedules && first.is_some() {
            return (noticed, seed, first);
        }
        if let Err(broken) = run(seed, sabotage) {
            noticed += 1;
            first = first.or(Some(broken));
        }
    }
    (noticed, PATIENCE, first)
}

#[test]
fn every_broken_rule_is_noticed() {
    let mut sabotages: Vec<_> = Rule::ALL
        .into_iter()
        .map(|rule| (format!("{rule:?}"), Sabotage { rule: Some(rule) }))
        .collect();
    let only = std::env::var("MEDVIRK_MUTANT").ok();
    sabotages.retain(|(name, _)| only.as_ref().is_none_or(|only| only == name));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut missed = Vec::new();
    for some in sabotages.chunks(threads) {
        std::thread::scope(|scope| {
            let hunts: Vec<_> = some
                .iter()
                .map(|(name, sabotage)| (name, scope.spawn(|| hunt(*sabotage))))
                .collect();
            for (name, hunted) in hunts {
                let (noticed, of, first) = hunted.join().expect("a schedule does not panic");
                match first {
                    Some(first) => println!("{name}: {noticed} of {of}; first {first}"),
                    None => missed.push(name.clone()),
                }
            }
        });
    }
    assert!(missed.is_empty(), "not noticed: {missed:?}");
}

/// Chance alone meets this in about one schedule of a hundred.
#[test]
fn who_obeys_the_own_close_counts_a_person_twice() {
    let sabotage = Sabotage {
        rule: Some(Rule::ObeyTheFirst),
    };
    let told = |seed: &u64| run_tale(*seed, Tale::ErasedAfterClose, sabotage).is_err();
    let noticed = (0..20).filter(told).count();
    assert!(noticed >= 4, "{noticed} of 20");
}
