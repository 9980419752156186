//! The embedded log: all topics in one SQLite file, durable on one node.
//!
//! Comes in: appends from many tasks. Goes out: batches to many readers. The invariant: one thread
//! writes; it takes everything that waits into one transaction and answers after one fsync for
//! all of it; each record carries its own checksum and its own place, so that damage is met as an
//! error and never as a gap.
//!
//! ```text
//! append ──▶ bounded queue ──▶ committer ──commit──▶ log.sqlite ──▶ readers, each with its own
//!                                 ▲   └─▶ ends (watch) ─── wakes ──▶   connection
//!                                 └── erase ── compactor ◀── tombstones
//! ```

// What is written, and where.
mod file;
mod frame;
mod stream;

// Who writes, who reads, who erases.
mod committer;
mod compactor;
mod failure;
mod jobs;
mod reader;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::append_rules::check_append;
use crate::cause::{OffsetBeyondEnd, UnavailableLog};
use crate::error::{
    CompactionError, LogAppendError, LogOpenError, LogReadError, OffsetCommitError, OffsetReadError,
};
use crate::log::Log;
use crate::topic::{CompactionResult, NewRecord, RecordBatch, Topic};
use committer::{LogCommitter, WriterRequest};
use compactor::LogCompactor;
use failure::QueueRefusal;
use frame::RecordFrame;
use jobs::{CompactorHandle, CompactorJob};
use reader::ReaderPool;
use stream::{LogStreams, StreamEnds};

/// How many requests may wait.
const QUEUE: usize = 16_384;
/// How many bytes may wait.
const QUEUE_BYTES: usize = 256 << 20;

/// The embedded log. Dropped, it writes what waits and closes its files.
pub(crate) struct EmbeddedLog {
    streams: Arc<LogStreams>,
    ends: Arc<StreamEnds>,
    readers: Arc<ReaderPool>,
    waiting_bytes: Arc<Semaphore>,
    /// `None` only while it is dropped.
    queue: Option<mpsc::Sender<WriterRequest>>,
    compactor: Option<CompactorHandle>,
    threads: Vec<JoinHandle<()>>,
    /// Held as long as the threads live; the kernel lets go of it when the process dies.
    #[cfg_attr(not(test), expect(dead_code, reason = "held, and never read"))]
    lock: file::FolderLock,
}

impl EmbeddedLog {
    /// Opens the log in `dir`; creates it where there is none.
    pub(crate) async fn open(dir: PathBuf, partitions: u32) -> Result<Self, LogOpenError> {
        let opened = tokio::task::spawn_blocking(move || Self::open_blocking(dir, partitions));
        opened
            .await
            .map_err(|panic| UnavailableLog::because("open log", panic))?
    }

    fn open_blocking(dir: PathBuf, partitions: u32) -> Result<Self, LogOpenError> {
        let streams = Arc::new(LogStreams::new(partitions)?);
        let lock = file::FolderLock::take(&dir)?;
        let writer = file::LogFileWriter::open(&dir, &streams)?;
        let unfinished = writer.has_pending()?;

        let ends = Arc::new(StreamEnds::new(writer.next_offsets()));
        let readers = Arc::new(ReaderPool::new(dir.clone(), streams.clone()));
        let (queue, requests) = mpsc::channel(QUEUE);
        let (compactor, jobs) = jobs::channel();
        let committer = LogCommitter {
            dir,
            streams: streams.clone(),
            ends: ends.clone(),
            writer: Some(writer),
            requests,
            compactor: compactor.jobs(),
        };
        let compaction = LogCompactor {
            readers: readers.clone(),
            streams: streams.clone(),
            queue: queue.clone(),
            jobs,
        };
        if unfinished {
            compactor.send(CompactorJob::Tombstoned);
        }
        let threads = vec![
            spawn("log-compactor", move || compaction.run())?,
            spawn("log-committer", move || committer.run())?,
        ];
        Ok(Self {
            streams,
            ends,
            readers,
            waiting_bytes: Arc::new(Semaphore::new(QUEUE_BYTES)),
            queue: Some(queue),
            compactor: Some(compactor),
            threads,
            lock,
        })
    }

    /// Puts a request into the queue at once, or refuses it at once.
    fn enqueue(&self, request: WriterRequest) -> Result<(), QueueRefusal> {
        let queue = self.queue.as_ref().expect("taken only when dropped");
        queue.try_send(request).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => QueueRefusal::Full,
            mpsc::error::TrySendError::Closed(_) => QueueRefusal::Stopped,
        })
    }
}

