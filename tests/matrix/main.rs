//! Many processes on real Kafka: several of each role, brokers, engines, and a network between them
//! that breaks.
//!
//! The invariant of every test here: what was acknowledged is in the registry once and in the rows
//! once, and the rows are those of the same log folded by one process that nothing happens to.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

// In reading order.
mod together;

mod crowd;

mod plan;

mod scene;

mod clinics;

mod strike;

mod judge;

mod partitions;

use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crowd::Crowd;
use plan::{Plan, Size};
use scene::Scene;

/// Faults of the short form.
const SHORT: u64 = 12;

/// Comes in: a seed (`MEDVIRK_SEED`), how many faults (`MEDVIRK_FAULTS`), how many there are of each
/// role (`MEDVIRK_EACH`, else 2) and of brokers (`MEDVIRK_BROKERS`, else 1). With `MEDVIRK_UNITS`
/// there are three of everything, each is killed twice, and so many units send for six months.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_there_once_whatever_breaks_where() {
    if let Some(units) = variable("MEDVIRK_UNITS") {
        let size = Size {
            brokers: 3,
            each: 3,
        };
        let crowd = Crowd::many(units as usize);
        return run(size, crowd, |rng| Plan::rolling(rng, size)).await;
    }
    let size = Size {
        brokers: variable("MEDVIRK_BROKERS").unwrap_or(1) as usize,
        each: variable("MEDVIRK_EACH").unwrap_or(2) as usize,
    };
    let faults = variable("MEDVIRK_FAULTS").unwrap_or(SHORT) as usize;
    run(size, Crowd::few(), |rng| Plan::draw(rng, size, faults)).await;
}

/// Strikes a deployment of this size under load by a plan, and judges what is left.
async fn run(size: Size, crowd: Crowd, plan: impl FnOnce(&mut StdRng) -> Plan) {
    let seed = variable("MEDVIRK_SEED").unwrap_or_else(rand::random);
    let begun = Instant::now();
    let mut rng = StdRng::seed_from_u64(seed);
    let plan = plan(&mut rng);
    eprintln!(
        "MEDVIRK_SEED={seed}, {} faults, {size:?}",
        plan.faults.len()
    );
    let people = crowd.people(&plan.months, &mut rng);
    let scene = Scene::set(size, crowd).await;

    let chance = StdRng::seed_from_u64(rng.random());
    let (struck, ()) = tokio::join!(
        scene.strike(&plan, chance),
        scene.send_and_close(&plan, &people, &mut rng)
    );
    let last = scene.caught_up().await;

    let verdict = judge::judge(&scene.deployment, &scene.crowd.catalogue(), &people).await;
    strike::tell(&struck, last);
    eprintln!("started again by itself: {:?}", scene.deployment.restarts());
    eprintln!("{verdict}");
    eprintln!("seed {seed}, {:.0?} in all", begun.elapsed());
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is a number")))
}
