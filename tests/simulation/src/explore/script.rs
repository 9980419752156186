//! The world as one actor is told of it. Comes in: answers, in the order in which the actor will
//! ask. Goes out: what it asks when there are no more of them; there it stays. The invariant:
//! whatever an actor does depends on these answers alone.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use medvirk_aggregator::{CheckpointStore, ReplacementTables};
use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use medvirk_eventlog::{
    CompactionError, CompactionResult, Log, LogAppendError, LogReadError, NewRecord,
    OffsetCommitError, OffsetReadError, RecordBatch, StoredRecord, Topic, UnavailableLog,
};
use medvirk_records::codec::{self, LedgerRecord};
use medvirk_registrar::RegistryTables;
use medvirk_store::error::FailureCause;
use medvirk_store::registry::{ControlMark, LogKey, PartitionErasure};
use medvirk_store::{Error as StoreError, RegistryBatch, RowsHash};
use tokio::sync::Notify;

use super::ground::{CloseId, Ground, MONTHS, PerMonth, SequenceId};
use crate::story;

/// The role of the actor that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Role {
    /// The fold of an aggregator; its publisher never gets its first answer.
    Task,
    /// The publisher of an aggregator; its fold never gets its first answer.
    Publisher,
    /// The registrar's steps of an erasure.
    Eraser,
}

/// What an actor asks, and where it stays until it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Call {
    /// The events from an offset on.
    Events(u64),
    /// The ledger, to its end.
    Ledger,
    /// The ledger from an offset on, once there is something.
    AwaitLedger(u64),
    /// To append a close.
    Append(CloseId),
    /// To set aside the record at an offset.
    SetAside(u64),
    /// To erase the records of these bits.
    Tombstones(u32),
    /// What the tables have marked.
    Marks,
    /// Of which months they have rows.
    Months,
    /// The rows that they have of a year.
    Rows(i32),
    /// To insert a close, rows and then mark.
    Insert(CloseId),
    /// To note the withdrawal.
    NoteWithdrawal,
    /// Which records are the withdrawn person's.
    Keys,
    /// To delete the rows.
    DeleteRows,
    /// To delete the keys.
    DeleteKeys,
    /// Nothing: it is done.
    Done,
    /// Nothing: it has stopped, and should not have.
    Stopped(String),
}

/// What it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Answer {
    /// The records of these bits, and where to read on.
    Events(u32, u64),
    /// The ledger has these closes.
    Ledger(SequenceId),
    /// By month: nothing, or one more than the number of the rows that are marked.
    Marks(PerMonth),
    /// By month: the number of the rows.
    Rows(PerMonth),
    /// The records of these bits.
    Keys(u32),
    /// What was asked for is done.
    Done,
    /// Nobody knows whether it is done.
    Unknown,
}

/// The world as one actor sees it.
pub(super) struct Script {
    ground: Arc<Ground>,
    role: Role,
    start: Option<Vec<u8>>,
    inner: Mutex<Inner>,
    pub(super) stuck: Notify,
}

#[derive(Default)]
struct Inner {
    answers: VecDeque<(Call, Answer)>,
    ledger: SequenceId,
    /// What it asked without an answer.
    call: Option<Call>,
    /// What it put aside after the last answer.
    put: Option<Vec<u8>>,
    surprise: Option<String>,
}

