//! The committer: the one thread that writes.
//!
//! Comes in: requests from a bounded queue. Goes out: one transaction for all that waits, then an
//! answer to each. The invariant: an answer follows the fsync; when a transaction fails, all its
//! requests fail, the file is opened anew and the next offsets are read from it, so that what is
//! promised next rests on what is on disk.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::failure::WriteFailure;
use super::file::LogFileWriter;
use super::frame::{self, FramePlace, RecordFrame};
use super::jobs::{CompactorJob, CompactorJobs};
use super::reader::PendingTombstone;
use super::stream::{LogStreams, StreamEnds, StreamId};
use crate::cause::UnavailableLog;

/// How many records one transaction takes.
const RECORDS: usize = 4_096;
/// How many bytes one transaction takes, about.
const BYTES: usize = 64 << 20;

/// What the committer is asked for.
pub(super) enum WriterRequest {
    /// Stores records in one stream.
    Append {
        stream: StreamId,
        frames: Vec<RecordFrame>,
        /// Its share of what may wait; given back when the request is done.
        _waits: OwnedSemaphorePermit,
        reply: oneshot::Sender<Result<Vec<u64>, WriteFailure>>,
    },
    /// Remember where a group reads on.
    Commit {
        group: String,
        stream: StreamId,
        next: u64,
        reply: oneshot::Sender<Result<(), WriteFailure>>,
    },
    /// Overwrite records in place.
    Erase {
        stream: StreamId,
        offsets: Vec<u64>,
        reply: oneshot::Sender<Result<(), WriteFailure>>,
    },
    /// Forget tombstones whose work is done.
    Settle {
        done: Vec<PendingTombstone>,
        reply: oneshot::Sender<Result<(), WriteFailure>>,
    },
    /// Empty the write-ahead log.
    Checkpoint {
        reply: oneshot::Sender<Result<(), WriteFailure>>,
    },
    /// Do something to the connection, for tests of what happens when it fails.
    #[cfg(test)]
    With(Box<dyn FnOnce(&mut Connection) + Send>),
}

impl WriterRequest {
    /// How many records and bytes it carries.
    fn size(&self) -> (usize, usize) {
        match self {
            Self::Append { frames, .. } => (
                frames.len(),
                frames.iter().map(RecordFrame::len).sum::<usize>(),
            ),
            Self::Erase { offsets, .. } => (offsets.len(), 0),
            _ => (1, 0),
        }
    }

    /// What cannot be part of a transaction.
    fn stands_alone(&self) -> bool {
        match self {
            Self::Checkpoint { .. } => true,
            #[cfg(test)]
            Self::With(_) => true,
            _ => false,
        }
    }

    fn fail(self, failure: WriteFailure) {
        match self {
            Self::Append { reply, .. } => _ = reply.send(Err(failure)),
            Self::Commit { reply, .. }
            | Self::Erase { reply, .. }
            | Self::Settle { reply, .. }
            | Self::Checkpoint { reply } => _ = reply.send(Err(failure)),
            #[cfg(test)]
            Self::With(_) => {}
        }
    }
}

/// Why a transaction failed.
enum TransactionFailure {
    /// Before its commit: nothing of it is stored.
    Before(rusqlite::Error),
    /// At its commit: it may be stored.
    AtCommit(rusqlite::Error),
}

impl From<rusqlite::Error> for TransactionFailure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Before(error)
    }
}

/// The one thread that writes to the file.
pub(super) struct LogCommitter {
    pub(super) dir: PathBuf,
    pub(super) streams: Arc<LogStreams>,
    pub(super) ends: Arc<StreamEnds>,
    /// `None` after a failure, until the file could be opened again.
    pub(super) writer: Option<LogFileWriter>,
    pub(super) requests: mpsc::Receiver<WriterRequest>,
    pub(super) compactor: CompactorJobs,
}

impl LogCommitter {
    /// Works until nobody can ask any more and all that waited is done.
    pub(super) fn run(mut self) {
        while let Some(first) = self.requests.blocking_recv() {
            let (batch, alone) = self.gather(first);
            if !batch.is_empty() {
                self.commit(batch);
            }
            if let Some(alone) = alone {
                self.serve_alone(alone);
            }
        }
    }

