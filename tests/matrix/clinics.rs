//! Three clinics that send under load, and somebody who closes months. Comes in: people. Goes out:
//! everything about them, several times each, shuffled, until all of it is acknowledged. The
//! invariant: a clinic follows the documented rule, and what one ingest does not answer it sends to
//! the next; what it is told that it should not be told is a failure.

use std::time::Duration;

use futures::future::join_all;
use medvirk_proto::feedback::v1::Submission;
use medvirk_tests::cohort::{CREDENTIALS, Person, work_of};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};

use crate::plan::Plan;
use crate::scene::Scene;

/// A month that is not closed within this time never will be.
const CLOSE: Duration = Duration::from_secs(120);

/// One clinic: its credential, which ingest it talks to, and what it has sent.
struct Sender {
    credential: u32,
    ingest: usize,
    rng: StdRng,
    taken: Vec<Submission>,
}

impl Scene {
    /// Month by month; while one is being closed the next is sent.
    pub(crate) async fn send_and_close(&self, plan: &Plan, people: &[Person], rng: &mut StdRng) {
        let mut senders: Vec<Sender> = (0..CREDENTIALS)
            .map(|credential| Sender {
                credential,
                ingest: rng.random_range(0..100),
                rng: StdRng::seed_from_u64(rng.random()),
                taken: Vec::new(),
            })
            .collect();
        let mut before = None;
        for (place, month) in plan.months.iter().enumerate() {
            self.present.send_replace(place);
            let enough = (place, plan.faults_until(place));
            let mut work = work_of(people, month);
            let sending = senders.iter_mut().map(|sender| {
                let work = work.remove(&sender.credential).unwrap_or_default();
                self.send(sender, work, enough)
            });
            tokio::join!(join_all(sending), self.close(before.replace(month)));
        }
        self.close(before).await;
    }

    /// Sends each submission again and again, shuffled, until it was acknowledged often enough; and
    /// goes on with repeats until there were enough faults.
    async fn send(&self, sender: &mut Sender, work: Vec<Submission>, enough: (usize, usize)) {
        let mut waiting = Vec::new();
        for submission in &work {
            waiting.extend(std::iter::repeat_n(submission.clone(), self.crowd.copies));
        }
        waiting.shuffle(&mut sender.rng);
        sender.taken.extend(work);
        while !waiting.is_empty() || !self.is_enough(enough.0, enough.1) {
            let most = sender.rng.random_range(1..=self.crowd.batch);
            let most = most.min(waiting.len());
            let mut batch = waiting.split_off(waiting.len() - most);
            if batch.is_empty() {
                // A tablet that has lost its memory.
                batch.extend(sender.taken.choose(&mut sender.rng).cloned());
            }
            let sending = self.sending.read().await;
            let (credential, ingest) = (sender.credential, sender.ingest);
            let again = self.deployment.send_some(credential, ingest, batch).await;
            drop(sending);
            waiting.extend(again);
            // Another one each time: also after one that did not answer.
            sender.ingest += 1;
            let pause = Duration::from_millis(sender.rng.random_range(0..60));
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks for it until it is done, as whoever runs the system would.
    async fn close(&self, month: Option<&String>) {
        let Some(month) = month else { return };
        self.closing.send_modify(|times| *times += 1);
        self.deployment.close(month, CLOSE).await;
        self.closed.send_modify(|times| *times += 1);
    }
}
