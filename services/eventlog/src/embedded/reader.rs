//! Readers: connections that only read, each for one short transaction at a time, because a long
//! one keeps the write-ahead log from being reset.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::file;
use super::frame::{self, FrameContent, FramePlace};
use super::stream::{LogStreams, StreamId};
use crate::cause::UnavailableLog;
use crate::error::LogReadError;
use crate::topic::{RecordBatch, StoredRecord};

/// How many idle connections are kept.
const IDLE: usize = 16;
/// What a record costs besides its bytes, so that a batch of erased ones ends too.
const OVERHEAD: usize = 32;

/// A tombstone whose work is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PendingTombstone {
    pub(super) stream: StreamId,
    pub(super) offset: u64,
}

/// What is at an offset.
pub(super) enum ScannedRecord<'a> {
    /// What was written, or that it is erased.
    Whole(FrameContent<'a>),
    /// Something else, or nothing.
    Damaged {
        /// What is wrong with it.
        what: &'static str,
        /// What stands where its key was written.
        key: Option<&'a [u8]>,
    },
}

/// A pool of connections that only read.
pub(super) struct ReaderPool {
    dir: PathBuf,
    streams: Arc<LogStreams>,
    idle: Mutex<Vec<Connection>>,
}

impl ReaderPool {
    pub(super) fn new(dir: PathBuf, streams: Arc<LogStreams>) -> Self {
        let idle = Mutex::default();
        Self { dir, streams, idle }
    }

    /// Reads from the start of `range` on, about `max_bytes`, at least one record. All of `range`
    /// must be durable. Blocks.
    pub(super) fn read(
        &self,
        stream: StreamId,
        range: Range<u64>,
        max_bytes: usize,
    ) -> Result<RecordBatch, LogReadError> {
        let mut records = Vec::new();
        let mut bytes = 0;
        let next = self.scan(stream, range, |offset, content| {
            let stored = match content {
                FrameContent::Value { key, value } => Some((key, Some(value.to_vec()))),
                FrameContent::Tombstone { key } => Some((key, None)),
                FrameContent::Erased => None,
            };
            if let Some((key, value)) = stored {
                bytes += key.len() + value.as_ref().map_or(0, Vec::len);
                let key = key.to_vec();
                records.push(StoredRecord { offset, key, value });
            }
            bytes += OVERHEAD;
            bytes < max_bytes
        })?;
        Ok(RecordBatch { records, next })
    }

    /// Shows records in order to `visit` until it says no or the range ends; returns the offset
    /// after the last one. A record that is missing or damaged is an error. Blocks.
    pub(super) fn scan(
        &self,
        stream: StreamId,
        range: Range<u64>,
        mut visit: impl FnMut(u64, FrameContent<'_>) -> bool,
    ) -> Result<u64, LogReadError> {
        let mut damage = None;
        let next = self.scan_all(stream, range, |offset, found| match found {
            ScannedRecord::Whole(content) => visit(offset, content),
            ScannedRecord::Damaged { what, .. } => {
                damage = Some(self.streams.get(stream).damaged(offset, what));
                false
            }
        })?;
        match damage {
            Some(damage) => Err(damage.into()),
            None => Ok(next),
        }
    }

    /// The same, but shows damage too and goes on behind it. Blocks.
    pub(super) fn scan_all(
        &self,
        stream: StreamId,
        range: Range<u64>,
        mut visit: impl FnMut(u64, ScannedRecord<'_>) -> bool,
    ) -> Result<u64, UnavailableLog> {
        let stream = self.streams.get(stream);
        let missing = || ScannedRecord::Damaged {
            what: "a record is missing",
            key: None,
        };
        let failed = |error| UnavailableLog::because("read log", error);
        self.with(|connection| {
            let mut expected = range.start;
            let mut statement = connection.prepare_cached(&stream.select).map_err(failed)?;
            let mut rows = statement
                .query(params![range.start, range.end])
                .map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                let (offset, bytes) = file::row_of(row).map_err(failed)?;
                while expected < offset {
                    expected += 1;
                    if !visit(expected - 1, missing()) {
                        return Ok(expected);
                    }
                }
                let place = FramePlace {
                    stream: stream.number,
                    offset,
                };
                let wrong = || ScannedRecord::Damaged {
                    what: "the checksum is wrong",
                    key: frame::key_as_found(bytes),
                };
                let found = frame::open(bytes, place).map_or_else(wrong, ScannedRecord::Whole);
                expected += 1;
                if !visit(offset, found) {
                    return Ok(expected);
                }
            }
            while expected < range.end {
                expected += 1;
                if !visit(expected - 1, missing()) {
                    return Ok(expected);
                }
            }
            Ok(expected)
        })
    }

    /// Where a group reads on. Blocks.
    pub(super) fn committed(
        &self,
        group: &str,
        stream: StreamId,
    ) -> Result<Option<u64>, UnavailableLog> {
        let sql = "SELECT next FROM committed WHERE reader = ?1 AND stream = ?2";
        let number = self.streams.get(stream).number;
        self.with(|connection| {
            let found = connection.prepare_cached(sql).and_then(|mut statement| {
                let next = statement.query_row(params![group, number], |row| row.get(0));
                next.optional()
            });
            found.map_err(|error| UnavailableLog::because("read committed offset", error))
        })
    }

    /// The tombstones whose work is not done, by stream and offset. Blocks.
    pub(super) fn pending(&self) -> Result<Vec<PendingTombstone>, UnavailableLog> {
        let failed = |error| UnavailableLog::because("read tombstones", error);
        let sql = "SELECT stream, record_offset FROM pending_tombstone ORDER BY 1, 2";
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sql).map_err(failed)?;
            let rows = statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
                .map_err(failed)?;
            let mut pending = Vec::new();
            for row in rows {
                let (number, offset) = row.map_err(failed)?;
                // Its number was written from the same list.
                if let Some(stream) = self.streams.numbered(number) {
                    pending.push(PendingTombstone { stream, offset });
                }
            }
            Ok(pending)
        })
    }

    /// Lends a connection. After an error it is not used again.
    fn with<T>(
        &self,
        body: impl FnOnce(&Connection) -> Result<T, UnavailableLog>,
    ) -> Result<T, UnavailableLog> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self
                .connect()
                .map_err(|error| UnavailableLog::because("open log to read", error))?,
        };
        let done = body(&connection)?;
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(connection);
        }
        Ok(done)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = file::connect(&self.dir)?;
        connection.pragma_update(None, "query_only", "ON")?;
        connection.pragma_update(None, "cache_size", -4_096)?;
        Ok(connection)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
