//! Seeded schedules. `MEDVIRK_SCHEDULES` says how many; `MEDVIRK_SEED` runs one.

#![allow(clippy::print_stdout)] // Figures belong to the answer.

use std::time::Instant;

use medvirk_simulation::{Broken, Counts, Sabotage, Tale, run, run_tale};

const SCHEDULES: u64 = 1_000;

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
    let seeds = match number("MEDVIRK_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("MEDVIRK_SCHEDULES").unwrap_or(SCHEDULES),
    };
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
    assert!(counts.rows > 0 && counts.crashes > 0);
}

#[test]
fn a_seed_is_a_schedule() {
    for seed in 0..20 {
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
