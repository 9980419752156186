//! The compactor: erases what tombstones name.
//!
//! Comes in: a word that tombstones were stored, or a request. Goes out: records overwritten in
//! place, and an empty write-ahead log. The invariant: a tombstone stays pending, on disk, until
//! nothing that it names is left in any file; so a crash at any point repeats the work.
//!
//! Damage holds up nobody's erasure: the scan goes on behind it. A damaged record that still has its
//! key is erased like any other. Of one that has not nobody knows whom it is about: it stays as it
//! is, since it was acknowledged and may be mended, it is told, and the tombstones behind it stay
//! pending, so that what they name is erased when it is mended.
//!
//! There is no index by key: it would cost every append what a scan costs once. The scan runs
//! here, on a connection that only reads; only the overwriting goes through the committer.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::committer::WriterRequest;
use super::failure::WriteFailure;
use super::frame::FrameContent;
use super::jobs::{CompactionReply, CompactorInbox, CompactorJob};
use super::reader::{PendingTombstone, ReaderPool, ScannedRecord};
use super::stream::{LogStreams, StreamId};
use crate::cause::UnavailableLog;
use crate::error::CompactionError;
use crate::metrics;
use crate::topic::CompactionResult;

/// How many records are looked at in one read transaction.
const SCAN: u64 = 20_000;
/// How many records are erased in one transaction.
const ERASE: usize = 1_000;
/// When to try again after a failure.
const RETRY: Duration = Duration::from_secs(1);

/// Records of which nobody can tell whether a tombstone names them.
#[derive(Default)]
struct UnclearRecords {
    /// The first, and what is wrong with it.
    first: Option<(u64, &'static str)>,
    count: u64,
}

impl UnclearRecords {
    fn note(&mut self, offset: u64, what: &'static str) {
        self.count += 1;
        if self.first.is_none_or(|(first, _)| offset < first) {
            self.first = Some((offset, what));
        }
    }

    /// True where everything before this tombstone was looked at.
    fn is_after(&self, tombstone: u64) -> bool {
        self.first.is_none_or(|(first, _)| tombstone < first)
    }
}

/// The thread that erases what tombstones name.
pub(super) struct LogCompactor {
    pub(super) readers: Arc<ReaderPool>,
    pub(super) streams: Arc<LogStreams>,
    pub(super) queue: mpsc::Sender<WriterRequest>,
    pub(super) jobs: CompactorInbox,
}

impl LogCompactor {
    /// Works until its handle is dropped.
    pub(super) fn run(self) {
        let mut again = false;
        while let Some(replies) = self.wait(again) {
            let done = self.compact();
            again = done.is_err();
            if let Err(error) = &done
                && !self.jobs.is_stopped()
            {
                tracing::error!(%error, "compacting the log failed; trying again");
            }
            self.answer(replies, done);
        }
    }

    /// Waits for jobs and takes all that wait; `None` at the end.
    fn wait(&self, again: bool) -> Option<Vec<CompactionReply>> {
        let mut replies = Vec::new();
        let first = if again {
            self.jobs.wait_at_most(RETRY)
        } else {
            self.jobs.wait()
        };
        let mut next = Some(first);
        while let Some(job) = next {
            if let CompactorJob::Now(reply) = job? {
                replies.push(reply);
            }
            next = self.jobs.waiting();
        }
        Some(replies)
    }

    /// The first who asked is told what was done, the others that nothing was left to do.
    fn answer(
        &self,
        replies: Vec<CompactionReply>,
        done: Result<CompactionResult, CompactionError>,
    ) {
        let failed = done.is_err();
        let mut done = Some(done);
        for reply in replies {
            let other = if failed {
                Err(UnavailableLog::attempting("compact log").into())
            } else {
                Ok(CompactionResult { erased: 0 })
            };
            _ = reply.send(done.take().unwrap_or(other));
        }
    }

    /// Erases what pending tombstones name, empties the write-ahead log, and only then forgets
    /// them.
    fn compact(&self) -> Result<CompactionResult, CompactionError> {
        let pending = self.readers.pending()?;
        if pending.is_empty() {
            return Ok(CompactionResult { erased: 0 });
        }
        let mut by_stream: BTreeMap<StreamId, Vec<u64>> = BTreeMap::new();
        for PendingTombstone { stream, offset } in &pending {
            by_stream.entry(*stream).or_default().push(*offset);
        }
        let (mut erased, mut done) = (0, Vec::new());
        for (stream, tombstones) in by_stream {
            let (named, unclear) = self.compact_stream(stream, &tombstones)?;
            erased += named;
            self.tell(stream, &unclear);
            let settled = tombstones.into_iter().filter(|at| unclear.is_after(*at));
            done.extend(settled.map(|offset| PendingTombstone { stream, offset }));
        }
        self.ask(|reply| WriterRequest::Checkpoint { reply })?;
        for done in done.chunks(ERASE) {
            let done = done.to_vec();
            self.ask(|reply| WriterRequest::Settle { done, reply })?;
        }
        let waiting = pending.len() - done.len();
        tracing::info!(
            erased,
            tombstones = done.len(),
            waiting,
            "compacted the log"
        );
        Ok(CompactionResult { erased })
    }

