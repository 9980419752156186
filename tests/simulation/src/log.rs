//! The log as one process sees it. Comes in: the calls of `Log`. Goes out: what a real log may
//! answer, and now and then what it answers on a bad day. The invariant: the contract of `Log`
//! holds; nothing happens here that could not happen there.

use std::time::Duration;

use async_trait::async_trait;
use medvirk_eventlog::{
    CompactionError, CompactionResult, Log, LogAppendError, LogReadError, NewRecord,
    OffsetBeyondEnd, OffsetCommitError, OffsetReadError, RecordBatch, Topic, UnavailableLog,
};
use medvirk_records::codec::{self, LedgerRecord};

use crate::world::{Link, State, World};

/// The log at the end of a link.
pub(crate) struct SimLog(pub(crate) Link);

/// What becomes of an append.
enum Fate {
    Done,
    Twice,
    Unacknowledged,
    Late,
    Lost,
    Full,
    Unavailable,
}

impl State {
    fn fate(&mut self, topic: Topic) -> Fate {
        if self.calm {
            return Fate::Done;
        }
        let fate = match self.random.below(1_000) {
            0..800 => return Fate::Done,
            // A record with a key is stored once: the client library sees to it.
            800..850 if topic == Topic::Ledger => Fate::Twice,
            850..900 => Fate::Unacknowledged,
            900..940 => Fate::Late,
            940..970 => return Fate::Lost,
            970..990 => return Fate::Full,
            990..995 => return Fate::Unavailable,
            _ => return Fate::Done,
        };
        self.counts.odd_appends += 1;
        fate
    }

    /// Puts records into the log.
    pub(crate) fn store(
        &mut self,
        topic: Topic,
        partition: u32,
        records: &[NewRecord],
    ) -> Vec<u64> {
        let stored = records.iter().map(|record| {
            if topic == Topic::Ledger {
                self.note_close(partition, record);
            }
            self.records.append(topic, partition, record.clone())
        });
        stored.collect()
    }

    fn note_close(&mut self, partition: u32, record: &NewRecord) {
        let value = record.value.as_deref().unwrap_or_default();
        let close = match codec::decode_ledger(value) {
            Ok(LedgerRecord::Close(close)) => close,
            Ok(LedgerRecord::Genesis(_)) => return,
            Err(error) => return self.broken(|| format!("the ledger got {error}")),
        };
        let first = &mut self.closes[partition as usize];
        if first.contains_key(&close.month) {
            self.counts.second_closes += 1;
        } else {
            if first
                .keys()
                .next_back()
                .is_some_and(|last| last.next() != close.month)
            {
                self.broken(|| format!("{} is closed out of order", close.month));
                return;
            }
            first.insert(close.month, close);
        }
    }
}

fn unavailable() -> UnavailableLog {
    UnavailableLog::attempting("simulate")
}

impl SimLog {
    fn store(&self, topic: Topic, partition: u32, records: &[NewRecord]) -> Vec<u64> {
        store(&self.0.world, topic, partition, records)
    }

    async fn failing(&self) -> Result<(), UnavailableLog> {
        self.0.step().await;
        if self.0.state().fault(1) {
            Err(unavailable())
        } else {
            Ok(())
        }
    }
}

fn store(world: &World, topic: Topic, partition: u32, records: &[NewRecord]) -> Vec<u64> {
    let offsets = world.state().store(topic, partition, records);
    world.appended.notify_waiters();
    offsets
}

#[async_trait]
impl Log for SimLog {
    fn partitions(&self, topic: Topic) -> u32 {
        if topic.is_partitioned() {
            self.0.state().partitions
        } else {
            1
        }
    }

    async fn append_all(
        &self,
        topic: Topic,
        partition: u32,
        records: Vec<NewRecord>,
    ) -> Result<Vec<u64>, LogAppendError> {
        self.0.step().await;
        let fate = self.0.state().fate(topic);
        let late = |records: Vec<NewRecord>| {
            let world = self.0.world.clone();
            let after = world.state().random.millis(15_000);
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                store(&world, topic, partition, &records);
            });
        };
        let answer = match fate {
            Fate::Done => Ok(self.store(topic, partition, &records)),
            Fate::Twice => {
                let offsets = self.store(topic, partition, &records);
                late(records);
                Ok(offsets)
            }
            Fate::Unacknowledged => {
                // Of several, some may be there; then it is the first ones.
                let some = 1 + self.0.state().random.index(records.len());
                self.store(topic, partition, &records[..some]);
                Err(LogAppendError::Unknown)
            }
            Fate::Late => {
                late(records);
                Err(LogAppendError::Unknown)
            }
            Fate::Lost => Err(LogAppendError::Unknown),
            Fate::Full => Err(LogAppendError::Full),
            Fate::Unavailable => Err(unavailable().into()),
        };
        self.0.step().await;
        answer
    }

    async fn read(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        _max_bytes: usize,
        wait: Duration,
    ) -> Result<RecordBatch, LogReadError> {
        self.failing().await?;
        let end = || self.0.state().records.end(topic, partition);
        if from > end() {
            let beyond = OffsetBeyondEnd {
                topic,
                partition,
                offset: from,
                end: end(),
            };
            return Err(beyond.into());
        }
        if from == end() && !wait.is_zero() {
            let grows = async {
                loop {
                    let appended = self.0.world.appended.notified();
                    if from < end() {
                        return;
                    }
                    appended.await;
                }
            };
            // Nothing new is an answer too.
            let _ = tokio::time::timeout(wait, grows).await;
        }
        let mut state = self.0.state();
        let most = 1 + state.random.index(12);
        Ok(state.records.read(topic, partition, from, most))
    }

    async fn end(&self, topic: Topic, partition: u32) -> Result<u64, OffsetReadError> {
        self.failing().await?;
        Ok(self.0.state().records.end(topic, partition))
    }

    async fn committed(
        &self,
        group: &str,
        _topic: Topic,
        partition: u32,
    ) -> Result<Option<u64>, OffsetReadError> {
        self.failing().await?;
        let key = (group.to_owned(), partition);
        Ok(self.0.state().committed.get(&key).copied())
    }

    async fn commit(
        &self,
        group: &str,
        _topic: Topic,
        partition: u32,
        next: u64,
    ) -> Result<(), OffsetCommitError> {
        self.failing().await?;
        let key = (group.to_owned(), partition);
        self.0.state().committed.insert(key, next);
        Ok(())
    }

    /// As Kafka: in its own time.
    async fn compact(&self) -> Result<CompactionResult, CompactionError> {
        self.failing().await?;
        Ok(CompactionResult { erased: 0 })
    }
}
