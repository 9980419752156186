//! The C interface of `libchdb.so`: all of the project's `unsafe` but what `guard` has.
//!
//! Comes in: SQL text, format names, parameters, raw bytes. Goes out: owned bytes, counters and
//! the engine's own error text. Kept:
//! - every handle is released exactly once, by `Drop`, and never after its connection;
//! - a connection runs one statement at a time (`&mut self`), as the library demands;
//! - the library is never unloaded (it leaves threads behind) and never gets the process's
//!   signal handlers.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::path::Path;
use std::ptr;
use std::sync::Arc;

type RawConnection = *mut c_void;
type RawResult = *mut c_void;
type RawInsert = *mut c_void;
type TextPointers = *const *const c_char;
type TextLengths = *const usize;

/// `chdb_state` of the C header: 0 is success.
const SUCCESS: c_int = 0;

/// What the engine's parser says a statement does (`chdb_query_class` of the C header).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatementClass {
    /// `SELECT`, `SHOW`, `DESCRIBE`, `EXPLAIN`: leaves no trace.
    ReadOnly,
    /// `INSERT`, `CREATE`, `ALTER`, `OPTIMIZE` and the like: changes a database.
    Mutating,
    /// Users, functions, named collections: changes something beside the databases.
    Global,
    /// `SET`, `USE`, `SYSTEM`, `KILL`, `INTO OUTFILE` and the like.
    Control,
    /// Did not parse, or is of a kind this version of the library does not classify.
    Unknown,
}

/// What [`EngineConnection::analyse`] answers about one statement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StatementAnalysis {
    /// Statements in the text; 0 when it is empty or did not parse.
    pub(crate) statements: u32,
    pub(crate) class: StatementClass,
}

#[repr(C)]
struct RawAnalysis {
    struct_size: u32,
    statement_count: u32,
    flags: u32,
    query_class: u32,
}

/// Rows and bytes that a statement read and wrote, as the engine counts them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct QueryCounters {
    pub(crate) read_rows: u64,
    pub(crate) read_bytes: u64,
    pub(crate) written_rows: u64,
    pub(crate) written_bytes: u64,
}

/// A result that the engine has made in full.
pub(crate) struct WholeResult {
    pub(crate) bytes: Vec<u8>,
    pub(crate) counters: QueryCounters,
}

/// Declares the table of functions and how each is looked up, once per name.
macro_rules! functions {
    ($($field:ident = $symbol:literal: fn($($arg:ty),*) $(-> $ret:ty)?;)*) => {
        struct Functions { $($field: unsafe extern "C" fn($($arg),*) $(-> $ret)?,)* }

        impl Functions {
            fn look_up(library: &libloading::Library) -> Result<Self, libloading::Error> {
                // SAFETY: each type is the declaration of that name in chdb.h 26.7.3, and the
                // library is never unloaded, so that the pointers stay valid.
                unsafe { Ok(Self { $($field: *library.get($symbol)?,)* }) }
            }
        }
    };
}

functions! {
    set_signal_handlers = b"chdb_set_signal_handlers_enabled": fn(c_int);
    connect = b"chdb_connect": fn(c_int, *mut *mut c_char) -> *mut RawConnection;
    close = b"chdb_close_conn": fn(*mut RawConnection);
    query = b"chdb_query_with_params_n":
        fn(RawConnection, *const c_char, usize, *const c_char, usize, TextPointers, TextLengths, TextPointers, TextLengths, usize) -> RawResult;
    stream_query = b"chdb_stream_query_with_params_n":
        fn(RawConnection, *const c_char, usize, *const c_char, usize, TextPointers, TextLengths, TextPointers, TextLengths, usize) -> RawResult;
    stream_fetch = b"chdb_stream_fetch_result": fn(RawConnection, RawResult) -> RawResult;
    stream_cancel = b"chdb_stream_cancel_query": fn(RawConnection, RawResult);
    stream_insert = b"chdb_stream_insert_with_params_n":
        fn(RawConnection, *const c_char, usize, *const c_char, usize, TextPointers, TextLengths, TextPointers, TextLengths, usize) -> RawInsert;
    insert_append = b"chdb_stream_append": fn(RawInsert, *const c_void, usize) -> c_int;
    insert_done = b"chdb_stream_done": fn(RawInsert) -> RawResult;
    insert_error = b"chdb_stream_insert_error": fn(RawInsert) -> *const c_char;
    insert_destroy = b"chdb_destroy_insert_stream": fn(RawInsert);
    destroy = b"chdb_destroy_query_result": fn(RawResult);
    result_error = b"chdb_result_error": fn(RawResult) -> *const c_char;
    result_buffer = b"chdb_result_buffer": fn(RawResult) -> *mut c_char;
    result_length = b"chdb_result_length": fn(RawResult) -> usize;
    storage_rows_read = b"chdb_result_storage_rows_read": fn(RawResult) -> u64;
    storage_bytes_read = b"chdb_result_storage_bytes_read": fn(RawResult) -> u64;
    rows_written = b"chdb_result_rows_written": fn(RawResult) -> u64;
    bytes_written = b"chdb_result_bytes_written": fn(RawResult) -> u64;
    classify = b"chdb_classify_query_n":
        fn(RawConnection, *const c_char, usize, *const c_char, usize, *mut RawAnalysis) -> c_int;
}

