//! Real faults: processes that are killed or stand still, and a disk without a byte left, at
//! random moments, while three clinics send everything three times and months are closed.
//!
//! Comes in: a seed (`MEDVIRK_SEED`), how many faults (`MEDVIRK_FAULTS`, else 25), and at how many
//! of them the disk is full (`MEDVIRK_FULL`, else one in eight). Goes out: what was hit, what was
//! acknowledged, and how long the longest way back was. The invariant: what was acknowledged is in
//! the registry once and in the rows once, and nothing else is anywhere.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

// In reading order.
mod plan;

mod scene;

mod clinics;

mod strike;

mod judge;

mod full_disk;

mod closing;

use std::time::Instant;

use medvirk_tests::with_small_disks;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use plan::Plan;
use scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_there_once_whatever_happens() {
    if !with_small_disks("what_is_acknowledged_is_there_once_whatever_happens") {
        return;
    }
    let seed = variable("MEDVIRK_SEED").unwrap_or_else(rand::random);
    let faults = variable("MEDVIRK_FAULTS").unwrap_or(25) as usize;
    let full = variable("MEDVIRK_FULL").map_or(faults / 8, |full| full as usize);
    eprintln!("MEDVIRK_SEED={seed} MEDVIRK_FAULTS={faults} MEDVIRK_FULL={full}");
    let begun = Instant::now();
    let mut rng = StdRng::seed_from_u64(seed);
    let plan = Plan::draw(&mut rng, faults, full);
    let people = plan.people(&mut rng);
    let scene = Scene::set(&plan).await;

    let chance = StdRng::seed_from_u64(rng.random());
    let (struck, ()) = tokio::join!(
        scene.strike(&plan, chance),
        scene.send_and_close(&plan, &people, &mut rng)
    );
    let last = scene.caught_up().await;

    let verdict = judge::judge(scene, &plan, &people).await;
    strike::tell(&struck, last);
    eprintln!("{verdict}");
    eprintln!("seed {seed}, {:.0?} in all", begun.elapsed());
    assert_eq!(struck.len(), faults);
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is a number")))
}
