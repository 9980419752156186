//! What a test does with a deployment. Comes in: the name of a process, a clinic's submissions, a
//! month. Goes out: what came of it. The invariant: clients reach roles through the network, and go
//! to another one of the same role where one does not answer.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clickhouse::Client;
use medvirk_eventlog::{Log, kafka};
use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_proto::admin::v1::{ClosePeriodRequest, GetStatusRequest, GetStatusResponse};
use medvirk_proto::feedback::v1::Submission;
use medvirk_runtime::auth::{TokenRole, TokenUnits};
use tonic::transport::{Channel, Endpoint};

use super::config::DATABASES;
use super::{Brokers, Builder, Deployment, Kind};
use crate::cohort::Person;
use crate::network::Network;
use crate::system::{authorised, token};
use crate::tables::reader_of;
use crate::tally::Book;
use crate::{Clinic, PATIENCE, is_open};

/// How long brokers, engines and roles may take to be ready together, on a machine with much else
/// to do.
const START: Duration = Duration::from_secs(120);

/// How often something is asked again.
const POLL: Duration = Duration::from_millis(50);

/// How long one attempt at a call may take.
const CALL: Duration = Duration::from_secs(10);

impl Deployment {
    /// With the defaults of a test: one broker, two engines, two partitions, first month January
    /// 2024, nothing closes by itself, and no role.
    pub fn builder() -> Builder {
        Builder {
            first_month: "2024-01".to_owned(),
            catalogue: None,
            partitions: 2,
            brokers: 1,
            shared: None,
            roles: Vec::new(),
        }
    }

    /// Starts whatever does not run, and waits until all of it is ready.
    ///
    /// # Panics
    /// When that takes two minutes, or a process ends instead.
    pub async fn start(&self) {
        let all = self.names();
        all.iter().for_each(|name| self.start_one(name));
        let begun = Instant::now();
        for name in &all {
            while !self.nodes.is_ready(name).await {
                self.assert_well();
                assert!(begun.elapsed() < START, "{name} is not ready");
                tokio::time::sleep(POLL).await;
            }
        }
    }

    /// Starts a process that does not run; does not wait for it.
    pub fn start_one(&self, name: &str) {
        self.nodes.start(name);
    }

    /// `kill -9`.
    ///
    /// # Panics
    /// When there is no process of this name.
    pub async fn kill(&self, name: &str) {
        self.nodes.kill(name).await;
    }

    /// Stops a process in the middle of what it does (SIGSTOP).
    pub fn pause(&self, name: &str) {
        self.nodes.signal(name, "STOP");
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self, name: &str) {
        self.nodes.signal(name, "CONT");
    }

    /// Makes the clock of a role wrong by so many seconds; nought makes it right again.
    ///
    /// # Panics
    /// When there is no role of this name.
    pub fn set_clock(&self, name: &str, seconds: i64) {
        self.nodes.set_clock(name, seconds);
    }

    /// Names of all processes but the brokers, engines first.
    pub fn names(&self) -> Vec<String> {
        let kinds = [
            Kind::Engine,
            Kind::Ingest,
            Kind::Aggregator,
            Kind::Registrar,
        ];
        kinds
            .into_iter()
            .flat_map(|kind| self.nodes.of(kind))
            .collect()
    }

    /// The brokers of the deployment.
    pub fn brokers(&self) -> &Arc<Brokers> {
        &self.brokers
    }

    /// The network between all of them.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// How often each process has ended with 75 and was started again.
    pub fn restarts(&self) -> BTreeMap<String, usize> {
        self.nodes.restarts()
    }

    /// # Panics
    /// When a process has ended by itself in a way that no supervisor mends.
    pub fn assert_well(&self) {
        let complaints = self.nodes.complaints();
        assert!(complaints.is_empty(), "{complaints:?}");
    }

    /// How many processes of a role there are.
    pub fn many(&self, kind: Kind) -> usize {
        self.doors.iter().filter(|(door, _)| *door == kind).count()
    }

    /// A channel to one of a role, by its number from 0, round and round.
    pub fn channel(&self, kind: Kind, number: usize) -> Channel {
        let mut doors = self.doors.iter().filter(|(door, _)| *door == kind).cycle();
        let (_, url) = doors.nth(number).expect("there is one of this role");
        let endpoint = Endpoint::from_shared(url.clone()).expect("an address");
        endpoint.connect_timeout(CALL).connect_lazy()
    }

    /// A clinic that sends as `credential` to one of the ingests, for every unit, in every clinical
    /// role.
    pub fn clinic(&self, credential: &str, ingest: usize) -> Clinic {
        let roles = [
            TokenRole::FeedbackSubmit,
            TokenRole::SurveyInvite,
            TokenRole::EpisodeManage,
        ];
        let token = token(self.secrets(), credential, &roles, TokenUnits::All);
        Clinic::new(self.channel(Kind::Ingest, ingest), &token)
    }

