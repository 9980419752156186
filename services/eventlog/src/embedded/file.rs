//! The file `DIR/log.sqlite`: its tables, its settings, and what is checked before it is used.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use super::frame::{self, FramePlace};
use super::stream::{LogStream, LogStreams};
use crate::cause::{PartitionCountMismatch, UnavailableLog};
use crate::error::LogOpenError;
use crate::topic::Topic;

/// Version of the tables below.
const FORMAT: i64 = 1;
/// Older SQLite may lose committed pages when a write-ahead log is reset.
const OLDEST_SQLITE: i32 = 3_051_003;
/// How many records at the end of each stream are checked at start; the others when read.
const TAIL: u64 = 10_000;
/// For how long a lock is tried that somebody holds: a forked child begins its own program within
/// milliseconds, also on a busy machine within this.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// How long to wait before it is tried again.
const LOCK_PAUSE: Duration = Duration::from_millis(10);

const TABLES: &str = "
    CREATE TABLE deployment (partitions INTEGER NOT NULL) STRICT;
    CREATE TABLE next_offset (
        stream INTEGER PRIMARY KEY, next INTEGER NOT NULL) STRICT;
    CREATE TABLE pending_tombstone (
        stream INTEGER, record_offset INTEGER,
        PRIMARY KEY (stream, record_offset)) STRICT, WITHOUT ROWID;
    CREATE TABLE committed (
        reader TEXT, stream INTEGER, next INTEGER NOT NULL,
        PRIMARY KEY (reader, stream)) STRICT, WITHOUT ROWID;
";

pub(super) fn path(dir: &Path) -> std::path::PathBuf {
    dir.join("log.sqlite")
}

/// One process per log. The kernel lets go of it when the process dies, however it dies.
pub(super) struct FolderLock {
    file: File,
}

impl FolderLock {
    /// Creates the folder where there is none, readable by its owner only.
    ///
    /// A killed process may leave a child behind that it had forked and that had not yet begun its own
    /// program: until then the child holds the lock too. So a lock that is taken is tried again for
    /// [`LOCK_PATIENCE`] before it is refused.
    pub(super) fn take(dir: &Path) -> Result<Self, LogOpenError> {
        let attempts = LOCK_PATIENCE.as_millis() / LOCK_PAUSE.as_millis();
        let mut pauses = 0;
        Self::take_patiently(dir, || {
            thread::sleep(LOCK_PAUSE);
            pauses += 1;
            pauses <= attempts
        })
    }

    /// Tries as long as `pause`, called after each refusal, says that there is time left.
    pub(super) fn take_patiently(
        dir: &Path,
        mut pause: impl FnMut() -> bool,
    ) -> Result<Self, LogOpenError> {
        let failed = |error| UnavailableLog::because("lock log", error);
        create_private(dir).map_err(failed)?;
        let file = File::create(dir.join("log.lock")).map_err(failed)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { file }),
                Err(TryLockError::WouldBlock) if pause() => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(LogOpenError::Locked { dir: dir.into() });
                }
                Err(TryLockError::Error(error)) => return Err(failed(error).into()),
            }
        }
    }

    /// The lock's open file once more, as a child has it between its fork and its own program.
    #[cfg(test)]
    pub(super) fn open_file(&self) -> File {
        self.file.try_clone().expect("a descriptor can be copied")
    }

    /// The end of a process that was killed: its files are closed, and nothing else is done.
    #[cfg(test)]
    pub(super) fn die(mut self) {
        let elsewhere = File::open("/dev/null").expect("there is an empty file");
        drop(std::mem::replace(&mut self.file, elsewhere));
    }
}

impl Drop for FolderLock {
    /// Closing the file is not enough. A lock belongs to the open file, and a child that another
    /// thread forks at this moment has that file open too until it begins its own program: the log
    /// would seem to be open for as long. Unlocking lets go for all who have the file open.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the lock of the log is let go of by closing it only");
        }
    }
}

fn create_private(dir: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// A connection, with what writers and readers have in common.
pub(super) fn connect(dir: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path(dir), flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(256);
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// The one connection that writes, and the next offset of each stream as it is on disk.
pub(super) struct LogFileWriter {
    pub(super) connection: Connection,
    pub(super) next: Vec<u64>,
}

impl LogFileWriter {
    /// Opens the file, creates its tables where there are none, and checks the end of each
    /// stream.
    pub(super) fn open(dir: &Path, streams: &LogStreams) -> Result<Self, LogOpenError> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            let action = "open log: this SQLite may lose data; 3.51.3 or newer is needed";
            return Err(UnavailableLog::attempting(action).into());
        }
        let failed = |error| UnavailableLog::because("open log", error);
        let mut connection = connect_to_write(dir).map_err(failed)?;
        prepare(&mut connection, streams)?;
        let next = next_offsets(&connection, streams)?;
        for (stream, next) in streams.all().iter().zip(&next) {
            check_end(&connection, stream, *next)?;
        }
        // The names of new files are durable only with their folder.
        let synced = File::open(dir).and_then(|dir| dir.sync_all());
        synced.map_err(|error| UnavailableLog::because("open log", error))?;
        let writer = Self { connection, next };
        writer.checkpoint()?;
        Ok(writer)
    }

    pub(super) fn next_offsets(&self) -> &[u64] {
        &self.next
    }

    /// True if tombstones were stored whose work is not done.
    pub(super) fn has_pending(&self) -> Result<bool, UnavailableLog> {
        let sql = "SELECT EXISTS (SELECT 1 FROM pending_tombstone)";
        let exists = self.connection.query_row(sql, [], |row| row.get(0));
        exists.map_err(|error| UnavailableLog::because("open log", error))
    }

    /// Moves everything from the write-ahead log into the file, syncs it, and cuts the
    /// write-ahead log to nothing, so that no old page remains in it.
    pub(super) fn checkpoint(&self) -> Result<(), UnavailableLog> {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy = self.connection.query_row(sql, [], |row| row.get(0));
        match busy {
            Ok(0) => Ok(()),
            Ok(1_i64..) => Err(UnavailableLog::because(
                "checkpoint log",
                "a reader is in the way",
            )),
            Ok(_) => Err(UnavailableLog::because("checkpoint log", "not in WAL mode")),
            Err(error) => Err(UnavailableLog::because("checkpoint log", error)),
        }
    }
}