    /// Everything that waits, as far as one transaction takes it.
    fn gather(&mut self, first: WriterRequest) -> (Vec<WriterRequest>, Option<WriterRequest>) {
        let mut batch = Vec::new();
        let (mut records, mut bytes) = (0, 0);
        let mut next = Some(first);
        while let Some(request) = next {
            if request.stands_alone() {
                return (batch, Some(request));
            }
            let size = request.size();
            records += size.0;
            bytes += size.1;
            batch.push(request);
            next = if records < RECORDS && bytes < BYTES {
                self.requests.try_recv().ok()
            } else {
                None
            };
        }
        (batch, None)
    }

    fn commit(&mut self, batch: Vec<WriterRequest>) {
        let streams = self.streams.clone();
        let Some(writer) = self.writer() else {
            for request in batch {
                request.fail(cannot_open());
            }
            return;
        };
        match transact(writer, &streams, &batch) {
            Ok(offsets) => self.acknowledge(batch, offsets),
            Err(failure) => self.fail(batch, failure),
        }
    }

    fn acknowledge(&mut self, batch: Vec<WriterRequest>, offsets: Vec<Vec<u64>>) {
        if let Some(writer) = &self.writer {
            self.ends.advance(writer.next_offsets());
        }
        let mut tombstoned = false;
        for (request, offsets) in batch.into_iter().zip(offsets) {
            // Nobody may be waiting any more; it is stored all the same.
            match request {
                WriterRequest::Append { frames, reply, .. } => {
                    tombstoned |= frames.iter().any(|frame| frame.is_tombstone);
                    _ = reply.send(Ok(offsets));
                }
                WriterRequest::Commit { reply, .. }
                | WriterRequest::Erase { reply, .. }
                | WriterRequest::Settle { reply, .. }
                | WriterRequest::Checkpoint { reply } => _ = reply.send(Ok(())),
                #[cfg(test)]
                WriterRequest::With(_) => {}
            }
        }
        if tombstoned {
            self.compactor.send(CompactorJob::Tombstoned);
        }
    }

    /// Fails all of the batch and opens the file anew, so that the next offsets are those on disk.
    fn fail(&mut self, batch: Vec<WriterRequest>, failure: TransactionFailure) {
        self.writer = None;
        let unknown = match failure {
            TransactionFailure::Before(error) => {
                tracing::error!(%error, "writing the log failed");
                false
            }
            TransactionFailure::AtCommit(error) => {
                tracing::error!(%error, "committing the log failed");
                true
            }
        };
        self.writer();
        for request in batch {
            request.fail(if unknown {
                WriteFailure::Unknown
            } else {
                UnavailableLog::attempting("write log").into()
            });
        }
    }

    /// The writer, opened again where it was given up. Opening empties the write-ahead log into
    /// the synced file, so that nothing rests on pages whose sync failed.
    fn writer(&mut self) -> Option<&mut LogFileWriter> {
        if self.writer.is_none() {
            match LogFileWriter::open(&self.dir, &self.streams) {
                Ok(writer) => {
                    self.ends.advance(writer.next_offsets());
                    self.writer = Some(writer);
                }
                Err(error) => tracing::error!(%error, "opening the log again failed"),
            }
        }
        self.writer.as_mut()
    }

    fn serve_alone(&mut self, request: WriterRequest) {
        let Some(writer) = self.writer() else {
            return request.fail(cannot_open());
        };
        match request {
            WriterRequest::Checkpoint { reply } => {
                let done = writer.checkpoint();
                _ = reply.send(done.map_err(WriteFailure::Unavailable));
            }
            #[cfg(test)]
            WriterRequest::With(body) => body(&mut writer.connection),
            _ => unreachable!("all others are gathered"),
        }
    }
}

fn cannot_open() -> WriteFailure {
    UnavailableLog::attempting("write log: its file cannot be opened").into()
}

