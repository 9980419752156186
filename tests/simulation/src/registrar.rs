//! Instances of the registrar: the real one, over the simulated log and tables; and compaction.
//! Comes in: how long each lives. Goes out: rows, tombstones, and then gaps. The invariant: an
//! instance ends by a crash or by being stopped; any other end breaks a promise.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use medvirk_eventlog::Log;
use medvirk_records::catalogue::PlanFollower;
use medvirk_registrar::{
    Registrar, RegistrarConfig, RegistrarDependencies, RegistrarError, RegistrarHandle,
};
use medvirk_runtime::StopToken;
use medvirk_runtime::auth::{TokenIssuer, TokenVerifier};
use medvirk_runtime::pseudonym::PseudonymKey;
use medvirk_runtime::secret::SecretKey;
use medvirk_store::{DatabaseConnection, RegistryReader};
use tokio::task::{JoinError, JoinHandle};

use crate::log::SimLog;
use crate::registry::{ERASE_EVERY, SimRegistry};
use crate::world::{Link, World};

/// What only curves need; nobody asks for one here.
static UNUSED: LazyLock<(RegistryReader, PseudonymKey, TokenVerifier)> = LazyLock::new(|| {
    let nowhere = DatabaseConnection {
        url: "http://127.0.0.1:1".to_owned(),
        user: "nobody".to_owned(),
        password: "none".to_owned().into(),
        database: "nothing".to_owned(),
    };
    let reader = RegistryReader::new(&nowhere).expect("an identifier");
    let verifier = TokenIssuer::generate().expect("randomness").verifier();
    (
        reader,
        PseudonymKey::new(&SecretKey::new(1, [7; 32])),
        verifier,
    )
});

/// A registrar that runs.
pub(crate) struct Running {
    process: usize,
    pub(crate) handle: RegistrarHandle,
    task: JoinHandle<Result<(), RegistrarError>>,
}

impl Running {
    pub(crate) fn start(world: &Arc<World>, plans: &PlanFollower, crash_in: Option<u64>) -> Self {
        let process = world.new_process(crash_in);
        let link = Link::of(world, process);
        let log: Arc<dyn Log> = Arc::new(SimLog(link.clone()));
        let (reader, pseudonyms, verifier) = UNUSED.clone();
        let deps = RegistrarDependencies {
            log,
            plans: plans.clone(),
            writer: Arc::new(SimRegistry(link)),
            reader,
            pseudonyms,
            verifier,
            clock: Arc::new(world.calendar.clone()),
        };
        let config = RegistrarConfig {
            wait: Duration::from_secs(3),
            erase_every: ERASE_EVERY,
            ..RegistrarConfig::default()
        };
        let registrar = Registrar::new(config, deps);
        let handle = registrar.handle();
        let task = tokio::spawn(registrar.run(StopToken::new()));
        world.state().processes[process].abort = Some(task.abort_handle());
        Self {
            process,
            handle,
            task,
        }
    }

    fn judge(world: &World, ended: Result<Result<(), RegistrarError>, JoinError>) {
        let what = match ended {
            Err(error) if error.is_panic() => "a registrar panicked".to_owned(),
            Ok(Err(error)) => format!("a registrar stopped: {error:?}"),
            Err(_) | Ok(Ok(())) => return,
        };
        world.state().broken(|| what);
    }
}

/// Keeps one registrar alive until it is calm; two keepers make zombies.
pub(crate) async fn keep(world: Arc<World>, plans: PlanFollower) {
    loop {
        let (crash_in, end_after) = {
            let mut state = world.state();
            if state.calm {
                return;
            }
            let crash_in = state.random.percent(85).then(|| state.random.below(300));
            (crash_in, state.random.millis(60_000))
        };
        let mut running = Running::start(&world, &plans, crash_in);
        if let Ok(ended) = tokio::time::timeout(end_after, &mut running.task).await {
            Running::judge(&world, ended);
        } else {
            world.crash(running.process);
            // Nothing of it is left when the next one starts.
            let _ = running.task.await;
        }
        let pause = world.state().random.millis(500);
        tokio::time::sleep(pause).await;
    }
}

/// Compacts now and then; a disk loses something now and then, too.
pub(crate) async fn compact(world: Arc<World>) {
    loop {
        let (pause, too) = {
            let mut state = world.state();
            (state.random.millis(5_000), state.random.percent(30))
        };
        tokio::time::sleep(pause).await;
        world.compact(too);
        let mut state = world.state();
        if state.fault(30) {
            state.lose_a_part();
        }
    }
}