    fn tell(&self, stream: StreamId, unclear: &UnclearRecords) {
        let stream = self.streams.get(stream);
        metrics::damaged(stream.topic, stream.partition, unclear.count);
        if let Some((offset, what)) = unclear.first {
            let error = stream.damaged(offset, what);
            tracing::error!(
                %error,
                records = unclear.count,
                "cannot tell whom a damaged record is about; what is erased behind it stays noted until it is mended"
            );
        }
    }

    fn compact_stream(
        &self,
        stream: StreamId,
        tombstones: &[u64],
    ) -> Result<(u64, UnclearRecords), CompactionError> {
        let mut unclear = UnclearRecords::default();
        let keys = self.keys(stream, tombstones, &mut unclear)?;
        let end = tombstones.last().copied().unwrap_or(0);
        let (mut from, mut erased) = (0, 0);
        while from < end {
            let to = end.min(from + SCAN);
            let offsets = self.named(stream, from..to, &keys, &mut unclear)?;
            for offsets in offsets.chunks(ERASE) {
                erased += offsets.len() as u64;
                let offsets = offsets.to_vec();
                self.ask(|reply| WriterRequest::Erase {
                    stream,
                    offsets,
                    reply,
                })?;
            }
            from = to;
        }
        Ok((erased, unclear))
    }

    /// The keys that the tombstones name, each with the offset of its last tombstone. That they are
    /// tombstones is written down elsewhere too, so a damaged one is believed: what stands where its
    /// key was is another record's key only if it is its own.
    fn keys(
        &self,
        stream: StreamId,
        tombstones: &[u64],
        unclear: &mut UnclearRecords,
    ) -> Result<HashMap<Vec<u8>, u64>, UnavailableLog> {
        let mut keys = HashMap::new();
        for offset in tombstones {
            self.readers
                .scan_all(stream, *offset..offset + 1, |offset, found| {
                    match found {
                        ScannedRecord::Whole(FrameContent::Tombstone { key }) => {
                            keys.insert(key.to_vec(), offset);
                        }
                        ScannedRecord::Whole(_) => {}
                        ScannedRecord::Damaged { what, key } => {
                            unclear.note(offset, what);
                            keys.extend(key.map(|key| (key.to_vec(), offset)));
                        }
                    }
                    true
                })?;
        }
        Ok(keys)
    }

    /// The offsets of records in the range that are named by a later tombstone.
    fn named(
        &self,
        stream: StreamId,
        range: std::ops::Range<u64>,
        keys: &HashMap<Vec<u8>, u64>,
        unclear: &mut UnclearRecords,
    ) -> Result<Vec<u64>, UnavailableLog> {
        if self.jobs.is_stopped() {
            return Err(UnavailableLog::stopped("compact log"));
        }
        let mut offsets = Vec::new();
        self.readers.scan_all(stream, range, |offset, found| {
            let is_named = |key: &[u8]| keys.get(key).is_some_and(|at| offset < *at);
            match found {
                ScannedRecord::Whole(FrameContent::Value { key, .. }) if is_named(key) => {
                    offsets.push(offset)
                }
                ScannedRecord::Whole(_) => {}
                // A key is half random: nothing but its own record has it.
                ScannedRecord::Damaged { key: Some(key), .. } if is_named(key) => {
                    offsets.push(offset)
                }
                ScannedRecord::Damaged { what, .. } => unclear.note(offset, what),
            }
            true
        })?;
        Ok(offsets)
    }

    /// Asks the committer and waits for its answer.
    fn ask(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<(), WriteFailure>>) -> WriterRequest,
    ) -> Result<(), WriteFailure> {
        let (reply, answer) = oneshot::channel();
        let sent = self.queue.blocking_send(request(reply));
        sent.map_err(|_| UnavailableLog::stopped("compact log"))?;
        answer
            .blocking_recv()
            .map_err(|_| UnavailableLog::stopped("compact log"))?
    }
}
