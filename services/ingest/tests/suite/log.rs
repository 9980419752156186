//! A log that fails as told, in front of a real one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use medvirk_domain::record::{Event, LogRecord};
use medvirk_eventlog::layer::{LayeredLog, LogLayer};
use medvirk_eventlog::{Log, LogAppendError, NewRecord, Topic, UnavailableLog};
use medvirk_records::codec::decode_event;
use tokio::sync::watch;

/// What happens to appends of events.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are passed on.
    Pass,
    /// They wait until this changes.
    Stall,
    /// They are refused: too much is waiting.
    Full,
    /// They are passed on, and then it is not known what became of them.
    Unknown,
    /// Appends are refused as unavailable.
    Unavailable,
    /// Those of the partition 0 are refused.
    HalfUnavailable,
}

/// A log that refuses when a test says so.
pub struct MoodyLog {
    inner: Arc<dyn Log>,
    mode: watch::Sender<Mode>,
    waiting: AtomicUsize,
}

impl MoodyLog {
    pub fn layered(inner: Arc<dyn Log>) -> LayeredLog<Self> {
        LayeredLog(Self {
            inner,
            mode: watch::Sender::new(Mode::Pass),
            waiting: AtomicUsize::new(0),
        })
    }

    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// How many appends stall.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Every event, partition by partition.
    pub async fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for value in self.values().await {
            match decode_event(&value).unwrap() {
                LogRecord::Event(event) => events.push(event),
                LogRecord::Control(_) => {}
            }
        }
        events
    }

    /// Every value of the topic of events, as bytes.
    pub async fn values(&self) -> Vec<Vec<u8>> {
        let mut values = Vec::new();
        for partition in 0..self.inner.partitions(Topic::Events) {
            let read = self
                .inner
                .read(Topic::Events, partition, 0, usize::MAX, Duration::ZERO);
            let records = read.await.unwrap().records.into_iter();
            values.extend(records.filter_map(|record| record.value));
        }
        values
    }
}

#[async_trait]
impl LogLayer for MoodyLog {
    fn below(&self) -> &Arc<dyn Log> {
        &self.inner
    }

    async fn append_all(
        &self,
        topic: Topic,
        partition: u32,
        records: Vec<NewRecord>,
    ) -> Result<Vec<u64>, LogAppendError> {
        let mut mode = *self.mode.borrow();
        if mode == Mode::Stall {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            let mut changed = self.mode.subscribe();
            mode = *changed.wait_for(|mode| *mode != Mode::Stall).await.unwrap();
        }
        match mode {
            Mode::Full => Err(LogAppendError::Full),
            Mode::Unknown => {
                self.inner.append_all(topic, partition, records).await?;
                Err(LogAppendError::Unknown)
            }
            Mode::HalfUnavailable if partition != 0 => {
                self.inner.append_all(topic, partition, records).await
            }
            Mode::Unavailable | Mode::HalfUnavailable => {
                Err(UnavailableLog::attempting("append").into())
            }
            Mode::Pass | Mode::Stall => self.inner.append_all(topic, partition, records).await,
        }
    }
}