fn connect_to_write(dir: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(dir)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Without FULL, a commit in WAL mode is not synced.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    Ok(connection)
}

/// Creates the tables of a new file; checks the format and the partitions of an old one.
fn prepare(connection: &mut Connection, streams: &LogStreams) -> Result<(), LogOpenError> {
    let failed = |error| UnavailableLog::because("prepare log", error);
    let format: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)?;
    match format {
        0 => Ok(create(connection, streams).map_err(failed)?),
        FORMAT => {
            let sql = "SELECT partitions FROM deployment";
            let found = connection.query_row(sql, [], |row| row.get(0));
            let (found, wanted) = (found.map_err(failed)?, partitions(streams));
            if found == wanted {
                Ok(())
            } else {
                Err(PartitionCountMismatch { found, wanted }.into())
            }
        }
        found => Err(LogOpenError::Format {
            found,
            known: FORMAT,
        }),
    }
}

fn partitions(streams: &LogStreams) -> u32 {
    streams.partitions(Topic::Events)
}

fn create(connection: &mut Connection, streams: &LogStreams) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    let sql = "INSERT INTO deployment (partitions) VALUES (?1)";
    transaction.execute(sql, [partitions(streams)])?;
    for stream in streams.all() {
        let table = &stream.table;
        transaction.execute_batch(&format!(
            "CREATE TABLE {table} (
                record_offset INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT"
        ))?;
        let sql = "INSERT INTO next_offset (stream, next) VALUES (?1, 0)";
        transaction.execute(sql, [stream.number])?;
    }
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

fn next_offsets(connection: &Connection, streams: &LogStreams) -> Result<Vec<u64>, LogOpenError> {
    let sql = "SELECT next FROM next_offset WHERE stream = ?1";
    let next = |stream: &LogStream| {
        let next = connection.query_row(sql, [stream.number], |row| row.get::<_, i64>(0));
        let next = next
            .optional()
            .map_err(|error| UnavailableLog::because("open log", error))?;
        next.and_then(|next| u64::try_from(next).ok())
            .ok_or_else(|| stream.damaged(0, "the next offset is missing").into())
    };
    streams.all().iter().map(next).collect()
}

/// The first record is there, the last one is the one before the next offset, and the last
/// [`TAIL`] records are whole and without a hole.
fn check_end(connection: &Connection, stream: &LogStream, next: u64) -> Result<(), LogOpenError> {
    let failed = |error| UnavailableLog::because("check log", error);
    let ends = |end: &str| {
        let sql = format!("SELECT {end}(record_offset) FROM {}", stream.table);
        let offset = connection.query_row(&sql, [], |row| row.get::<_, Option<u64>>(0));
        offset.map_err(failed)
    };
    let expected = next.checked_sub(1);
    if ends("max")? != expected {
        return Err(stream
            .damaged(next, "the next offset is not after the last record")
            .into());
    }
    if ends("min")? != expected.map(|_| 0) {
        return Err(stream.damaged(0, "the first record is missing").into());
    }
    let mut expected = next.saturating_sub(TAIL);
    let mut statement = connection.prepare(&stream.select).map_err(failed)?;
    let mut rows = statement.query(params![expected, next]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        check_row(row, stream, expected)?;
        expected += 1;
    }
    Ok(())
}

fn check_row(
    row: &rusqlite::Row<'_>,
    stream: &LogStream,
    expected: u64,
) -> Result<(), LogOpenError> {
    let (offset, bytes) =
        row_of(row).map_err(|error| UnavailableLog::because("check log", error))?;
    if offset != expected {
        return Err(stream.damaged(expected, "a record is missing").into());
    }
    let place = FramePlace {
        stream: stream.number,
        offset,
    };
    match frame::open(bytes, place) {
        Some(_) => Ok(()),
        None => Err(stream.damaged(offset, "the checksum is wrong").into()),
    }
}

/// Offset and frame of a row of [`Stream::select`].
pub(super) fn row_of<'a>(row: &'a rusqlite::Row<'_>) -> rusqlite::Result<(u64, &'a [u8])> {
    let offset = row.get::<_, u64>(0)?;
    let bytes = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
    Ok((offset, bytes))
}