/// The loaded library. Cheap to clone.
#[derive(Clone)]
pub(crate) struct EngineLibrary(Arc<Functions>);

impl EngineLibrary {
    /// Loads the library and keeps it from installing signal handlers.
    pub(crate) fn load(path: &Path) -> Result<Self, libloading::Error> {
        // SAFETY: the file is the engine that the operator configured; its initialisers run
        // here, before any other call into it.
        let library = unsafe { libloading::Library::new(path)? };
        let functions = Functions::look_up(&library)?;
        // It keeps threads that run its code: unloading it would crash them.
        std::mem::forget(library);
        // SAFETY: a plain setter, documented to be called before the first connect.
        unsafe { (functions.set_signal_handlers)(0) };
        Ok(Self(Arc::new(functions)))
    }

    /// Opens a connection; the first one of the process boots the engine on `--path`.
    /// `None` when the engine refuses: it tells the reason on standard error only.
    pub(crate) fn connect(&self, arguments: &[CString]) -> Option<EngineConnection> {
        let mut argv: Vec<*mut c_char> = arguments.iter().map(|a| a.as_ptr().cast_mut()).collect();
        let argc = c_int::try_from(argv.len()).expect("a handful of arguments");
        // SAFETY: `argv` holds `argc` NUL-terminated strings that outlive the call; the library
        // reads them only (the C signature is that of `main`).
        let owner = unsafe { (self.0.connect)(argc, argv.as_mut_ptr()) };
        if owner.is_null() {
            return None;
        }
        // SAFETY: a non-null answer points to one connection handle, valid until closed.
        let handle = unsafe { *owner };
        let connection = EngineConnection {
            library: self.clone(),
            owner,
            handle,
        };
        (!handle.is_null()).then_some(connection)
    }
}

/// One session with the engine.
pub(crate) struct EngineConnection {
    library: EngineLibrary,
    owner: *mut RawConnection,
    handle: RawConnection,
}

// SAFETY: the library locks a connection's state and allows its use from any thread, one
// statement at a time; `&mut self` on every method gives the latter.
unsafe impl Send for EngineConnection {}

impl Drop for EngineConnection {
    fn drop(&mut self) {
        // SAFETY: `owner` came from `connect` and is closed once, here; streams borrow the
        // connection, so that none is left.
        unsafe { (self.library.0.close)(self.owner) };
    }
}

impl EngineConnection {
    fn functions(&self) -> &Functions {
        &self.library.0
    }

    /// Runs one statement and returns its whole result, or the engine's error text.
    pub(crate) fn query(
        &mut self,
        sql: &str,
        format: &str,
        parameters: &BoundParameters,
    ) -> Result<WholeResult, String> {
        // SAFETY: all pointers come from live Rust values with their lengths beside them.
        let raw = unsafe {
            (self.functions().query)(
                self.handle,
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                parameters.names.as_ptr(),
                parameters.name_lengths.as_ptr(),
                parameters.values.as_ptr(),
                parameters.value_lengths.as_ptr(),
                parameters.names.len(),
            )
        };
        QueryResult::new(&self.library, raw)?.into_answer()
    }

