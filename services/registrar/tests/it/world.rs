//! A log, an engine, and a registrar between them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use medvirk_domain::catalogue::{CatalogueLimits, shipped};
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{Form, ItemResponse, Respondent};
use medvirk_domain::ids::{CatalogueHash, Pseudonym, TrustId, UnitId};
use medvirk_domain::partition;
use medvirk_domain::record::{
    ControlRecord, EpisodeKey, Event, EventBody, WithdrawalScope, WithdrawalSubject,
};
use medvirk_domain::row::Close;
use medvirk_domain::time::{Day, Month};
use medvirk_eventlog::contract::{KafkaSandbox, LogSandbox as _, SOON_GONE};
use medvirk_eventlog::{Log, NewRecord, Topic};
use medvirk_kafka::{BrokerCluster, ClusterOptions};
use medvirk_records::catalogue::{PlanFollower, activate};
use medvirk_records::codec;
use medvirk_records::codec::DeadLetter;
use medvirk_records::genesis::{Genesis, found_or_check};
use medvirk_registrar::{
    Registrar, RegistrarConfig, RegistrarDependencies, RegistrarError, RegistrarHandle,
    RegistryTables,
};
use medvirk_runtime::auth::TokenIssuer;
use medvirk_runtime::pseudonym::PseudonymKey;
use medvirk_runtime::secret::SecretKey;
use medvirk_runtime::{Clock as _, ManualClock, StopToken};
use medvirk_store::registry::RegistryTable;
use medvirk_store::sandbox::EngineSandbox;
use medvirk_store::{RegistryReader, RegistryWriter};
use tokio::task::JoinHandle;

const PARTITIONS: u32 = 2;
const DATABASE: &str = "registry";
const PATIENCE: Duration = Duration::from_secs(60);

/// A unit of one trust, and one of a trust on the other partition.
pub(crate) const HERE: &str = "fjord-poliklinikk";
pub(crate) const THERE: &str = "dal-poliklinikk";

pub(crate) struct World {
    pub(crate) engine: EngineSandbox,
    pub(crate) log: Arc<dyn Log>,
    place: Place,
    pub(crate) config: RegistrarConfig,
    pub(crate) plans: PlanFollower,
    pub(crate) writer: RegistryWriter,
    pub(crate) reader: RegistryReader,
    pub(crate) pseudonyms: PseudonymKey,
    pub(crate) issuer: TokenIssuer,
    pub(crate) clock: ManualClock,
    catalogue: CatalogueHash,
}

/// Where the log is.
enum Place {
    Folder(tempfile::TempDir),
    Kafka(BrokerCluster),
}

/// A registrar that runs; it is stopped when dropped.
pub(crate) struct Running {
    pub(crate) handle: RegistrarHandle,
    stop: StopToken,
    task: JoinHandle<Result<(), RegistrarError>>,
}

impl World {
    pub(crate) async fn start() -> Self {
        let log_dir = tempfile::tempdir().unwrap();
        let url = format!("file:{}", log_dir.path().display());
        let log = medvirk_eventlog::open(&url, PARTITIONS).await.unwrap();
        Self::start_on(log, Place::Folder(log_dir)).await
    }

    /// On a broker whose segments are closed and compacted at once, and not compressed.
    pub(crate) async fn start_on_kafka() -> Self {
        let cluster = BrokerCluster::for_test(&ClusterOptions::default()).unwrap();
        let sandbox = KafkaSandbox::without_topics(&cluster.bootstrap());
        sandbox.create(&SOON_GONE).await.unwrap();
        Self::start_on(sandbox.open().await, Place::Kafka(cluster)).await
    }

    async fn start_on(log: Arc<dyn Log>, place: Place) -> Self {
        let engine = EngineSandbox::start("engine_process");
        let writer = RegistryWriter::new(&engine.writer(DATABASE)).unwrap();
        writer.migrate().await.unwrap();
        let reader = RegistryReader::new(&engine.reader(DATABASE)).unwrap();
        let first = month("2024-01");
        let genesis = Genesis::new(log.partitions(Topic::Events), first);
        found_or_check(log.as_ref(), genesis).await.unwrap();
        let plans = PlanFollower::open(log.clone(), CatalogueLimits::for_tests())
            .await
            .unwrap();
        let catalogue = activate(log.as_ref(), &plans, shipped(), first, None);
        let catalogue = catalogue.await.unwrap();
        Self {
            engine,
            log,
            place,
            config: RegistrarConfig {
                wait: Duration::from_millis(10),
                ..RegistrarConfig::default()
            },
            plans,
            writer,
            reader,
            pseudonyms: PseudonymKey::new(&SecretKey::new(1, [7; 32])),
            issuer: TokenIssuer::generate().unwrap(),
            clock: ManualClock::at_noon(day("2024-03-15")),
            catalogue,
        }
    }

