//! The registrar: from the event log to the pseudonymous registry tables, and out of both when
//! somebody withdraws (design §5); and the patient's own curve.
//!
//! Comes in: `feedback.events`, and requests of tablets. Goes out: registry rows, tombstones,
//! curves. The invariants: an offset is committed only after its rows are in the tables; what the
//! aggregator sets aside has no row; a withdrawal is committed only when nothing of the person is
//! left in tables and log; every step may be repeated.
//!
//! [`Registrar::run`] goes in rounds, over all partitions at once. A partition that meets a
//! withdrawal stands still there until the erasure is done; the others go on.

// In reading order.
mod adoption;

mod round;

pub mod registry_rows;

mod withdrawn;

pub mod erasure;

pub mod dead_letters;

mod ledger;

mod upkeep;

mod tables;

pub mod curve;

mod error;

mod metrics;

use std::sync::Arc;
use std::time::Duration;

use medvirk_eventlog::{DEAD_LETTER_DAYS, Log, ROLL_EVERY, Topic};
use medvirk_proto::curve::v1::curve_service_server::CurveServiceServer;
use medvirk_records::catalogue::Plans;
use medvirk_runtime::auth::Verifier;
use medvirk_runtime::pseudonym::Pseudonyms;
use medvirk_runtime::{Clock, Stop};
use medvirk_store::RegistryReader;
use tokio::sync::watch;

pub use adoption::adopt;
pub use curve::Curves;
pub use error::Error;
pub use metrics::describe;
pub use tables::Tables;
pub use withdrawn::erasures;

/// The group whose members share the partitions, and under which their offsets are committed.
pub const GROUP: &str = "registrar";

/// How the registrar works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// How long a round waits for something new. A row can be queried after at most twice this
    /// and one insert.
    pub wait: Duration,
    /// How much one round reads of a partition, in bytes.
    pub read_bytes: usize,
    /// How often the tables are rid of what merges leave behind.
    pub tidy_every: Duration,
    /// How often every erasure is repeated, and old dead letters are erased.
    pub erase_every: Duration,
    /// How often the log is helped to erase what nobody writes behind, in steps of `erase_every`.
    pub roll_every: Duration,
    /// How long a dead letter is kept.
    pub keep_dead_letters: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            wait: Duration::from_millis(50),
            read_bytes: 4 << 20,
            tidy_every: Duration::from_secs(60),
            erase_every: Duration::from_secs(3_600),
            // Twice as often as is promised: it may be late by one step.
            roll_every: ROLL_EVERY / 2,
            keep_dead_letters: Duration::from_hours(24 * DEAD_LETTER_DAYS),
        }
    }
}

/// What the registrar works on.
#[derive(Clone)]
pub struct Deps {
    /// The log that is read.
    pub log: Arc<dyn Log>,
    /// The catalogues and plans in force.
    pub plans: Plans,
    /// The registry tables, for writing.
    pub writer: Arc<dyn Tables>,
    /// The registry tables' views, for reading.
    pub reader: RegistryReader,
    /// What turns a tablet's references into those of the tables.
    pub pseudonyms: Pseudonyms,
    /// What tells who asks for a curve.
    pub verifier: Verifier,
    /// The time, for tokens and the age of dead letters.
    pub clock: Arc<dyn Clock>,
}

/// The registrar, ready to run. The tables must have been migrated.
pub struct Registrar {
    config: Config,
    deps: Deps,
    handle: Handle,
}

/// Tells how far the registrar has come. Clones are the same.
#[derive(Clone)]
pub struct Handle(Arc<watch::Sender<Vec<u64>>>);

impl Registrar {
    /// A registrar of its share of the log's partitions.
    pub fn new(config: Config, deps: Deps) -> Self {
        let partitions = deps.log.partitions(Topic::Events);
        let next = vec![0; partitions as usize];
        Self {
            config,
            deps,
            handle: Handle(Arc::new(watch::Sender::new(next))),
        }
    }

    /// A handle on it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// The gRPC service of curves.
    pub fn service(&self) -> CurveServiceServer<Curves> {
        CurveServiceServer::new(Curves::new(&self.deps))
    }

    /// Keeps the registry until `stop`, or until something is wrong that only a human can mend.
    /// Tables or a log that do not answer are waited for.
    ///
    /// # Errors
    /// When a record must not be skipped and cannot be read, or the log is damaged.
    pub async fn run(self, stop: Stop) -> Result<(), Error> {
        round::run(self.config, self.deps, self.handle, stop).await
    }
}

impl Handle {
    /// Per partition: the offset before which every row is in the tables.
    pub fn next_offsets(&self) -> Vec<u64> {
        self.0.borrow().clone()
    }

    /// Waits until the record at `offset` has been dealt with.
    pub async fn passed(&self, partition: u32, offset: u64) {
        let passed = |next: &Vec<u64>| next[partition as usize] > offset;
        let mut next = self.0.subscribe();
        next.wait_for(passed).await.expect("self holds the sender");
    }

    fn note(&self, partition: u32, next: u64) {
        self.0.send_if_modified(|all| {
            let changed = all[partition as usize] != next;
            all[partition as usize] = next;
            changed
        });
    }
}
