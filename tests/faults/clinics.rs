//! Three clinics that send under load, and somebody who closes months. Comes in: people. Goes out:
//! everything about them, three times each, shuffled, until all of it is acknowledged. The
//! invariant: a clinic follows the documented rule, and what it is told that it should not be told
//! is a failure.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::future::join_all;
use medvirk_proto::admin::v1::ClosePeriodRequest;
use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_proto::feedback::v1::Submission;
use medvirk_tests::cohort::{CREDENTIALS, Person, work_of};
use medvirk_tests::{Clinic, is_open};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use tonic::{Code, Status};

use crate::plan::Plan;
use crate::scene::Scene;

/// How often each submission is sent and acknowledged, at least.
const COPIES: usize = 3;

/// A month that is not closed within this time never will be.
const CLOSE: Duration = Duration::from_secs(120);

/// One clinic: its credential, and what it has sent.
struct Sender {
    credential: u32,
    rng: StdRng,
    taken: Vec<Submission>,
}

impl Scene {
    /// Month by month; while one is being closed the next is sent.
    pub(crate) async fn send_and_close(&self, plan: &Plan, people: &[Person], rng: &mut StdRng) {
        let mut senders: Vec<Sender> = (0..CREDENTIALS)
            .map(|credential| Sender {
                credential,
                rng: StdRng::seed_from_u64(rng.random()),
                taken: Vec::new(),
            })
            .collect();
        let mut before = None;
        for (place, month) in plan.months.iter().enumerate() {
            let enough = plan.faults_until(place);
            let mut work = work_of(people, month);
            let sending = senders.iter_mut().map(|sender| {
                let work = work.remove(&sender.credential).unwrap_or_default();
                self.send(sender, work, enough)
            });
            tokio::join!(join_all(sending), self.close(before.replace(month)));
        }
        self.close(before).await;
    }

    /// Sends each submission again and again, shuffled, until it was acknowledged three times; and
    /// goes on with repeats until there were enough faults.
    async fn send(&self, sender: &mut Sender, work: Vec<Submission>, enough: usize) {
        let mut waiting = Vec::new();
        for submission in &work {
            waiting.extend(std::iter::repeat_n(submission.clone(), COPIES));
        }
        waiting.shuffle(&mut sender.rng);
        sender.taken.extend(work);
        while !waiting.is_empty() || self.struck() < enough {
            let most = sender.rng.random_range(1..=12).min(waiting.len());
            let mut batch = waiting.split_off(waiting.len() - most);
            if batch.is_empty() {
                // A tablet that has lost its memory.
                batch.extend(sender.taken.choose(&mut sender.rng).cloned());
            }
            let sending = self.sending.read().await;
            let clinic = self.system.cohort_clinic(sender.credential).await;
            waiting.extend(self.send_some(&clinic, batch).await);
            drop(sending);
            let pause = Duration::from_millis(sender.rng.random_range(0..60));
            tokio::time::sleep(pause).await;
        }
    }

    /// Sends once and gives back what must be sent again.
    async fn send_some(&self, clinic: &Clinic, batch: Vec<Submission>) -> Vec<Submission> {
        for submission in &batch {
            self.book
                .note(&submission.submission_id, |tally| tally.sent += 1);
        }
        let heard = clinic.try_each(&batch).await;
        let all = batch.into_iter().zip(heard);
        all.filter_map(|(submission, heard)| self.hear(submission, heard))
            .collect()
    }

    /// Counts what was said; gives the submission back if nobody can say that it was taken.
    fn hear(&self, submission: Submission, heard: Result<(), Status>) -> Option<Submission> {
        let Err(status) = heard else {
            self.book
                .note(&submission.submission_id, |tally| tally.acknowledged += 1);
            return None;
        };
        assert!(is_open(&status), "refused: {status}");
        let by_itself = std::error::Error::source(&status).is_none();
        if by_itself && matches!(status.code(), Code::Unavailable | Code::ResourceExhausted) {
            self.refused.fetch_add(1, Ordering::SeqCst);
        }
        Some(submission)
    }

    /// Asks for it until it is done, as whoever runs the system would.
    async fn close(&self, month: Option<&String>) {
        let Some(month) = month else { return };
        let begun = Instant::now();
        self.closing.send_modify(|times| *times += 1);
        loop {
            let month = month.clone();
            let request = self.system.as_admin(ClosePeriodRequest { month });
            let mut admin = AdminServiceClient::new(self.system.channel().await);
            let asked = tokio::time::timeout(Duration::from_secs(10), admin.close_period(request));
            let told = asked.await;
            match told {
                Ok(Ok(_)) => return,
                Ok(Err(status)) => assert!(is_open(&status), "a close is refused: {status}"),
                Err(_) => {}
            }
            assert!(
                begun.elapsed() < CLOSE,
                "the month is not closed in {CLOSE:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