    pub(crate) fn registrar(&self) -> Registrar {
        self.registrar_into(Arc::new(self.writer.clone()))
    }

    fn registrar_into(&self, writer: Arc<dyn RegistryTables>) -> Registrar {
        let deps = RegistrarDependencies {
            log: self.log.clone(),
            plans: self.plans.clone(),
            writer,
            reader: self.reader.clone(),
            pseudonyms: self.pseudonyms.clone(),
            verifier: self.issuer.verifier(),
            clock: Arc::new(self.clock.clone()),
        };
        Registrar::new(self.config.clone(), deps)
    }

    /// An engine that has nothing.
    pub(crate) async fn replace_engine(&mut self) {
        self.engine = EngineSandbox::start("engine_process");
        self.reconnect();
        self.writer.migrate().await.unwrap();
    }

    /// To an engine that was started anew.
    pub(crate) fn reconnect(&mut self) {
        self.writer = RegistryWriter::new(&self.engine.writer(DATABASE)).unwrap();
        self.reader = RegistryReader::new(&self.engine.reader(DATABASE)).unwrap();
    }

    pub(crate) fn run(&self) -> Running {
        self.run_into(Arc::new(self.writer.clone()))
    }

    pub(crate) fn run_into(&self, writer: Arc<dyn RegistryTables>) -> Running {
        let registrar = self.registrar_into(writer);
        let (handle, stop) = (registrar.handle(), StopToken::new());
        let task = tokio::spawn(registrar.run(stop.clone()));
        Running { handle, stop, task }
    }

    pub(crate) fn partition(&self, unit: &str) -> u32 {
        let partitions = self.log.partitions(Topic::Events);
        partition::of_trust(&self.trust(unit), partitions)
    }

    pub(crate) fn trust(&self, unit: &str) -> TrustId {
        let catalogue = self.plans.get(&self.catalogue).unwrap();
        let unit: UnitId = unit.parse().unwrap();
        catalogue.organisations.trust_of(&unit).unwrap().clone()
    }

    pub(crate) fn event(&self, unit: &str, submission_id: [u8; 16], body: EventBody) -> Event {
        Event {
            sender: "tablet-1".to_owned(),
            catalogue: self.catalogue,
            submission_id,
            ingested_at: 1_710_000_000_000,
            unit: unit.parse().unwrap(),
            body,
        }
    }

    /// Appends an event to the partition of its unit's trust.
    pub(crate) async fn send(&self, event: &Event) -> u64 {
        let key = codec::event_key(event.submission_id);
        let record = NewRecord::new(key, codec::encode_event(event));
        let partition = self.partition(event.unit.as_str());
        self.log
            .append(Topic::Events, partition, record)
            .await
            .unwrap()
    }

    /// Sends an event, and sets it aside as the aggregator would. Gives bytes that are only in the
    /// dead letter.
    pub(crate) async fn set_aside(&self, event: &Event) -> Vec<u8> {
        let reason = format!("invalid-form {:x}", rand::random::<u64>());
        let letter = DeadLetter {
            topic: Topic::Events,
            partition: self.partition(event.unit.as_str()),
            offset: self.send(event).await,
            reason: reason.clone(),
            key: codec::event_key(event.submission_id),
            value: codec::encode_event(event),
            set_aside_at: self.clock.now_ms(),
        };
        let value = codec::encode_dead_letter(&letter);
        let record = NewRecord::new(letter.key, value);
        let sent = self.log.append(Topic::DeadLetter, 0, record).await;
        sent.unwrap();
        reason.into_bytes()
    }

    /// Sends the first session of a patient, with an outcome score. Gives bytes that are wherever
    /// the session is and nowhere else: the pseudonym of the episode. (The person's is remembered
    /// with the withdrawal, and the submission's id is in the key that a tombstone names.)
    pub(crate) async fn session(&self, unit: &str, patient: &str, score: i32) -> [u8; 16] {
        let episode = self.episode(patient);
        let body = session(episode, 1, 0, vec![ors(score)]);
        self.send(&self.event(unit, rand::random(), body)).await;
        *episode.episode.as_bytes()
    }

    /// Appends a control record to the partition of a unit's trust alone.
    pub(crate) async fn control(&self, unit: &str, control: ControlRecord) -> u64 {
        let value = codec::encode_control(&control, 1_710_000_000_000);
        let record = NewRecord::new(codec::control_key(), value);
        let partition = self.partition(unit);
        self.log
            .append(Topic::Events, partition, record)
            .await
            .unwrap()
    }

    pub(crate) async fn withdraw(&self, unit: &str, patient: &str, scope: WithdrawalScope) -> u64 {
        let subject = WithdrawalSubject::Person(self.person(patient));
        let control = ControlRecord::Withdrawal { subject, scope };
        self.control(unit, control).await
    }

