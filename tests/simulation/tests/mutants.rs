//! Each rule of delivery is broken in turn, and a schedule must notice. `MEDVIRK_MUTANT_SCHEDULES`
//! says how many schedules each rule gets for its figure, `MEDVIRK_MUTANT` names one rule.

#![allow(clippy::print_stdout)] // Figures belong to the answer.

use medvirk_mutants::Rule;
use medvirk_simulation::{Broken, Sabotage, Tale, run, run_tale};

/// For the figure how often a broken rule is noticed.
const SCHEDULES: u64 = 60;

/// So many until one notices, at most.
const PATIENCE: u64 = 2_000;

/// Rules of the fold that matter to delivery too.
const SHARED: [Rule; 6] = [
    Rule::WithdrawalDrops,
    Rule::RenewalStartsAnew,
    Rule::NotTooEarly,
    Rule::SkippedFirst,
    Rule::EnteredOnce,
    Rule::HighestRevision,
];

/// Met by about one schedule of a thousand. A test of the aggregator, or the smallest case in
/// `interleavings.rs`, notices every time.
const DIRECTED: [Rule; 2] = [Rule::FirstCounts, Rule::SetAsideAcknowledged];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// How many of how many schedules noticed, and the first that did.
fn hunt(rule: Rule) -> (u64, u64, Option<Broken>) {
    let sabotage = Sabotage { rule: Some(rule) };
    let schedules = number("MEDVIRK_MUTANT_SCHEDULES").unwrap_or(SCHEDULES);
    let patience = if DIRECTED.contains(&rule) {
        schedules
    } else {
        schedules.max(PATIENCE)
    };
    let (mut noticed, mut first) = (0, None);
    for seed in 0..patience {
        if seed >= schedules && first.is_some() {
            return (noticed, seed, first);
        }
        if let Err(broken) = run(seed, sabotage) {
            noticed += 1;
            first = first.or(Some(broken));
        }
    }
    (noticed, patience, first)
}

#[test]
fn every_broken_rule_of_delivery_is_noticed() {
    let mut rules = [Rule::DELIVERY, &SHARED].concat();
    if let Ok(only) = std::env::var("MEDVIRK_MUTANT") {
        rules.retain(|rule| format!("{rule:?}") == only);
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut missed = Vec::new();
    for some in rules.chunks(threads) {
        std::thread::scope(|scope| {
            let hunts: Vec<_> = some
                .iter()
                .map(|rule| (*rule, scope.spawn(|| hunt(*rule))))
                .collect();
            for (rule, hunted) in hunts {
                let (noticed, of, first) = hunted.join().expect("a schedule does not panic");
                println!("{rule:?}: {noticed} of {of}");
                match first {
                    Some(first) => println!("    {first}"),
                    None if DIRECTED.contains(&rule) => {}
                    None => missed.push(rule),
                }
            }
        });
    }
    assert!(missed.is_empty(), "not noticed: {missed:?}");
}

/// Chance alone meets this in about one schedule of a hundred.
#[test]
fn a_broken_rule_to_obey_the_first_close_counts_a_person_twice() {
    let sabotage = Sabotage {
        rule: Some(Rule::ObeyTheFirst),
    };
    let told = |seed: &u64| run_tale(*seed, Tale::ErasedAfterClose, sabotage).is_err();
    let noticed = (0..20).filter(told).count();
    assert!(noticed >= 4, "{noticed} of 20");
}