    /// Sends once to one of the ingests, notes what was said, and gives back what must be sent again.
    ///
    /// # Panics
    /// When something is refused in another way than "send it again".
    pub async fn send_some(
        &self,
        credential: u32,
        ingest: usize,
        batch: Vec<Submission>,
    ) -> Vec<Submission> {
        let clinic = self.clinic(&format!("credential-{credential}"), ingest);
        for submission in &batch {
            self.book
                .note(&submission.submission_id, |tally| tally.sent += 1);
        }
        let heard = clinic.try_each(&batch).await;
        let mut again = Vec::new();
        for (submission, heard) in batch.into_iter().zip(heard) {
            match heard {
                Ok(()) => self.book.note(&submission.submission_id, |tally| {
                    tally.acknowledged += 1;
                }),
                Err(status) => {
                    assert!(is_open(&status), "refused: {status}");
                    again.push(submission);
                }
            }
        }
        again
    }

    /// Sends everything about these people of the cohort, to every ingest in turn, until it is
    /// taken.
    ///
    /// # Panics
    /// When it is not taken within a minute.
    pub async fn send_people(&self, people: &[Person]) {
        let mut by_credential: BTreeMap<u32, Vec<Submission>> = BTreeMap::new();
        for (credential, submission) in people.iter().flat_map(Person::sendings) {
            by_credential
                .entry(credential)
                .or_default()
                .push(submission);
        }
        let begun = Instant::now();
        for (credential, mut waiting) in by_credential {
            for ingest in 0.. {
                let batch = waiting.split_off(waiting.len().saturating_sub(50));
                if batch.is_empty() {
                    break;
                }
                waiting.extend(self.send_some(credential, ingest, batch).await);
                assert!(begun.elapsed() < PATIENCE, "not taken");
            }
        }
    }

    /// What became of what was sent.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// The first month of the indicators.
    pub fn first_month(&self) -> &str {
        &self.common.first_month
    }

    /// A client of one of the aggregators' admin services.
    pub fn admin(&self, aggregator: usize) -> AdminServiceClient<Channel> {
        AdminServiceClient::new(self.channel(Kind::Aggregator, aggregator))
    }

    /// A request with a token that may run the system.
    pub fn as_admin<T>(&self, message: T) -> tonic::Request<T> {
        let token = token(
            self.secrets(),
            "admin",
            &[TokenRole::Admin],
            TokenUnits::All,
        );
        authorised(message, &token)
    }

    /// Closes a month: asks one aggregator after the other until one says that it is done.
    ///
    /// # Panics
    /// When it is refused, or takes longer than `patience`.
    pub async fn close(&self, month: &str, patience: Duration) {
        let begun = Instant::now();
        for aggregator in 0.. {
            let request = self.as_admin(ClosePeriodRequest {
                month: month.to_owned(),
            });
            let mut admin = self.admin(aggregator);
            match tokio::time::timeout(CALL, admin.close_period(request)).await {
                Ok(Ok(_)) => return,
                Ok(Err(status)) => assert!(is_open(&status), "close {month}: {status}"),
                Err(_) => {}
            }
            self.assert_well();
            assert!(begun.elapsed() < patience, "{month} is not closed");
            tokio::time::sleep(POLL).await;
        }
    }

    /// What one of the aggregators says of the whole.
    pub async fn status(&self, aggregator: usize) -> Option<GetStatusResponse> {
        let request = self.as_admin(GetStatusRequest {});
        let mut admin = self.admin(aggregator);
        let asked = tokio::time::timeout(CALL, admin.get_status(request)).await;
        Some(asked.ok()?.ok()?.into_inner())
    }

    /// Waits until everything in the log is folded and in the registry, as every aggregator says.
    /// Tells how long that took.
    ///
    /// # Panics
    /// With what they last said, when it takes longer than `patience`.
    pub async fn settled(&self, patience: Duration) -> Duration {
        let begun = Instant::now();
        for aggregator in 0..self.many(Kind::Aggregator) {
            let mut last = None;
            loop {
                self.assert_well();
                let status = self.status(aggregator).await;
                let done = |status: &GetStatusResponse| {
                    status.fold_lag == 0
                        && (status.registry_lag == 0 || self.many(Kind::Registrar) == 0)
                };
                if status.as_ref().is_some_and(done) {
                    break;
                }
                last = status.or(last);
                let waits = begun.elapsed() < patience;
                assert!(waits, "not caught up within {patience:?}: {last:?}");
                tokio::time::sleep(POLL).await;
            }
        }
        begun.elapsed()
    }

    /// A client with the reader's password of `indicators` or `registry`.
    pub async fn reader(&self, database: &str) -> Client {
        let users = self.common.users_of(database);
        let caller = crate::network::Caller::Named("client".to_owned());
        let address = self.network.listen(caller, database).await;
        reader_of(&users, &address.to_string())
    }

    /// Clients of both databases, indicators first.
    pub async fn readers(&self) -> [Client; 2] {
        let [indicators, registry] = DATABASES;
        [self.reader(indicators).await, self.reader(registry).await]
    }

    /// The log, as one more client of it.
    ///
    /// # Panics
    /// When the brokers do not have it.
    pub async fn log(&self) -> Arc<dyn Log> {
        let config = kafka::KafkaConfig {
            brokers: self.common.brokers.clone(),
            prefix: self.common.prefix.clone(),
            replication: u32::try_from(self.common.brokers.len().min(3)).expect("three"),
            client: [("client.id".to_owned(), "client".to_owned())].into(),
            ..kafka::KafkaConfig::default()
        };
        let log = medvirk_eventlog::open_kafka(config, self.common.partitions).await;
        log.expect("a log with topics")
    }

    fn secrets(&self) -> &Path {
        &self.common.secrets
    }
}