    /// Appends an empty close to the ledger of the unit's partition.
    pub(crate) async fn close(&self, unit: &str, of: Month) {
        let close = Close {
            month: of,
            offset: 0,
            catalogue: self.catalogue,
            fold_version: 1,
            rows: Vec::new(),
        };
        let record = NewRecord::new(Vec::new(), codec::encode_close(&close));
        let partition = self.partition(unit);
        self.log
            .append(Topic::Ledger, partition, record)
            .await
            .unwrap();
    }

    pub(crate) fn person(&self, patient: &str) -> Pseudonym {
        self.pseudonyms.patient(&self.trust(HERE), patient)
    }

    /// The patient's only episode.
    pub(crate) fn episode(&self, patient: &str) -> EpisodeKey {
        EpisodeKey {
            person: self.person(patient),
            episode: self.pseudonyms.episode(&self.trust(HERE), patient, "1"),
        }
    }

    pub(crate) async fn count(&self, table: RegistryTable) -> u64 {
        self.reader.count(table).await.unwrap()
    }

    /// Totals of the patient's curve.
    pub(crate) async fn totals(&self, patient: &str) -> Vec<i64> {
        let forms = self.reader.curve(&self.episode(patient)).await.unwrap();
        let totals = forms.iter().map(|row| row.form.total.unwrap());
        totals.map(|total| total.micros() / 1_000_000).collect()
    }

    /// True if the bytes are anywhere in the engine's or the log's files.
    pub(crate) fn is_on_disk(&self, bytes: &[u8]) -> bool {
        is_in(&self.engine.data(), bytes) || self.is_in_log(bytes)
    }

    /// Damages the last byte of the first record in a table of the embedded log.
    pub(crate) fn damage(&self, table: &str) {
        let Place::Folder(folder) = &self.place else {
            panic!("only the embedded log is a file");
        };
        let file = rusqlite::Connection::open(folder.path().join("log.sqlite")).unwrap();
        let flip = "CAST(substr(record, 1, length(record) - 1) || x'ff' AS BLOB)";
        let first = format!("record_offset = (SELECT min(record_offset) FROM {table})");
        let sql = format!("UPDATE {table} SET record = {flip} WHERE {first}");
        assert_eq!(file.execute(&sql, []).unwrap(), 1);
    }

    /// True if the bytes are anywhere in the log's files.
    pub(crate) fn is_in_log(&self, bytes: &[u8]) -> bool {
        match &self.place {
            Place::Folder(folder) => is_in(folder.path(), bytes),
            Place::Kafka(cluster) => cluster.brokers()[0].has_on_disk(bytes),
        }
    }
}

impl Running {
    /// Waits until the record has been dealt with.
    pub(crate) async fn passed(&self, partition: u32, offset: u64) {
        let passed = tokio::time::timeout(PATIENCE, self.handle.passed(partition, offset));
        passed.await.unwrap();
    }

    /// Waits until everything that is in the log now has been dealt with.
    pub(crate) async fn caught_up(&self, log: &dyn Log) {
        for partition in 0..log.partitions(Topic::Events) {
            let end = log.end(Topic::Events, partition).await.unwrap();
            if let Some(last) = end.checked_sub(1) {
                self.passed(partition, last).await;
            }
        }
    }

    pub(crate) async fn stop(self) -> Result<(), RegistrarError> {
        self.stop.stop();
        self.task.await.unwrap()
    }

    /// Waits until it stops by itself.
    pub(crate) async fn outcome(self) -> Result<(), RegistrarError> {
        let ended = tokio::time::timeout(PATIENCE, self.task);
        ended.await.unwrap().unwrap()
    }
}

pub(crate) fn session(
    episode: EpisodeKey,
    number: u32,
    revision: u32,
    forms: Vec<Form>,
) -> EventBody {
    EventBody::Session {
        episode,
        day: Day(day("2024-03-01").0 + number as i32 - 1),
        number,
        revision,
        forms,
    }
}

/// An outcome form by its total.
pub(crate) fn ors(total: i32) -> Form {
    Form {
        instrument: "fit-ors".parse().unwrap(),
        version: 1,
        respondent: Respondent::Patient,
        items: Vec::new(),
        total: Some(FixedPoint::from_int(total)),
        age: None,
    }
}

/// An outcome form with an item out of range.
pub(crate) fn impossible() -> Form {
    let value = ItemResponse::Value(FixedPoint::from_int(99));
    Form {
        items: vec![("individual".parse().unwrap(), value)],
        total: None,
        age: None,
        ..ors(0)
    }
}

pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub(crate) fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn is_in(directory: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(directory).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return is_in(&path, bytes);
        }
        // It may be gone meanwhile.
        let content = std::fs::read(path).unwrap_or_default();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}
