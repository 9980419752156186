//! Instances of the aggregator: the real one, over the simulated log and tables. Comes in: how long
//! each lives. Goes out: nothing but what it writes. The invariant: an instance ends by a crash, by
//! being stopped, or because its log failed; any other end breaks a promise.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use medvirk_aggregator::{
    Aggregator, AggregatorConfig, AggregatorDependencies, AggregatorError, AggregatorHandle,
    CheckpointStore, EmptyMonths, close_until, close_when_due,
};
use medvirk_domain::time::Month;
use medvirk_eventlog::{Log, LogAppendError, PassingError as _};
use medvirk_records::catalogue::PlanFollower;
use medvirk_runtime::{Clock, StopToken};
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};

use crate::log::SimLog;
use crate::rules::LIMITS;
use crate::tables::SimTables;
use crate::world::{Link, State, World};

/// A place for checkpoints that may lose and tear them.
#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<BTreeMap<u32, Vec<u8>>>>);

struct SimCheckpoints {
    disk: Disk,
    world: Arc<World>,
}

impl Disk {
    fn files(&self) -> std::sync::MutexGuard<'_, BTreeMap<u32, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lose(&self) {
        self.files().clear();
    }

    /// What a crash does to it now and then.
    fn suffer(&self, state: &mut State) {
        match state.random.below(100) {
            0..15 => self.lose(),
            15..25 => {
                for file in self.files().values_mut().filter(|file| !file.is_empty()) {
                    let place = state.random.index(file.len());
                    if state.random.percent(50) {
                        file.truncate(place)
                    } else {
                        file[place] ^= 1 << state.random.below(8)
                    }
                }
            }
            _ => {}
        }
    }
}

impl CheckpointStore for SimCheckpoints {
    fn put(&self, partition: u32, bytes: &[u8]) -> io::Result<()> {
        if self.world.state().fault(50) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.disk.files().insert(partition, bytes.to_owned());
        Ok(())
    }

    fn get(&self, partition: u32) -> Option<Vec<u8>> {
        self.disk.files().get(&partition).cloned()
    }
}

/// What instances stand on.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) disk: Disk,
    pub(crate) first: Month,
    /// Those of another process, where not each opens its own.
    pub(crate) plans: Option<PlanFollower>,
}

/// An instance that runs.
pub(crate) struct Instance {
    process: usize,
    stop: StopToken,
    task: JoinHandle<Result<(), AggregatorError>>,
    handle: oneshot::Receiver<AggregatorHandle>,
}

impl Instance {
    pub(crate) fn start(world: &Arc<World>, ground: &Ground, crash_in: Option<u64>) -> Self {
        let process = world.new_process(crash_in);
        let link = Link::of(world, process);
        let checkpoints = SimCheckpoints {
            disk: ground.disk.clone(),
            world: world.clone(),
        };
        let stop = StopToken::new();
        let (told, handle) = oneshot::channel();
        let run = run(
            link,
            Arc::new(checkpoints),
            ground.clone(),
            stop.clone(),
            told,
        );
        let task = tokio::spawn(run);
        world.state().processes[process].abort = Some(task.abort_handle());
        Self {
            process,
            stop,
            task,
            handle,
        }
    }

    pub(crate) async fn handle(&mut self) -> AggregatorHandle {
        (&mut self.handle)
            .await
            .expect("it lives long enough to tell")
    }

    pub(crate) async fn stop(self, world: &World) {
        self.stop.stop();
        judge(world, self.task.await);
    }
}

/// True where the log did not answer.
fn is_unavailable(error: &AggregatorError) -> bool {
    match error {
        AggregatorError::Join(_) | AggregatorError::Append(LogAppendError::Unavailable(_)) => true,
        AggregatorError::Read(error) => error.is_passing(),
        AggregatorError::Search(error) => error.is_passing(),
        AggregatorError::Ledger(error) => error.is_passing(),
        AggregatorError::Plans(error) => error.is_passing(),
        _ => false,
    }
}

fn judge(world: &World, ended: Result<Result<(), AggregatorError>, JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) if is_unavailable(&error) => {}
        Err(error) if error.is_panic() => {
            world.state().broken(|| "an instance panicked".to_owned())
        }
        Err(_) => {}
        Ok(Err(error)) => world
            .state()
            .broken(|| format!("an instance stopped: {error}")),
    }
}

