//! What outlives every process: the log, the tables, the network. Comes in: steps of simulated
//! calls. Goes out: when each goes on, and whether its process lives to see it. The invariant: all
//! chance comes from one seeded source, so a seed is a schedule.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use medvirk_runtime::ManualClock;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::random::Random;
use crate::records::Records;
use crate::registry::state::RegistryState;
use crate::tables::state::TablesState;

/// The world of one schedule.
pub(crate) struct World {
    state: Mutex<State>,
    /// Notified when something was appended.
    pub(crate) appended: Notify,
    /// What day it is, for the schedulers.
    pub(crate) calendar: ManualClock,
}

/// What the world is like.
pub(crate) struct State {
    pub(crate) random: Random,
    pub(crate) partitions: u32,
    /// No more faults happen from now on.
    pub(crate) calm: bool,
    /// The instances close months as they become due.
    pub(crate) scheduled: bool,
    /// Some tablets are offline and send later.
    pub(crate) offline: bool,
    pub(crate) records: Records,
    /// Per partition, the first close of each month in the ledger.
    pub(crate) closes: Vec<BTreeMap<Month, Close>>,
    pub(crate) committed: BTreeMap<(String, u32), u64>,
    pub(crate) registry: RegistryState,
    pub(crate) tables: TablesState,
    pub(crate) processes: Vec<Process>,
    pub(crate) counts: Counts,
    /// The first promise that was broken.
    pub(crate) broken: Option<String>,
    /// Until when the tables refuse everything.
    pub(crate) refusing_until: Option<Instant>,
}

/// An instance of the aggregator.
#[derive(Default)]
pub(crate) struct Process {
    /// Steps until it crashes.
    pub(crate) crash_in: Option<u64>,
    pub(crate) dead: bool,
    pub(crate) abort: Option<AbortHandle>,
}

/// What happened in a schedule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Simulated calls that went on.
    pub steps: u64,
    /// Instances that were started.
    pub starts: u64,
    /// The number of instances that crashed.
    pub crashes: u64,
    /// Appends that landed late, twice or without an acknowledgement.
    pub odd_appends: u64,
    /// Closes written to the ledger that were not the first of their month.
    pub second_closes: u64,
    /// The number of records that were erased.
    pub erased: u64,
    /// Months closed, in all partitions.
    pub closes: u64,
    /// The number of rows that were released.
    pub rows: u64,
    /// Rows of survey codes among them.
    pub code_rows: u64,
    /// Times that a catalogue came into force; the first one does not count.
    pub activations: u64,
    /// Episodes that were forgotten after 24 months.
    pub forgotten: u64,
    /// 1 where schedulers closed the months.
    pub scheduled: u64,
    /// 1 where two processes founded the deployment.
    pub raced: u64,
}

impl Counts {
    /// Adds those of another schedule.
    pub fn add(&mut self, one: &Self) {
        let pairs = [
            (&mut self.steps, one.steps),
            (&mut self.starts, one.starts),
            (&mut self.crashes, one.crashes),
            (&mut self.odd_appends, one.odd_appends),
            (&mut self.second_closes, one.second_closes),
            (&mut self.erased, one.erased),
            (&mut self.closes, one.closes),
            (&mut self.rows, one.rows),
            (&mut self.code_rows, one.code_rows),
            (&mut self.activations, one.activations),
            (&mut self.forgotten, one.forgotten),
            (&mut self.scheduled, one.scheduled),
            (&mut self.raced, one.raced),
        ];
        for (sum, one) in pairs {
            *sum += one;
        }
    }
}

enum Pause {
    Dead,
    Short,
    For(Duration),
}

impl World {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        let mut random = Random::new(seed);
        let partitions = 1 + u32::from(random.percent(50));
        let state = State {
            random,
            partitions,
            calm: false,
            scheduled: false,
            offline: false,
            records: Records::new(partitions),
            closes: vec![BTreeMap::new(); partitions as usize],
            committed: BTreeMap::new(),
            registry: RegistryState::default(),
            tables: TablesState::default(),
            processes: Vec::new(),
            counts: Counts::default(),
            broken: None,
            refusing_until: None,
        };
        Arc::new(Self {
            state: Mutex::new(state),
            appended: Notify::new(),
            calendar: ManualClock::default(),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds it")
    }

    /// A process that is not crashed yet.
    pub(crate) fn new_process(&self, crash_in: Option<u64>) -> usize {
        let mut state = self.state();
        state.counts.starts += 1;
        state.processes.push(Process {
            crash_in,
            ..Process::default()
        });
        state.processes.len() - 1
    }

    pub(crate) fn crash(&self, process: usize) {
        self.state().crash(process);
    }

    /// Erases what tombstones name, and the tombstones if so wished.
    pub(crate) fn compact(&self, tombstones_too: bool) {
        let mut state = self.state();
        let erased = state.records.compact(tombstones_too);
        state.counts.erased += erased;
    }
}

impl State {
    pub(crate) fn crash(&mut self, process: usize) {
        let process = &mut self.processes[process];
        if !process.dead {
            process.dead = true;
            self.counts.crashes += 1;
            if let Some(abort) = &process.abort {
                abort.abort();
            }
        }
    }

    /// True if every partition's ledger has a close of the month.
    pub(crate) fn is_closed(&self, month: Month) -> bool {
        self.closes.iter().all(|closes| closes.contains_key(&month))
    }

    pub(crate) fn broken(&mut self, what: impl FnOnce() -> String) {
        if self.broken.is_none() {
            self.broken = Some(what());
        }
    }

    /// True in so many of a thousand cases, unless it is calm.
    pub(crate) fn fault(&mut self, permille: u64) -> bool {
        !self.calm && self.random.permille(permille)
    }

    fn pause(&mut self, process: Option<usize>) -> Pause {
        self.counts.steps += 1;
        if let Some(number) = process {
            let process = &mut self.processes[number];
            if process.dead {
                return Pause::Dead;
            }
            match &mut process.crash_in {
                Some(0) => {
                    self.crash(number);
                    return Pause::Dead;
                }
                Some(left) => *left -= 1,
                None => {}
            }
        }
        if self.calm {
            return Pause::Short;
        }
        match self.random.below(1_000) {
            0..400 => Pause::Short,
            400..900 => Pause::For(self.random.millis(20)),
            900..994 => Pause::For(self.random.millis(800)),
            // Long enough for another instance to start and to finish.
            _ => Pause::For(self.random.millis(20_000)),
        }
    }
}

/// One process's way to the world.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) world: Arc<World>,
    process: Option<usize>,
}

impl Link {
    /// Of an instance, which can crash.
    pub(crate) fn of(world: &Arc<World>, process: usize) -> Self {
        Self {
            world: world.clone(),
            process: Some(process),
        }
    }

    /// Of clients and operators, which do not.
    pub(crate) fn outside(world: &Arc<World>) -> Self {
        Self {
            world: world.clone(),
            process: None,
        }
    }

    /// A point at which anything else may happen first, and at which a process may end.
    pub(crate) async fn step(&self) {
        let pause = self.world.state().pause(self.process);
        match pause {
            Pause::Dead => std::future::pending().await,
            Pause::Short => tokio::task::yield_now().await,
            Pause::For(time) => tokio::time::sleep(time).await,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.world.state()
    }
}
