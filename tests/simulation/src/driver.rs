//! Whoever sends. Comes in: a story. Goes out: records in the log, each as often as it takes until
//! one is acknowledged. The invariant: what was acknowledged is in the log; nothing is sent above
//! the log with a key that was used before.

use std::sync::Arc;
use std::time::Duration;

use medvirk_domain::partition;
use medvirk_domain::record::{ControlRecord, Event, EventBody};
use medvirk_domain::time::{Day, Month};
use medvirk_eventlog::{Log, NewRecord, PassingError as _, Topic};
use medvirk_records::ActivationError;
use medvirk_records::catalogue::{self, PlanFollower};
use medvirk_records::codec;
use medvirk_records::control;
use tokio::task::JoinSet;

use crate::founding::{self, Wish};
use crate::log::SimLog;
use crate::rules::{FIRST, LIMITS, Version};
use crate::story::{self, Action};
use crate::world::{Link, World};

/// The clients that send submissions.
pub(crate) struct Driver {
    world: Arc<World>,
    log: Arc<dyn Log>,
    plans: PlanFollower,
    first: Month,
    last_closed: Option<Month>,
    /// Tablets that were offline and send later than the others.
    tablets: JoinSet<()>,
}

/// Repeats until it is acknowledged.
macro_rules! until_ok {
    ($attempt:expr) => {
        loop {
            match $attempt.await {
                Ok(done) => break done,
                Err(_) => tokio::time::sleep(Duration::from_millis(30)).await,
            }
        }
    };
}

impl Driver {
    /// Founds the deployment, perhaps while another process does so too.
    pub(crate) async fn start(world: &Arc<World>, first: Month, rival: Option<Wish>) -> Self {
        let (plans, founded) = founding::found(world, Wish::of(first), rival).await;
        let driver = Self {
            world: world.clone(),
            log: Arc::new(SimLog(Link::outside(world))),
            plans,
            first: founded,
            last_closed: None,
            tablets: JoinSet::new(),
        };
        driver.plan_until(first).await;
        driver
    }

    /// What it knows of catalogues.
    pub(crate) fn plans(&self) -> PlanFollower {
        self.plans.clone()
    }

    /// The first month of the deployment.
    pub(crate) fn first(&self) -> Month {
        self.first
    }

    pub(crate) async fn perform(&mut self, action: &Action) {
        match action {
            Action::Submit(event) => self.submit(event).await,
            Action::Garbage(bytes) => {
                let last = self.log.partitions(Topic::Events) - 1;
                append(&self.log, last, bytes).await;
            }
            Action::Steer(control) => self.broadcast(*control).await,
            Action::Close { month, .. } if self.world.state().scheduled => self.due(*month).await,
            Action::Close { month, partly } => self.close(*month, *partly).await,
            Action::Activate(wanted) => self.activate_all(wanted).await,
            Action::Rest => {
                let rest = self.world.state().random.millis(4_000);
                tokio::time::sleep(rest).await;
            }
        }
    }

    /// Waits for the tablets that were offline.
    pub(crate) async fn wait_for_tablets(&mut self) {
        while self.tablets.join_next().await.is_some() {}
    }

    async fn submit(&mut self, event: &Event) {
        let mut event = event.clone();
        let version = self.admitting(event.ingested_at);
        event.catalogue = version.hash;
        if let EventBody::Session { forms, number, .. } = &mut event.body {
            forms.extend(version.more.map(|id| story::more(id, u64::from(*number))));
        }
        let organisations = &FIRST.loaded.organisations;
        let trust = organisations.trust_of(&event.unit).expect("a unit");
        let partition = partition::of_trust(trust, self.log.partitions(Topic::Events));
        let value = codec::encode_event(&event);
        let (again, offline) = {
            let mut state = self.world.state();
            let again = state.fault(30);
            let offline = state.offline && state.fault(60);
            let offline = offline.then(|| state.random.millis(20_000));
            (again, offline)
        };
        let log = self.log.clone();
        let send = async move {
            tokio::time::sleep(offline.unwrap_or_default()).await;
            append(&log, partition, &value).await;
            if again {
                // The tablet has not seen the answer and sends it again.
                append(&log, partition, &value).await;
            }
        };
        match offline {
            Some(_) => drop(self.tablets.spawn(send)),
            None => send.await,
        }
    }