    /// Starts a `SELECT` whose result is fetched piece by piece.
    pub(crate) fn stream(
        &mut self,
        sql: &str,
        format: &str,
        parameters: &BoundParameters,
    ) -> Result<ResultStream<'_>, String> {
        // SAFETY: as in `query`.
        let raw = unsafe {
            (self.functions().stream_query)(
                self.handle,
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                parameters.names.as_ptr(),
                parameters.name_lengths.as_ptr(),
                parameters.values.as_ptr(),
                parameters.value_lengths.as_ptr(),
                parameters.names.len(),
            )
        };
        let result = QueryResult::new(&self.library, raw)?;
        result.check()?;
        Ok(ResultStream {
            result,
            connection: self,
            finished: false,
        })
    }

    /// Starts an `INSERT`; `head` has neither a FORMAT clause nor data.
    pub(crate) fn insert(
        &mut self,
        head: &str,
        format: &str,
        parameters: &BoundParameters,
    ) -> Result<RunningInsert<'_>, String> {
        // SAFETY: as in `query`.
        let raw = unsafe {
            (self.functions().stream_insert)(
                self.handle,
                head.as_ptr().cast(),
                head.len(),
                format.as_ptr().cast(),
                format.len(),
                parameters.names.as_ptr(),
                parameters.name_lengths.as_ptr(),
                parameters.values.as_ptr(),
                parameters.value_lengths.as_ptr(),
                parameters.names.len(),
            )
        };
        if raw.is_null() {
            return Err("the engine gave no insert stream".to_owned());
        }
        let insert = RunningInsert {
            library: self.library.clone(),
            raw,
            connection: PhantomData,
        };
        match insert.error() {
            Some(message) => Err(message),
            None => Ok(insert),
        }
    }

    /// Says what a text would do, by the engine's own parser, without running it.
    pub(crate) fn analyse(&mut self, sql: &str) -> StatementAnalysis {
        let size = u32::try_from(size_of::<RawAnalysis>()).expect("sixteen bytes");
        let mut raw = RawAnalysis {
            struct_size: size,
            statement_count: 0,
            flags: 0,
            query_class: 4,
        };
        // SAFETY: the text is live with its length; a null database is allowed; `raw` is a
        // struct of the size it names.
        let state = unsafe {
            (self.functions().classify)(
                self.handle,
                sql.as_ptr().cast(),
                sql.len(),
                ptr::null(),
                0,
                &raw mut raw,
            )
        };
        let class = match (state, raw.query_class) {
            (SUCCESS, 0) => StatementClass::ReadOnly,
            (SUCCESS, 1) => StatementClass::Mutating,
            (SUCCESS, 2) => StatementClass::Global,
            (SUCCESS, 3) => StatementClass::Control,
            _ => StatementClass::Unknown,
        };
        StatementAnalysis {
            statements: raw.statement_count,
            class,
        }
    }
}

/// A running `SELECT`. Dropped before its end, it is cancelled.
pub(crate) struct ResultStream<'a> {
    result: QueryResult,
    connection: &'a mut EngineConnection,
    finished: bool,
}

impl ResultStream<'_> {
    /// The next piece of the result; `None` at its end.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        if self.finished {
            return Ok(None);
        }
        // SAFETY: connection and stream are both live, and used from this thread only.
        let raw = unsafe {
            (self.connection.functions().stream_fetch)(self.connection.handle, self.result.raw)
        };
        let piece =
            QueryResult::new(&self.connection.library, raw).and_then(QueryResult::into_answer);
        match piece {
            Ok(answer) if answer.bytes.is_empty() => {
                self.finished = true;
                Ok(None)
            }
            Ok(answer) => Ok(Some(answer.bytes)),
            Err(message) => {
                self.finished = true;
                Err(message)
            }
        }
    }
}

impl Drop for ResultStream<'_> {
    fn drop(&mut self) {
        if !self.finished {
            // SAFETY: both handles are live; the result itself is released by its own `Drop`.
            unsafe {
                (self.connection.functions().stream_cancel)(self.connection.handle, self.result.raw)
            };
        }
    }
}

/// A running `INSERT`. Dropped before [`RunningInsert::finish`], it is cancelled.
pub(crate) struct RunningInsert<'a> {
    library: EngineLibrary,
    raw: RawInsert,
    connection: PhantomData<&'a mut EngineConnection>,
}

