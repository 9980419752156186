//! Promises 1 and 2 under fire: `kill -9` at random moments while three clinics send, each
//! submission up to three times. What was acknowledged is in the registry once, and in the rows
//! of the close once; nothing else is anywhere.
//!
//! `MEDVIRK_SEED` repeats the choices of a run, `MEDVIRK_KILLS` says how many kills there are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use medvirk_proto::admin::v1::ClosePeriodRequest;
use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{
    Submission, SubmissionResult, SubmitSessionRequest,
    feedback_service_client::FeedbackServiceClient,
};
use medvirk_tests::cohort::{CREDENTIALS, Person, UNITS, everybody, rows_of};
use medvirk_tests::{Clinic, System, eventually, is_open, registry_id};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use tonic::{Code, Status};

const MONTHS: [&str; 6] = [
    "2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06",
];

/// What the tasks of the test share.
struct Scene {
    system: System,
    kills: usize,
    killed: AtomicUsize,
    /// What each kill hit, in order.
    hits: Mutex<Vec<&'static str>>,
}

/// What one clinic has to send.
struct Queue {
    rng: StdRng,
    /// Acknowledged at least once.
    taken: Vec<Submission>,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_there_once_whatever_is_killed() {
    let seed = variable("MEDVIRK_SEED").unwrap_or_else(rand::random);
    let kills = variable("MEDVIRK_KILLS").unwrap_or(25) as usize;
    eprintln!("MEDVIRK_SEED={seed} MEDVIRK_KILLS={kills}");
    let begun = Instant::now();
    let mut rng = StdRng::seed_from_u64(seed);
    let people = some_people(&mut rng);
    let scene = Scene {
        system: System::builder().cohort().start().await,
        kills,
        killed: AtomicUsize::new(0),
        hits: Mutex::default(),
    };

    let killer = StdRng::seed_from_u64(rng.random());
    let ((), sent) = tokio::join!(scene.kill_again_and_again(killer), async {
        scene.send_and_close(&people, &mut rng).await
    });

    let expected: BTreeMap<String, u64> = sent.iter().map(|id| (registry_id(id), 1)).collect();
    let whole = || async {
        let counts = scene.system.registry_counts().await?;
        (counts.len() >= expected.len()).then_some(counts)
    };
    let counts = eventually("everything is in the registry", whole).await;
    assert_eq!(counts, expected, "each submission once, and nothing else");
    assert_eq!(scene.system.cohort_rows().await, rows_of(&people));
    let hits = scene.hits.lock().unwrap();
    let count = |what| hits.iter().filter(|hit| **hit == what).count();
    eprintln!(
        "{} submissions, {} kills survived ({} up, {} while it starts, {} indicators, {} registry) in {:.1?}",
        expected.len(),
        hits.len(),
        count("up"),
        count("starting"),
        count("indicators"),
        count("registry"),
        begun.elapsed(),
    );
    assert_eq!(hits.len(), kills);
}

/// Seven to ten people in each unit and month: enough without any therapist or credential.
fn some_people(rng: &mut StdRng) -> Vec<Person> {
    let mut people = Vec::new();
    for month in MONTHS {
        for unit in UNITS {
            let mut some = everybody(&[unit], month);
            some.shuffle(rng);
            some.truncate(rng.random_range(7..=10));
            people.extend(some);
        }
    }
    people
}

impl Scene {
    async fn kill_again_and_again(&self, mut rng: StdRng) {
        while self.killed.load(Ordering::SeqCst) < self.kills {
            let pause = Duration::from_millis(rng.random_range(0..1_500));
            tokio::time::sleep(pause).await;
            let hit = match rng.random_range(0..8) {
                0..=2 => {
                    self.kill_up(&mut rng).await;
                    "up"
                }
                3 => {
                    self.kill_up(&mut rng).await;
                    // It has hardly begun when it is hit again.
                    self.system.spawn();
                    let pause = Duration::from_millis(rng.random_range(0..1_000));
                    tokio::time::sleep(pause).await;
                    self.system.kill_at_once().await;
                    "starting"
                }
                4..=5 if self.system.kill_engine("indicators") => "indicators",
                6..=7 if self.system.kill_engine("registry") => "registry",
                // That engine is just being started again.
                _ => continue,
            };
            if matches!(hit, "up" | "starting") {
                self.system.start().await;
            }
            self.hits.lock().unwrap().push(hit);
            self.killed.fetch_add(1, Ordering::SeqCst);
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

    /// Month by month; while one is being closed the next is sent. Says what was acknowledged.
    async fn send_and_close(&self, people: &[Person], rng: &mut StdRng) -> BTreeSet<String> {
        let mut queues: Vec<Queue> = (0..CREDENTIALS).map(|_| Queue::new(rng)).collect();
        let mut before = None;
        for (place, month) in (1..).zip(MONTHS) {
            let enough = self.kills * place / MONTHS.len();
            let mut work = work_of(people, month);
            let sending = queues.iter_mut().zip(0..).map(|(queue, credential)| {
                let work = work.remove(&credential).unwrap_or_default();
                self.send(credential, queue, work, enough)
            });
            tokio::join!(join_all(sending), self.close(before.replace(month)));
        }
        self.close(before).await;
        let taken = queues.into_iter().flat_map(|queue| queue.taken);
        taken.map(|submission| submission.submission_id).collect()
    }

    /// Sends each submission up to three times, shuffled, until each was acknowledged; and goes on
    /// with repeats until there were enough kills.
    async fn send(&self, credential: u32, queue: &mut Queue, work: Vec<Submission>, enough: usize) {
        let mut waiting: Vec<Submission> = Vec::new();
        for submission in &work {
            let copies = queue.rng.random_range(1..=3);
            waiting.extend(std::iter::repeat_n(submission.clone(), copies));
        }
        waiting.shuffle(&mut queue.rng);
        queue.taken.extend(work);
        while !waiting.is_empty() || self.killed.load(Ordering::SeqCst) < enough {
            let most = queue.rng.random_range(1..=12).min(waiting.len());
            let mut batch = waiting.split_off(waiting.len() - most);
            if batch.is_empty() {
                // A tablet that has lost its memory.
                batch.extend(queue.taken.choose(&mut queue.rng).cloned());
            }
            let clinic = self.system.cohort_clinic(credential).await;
            let single = batch.len() == 1;
            let open = if single {
                send_one(&clinic, batch).await
            } else {
                send_batch(&clinic, batch).await
            };
            waiting.extend(open);
            tokio::time::sleep(Duration::from_millis(queue.rng.random_range(0..30))).await;
        }
    }

    /// Asks for it until it is done, as whoever runs the system would.
    async fn close(&self, month: Option<&str>) {
        let Some(month) = month else { return };
        let ask = || async {
            let month = month.to_owned();
            let request = self.system.as_admin(ClosePeriodRequest { month });
            let mut admin = AdminServiceClient::new(self.system.channel().await);
            let asked = tokio::time::timeout(Duration::from_secs(10), admin.close_period(request));
            asked.await.ok()?.ok()
        };
        eventually("the month is closed", ask).await;
    }
}

impl Queue {
    fn new(rng: &mut StdRng) -> Self {
        Self {
            rng: StdRng::seed_from_u64(rng.random()),
            taken: Vec::new(),
        }
    }
}

/// What is sent about the people of a month, by credential.
fn work_of(people: &[Person], month: &str) -> BTreeMap<u32, Vec<Submission>> {
    let mut work: BTreeMap<u32, Vec<Submission>> = BTreeMap::new();
    let of_month = people.iter().filter(|person| person.month == month);
    for (credential, submission) in of_month.flat_map(Person::sendings) {
        work.entry(credential).or_default().push(submission);
    }
    work
}

/// Sends a batch once and gives back what must be sent again.
async fn send_batch(clinic: &Clinic, batch: Vec<Submission>) -> Vec<Submission> {
    match clinic.try_send(batch.clone()).await {
        Ok(results) => {
            let results = batch.into_iter().zip(results);
            let open = results.filter(|(_, result)| result.code != Code::Ok as i32);
            let again = |(submission, result): (Submission, SubmissionResult)| {
                let status = Status::new(result.code.into(), result.message);
                again(&status, vec![submission])
            };
            open.flat_map(again).collect()
        }
        Err(status) => again(&status, batch),
    }
}

/// Sends a session by the call for one; anything else as a batch of one.
async fn send_one(clinic: &Clinic, batch: Vec<Submission>) -> Vec<Submission> {
    let Some(Kind::Session(session)) = &batch[0].kind else {
        return send_batch(clinic, batch).await;
    };
    let mut request = clinic.request(SubmitSessionRequest {
        submission_id: batch[0].submission_id.clone(),
        session: Some(session.clone()),
    });
    request.set_timeout(Duration::from_secs(10));
    let mut feedback = FeedbackServiceClient::new(clinic.channel());
    match feedback.submit_session(request).await {
        Ok(_) => Vec::new(),
        Err(status) => again(&status, batch),
    }
}

/// The batch, which nobody can say was taken.
fn again(status: &Status, batch: Vec<Submission>) -> Vec<Submission> {
    assert!(is_open(status), "refused: {status}");
    batch
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is a number")),
    )
}
