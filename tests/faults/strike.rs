//! The faults. Comes in: a plan. Goes out: what was hit, and how long the way back was. The
//! invariant: after each fault the system comes back by itself, or is started again as whoever
//! runs it would; nothing else is done for it.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use medvirk_tests::eventually;
use rand::Rng;
use rand::rngs::StdRng;

use crate::plan::{Engine, Fault, Meanwhile, Plan};
use crate::scene::Scene;

/// Everything must be caught up so soon after a fault.
const CATCH_UP: Duration = Duration::from_secs(30);

/// A fault that is over.
pub(crate) struct Struck {
    fault: Fault,
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
            self.wait(&mut rng).await;
            eprintln!("fault {number} of {all}: {fault}");
            let over = self.strike_one(*fault, &mut rng).await;
            // Half of the time the next fault strikes on the way back.
            let full = matches!(fault, Fault::Full(_));
            let last = number == plan.faults.len();
            let back = if full || last || rng.random() {
                self.caught_up().await;
                let back = over.elapsed();
                assert!(back < CATCH_UP, "{fault}: caught up only after {back:?}");
                Some(back)
            } else {
                None
            };
            if let Some(back) = back {
                eprintln!("fault {number} of {all}: back in {back:.1?}");
            }
            struck.push(Struck {
                fault: *fault,
                back,
            });
            self.struck.fetch_add(1, Ordering::SeqCst);
        }
        struck
    }

    async fn wait(&self, rng: &mut StdRng) {
        let mut pause = Duration::from_millis(rng.random_range(0..1_500));
        if rng.random() {
            self.next_close().await;
            pause /= 8;
        }
        tokio::time::sleep(pause).await;
    }

    /// Waits until a month is about to be closed, but not for long.
    async fn next_close(&self) {
        let mut closing = self.closing.subscribe();
        let patience = Duration::from_secs(2);
        tokio::time::timeout(patience, closing.changed()).await.ok();
    }

    /// Says when it was over.
    async fn strike_one(&self, fault: Fault, rng: &mut StdRng) -> Instant {
        let some_seconds = Duration::from_millis(rng.random_range(300..3_000));
        match fault {
            Fault::Up => {
                self.kill_up(rng).await;
                self.start_again().await
            }
            Fault::Starting => {
                self.kill_up(rng).await;
                self.system.spawn();
                let pause = Duration::from_millis(rng.random_range(0..1_000));
                tokio::time::sleep(pause).await;
                self.system.kill_at_once().await;
                self.start_again().await
            }
            Fault::Engine(engine) => {
                // It may just be being started again.
                let kill = || async { self.system.kill_engine(engine.name()).then_some(()) };
                eventually("there is an engine to kill", kill).await;
                Instant::now()
            }
            Fault::Hung(engine) => {
                let hang = || async {
                    let pause = tokio::time::sleep(some_seconds);
                    let hung = self.system.frozen_engine(engine.name(), pause).await;
                    hung.then_some(())
                };
                eventually("there is an engine to stop", hang).await;
                Instant::now()
            }
            Fault::Stuck(engine) => {
                let hang = || async { self.system.hang_engine(engine.name()) };
                let stuck = eventually("there is an engine to stop", hang).await;
                let other = || async {
                    let running = self.system.engine(engine.name());
                    running.filter(|pid| *pid != stuck)
                };
                eventually("another engine is in its place", other).await;
                Instant::now()
            }
            Fault::Full(meanwhile) => self.fill(meanwhile, some_seconds).await,
        }
    }

    /// Half of the time the engines of the old one are still about to end when the new one starts.
    async fn kill_up(&self, rng: &mut StdRng) {
        if rng.random() {
            self.system.kill().await;
        } else {
            self.system.kill_at_once().await;
        }
    }

    async fn start_again(&self) -> Instant {
        let begun = Instant::now();
        self.system.start().await;
        begun
    }

    async fn fill(&self, meanwhile: Meanwhile, hold: Duration) -> Instant {
        let before = self.refused.load(Ordering::SeqCst);
        match meanwhile {
            Meanwhile::EngineIsBehind(engine) => self.fill_behind(engine).await,
            Meanwhile::Nothing => {
                self.next_close().await;
                tokio::time::sleep(hold / 50).await;
                self.system.fill_disk();
            }
            _ => self.system.fill_disk(),
        }
        let met = || async { (self.refused.load(Ordering::SeqCst) > before).then_some(()) };
        eventually("the full disk is met", met).await;
        match meanwhile {
            Meanwhile::Nothing | Meanwhile::EngineIsBehind(_) => {}
            Meanwhile::UpIsKilled => {
                self.system.kill_at_once().await;
                self.start_while_full().await;
            }
            Meanwhile::EngineIsKilled(engine) => {
                self.system.kill_engine(engine.name());
            }
        }
        tokio::time::sleep(hold).await;
        let runs = self.system.is_running();
        assert!(
            runs || meanwhile == Meanwhile::UpIsKilled,
            "a full disk ended it: {}",
            self.system.last_words()
        );
        self.system.free_disk();
        let begun = Instant::now();
        if !runs {
            self.system.start().await;
        }
        begun
    }

    /// The log has what the engine has not, and then there is no room.
    async fn fill_behind(&self, engine: Engine) {
        let behind = || async {
            let fall_behind = async {
                if engine == Engine::Indicators {
                    self.next_close().await;
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
                self.system.fill_disk();
            };
            let engine = self.system.frozen_engine(engine.name(), fall_behind);
            engine.await.then_some(())
        };
        eventually("there is an engine to stop", behind).await;
    }

    /// It runs and waits, or it says why it cannot and that it may be tried again.
    pub(crate) async fn start_while_full(&self) {
        self.system.spawn();
        let settled =
            || async { (!self.system.is_running() || self.is_ready().await).then_some(()) };
        let settles = tokio::time::timeout(Duration::from_secs(15), eventually("", settled));
        if settles.await.is_ok() && !self.system.is_running() {
            let code = self.system.ended().await;
            let words = self.system.last_words();
            assert_eq!(code, Some(75), "on a full disk: {words}");
            let says = ["disk is full", "No space left"]
                .iter()
                .any(|text| words.contains(text));
            assert!(says, "on a full disk: {words}");
        }
    }

    async fn is_ready(&self) -> bool {
        self.system.addresses().is_some()
    }
}

/// Prints what was hit and how long it took to come back; `last` is the time at the end.
pub(crate) fn tell(struck: &[Struck], last: Duration) {
    let mut kinds: BTreeMap<Fault, (usize, Duration)> = BTreeMap::new();
    for Struck { fault, back } in struck {
        let (count, longest) = kinds.entry(*fault).or_default();
        *count += 1;
        *longest = back.unwrap_or_default().max(*longest);
    }
    eprintln!("{:>5}  {:<45} longest way back", "times", "fault survived");
    for (fault, (count, longest)) in &kinds {
        eprintln!(
            "{count:>5}  {:<45} {:.1} s",
            fault.to_string(),
            longest.as_secs_f64()
        );
    }
    let longest = kinds
        .values()
        .map(|(_, longest)| *longest)
        .max()
        .unwrap_or_default();
    eprintln!(
        "{:>5}  in all; longest way back {:.1} s, at the end {:.1} s",
        struck.len(),
        longest.as_secs_f64(),
        last.as_secs_f64()
    );
}
