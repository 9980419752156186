//! Whoever sends. Comes in: a story. Goes out: records in the log, each as often as it takes until
//! one is acknowledged. The invariant: what was acknowledged is in the log; nothing is sent above
//! the log with a key that was used before.

use std::sync::Arc;
use std::time::Duration;

use medvirk_domain::partition;
use medvirk_domain::record::{Control, Event, EventBody};
use medvirk_domain::time::Month;
use medvirk_eventlog::catalogue::{self, Plans};
use medvirk_eventlog::codec;
use medvirk_eventlog::genesis::{self, Genesis};
use medvirk_eventlog::{Error, Log, NewRecord, Topic, control};

use crate::log::SimLog;
use crate::rules::{FIRST, LIMITS, SECOND};
use crate::story::{self, Action};
use crate::world::{Link, World};

/// Whoever sends.
pub(crate) struct Driver {
    world: Arc<World>,
    log: Arc<dyn Log>,
    plans: Plans,
    activated: bool,
    last_closed: Option<Month>,
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
    /// Founds the deployment's catalogue.
    pub(crate) async fn start(world: &Arc<World>, first: Month) -> Self {
        let log: Arc<dyn Log> = Arc::new(SimLog(Link::outside(world)));
        let genesis = Genesis::new(log.partitions(Topic::Events), first);
        until_ok!(genesis::found_or_check(log.as_ref(), genesis.clone()));
        let plans = until_ok!(Plans::open(log.clone(), LIMITS));
        until_ok!(catalogue::activate(
            log.as_ref(),
            &plans,
            FIRST.files.clone(),
            first,
            None
        ));
        Self {
            world: world.clone(),
            log,
            plans,
            activated: false,
            last_closed: None,
        }
    }

    /// What it knows of catalogues.
    pub(crate) fn plans(&self) -> Plans {
        self.plans.clone()
    }

    pub(crate) async fn perform(&mut self, action: &Action) {
        match action {
            Action::Submit(event) => self.submit(event).await,
            Action::Garbage(bytes) => {
                let event = |log: &dyn Log| self.append(log.partitions(Topic::Events) - 1, bytes);
                event(self.log.as_ref()).await;
            }
            Action::Steer(control) => self.broadcast(*control).await,
            Action::Close { month, partly } => self.close(*month, *partly).await,
            Action::Activate { from } => self.activate(*from).await,
            Action::Rest => {
                let rest = self.world.state().random.millis(4_000);
                tokio::time::sleep(rest).await;
            }
        }
    }

    async fn append(&self, partition: u32, value: &[u8]) {
        until_ok!(async {
            let record = NewRecord::new(codec::event_key([7; 16]), value.to_owned());
            self.log.append(Topic::Events, partition, record).await
        });
    }

    async fn submit(&self, event: &Event) {
        let mut event = event.clone();
        if self.activated {
            event.catalogue = SECOND.hash;
            if let EventBody::Session { forms, number, .. } = &mut event.body {
                forms.push(story::extra(u64::from(*number)));
            }
        }
        let organisations = &FIRST.loaded.organisations;
        let trust = organisations.trust_of(&event.unit).expect("a unit");
        let partition = partition::of_trust(trust, self.log.partitions(Topic::Events));
        let value = codec::encode_event(&event);
        self.append(partition, &value).await;
        if self.world.state().fault(30) {
            // The tablet has not seen the answer and sends it again.
            self.append(partition, &value).await;
        }
    }

    async fn broadcast(&self, control: Control) {
        until_ok!(control::broadcast(self.log.as_ref(), control, 0));
        if self.world.state().fault(50) {
            until_ok!(control::broadcast(self.log.as_ref(), control, 0));
        }
    }

    async fn close(&mut self, month: Month, partly: bool) {
        until_ok!(catalogue::ensure_plan(
            self.log.as_ref(),
            &self.plans,
            month.next()
        ));
        let ingested_at = month.closes_from();
        let close = Control::PeriodClose { month, ingested_at };
        self.last_closed = Some(month);
        match partly {
            true => {
                self.append(0, &codec::encode_control(&close, ingested_at))
                    .await
            }
            false => self.broadcast(close).await,
        }
    }

    async fn activate(&mut self, from: Month) {
        loop {
            let files = SECOND.files.clone();
            let (log, last) = (self.log.as_ref(), self.last_closed);
            match catalogue::activate(log, &self.plans, files, from, last).await {
                Ok(_) => break,
                // Somebody has planned the month already.
                Err(Error::MonthTaken { .. } | Error::MonthClosed { .. }) => return,
                Err(Error::Refused(problems)) => panic!("{problems}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(30)).await,
            }
        }
        self.activated = true;
    }
}
