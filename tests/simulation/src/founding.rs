//! The first start of a deployment, by one process or by two that race. Comes in: what each wants.
//! Goes out: the genesis and the plan of the first month. The invariants: the first record of the
//! ledger decides, and who wanted something else is told so; the first month has one plan.

use std::sync::Arc;

use medvirk_domain::time::Month;
use medvirk_eventlog::{Log, PassingError, Topic};
use medvirk_records::catalogue::{self, PlanFollower};
use medvirk_records::genesis::{self, Genesis, GenesisMismatch};
use medvirk_records::{ActivationError, FoundingError, PlanWriteError, PlansReadError};

use crate::log::SimLog;
use crate::random::Random;
use crate::rules::{FIRST, LIMITS, SECOND, Version};
use crate::world::{Link, World};

/// What a process is configured with.
#[derive(Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) first: Month,
    version: &'static Version,
}

impl Wish {
    /// The first month, and the first catalogue.
    pub(crate) fn of(first: Month) -> Self {
        let version = &FIRST;
        Self { first, version }
    }

    /// What the other process wants, where there is one: mostly the same.
    pub(crate) fn rival(random: &mut Random, first: Month) -> Option<Self> {
        let rival = random.percent(30);
        let first = first.plus(*random.pick(&[0, 0, 0, 0, -1, 1]));
        let version = if random.percent(25) { &SECOND } else { &FIRST };
        rival.then_some(Self { first, version })
    }
}

/// Starts both until both run. Gives what one of them has read, and the first month that counts.
pub(crate) async fn found(
    world: &Arc<World>,
    wish: Wish,
    rival: Option<Wish>,
) -> (PlanFollower, Month) {
    let rivals = async {
        match rival {
            Some(rival) => Some(start(world, rival).await),
            None => None,
        }
    };
    let ((plans, genesis), other) = tokio::join!(start(world, wish), rivals);
    let first = genesis.first_month;
    if other.is_some_and(|(_, found)| found != genesis) {
        let what = "two processes were told different geneses";
        world.state().broken(|| what.to_owned());
    }
    (plans, first)
}

/// A process that is started again whenever its start fails, as `medvirk` starts.
async fn start(world: &Arc<World>, mut wish: Wish) -> (PlanFollower, Genesis) {
    let log: Arc<dyn Log> = Arc::new(SimLog(Link::outside(world)));
    loop {
        match start_once(&log, wish).await {
            Ok((plans, genesis)) => {
                if genesis.first_month != wish.first {
                    let what = "a process runs in a deployment that it was not made for";
                    world.state().broken(|| what.to_owned());
                }
                return (plans, genesis);
            }
            // An operator corrects the configuration.
            Err(StartFailure::Founding(FoundingError::Mismatch(GenesisMismatch::FirstMonth {
                found,
                ..
            }))) => wish.first = found,
            // Somebody else's catalogue was first, or the log has a bad day.
            Err(StartFailure::Activation(ActivationError::MonthTaken { .. })) => {}
            Err(error) if error.is_passing() => {
                tokio::time::sleep(std::time::Duration::from_millis(30)).await;
            }
            Err(error) => {
                world.state().broken(|| format!("a start failed: {error}"));
                std::future::pending().await
            }
        }
    }
}

/// Why a process did not start.
#[derive(Debug, thiserror::Error)]
enum StartFailure {
    #[error(transparent)]
    Founding(#[from] FoundingError),
    #[error(transparent)]
    Read(#[from] PlansReadError),
    #[error(transparent)]
    Activation(#[from] ActivationError),
    #[error(transparent)]
    Plan(#[from] PlanWriteError),
}

impl PassingError for StartFailure {
    fn is_passing(&self) -> bool {
        match self {
            Self::Founding(error) => error.is_passing(),
            Self::Read(error) => error.is_passing(),
            Self::Activation(error) => error.is_passing(),
            Self::Plan(error) => error.is_passing(),
        }
    }
}

async fn start_once(
    log: &Arc<dyn Log>,
    wish: Wish,
) -> Result<(PlanFollower, Genesis), StartFailure> {
    let genesis = Genesis::new(log.partitions(Topic::Events), wish.first);
    let genesis = genesis::found_or_check(log.as_ref(), genesis).await?;
    let plans = PlanFollower::open(log.clone(), LIMITS).await?;
    if plans.plan(wish.first).is_none() {
        let files = wish.version.files.clone();
        catalogue::activate(log.as_ref(), &plans, files, wish.first, None).await?;
    }
    catalogue::ensure_plan(log.as_ref(), &plans, wish.first).await?;
    Ok((plans, genesis))
}