/// One transaction for all requests. Gives the offsets of each; only after success are the
/// writer's next offsets moved on.
fn transact(
    writer: &mut LogFileWriter,
    streams: &LogStreams,
    batch: &[WriterRequest],
) -> Result<Vec<Vec<u64>>, TransactionFailure> {
    let mut next = writer.next.clone();
    let immediate = TransactionBehavior::Immediate;
    let transaction = writer.connection.transaction_with_behavior(immediate)?;
    let offsets = batch
        .iter()
        .map(|request| apply(&transaction, streams, request, &mut next))
        .collect::<Result<Vec<_>, rusqlite::Error>>()?;
    let moved = streams.all().iter().zip(writer.next.iter().zip(&next));
    for (stream, (_, next)) in moved.filter(|(_, (before, after))| before != after) {
        let sql = "UPDATE next_offset SET next = ?2 WHERE stream = ?1";
        let mut statement = transaction.prepare_cached(sql)?;
        statement.execute(params![stream.number, next])?;
    }
    transaction.commit().map_err(TransactionFailure::AtCommit)?;
    writer.next = next;
    Ok(offsets)
}

fn apply(
    transaction: &Transaction<'_>,
    streams: &LogStreams,
    request: &WriterRequest,
    next: &mut [u64],
) -> rusqlite::Result<Vec<u64>> {
    match request {
        WriterRequest::Append { stream, frames, .. } => {
            append(transaction, streams, *stream, frames, &mut next[stream.0])
        }
        WriterRequest::Commit {
            group,
            stream,
            next,
            ..
        } => {
            let sql = "INSERT INTO committed (reader, stream, next) VALUES (?1, ?2, ?3)
                       ON CONFLICT DO UPDATE SET next = excluded.next";
            let mut statement = transaction.prepare_cached(sql)?;
            statement.execute(params![group, streams.get(*stream).number, next])?;
            Ok(Vec::new())
        }
        WriterRequest::Erase {
            stream, offsets, ..
        } => {
            for offset in offsets {
                erase(transaction, streams, *stream, *offset)?;
            }
            Ok(Vec::new())
        }
        WriterRequest::Settle { done, .. } => {
            let sql = "DELETE FROM pending_tombstone WHERE stream = ?1 AND record_offset = ?2";
            let mut statement = transaction.prepare_cached(sql)?;
            for PendingTombstone { stream, offset } in done {
                statement.execute(params![streams.get(*stream).number, offset])?;
            }
            Ok(Vec::new())
        }
        _ => unreachable!("what stands alone is not gathered"),
    }
}

fn append(
    transaction: &Transaction<'_>,
    streams: &LogStreams,
    stream: StreamId,
    frames: &[RecordFrame],
    next: &mut u64,
) -> rusqlite::Result<Vec<u64>> {
    let stream = streams.get(stream);
    let mut insert = transaction.prepare_cached(&stream.insert)?;
    let mut offsets = Vec::with_capacity(frames.len());
    for frame in frames {
        let place = FramePlace {
            stream: stream.number,
            offset: *next,
        };
        insert.execute(params![place.offset, frame.at(place)])?;
        if frame.is_tombstone {
            // In the same transaction, so that no crash forgets what is still to be erased.
            let sql = "INSERT INTO pending_tombstone (stream, record_offset) VALUES (?1, ?2)";
            let mut remember = transaction.prepare_cached(sql)?;
            remember.execute(params![place.stream, place.offset])?;
        }
        offsets.push(place.offset);
        *next += 1;
    }
    Ok(offsets)
}

/// Overwrites a record in place, byte by byte: an `UPDATE` that changed its length could move its
/// neighbours and leave stale copies of them in the page.
fn erase(
    connection: &Connection,
    streams: &LogStreams,
    stream: StreamId,
    offset: u64,
) -> rusqlite::Result<()> {
    let stream = streams.get(stream);
    let rowid = i64::try_from(offset).expect("offsets are row ids");
    let table = stream.table.as_str();
    let mut blob = connection.blob_open("main", table, "record", rowid, false)?;
    let place = FramePlace {
        stream: stream.number,
        offset,
    };
    blob.write_all_at(&frame::erased(blob.len(), place), 0)
}
