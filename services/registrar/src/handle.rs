//! What the registrar works with, and what tells how far it has come.

use std::sync::Arc;
use std::time::Duration;

use medvirk_eventlog::{DEAD_LETTER_DAYS, Log, ROLL_EVERY};
use medvirk_records::catalogue::PlanFollower;
use medvirk_runtime::Clock;
use medvirk_runtime::auth::TokenVerifier;
use medvirk_runtime::pseudonym::PseudonymKey;
use medvirk_store::RegistryReader;
use tokio::sync::watch;

use crate::tables::RegistryTables;

/// The group whose members share the partitions, and under which their offsets are committed.
pub const GROUP: &str = "registrar";

/// How the registrar works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrarConfig {
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

impl Default for RegistrarConfig {
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
pub struct RegistrarDependencies {
    /// The log that is read.
    pub log: Arc<dyn Log>,
    /// The catalogues and plans in force.
    pub plans: PlanFollower,
    /// The registry tables, for writing.
    pub writer: Arc<dyn RegistryTables>,
    /// The registry tables' views, for reading.
    pub reader: RegistryReader,
    /// What turns a tablet's references into those of the tables.
    pub pseudonyms: PseudonymKey,
    /// What tells who asks for a curve.
    pub verifier: TokenVerifier,
    /// The time, for tokens and the age of dead letters.
    pub clock: Arc<dyn Clock>,
}

/// Tells how far the registrar has come. Clones are the same.
#[derive(Clone)]
pub struct RegistrarHandle(pub(crate) Arc<watch::Sender<Vec<u64>>>);

impl RegistrarHandle {
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

    pub(crate) fn note(&self, partition: u32, next: u64) {
        self.0.send_if_modified(|all| {
            let changed = all[partition as usize] != next;
            all[partition as usize] = next;
            changed
        });
    }
}