    /// The catalogue in force in the month in which something comes.
    fn admitting(&self, ingested_at: i64) -> &'static Version {
        let month = Day((ingested_at / 86_400_000) as i32).month();
        let plan = self.plans.plan_in_force(month);
        let plan = plan.or_else(|| self.plans.first_plan());
        Version::of(&plan.expect("the first month has a plan").catalogue)
    }

    async fn broadcast(&self, control: ControlRecord) {
        if let ControlRecord::PeriodClose { month, .. } = control {
            self.plan_until(month.next()).await;
        }
        until_ok!(control::broadcast(self.log.as_ref(), control, 0));
        if self.world.state().fault(50) {
            until_ok!(control::broadcast(self.log.as_ref(), control, 0));
        }
    }

    async fn close(&mut self, month: Month, partly: bool) {
        self.plan_until(month.next()).await;
        let ingested_at = month.closes_from();
        self.world.calendar.set(ingested_at);
        let close = ControlRecord::PeriodClose { month, ingested_at };
        self.last_closed = Some(month);
        if partly {
            append(&self.log, 0, &codec::encode_control(&close, ingested_at)).await
        } else {
            self.broadcast(close).await
        }
    }

    /// Every month has a plan before the one before it is closed, also where some are skipped.
    async fn plan_until(&self, last: Month) {
        let mut month = self.first;
        while month < last {
            month = month.next();
            if self.plans.plan(month).is_none() {
                let log = self.log.as_ref();
                until_ok!(catalogue::ensure_plan(log, &self.plans, month));
            }
        }
    }

    /// The day comes on which the month may be closed, and a scheduler does it. Tablets do not
    /// always wait for that.
    async fn due(&self, month: Month) {
        self.world.calendar.set(month.closes_from());
        let patience = self.world.state().random.millis(90_000);
        let closing = async {
            while !self.world.state().is_closed(month) {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        };
        // Whoever comes too late finds the month closed, or two to be closed.
        let _ = tokio::time::timeout(patience, closing).await;
        until_ok!(self.plans.refresh());
    }

    /// One operator, or two at the same time, each with what their own process knows.
    async fn activate_all(&self, wanted: &[(Month, &'static Version)]) {
        match wanted {
            [(from, version)] => self.activate(&self.plans, *from, version).await,
            [one, other] => {
                let theirs = until_ok!(PlanFollower::open(self.log.clone(), LIMITS));
                let ours = self.activate(&self.plans, one.0, one.1);
                let theirs = self.activate(&theirs, other.0, other.1);
                tokio::join!(ours, theirs);
                until_ok!(self.plans.refresh());
            }
            _ => unreachable!("one or two"),
        }
    }

    async fn activate(&self, plans: &PlanFollower, from: Month, version: &Version) {
        loop {
            let files = version.files.clone();
            let (log, last) = (self.log.as_ref(), self.last_closed);
            match catalogue::activate(log, plans, files, from, last).await {
                Ok(_) => return,
                Err(error) if error.is_passing() => {
                    tokio::time::sleep(Duration::from_millis(30)).await;
                }
                // Somebody has planned the month already, or what may not be followed.
                Err(
                    ActivationError::MonthTaken { .. }
                    | ActivationError::MonthClosed { .. }
                    | ActivationError::Refused(_),
                ) => {
                    return;
                }
                Err(error) => {
                    let what = format!("an activation failed: {error}");
                    return self.world.state().broken(|| what);
                }
            }
        }
    }
}

async fn append(log: &Arc<dyn Log>, partition: u32, value: &[u8]) {
    until_ok!(async {
        let record = NewRecord::new(codec::event_key([7; 16]), value.to_owned());
        log.append(Topic::Events, partition, record).await
    });
}
