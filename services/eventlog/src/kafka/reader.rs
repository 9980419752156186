//! Readers. Comes in: a place and an offset. Goes out: records from there on. The invariants: a
//! cursor gives every record from the offset that it was told on, in order, gaps left out; one
//! that stands elsewhere starts anew there.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::oneshot;

use super::config::KafkaConfig;
use super::context::BrokerContext;
use super::refusal::unusable;
use crate::cause::UnavailableLog;
use crate::topic::{RecordBatch, StoredRecord, Topic};

/// A cursor that nobody asked for so long closes its connections.
const IDLE: Duration = Duration::from_secs(60);
/// How often a waiting cursor looks whether its reader still waits.
const SLICE: Duration = Duration::from_millis(100);

/// A topic and one of its partitions.
pub(super) type ReadPlace = (Topic, u32);

/// What is to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadRequest {
    pub(super) from: u64,
    /// About so many bytes of keys and values, but at least one record.
    pub(super) max_bytes: usize,
    /// How long to wait for the first record.
    pub(super) wait: Duration,
}

struct CursorRequest {
    want: ReadRequest,
    reply: oneshot::Sender<Result<RecordBatch, KafkaError>>,
}

/// Cursors that nobody uses now.
#[derive(Clone)]
pub(super) struct CursorPool {
    config: Arc<KafkaConfig>,
    idle: Arc<Mutex<Vec<IdleCursor>>>,
}

struct IdleCursor {
    place: ReadPlace,
    /// Where it reads on without starting anew.
    position: Option<u64>,
    requests: mpsc::Sender<CursorRequest>,
    thread: JoinHandle<()>,
}

impl CursorPool {
    pub(super) fn new(config: Arc<KafkaConfig>) -> Self {
        let idle = Arc::default();
        Self { config, idle }
    }

    /// A cursor that reads on from this very offset, if there is one.
    pub(super) fn standing_at(&self, place: ReadPlace, from: u64) -> Option<TopicCursor> {
        self.take(|idle| idle.place == place && idle.position == Some(from))
    }

    /// A cursor at this place, wherever it stands.
    pub(super) fn any(&self, place: ReadPlace) -> Result<TopicCursor, UnavailableLog> {
        match self.take(|idle| idle.place == place) {
            Some(cursor) => Ok(cursor),
            None => self.new_cursor(place),
        }
    }

    fn take(&self, which: impl Fn(&IdleCursor) -> bool) -> Option<TopicCursor> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|one| !one.thread.is_finished());
        let index = idle.iter().rposition(which)?;
        let taken = Some(idle.swap_remove(index));
        let home = self.clone();
        Some(TopicCursor { taken, home })
    }

    fn new_cursor(&self, place: ReadPlace) -> Result<TopicCursor, UnavailableLog> {
        let (topic, partition) = place;
        let made = BaseConsumer::from_config_and_context(&self.config.reading(), BrokerContext);
        let reading = CursorThread {
            consumer: made.map_err(unusable)?,
            topic: self.config.topic_name(topic),
            partition: partition.cast_signed(),
            position: None,
        };
        let (requests, asked) = mpsc::channel();
        let named = thread::Builder::new().name(format!("log-{topic}-{partition}"));
        let spawned = named.spawn(move || reading.run(&asked));
        let thread = spawned.map_err(|error| UnavailableLog::because("start log reader", error))?;
        let taken = Some(IdleCursor {
            place,
            position: None,
            requests,
            thread,
        });
        let home = self.clone();
        Ok(TopicCursor { taken, home })
    }
}

/// A cursor in use; goes back to the others when it is dropped.
pub(super) struct TopicCursor {
    taken: Option<IdleCursor>,
    home: CursorPool,
}

impl TopicCursor {
    /// Reads. Dropped while it waits, the cursor starts anew next time.
    pub(super) async fn read(mut self, want: ReadRequest) -> Result<RecordBatch, KafkaError> {
        let gone = KafkaError::Canceled;
        let Some(idle) = &mut self.taken else {
            return Err(gone);
        };
        idle.position = None;
        let (reply, answer) = oneshot::channel();
        if idle.requests.send(CursorRequest { want, reply }).is_err() {
            // It was idle for too long.
            self.taken = None;
            return Err(gone);
        }
        let batch = answer.await.map_err(|_| gone)??;
        idle.position = Some(batch.next);
        Ok(batch)
    }
}

impl Drop for TopicCursor {
    fn drop(&mut self) {
        if let Some(idle) = self.taken.take() {
            let all = self.home.idle.lock();
            all.unwrap_or_else(PoisonError::into_inner).push(idle);
        }
    }
}

/// A cursor's own side: its thread and its consumer.
struct CursorThread {
    consumer: BaseConsumer<BrokerContext>,
    topic: String,
    partition: i32,
    position: Option<u64>,
}

impl CursorThread {
    /// Until nobody asks any more.
    fn run(mut self, requests: &mpsc::Receiver<CursorRequest>) {
        loop {
            let mut request: CursorRequest = match requests.recv_timeout(IDLE) {
                Ok(request) => request,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            };
            let read = self.read(request.want, &mut request.reply);
            self.position = read.as_ref().ok().map(|batch| batch.next);
            request.reply.send(read).ok();
        }
    }

    fn read(
        &mut self,
        want: ReadRequest,
        reply: &mut oneshot::Sender<Result<RecordBatch, KafkaError>>,
    ) -> Result<RecordBatch, KafkaError> {
        if self.position != Some(want.from) {
            self.start_at(want.from)?;
        }
        let from = Instant::now();
        let mut batch = RecordBatch {
            records: Vec::new(),
            next: want.from,
        };
        let mut bytes = 0;
        loop {
            let left = if batch.records.is_empty() {
                want.wait.saturating_sub(from.elapsed())
            } else {
                // What has arrived already is read as well.
                Duration::ZERO
            };
            match self.consumer.poll(left.min(SLICE)) {
                Some(Ok(message)) => {
                    let stored = stored(&message);
                    bytes += stored.key.len() + stored.value.as_ref().map_or(0, Vec::len);
                    batch.next = stored.offset + 1;
                    batch.records.push(stored);
                    if bytes >= want.max_bytes {
                        return Ok(batch);
                    }
                }
                Some(Err(error)) if !passes(&error) => return Err(error),
                Some(Err(_)) => {}
                None if left.is_zero() => return Ok(batch),
                // Nobody waits any more; what has come is read again by the next one.
                None if reply.is_closed() => return Err(KafkaError::Canceled),
                None => {}
            }
        }
    }

    /// Starts anew: whatever was fetched before is forgotten.
    fn start_at(&mut self, from: u64) -> Result<(), KafkaError> {
        self.position = None;
        let mut list = TopicPartitionList::new();
        let offset = Offset::Offset(from.cast_signed());
        list.add_partition_offset(&self.topic, self.partition, offset)?;
        self.consumer.assign(&list)
    }
}

fn stored(message: &BorrowedMessage<'_>) -> StoredRecord {
    StoredRecord {
        offset: message.offset().max(0).cast_unsigned(),
        key: message.key().unwrap_or_default().to_vec(),
        value: message.payload().map(<[u8]>::to_vec),
    }
}

/// True for trouble that the library mends by itself: it goes on with the same records.
fn passes(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::Resolve
                | RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::UnknownTopicOrPartition
        )
    )
}