fn spawn(
    name: &str,
    body: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, UnavailableLog> {
    let thread = thread::Builder::new().name(name.to_owned());
    let spawned = thread.spawn(body);
    spawned.map_err(|error| UnavailableLog::because("start log", error))
}

#[async_trait]
impl Log for EmbeddedLog {
    fn partitions(&self, topic: Topic) -> u32 {
        self.streams.partitions(topic)
    }

    /// All records or none: they are in one transaction.
    async fn append_all(
        &self,
        topic: Topic,
        partition: u32,
        records: Vec<NewRecord>,
    ) -> Result<Vec<u64>, LogAppendError> {
        let stream = self.streams.find(topic, partition)?;
        check_append(topic, &records)?;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let frames: Vec<RecordFrame> = records.into_iter().map(RecordFrame::new).collect();
        let bytes: usize = frames.iter().map(RecordFrame::len).sum();
        let bytes = u32::try_from(bytes).map_err(|_| LogAppendError::Full)?;
        let waiting = self.waiting_bytes.clone();
        let permit = waiting
            .try_acquire_many_owned(bytes)
            .map_err(|_| LogAppendError::Full)?;
        let (reply, answer) = oneshot::channel();
        self.enqueue(WriterRequest::Append {
            stream,
            frames,
            _waits: permit,
            reply,
        })?;
        let written = answer.await.map_err(|_| LogAppendError::Unknown)?;
        Ok(written?)
    }

    async fn read(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<RecordBatch, LogReadError> {
        let stream = self.streams.find(topic, partition)?;
        let mut end = self.ends.of(stream);
        if from > end {
            let offset = from;
            let beyond = OffsetBeyondEnd {
                topic,
                partition,
                offset,
                end,
            };
            return Err(beyond.into());
        }
        if from == end {
            match self.ends.wait_beyond(stream, from, wait).await {
                Some(grown) => end = grown,
                None => {
                    let records = Vec::new();
                    return Ok(RecordBatch {
                        records,
                        next: from,
                    });
                }
            }
        }
        let readers = self.readers.clone();
        let read = move || readers.read(stream, from..end, max_bytes);
        let done = tokio::task::spawn_blocking(read).await;
        done.map_err(|panic| UnavailableLog::because("read log", panic))?
    }

    async fn end(&self, topic: Topic, partition: u32) -> Result<u64, OffsetReadError> {
        Ok(self.ends.of(self.streams.find(topic, partition)?))
    }

    async fn committed(
        &self,
        group: &str,
        topic: Topic,
        partition: u32,
    ) -> Result<Option<u64>, OffsetReadError> {
        let stream = self.streams.find(topic, partition)?;
        let (readers, group) = (self.readers.clone(), group.to_owned());
        let read = move || readers.committed(&group, stream);
        let done = tokio::task::spawn_blocking(read).await;
        Ok(done.map_err(|panic| UnavailableLog::because("read committed offset", panic))??)
    }

    async fn commit(
        &self,
        group: &str,
        topic: Topic,
        partition: u32,
        next: u64,
    ) -> Result<(), OffsetCommitError> {
        let stream = self.streams.find(topic, partition)?;
        let end = self.ends.of(stream);
        if next > end {
            let offset = next;
            let beyond = OffsetBeyondEnd {
                topic,
                partition,
                offset,
                end,
            };
            return Err(beyond.into());
        }
        let (reply, answer) = oneshot::channel();
        self.enqueue(WriterRequest::Commit {
            group: group.to_owned(),
            stream,
            next,
            reply,
        })?;
        let written = answer.await.map_err(|_| OffsetCommitError::Unknown)?;
        Ok(written?)
    }

    async fn compact(&self) -> Result<CompactionResult, CompactionError> {
        let (reply, answer) = oneshot::channel();
        let compactor = self.compactor.as_ref().expect("taken only when dropped");
        compactor.send(CompactorJob::Now(reply));
        let done = answer.await;
        done.map_err(|_| UnavailableLog::stopped("compact log"))?
    }
}

impl Drop for EmbeddedLog {
    /// The compactor first, because it asks the committer; then the committer, which ends when
    /// nobody can ask it any more and all that waited is written.
    fn drop(&mut self) {
        drop(self.compactor.take());
        drop(self.queue.take());
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the log panicked");
            }
        }
    }
}

#[cfg(test)]
mod tests;