async fn run(
    link: Link,
    checkpoints: Arc<SimCheckpoints>,
    ground: Ground,
    stop: StopToken,
    told: oneshot::Sender<AggregatorHandle>,
) -> Result<(), AggregatorError> {
    let world = link.world.clone();
    let aggregator = aggregator(link, checkpoints, ground).await?;
    let handle = aggregator.handle();
    // Nobody may be there to listen.
    let _ = told.send(handle.clone());
    tokio::select! {
        biased;
        ended = aggregator.run(stop.clone()) => ended,
        ended = close_months(&world, handle.clone(), stop) => ended,
        () = rebuild(&world, &handle) => Ok(()),
        () = close_by_hand(&world, &handle) => Ok(()),
    }
}

async fn aggregator(
    link: Link,
    checkpoints: Arc<SimCheckpoints>,
    ground: Ground,
) -> Result<Aggregator, AggregatorError> {
    let clock = Arc::new(link.world.calendar.clone());
    let log: Arc<dyn Log> = Arc::new(SimLog(link.clone()));
    let plans = match ground.plans {
        Some(plans) => plans,
        None => PlanFollower::open(log.clone(), LIMITS).await?,
    };
    let deps = AggregatorDependencies {
        plans,
        log,
        writer: Arc::new(SimTables::new(link)),
        checkpoints,
        clock,
    };
    let config = AggregatorConfig {
        first_month: ground.first,
        compare_every: Duration::from_secs(60),
    };
    Ok(Aggregator::new(config, deps))
}

/// Now and then a process that does nothing else rebuilds the tables, and may die of it.
pub(crate) async fn rebuild_from_outside(world: Arc<World>, ground: Ground) {
    now_and_then(&world, 100, 60_000).await;
    let crash_in = world.state().random.below(60);
    let link = Link::of(&world, world.new_process(Some(crash_in)));
    let checkpoints = Arc::new(SimCheckpoints {
        disk: ground.disk.clone(),
        world: world.clone(),
    });
    if let Ok(aggregator) = aggregator(link, checkpoints, ground).await {
        // What an operator sees.
        let _ = aggregator.handle().rebuild().await;
    }
}

/// The scheduler of the instance, where months close by the clock. Ends only with an error.
async fn close_months(
    world: &World,
    handle: AggregatorHandle,
    stop: StopToken,
) -> Result<(), AggregatorError> {
    if world.state().scheduled {
        close_when_due(handle, EmptyMonths::Close, stop).await?;
    }
    std::future::pending().await
}

/// Now and then an operator has the tables rebuilt.
async fn rebuild(world: &World, handle: &AggregatorHandle) {
    now_and_then(world, 100, 6_000).await;
    // What an operator sees; the next comparison mends what it leaves.
    let _ = handle.rebuild().await;
    std::future::pending().await
}

/// Now and then an operator closes a month that is due, while schedulers do so too.
async fn close_by_hand(world: &World, handle: &AggregatorHandle) {
    if world.state().scheduled {
        now_and_then(world, 200, 40_000).await;
        let month = handle.present();
        if world.calendar.now_ms() >= month.closes_from() {
            // What an operator sees.
            let _ = close_until(handle, month).await;
        }
    }
    std::future::pending().await
}

/// Waits up to so many milliseconds; in most cases for ever.
async fn now_and_then(world: &World, permille: u64, millis: u64) {
    let after = {
        let mut state = world.state();
        state.fault(permille).then(|| state.random.millis(millis))
    };
    match after {
        Some(after) => tokio::time::sleep(after).await,
        None => std::future::pending().await,
    }
}

/// Keeps one instance alive until it is calm; several keepers make zombies.
pub(crate) async fn keep(world: Arc<World>, ground: Ground) {
    loop {
        let (crash_in, stop_after) = {
            let mut state = world.state();
            if state.calm {
                return;
            }
            let long = state.random.percent(50);
            let most = if long { 600 } else { 80 };
            let crash_in = state.random.percent(85).then(|| state.random.below(most));
            (crash_in, state.random.millis(60_000))
        };
        let mut instance = Instance::start(&world, &ground, crash_in);
        let ended = tokio::time::timeout(stop_after, &mut instance.task).await;
        match ended {
            Ok(ended) => judge(&world, ended),
            // Some are stopped as they should be; some by force.
            Err(_) if crash_in.is_none() => instance.stop(&world).await,
            Err(_) => {
                world.crash(instance.process);
                // Nothing of it is left when the next one starts.
                let _ = instance.task.await;
            }
        }
        let pause = {
            let mut state = world.state();
            ground.disk.suffer(&mut state);
            state.random.millis(500)
        };
        tokio::time::sleep(pause).await;
    }
}
