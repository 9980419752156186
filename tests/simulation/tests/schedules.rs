//! Seeded schedules. `MEDVIRK_SCHEDULES` says how many, `MEDVIRK_SEED` the first; alone
//! it runs one.

#![allow(clippy::print_stdout)] // Figures belong to the answer.

use std::time::Instant;

use medvirk_simulation::{Broken, Counts, Sabotage, Tale, run, run_tale};

const SCHEDULES: u64 = 20_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Every thread takes every n-th seed.
fn run_all(seeds: std::ops::Range<u64>) -> (Counts, Vec<Broken>) {
    let threads = std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u64);
    std::thread::scope(|scope| {
        let share = |nth| {
            let seeds = seeds.clone().skip(nth as usize).step_by(threads as usize);
            scope.spawn(move || {
                let (mut counts, mut broken) = (Counts::default(), Vec::new());
                for seed in seeds {
                    match run(seed, Sabotage::default()) {
                        Ok(one) => counts.add(&one),
                        Err(one) => broken.push(one),
                    }
                }
                (counts, broken)
            })
        };
        let shares: Vec<_> = (0..threads).map(share).collect();
        let mut all = (Counts::default(), Vec::new());
        for share in shares {
            let (counts, broken) = share.join().expect("a schedule does not panic");
            all.0.add(&counts);
            all.1.extend(broken);
        }
        all
    })
}

#[test]
fn every_schedule_keeps_every_promise() {
    let (first, schedules) = (number("MEDVIRK_SEED"), number("MEDVIRK_SCHEDULES"));
    let alone = first.map_or(SCHEDULES, |_| 1);
    let first = first.unwrap_or(0);
    let seeds = first..first + schedules.unwrap_or(alone);
    let started = Instant::now();
    let (counts, broken) = run_all(seeds.clone());
    println!(
        "{} schedules in {:?}: {counts:?}",
        seeds.end - seeds.start,
        started.elapsed()
    );
    let some: Vec<String> = broken.iter().take(10).map(Broken::to_string).collect();
    assert!(
        broken.is_empty(),
        "{} broken:\n{}",
        broken.len(),
        some.join("\n")
    );
    // One schedule has not everything; all of them have.
    let all = counts.rows.min(counts.code_rows).min(counts.crashes);
    let of_races = counts.scheduled.min(counts.raced).min(counts.activations);
    let is_one = seeds.end - seeds.start < 1_000;
    assert!(is_one || all.min(of_races).min(counts.forgotten) > 0);
}

#[test]
fn a_seed_is_a_schedule() {
    for seed in 0..100 {
        assert_eq!(
            run(seed, Sabotage::default()),
            run(seed, Sabotage::default())
        );
    }
}

#[test]
fn an_erasure_after_a_close_changes_no_later_row() {
    for seed in 0..20 {
        let told = run_tale(seed, Tale::ErasedAfterClose, Sabotage::default());
        let counts = told.unwrap_or_else(|broken| panic!("{broken}"));
        assert_eq!((counts.rows, counts.erased > 0), (1, true));
    }
}
