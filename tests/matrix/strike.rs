//! The faults. Comes in: a plan. Goes out: what was hit, and how long the way back was. The
//! invariant: after each fault the deployment comes back by itself, or what was killed is started
//! again as whoever runs it would; nothing else is done for it.

use std::time::{Duration, Instant};

use medvirk_tests::Weather;
use rand::Rng;
use rand::rngs::StdRng;
use tokio::sync::watch;

use crate::plan::{Fault, Plan, What};
use crate::scene::{CATCH_UP, Scene};

/// How long a fault waits for the close that it is about: others take over after six seconds, and
/// clinics have to come to the end of their month.
const CLOSE: Duration = Duration::from_secs(40);

/// A fault that is over.
pub(crate) struct Struck {
    what: What,
    /// From the end of the fault until everything was caught up, where the next fault waited for
    /// that.
    back: Option<Duration>,
}

impl Scene {
    /// One fault after the other; half of them strike while a month is being closed.
    pub(crate) async fn strike(&self, plan: &Plan, mut rng: StdRng) -> Vec<Struck> {
        let mut struck = Vec::new();
        let all = plan.faults.len();
        for (fault, number) in plan.faults.iter().zip(1..) {
            self.until_present(plan.month_of(struck.len())).await;
            self.wait(&mut rng).await;
            eprintln!("fault {number} of {all}: {fault}");
            self.strike_one(fault).await;
            // A third of the time the next fault strikes on the way back.
            let back = match rng.random_range(0..3) {
                0 if !plan.one_by_one => None,
                _ => Some(self.caught_up().await),
            };
            if let Some(back) = back {
                let what = &fault.what;
                assert!(back < CATCH_UP, "{what}: caught up only after {back:?}");
                eprintln!("fault {number} of {all}: back in {back:.1?}");
            }
            struck.push(Struck {
                what: fault.what.clone(),
                back,
            });
            self.has_struck();
        }
        struck
    }

    /// Waits until the month of this place is being sent: the faults of a run are spread over it.
    async fn until_present(&self, place: usize) {
        let mut present = self.present.subscribe();
        let reached = present.wait_for(|present| *present >= place).await;
        reached.expect("the scene is there");
    }

    async fn wait(&self, rng: &mut StdRng) {
        let mut pause = Duration::from_millis(rng.random_range(0..800));
        if rng.random() {
            let mut closing = self.closing.subscribe();
            let patience = Duration::from_secs(1);
            tokio::time::timeout(patience, closing.changed()).await.ok();
            pause /= 8;
        }
        tokio::time::sleep(pause).await;
    }

    /// From its beginning to its end.
    async fn strike_one(&self, fault: &Fault) {
        let (network, lasts) = (self.deployment.network(), fault.lasts);
        match &fault.what {
            What::Killed(who) => self.kill(who, lasts).await,
            What::Hung(who) => {
                self.halt(who);
                tokio::time::sleep(lasts).await;
                self.go_on(who);
            }
            What::Asleep(who) => {
                self.halt(who);
                tokio::join!(tokio::time::sleep(lasts), self.next(&self.closed));
                self.go_on(who);
            }
            What::Jumped(who, seconds) => {
                self.deployment.set_clock(who, *seconds);
                self.close_if(fault).await;
                tokio::time::sleep(lasts).await;
                self.deployment.set_clock(who, 0);
            }
            What::Line(from, to, weather) => {
                network.set(from, to, *weather);
                self.close_if(fault).await;
                tokio::time::sleep(lasts).await;
                let felt = network.set(from, to, Weather::Fair);
                eprintln!("    felt {felt} times");
            }
        }
    }

    /// Waits for a close where the fault would hit nothing without, and none is under way.
    async fn close_if(&self, fault: &Fault) {
        let is_closing = *self.closing.borrow() > *self.closed.borrow();
        if fault.what.wants_close() && !is_closing {
            self.next(&self.closing).await;
        }
    }

    /// Whoever runs it starts it again after a moment.
    async fn kill(&self, who: &str, moment: Duration) {
        if let Some(number) = broker(who) {
            let brokers = self.deployment.brokers();
            brokers.kill(number);
            tokio::time::sleep(moment).await;
            brokers.launch(number);
            brokers.ready(number).await;
        } else {
            self.deployment.kill(who).await;
            tokio::time::sleep(moment).await;
            self.deployment.start_one(who);
        }
    }

    fn halt(&self, who: &str) {
        match broker(who) {
            Some(number) => self.deployment.brokers().pause(number),
            None => self.deployment.pause(who),
        }
    }

    fn go_on(&self, who: &str) {
        match broker(who) {
            Some(number) => self.deployment.brokers().resume(number),
            None => self.deployment.resume(who),
        }
    }

    /// Waits for one more month that is closed, or about to be.
    async fn next(&self, closes: &watch::Sender<usize>) {
        let (begun, mut closes) = (Instant::now(), closes.subscribe());
        self.hurry();
        let changed = tokio::time::timeout(CLOSE, closes.changed()).await;
        assert!(changed.is_ok(), "no close within {CLOSE:?}");
        eprintln!("    a close after {:.1?}", begun.elapsed());
    }
}

/// The number of a broker of this name.
fn broker(who: &str) -> Option<usize> {
    who.strip_prefix("broker-")?.parse().ok()
}

/// Prints how long the ways back were; `last` is the time at the end.
pub(crate) fn tell(struck: &[Struck], last: Duration) {
    let mut ways: Vec<(Duration, &What)> = struck
        .iter()
        .filter_map(|Struck { what, back }| Some(((*back)?, what)))
        .collect();
    ways.sort();
    eprintln!("{} faults; the longest ways back:", struck.len());
    for (back, what) in ways.iter().rev().take(5) {
        eprintln!("{:>6.1} s  {what}", back.as_secs_f64());
    }
    eprintln!("{:>6.1} s  at the end", last.as_secs_f64());
}
