//! A deterministic simulation of the aggregator and the registrar. Comes in: a seed. Goes out: what happened, or
//! which promise was broken. The invariants: the code that runs is the aggregator's own; one seed
//! is one schedule; the clock is the simulation's, so that an hour takes no time.

// In reading order.
mod world;

mod random;
mod records;

mod log;
mod registry;
mod tables;

mod instance;
mod registrar;

mod driver;
mod founding;
mod rules;
mod story;
mod tales;

mod judge;

pub mod explore;

use std::sync::Arc;
use std::time::Duration;

use medvirk_domain::time::Month;
use medvirk_eventlog::Topic;
use tokio::task::JoinHandle;

pub use world::Counts;

use driver::Driver;
use founding::Wish;
use instance::{Disk, Ground, Instance};
use random::Random;
use registrar::Running;
use story::{Action, Story};
use world::World;

/// How long anything may take once there are no more faults, by the simulated clock.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// Which promise a schedule broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The number that makes the schedule.
    pub seed: u64,
    /// What was seen that the promise excludes.
    pub what: String,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MEDVIRK_SEED={}: {}", self.seed, self.what)
    }
}

/// What is broken on purpose; nothing, but in builds with the feature `mutants`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sabotage {
    /// A rule inside the aggregator.
    #[cfg(feature = "mutants")]
    pub rule: Option<medvirk_mutants::Rule>,
}

impl Sabotage {
    /// From now on this is broken, and nothing else.
    fn begin(self) {
        #[cfg(feature = "mutants")]
        medvirk_mutants::break_rule(self.rule);
    }

    /// True if anything is broken.
    fn is_on(self) -> bool {
        #[cfg(feature = "mutants")]
        return self.rule.is_some();
        #[cfg(not(feature = "mutants"))]
        false
    }
}

/// Which story a run tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tale {
    /// Whatever the seed says.
    #[default]
    Any,
    /// Persons are erased after the close whose row they are in; then a task starts anew.
    ErasedAfterClose,
}

/// Runs one schedule.
///
/// # Errors
/// The first promise that it broke.
pub fn run(seed: u64, sabotage: Sabotage) -> Result<Counts, Broken> {
    run_tale(seed, Tale::Any, sabotage)
}

/// Runs one schedule of a tale.
///
/// # Errors
/// The first promise that it broke.
pub fn run_tale(seed: u64, tale: Tale, sabotage: Sabotage) -> Result<Counts, Broken> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O starts");
    let world = World::new(seed);
    sabotage.begin();
    let outcome = runtime.block_on(schedule(&world, tale));
    // Whatever is under way ends here, before anything is judged.
    drop(runtime);
    Sabotage::default().begin();
    let broken = |what| Broken { seed, what };
    let first = outcome.map_err(broken)?;
    let mut state = world.state();
    if let Some(what) = state.broken.take() {
        return Err(broken(what));
    }
    let seen = judge::judge(&state, first).map_err(broken)?;
    state.counts.add(&seen);
    Ok(state.counts)
}

/// What is drawn beside the story.
struct Setting {
    keepers: u32,
    own_disks: bool,
    own_plans: bool,
    rival: Option<Wish>,
    scheduled: bool,
}

impl Setting {
    fn new(random: &mut Random, first: Month, tale: Tale) -> Self {
        let keepers = *random.pick(&[1, 1, 1, 2, 2, 3]);
        let (own_disks, own_plans) = (random.percent(50), random.percent(25));
        let rival = Wish::rival(random, first);
        let scheduled = random.percent(30);
        // A tale says itself how it begins and when months close.
        let any = tale == Tale::Any;
        Self {
            keepers,
            own_disks,
            own_plans,
            rival: rival.filter(|_| any),
            scheduled: scheduled && any,
        }
    }
}