impl Script {
    pub(super) fn new(
        ground: &Arc<Ground>,
        role: Role,
        start: Option<Vec<u8>>,
        answers: Vec<(Call, Answer)>,
    ) -> Arc<Self> {
        let inner = Inner {
            answers: answers.into(),
            ..Inner::default()
        };
        Arc::new(Self {
            ground: ground.clone(),
            role,
            start,
            inner: Mutex::new(inner),
            stuck: Notify::new(),
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it asked last, and the checkpoint that it wrote since it got the last answer.
    pub(super) fn outcome(&self) -> (Option<Call>, Option<Vec<u8>>) {
        let mut inner = self.inner();
        let call = match inner.surprise.take() {
            Some(surprise) => Some(Call::Stopped(surprise)),
            None => inner.call.take(),
        };
        (call, inner.put.take())
    }

    async fn ask(&self, call: Call) -> Answer {
        let answer = {
            let mut inner = self.inner();
            match inner.answers.pop_front() {
                Some((asked, _)) if asked != call => {
                    let what = format!("it asks {call:?} where it has asked {asked:?}");
                    inner.surprise = Some(what);
                    None
                }
                Some((_, answer)) => {
                    inner.put = None;
                    Some(answer)
                }
                None => {
                    inner.call = Some(call);
                    None
                }
            }
        };
        if let Some(answer) = answer {
            return answer;
        }
        self.stuck.notify_one();
        std::future::pending().await
    }

    async fn append(&self, call: Call, records: usize) -> Result<Vec<u64>, LogAppendError> {
        match self.ask(call).await {
            Answer::Done => Ok(vec![0; records]),
            _ => Err(LogAppendError::Unknown),
        }
    }

    async fn insert(&self, call: Call) -> Result<(), StoreError> {
        match self.ask(call).await {
            Answer::Done => Ok(()),
            _ => Err(StoreError::Failed {
                attempt: "explore",
                cause: FailureCause::TimedOut,
            }),
        }
    }

    fn closes_from(&self, from: u64, ledger: SequenceId) -> RecordBatch {
        let book = self.ground.book();
        let closes = book.sequence_of(ledger);
        let close = |id: &CloseId| codec::encode_close(book.close_of(*id));
        let values = std::iter::once(self.ground.genesis.clone()).chain(closes.iter().map(close));
        let stored = |(offset, value)| StoredRecord {
            offset,
            key: Vec::new(),
            value: Some(value),
        };
        RecordBatch {
            records: (0..).zip(values).skip(from as usize).map(stored).collect(),
            next: closes.len() as u64 + 1,
        }
    }

    fn bits_of(&self, keys: impl Iterator<Item = Vec<u8>>) -> u32 {
        let place = |key: Vec<u8>| {
            let place = self.ground.events.iter().position(|event| event.key == key);
            1 << place.expect("only what is in the log is erased")
        };
        keys.map(place).sum()
    }

    fn per_month(&self, hashes: PerMonth) -> BTreeMap<Month, RowsHash> {
        let book = self.ground.book();
        let there = (0..MONTHS).filter(|month| hashes[*month] > 0);
        there
            .map(|month| (self.ground.month(month), book.hash_of(hashes[month])))
            .collect()
    }
}

fn batch(records: &[NewRecord], from: u64, next: u64, bits: u32) -> RecordBatch {
    let places = (from..next).filter(|offset| bits >> offset & 1 == 1);
    let stored = |offset| {
        let NewRecord { key, value } = records[offset as usize].clone();
        StoredRecord { offset, key, value }
    };
    RecordBatch {
        records: places.map(stored).collect(),
        next,
    }
}

/// The log does not answer this call.
fn unanswered() -> UnavailableLog {
    UnavailableLog::attempting("explore")
}

#[async_trait]
impl Log for Script {
    fn partitions(&self, _topic: Topic) -> u32 {
        1
    }

    async fn append_all(
        &self,
        topic: Topic,
        _partition: u32,
        records: Vec<NewRecord>,
    ) -> Result<Vec<u64>, LogAppendError> {
        let value = records[0].value.as_deref().unwrap_or_default();
        let call = match topic {
            Topic::Ledger => match codec::decode_ledger(value) {
                Ok(LedgerRecord::Close(close)) => {
                    Call::Append(self.ground.book().close(self.ground.first, &close))
                }
                other => Call::Stopped(format!("the ledger would get {other:?}")),
            },
            Topic::DeadLetter => match codec::decode_dead_letter(value) {
                Ok(letter) => Call::SetAside(letter.offset),
                Err(error) => Call::Stopped(format!("a dead letter that is {error}")),
            },
            Topic::Events => {
                Call::Tombstones(self.bits_of(records.iter().map(|it| it.key.clone())))
            }
            Topic::Catalogue => Call::Stopped("nobody plans here".to_owned()),
        };
        self.append(call, records.len()).await
    }

    async fn read(
        &self,
        topic: Topic,
        _partition: u32,
        from: u64,
        _max_bytes: usize,
        wait: Duration,
    ) -> Result<RecordBatch, LogReadError> {
        Ok(match topic {
            Topic::Catalogue => {
                let catalogue = &self.ground.catalogue;
                batch(catalogue, from, catalogue.len() as u64, u32::MAX)
            }
            Topic::Events => match self.ask(Call::Events(from)).await {
                Answer::Events(bits, next) => batch(&self.ground.events, from, next, bits),
                _ => return Err(unanswered().into()),
            },
            // The registrar waits for closes; the genesis it only looks up.
            Topic::Ledger if self.role == Role::Eraser && !wait.is_zero() => {
                match self.ask(Call::AwaitLedger(from)).await {
                    Answer::Ledger(ledger) => self.closes_from(from, ledger),
                    _ => return Err(unanswered().into()),
                }
            }
            Topic::Ledger => {
                let ledger = self.inner().ledger;
                self.closes_from(from, ledger)
            }
            Topic::DeadLetter => batch(&[], from, from, 0),
        })
    }

    async fn end(&self, topic: Topic, _partition: u32) -> Result<u64, OffsetReadError> {
        match topic {
            Topic::Events if self.role == Role::Publisher => std::future::pending().await,
            Topic::Events => Ok(self.ground.events.len() as u64),
            Topic::Catalogue => Ok(self.ground.catalogue.len() as u64),
            Topic::DeadLetter => Ok(0),
            Topic::Ledger => match self.ask(Call::Ledger).await {
                Answer::Ledger(ledger) => {
                    self.inner().ledger = ledger;
                    Ok(self.ground.book().sequence_of(ledger).len() as u64 + 1)
                }
                _ => Err(unanswered().into()),
            },
        }
    }

    async fn committed(&self, _: &str, _: Topic, _: u32) -> Result<Option<u64>, OffsetReadError> {
        Ok(None)
    }

    async fn commit(&self, _: &str, _: Topic, _: u32, _: u64) -> Result<(), OffsetCommitError> {
        Ok(())
    }

    /// The log does it when it likes.
    async fn compact(&self) -> Result<CompactionResult, CompactionError> {
        Ok(CompactionResult { erased: 0 })
    }
}

impl CheckpointStore for Script {
    fn put(&self, _partition: u32, bytes: &[u8]) -> io::Result<()> {
        self.inner().put = Some(bytes.to_owned());
        Ok(())
    }

    fn get(&self, _partition: u32) -> Option<Vec<u8>> {
        self.start.clone()
    }
}

/// The tables, for an aggregator.
pub(super) struct Indicator(pub(super) Arc<Script>);

#[async_trait]
impl medvirk_aggregator::IndicatorTables for Indicator {
    async fn closes(&self, _partition: u32) -> Result<BTreeMap<Month, RowsHash>, StoreError> {
        if self.0.role == Role::Task {
            std::future::pending::<()>().await;
        }
        let Answer::Marks(mut marks) = self.0.ask(Call::Marks).await else {
            return Ok(BTreeMap::new());
        };
        let marked = marks;
        marks
            .iter_mut()
            .for_each(|mark| *mark = mark.saturating_sub(1));
        let mut told = self.0.per_month(marks);
        // Marked, and without rows.
        for month in (0..MONTHS).filter(|month| marked[*month] == 1) {
            told.insert(self.0.ground.month(month), RowsHash::empty());
        }
        Ok(told)
    }

    async fn months_with_rows(&self, _partition: u32) -> Result<Vec<Month>, StoreError> {
        match self.0.ask(Call::Months).await {
            Answer::Rows(rows) => Ok(self.0.per_month(rows).into_keys().collect()),
            _ => Ok(Vec::new()),
        }
    }

    async fn read_back_year(
        &self,
        _partition: u32,
        year: i32,
    ) -> Result<BTreeMap<Month, RowsHash>, StoreError> {
        let Answer::Rows(rows) = self.0.ask(Call::Rows(year)).await else {
            return Ok(BTreeMap::new());
        };
        let mut held = self.0.per_month(rows);
        held.retain(|month, _| month.year() == year);
        Ok(held)
    }

    async fn insert_close(&self, _: u32, _: u32, close: &Close) -> Result<(), StoreError> {
        let script = &self.0;
        let id = script.ground.book().close(script.ground.first, close);
        script.insert(Call::Insert(id)).await
    }

    async fn optimise(&self, _year: i32) -> Result<(), StoreError> {
        Ok(())
    }

    async fn tidy(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn rebuild(&self) -> Result<Box<dyn ReplacementTables>, StoreError> {
        std::future::pending().await
    }
}

/// The registry, for an erasure. Whatever comes before the withdrawal is in it.
pub(super) struct Registry(pub(super) Arc<Script>);

#[async_trait]
impl RegistryTables for Registry {
    async fn insert(&self, _batch: &RegistryBatch) -> Result<(), StoreError> {
        Ok(())
    }

    async fn newest_period_close(
        &self,
        _partition: u32,
        before: u64,
    ) -> Result<Option<Month>, StoreError> {
        let ground = &self.0.ground;
        let closed = ground.closed_before[before as usize];
        Ok(closed.checked_sub(1).map(|last| ground.month(last)))
    }

    async fn is_empty(&self, _partition: u32) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn mark(&self, _mark: &ControlMark) -> Result<(), StoreError> {
        self.0.insert(Call::NoteWithdrawal).await
    }

    async fn marks(&self, _partition: u32) -> Result<Vec<ControlMark>, StoreError> {
        Ok(Vec::new())
    }

    async fn log_keys(&self, _erasure: &PartitionErasure) -> Result<Vec<LogKey>, StoreError> {
        let Answer::Keys(bits) = self.0.ask(Call::Keys).await else {
            return Ok(Vec::new());
        };
        let events = (0..).zip(&self.0.ground.events);
        let named = events.filter(|(offset, _)| bits >> offset & 1 == 1);
        Ok(named
            .map(|(log_offset, record)| LogKey {
                subject: story::person(super::tale::VICTIM),
                partition: 0,
                log_offset,
                key: record.key.clone(),
                registry_form: false,
            })
            .collect())
    }

    async fn delete_rows(&self, _erasures: &[PartitionErasure]) -> Result<(), StoreError> {
        self.0.insert(Call::DeleteRows).await
    }

    async fn delete_keys(&self, _erasures: &[PartitionErasure]) -> Result<(), StoreError> {
        self.0.insert(Call::DeleteKeys).await
    }

    async fn tidy(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