impl RunningInsert<'_> {
    /// Hands over bytes in the insert's format (copied); may block until there is room.
    /// `false` when the insert has failed: [`RunningInsert::finish`] then says why.
    pub(crate) fn append(&mut self, data: &[u8]) -> bool {
        // SAFETY: the handle is live, the bytes are copied during the call.
        unsafe {
            (self.library.0.insert_append)(self.raw, data.as_ptr().cast(), data.len()) == SUCCESS
        }
    }

    /// Commits what was appended.
    pub(crate) fn finish(self) -> Result<QueryCounters, String> {
        // SAFETY: the handle is live; it stays so until dropped.
        let raw = unsafe { (self.library.0.insert_done)(self.raw) };
        let answer = QueryResult::new(&self.library, raw)?.into_answer()?;
        Ok(answer.counters)
    }

    fn error(&self) -> Option<String> {
        // SAFETY: the handle is live; the text is null or valid until the next call.
        unsafe { text((self.library.0.insert_error)(self.raw)) }
    }
}

impl Drop for RunningInsert<'_> {
    fn drop(&mut self) {
        // SAFETY: released once; the library cancels it first when it was not finished.
        unsafe { (self.library.0.insert_destroy)(self.raw) };
    }
}

struct QueryResult {
    library: EngineLibrary,
    raw: RawResult,
}

impl QueryResult {
    fn new(library: &EngineLibrary, raw: RawResult) -> Result<Self, String> {
        if raw.is_null() {
            return Err("the engine gave no result".to_owned());
        }
        Ok(Self {
            library: library.clone(),
            raw,
        })
    }

    fn check(&self) -> Result<(), String> {
        // SAFETY: the result is live; the text is null or valid as long as the result.
        unsafe { text((self.library.0.result_error)(self.raw)) }.map_or(Ok(()), Err)
    }

    fn into_answer(self) -> Result<WholeResult, String> {
        self.check()?;
        let functions = &self.library.0;
        // SAFETY: the result is live; buffer and length belong together, and the bytes are
        // copied before the result is released. A null buffer is an empty result.
        unsafe {
            let (buffer, length) = (
                (functions.result_buffer)(self.raw),
                (functions.result_length)(self.raw),
            );
            let bytes = if buffer.is_null() || length == 0 {
                Vec::new()
            } else {
                std::slice::from_raw_parts(buffer.cast::<u8>(), length).to_vec()
            };
            let counters = QueryCounters {
                read_rows: (functions.storage_rows_read)(self.raw),
                read_bytes: (functions.storage_bytes_read)(self.raw),
                written_rows: (functions.rows_written)(self.raw),
                written_bytes: (functions.bytes_written)(self.raw),
            };
            Ok(WholeResult { bytes, counters })
        }
    }
}

impl Drop for QueryResult {
    fn drop(&mut self) {
        // SAFETY: came from the library and is released once, here.
        unsafe { (self.library.0.destroy)(self.raw) };
    }
}

/// Bound parameters, in the form the library takes. Values are in ClickHouse's escaped text.
pub(crate) struct BoundParameters<'a> {
    names: Vec<*const c_char>,
    name_lengths: Vec<usize>,
    values: Vec<*const c_char>,
    value_lengths: Vec<usize>,
    borrowed: PhantomData<&'a str>,
}

impl<'a> BoundParameters<'a> {
    pub(crate) fn new(pairs: &'a [(String, String)]) -> Self {
        Self {
            names: pairs.iter().map(|(name, _)| name.as_ptr().cast()).collect(),
            name_lengths: pairs.iter().map(|(name, _)| name.len()).collect(),
            values: pairs
                .iter()
                .map(|(_, value)| value.as_ptr().cast())
                .collect(),
            value_lengths: pairs.iter().map(|(_, value)| value.len()).collect(),
            borrowed: PhantomData,
        }
    }

    pub(crate) fn none() -> BoundParameters<'static> {
        BoundParameters::new(&[])
    }
}

/// # Safety
/// `pointer` is null or points to a NUL-terminated string that lives through the call.
unsafe fn text(pointer: *const c_char) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    let message = unsafe { CStr::from_ptr(pointer) };
    Some(message.to_string_lossy().into_owned())
}