async fn schedule(world: &Arc<World>, tale: Tale) -> Result<Month, String> {
    let (story, setting) = {
        let mut state = world.state();
        let mut random = state.random.fork();
        let story = match tale {
            Tale::Any => Story::new(&mut random),
            Tale::ErasedAfterClose => tales::erased_after_close(),
        };
        let setting = Setting::new(&mut random, story.first, tale);
        state.scheduled = setting.scheduled;
        // A tale says itself what comes when.
        state.offline = tale == Tale::Any;
        state.counts.scheduled = u64::from(setting.scheduled);
        state.counts.raced = u64::from(setting.rival.is_some());
        (story, setting)
    };
    world.calendar.set(story.first.previous().closes_from());
    let mut driver = Driver::start(world, story.first, setting.rival).await;
    tokio::spawn(registrar::compact(world.clone()));
    // To load a catalogue takes longer than all the rest of a schedule.
    let plans = (!setting.own_plans).then(|| driver.plans());
    let ground = Ground {
        disk: Disk::default(),
        first: driver.first(),
        plans,
    };
    let kept = keep_all(world, &driver, &setting, &ground);
    for action in &story.actions {
        driver.perform(action).await;
        if world.state().broken.is_some() {
            return Ok(driver.first());
        }
    }
    driver.wait_for_tablets().await;
    world.state().calm = true;
    for keeper in kept {
        keeper.abort();
        // It was told to end.
        let _ = keeper.await;
    }
    let all = 0..world.state().processes.len();
    all.for_each(|process| world.crash(process));
    let settled = tokio::time::timeout(PATIENCE, settle(world, &mut driver, &story, &ground));
    settled.await.map_err(|_| "something stalls".to_owned())?;
    Ok(driver.first())
}

/// Instances of both services that are started again and again.
fn keep_all(
    world: &Arc<World>,
    driver: &Driver,
    setting: &Setting,
    ground: &Ground,
) -> Vec<JoinHandle<()>> {
    let mut kept = Vec::new();
    for _ in 0..setting.keepers {
        let mut ground = ground.clone();
        if setting.own_disks {
            ground.disk = Disk::default();
        }
        kept.push(tokio::spawn(instance::keep(world.clone(), ground)));
    }
    let outside = instance::rebuild_from_outside(world.clone(), ground.clone());
    kept.push(tokio::spawn(outside));
    let registrars = 1 + u32::from(world.state().random.percent(30));
    for _ in 0..registrars {
        kept.push(tokio::spawn(registrar::keep(world.clone(), driver.plans())));
    }
    kept
}

/// Without faults: everything catches up; then a start from what is left, and the last closes.
async fn settle(world: &Arc<World>, driver: &mut Driver, story: &Story, ground: &Ground) {
    let registrar = Running::start(world, &driver.plans(), None);
    let mut instance = Instance::start(world, ground, None);
    let last = story.actions.iter().rev().find_map(|action| match action {
        Action::Close { month, .. } => Some(*month),
        _ => None,
    });
    instance
        .handle()
        .await
        .published(last.expect("a story closes months"))
        .await;
    until(world, |world| dealt_with(world, &registrar.handle)).await;
    if world.state().random.percent(70) {
        world.compact(false);
    }
    instance.stop(world).await;
    // After it was stopped, for it writes one more when it is.
    if world.state().random.percent(50) {
        ground.disk.lose();
    }
    let mut instance = Instance::start(world, ground, None);
    for action in &story.epilogue {
        driver.perform(action).await;
    }
    let handle = instance.handle().await;
    handle.published(story.last).await;
    until(world, |world| {
        world.state().tables_are_complete() || world.state().broken.is_some()
    })
    .await;
    until(world, |world| {
        let state = world.state();
        let ends = (0..).zip(handle.progress());
        let mut ends = ends.map(|(p, it)| it.next >= state.records.end(Topic::Events, p));
        ends.all(|there| there)
    })
    .await;
    until(world, |world| dealt_with(world, &registrar.handle)).await;
    // What is still on its way lands; what a crashed registrar left behind goes when erasures are
    // repeated.
    tokio::time::sleep(registry::ERASE_EVERY * 3).await;
    world.compact(false);
    instance.stop(world).await;
}

fn dealt_with(world: &World, registrar: &medvirk_registrar::RegistrarHandle) -> bool {
    let state = world.state();
    let places = (0..).zip(registrar.next_offsets());
    let mut ends = places.map(|(p, next)| next >= state.records.end(Topic::Events, p));
    ends.all(|there| there)
}

async fn until(world: &World, done: impl Fn(&World) -> bool) {
    while !done(world) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
