//! One request on one fresh connection.
//!
//! Comes in: a [`StatementRequest`]. Goes out: the beginning of an answer, then its pieces. Kept:
//! - every request has its own connection (0.3 ms), opened with the locks of its user, so that
//!   no database, setting or half-finished stream is left for the next one;
//! - a result that fails in its middle ends with an exception and a broken body, never as if it
//!   were whole.

use std::ffi::CString;
use std::io;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::access::EngineAccess;
use crate::exception::EngineException;
use crate::ffi::{BoundParameters, EngineConnection, EngineLibrary, QueryCounters};
use crate::files::EnginePaths;
use crate::request::StatementRequest;
use crate::statement::{self, InsertParts, RunMode};

mod header;

/// What every connection is opened with. A text without a keyword is no statement. Values are taken as they are written: an expression in
/// them would be run with the engine's own rights. An insert is answered when it is on disk.
const COMMON: [&str; 4] = [
    "--implicit_select=0",
    "--input_format_values_interpret_expressions=0",
    "--input_format_values_deduce_templates_of_expressions=0",
    "--async_insert=0",
];

/// The reader's lock; `readonly` comes last, because it locks the others.
const LOCK: [&str; 2] = ["--final=1", "--readonly=1"];

/// How the engine is reached. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SessionPool {
    library: EngineLibrary,
    arguments: Vec<CString>,
    database: String,
}

/// The beginning of an answer; `Err` is the whole answer.
pub(crate) type AnswerStart = Result<AnswerBeginning, EngineException>;

pub(crate) enum AnswerBeginning {
    Whole {
        body: Vec<u8>,
        counters: QueryCounters,
    },
    /// More pieces follow; `tag` marks an exception among them.
    Streamed {
        first: Bytes,
        rest: mpsc::Receiver<io::Result<Bytes>>,
        tag: String,
    },
}

impl SessionPool {
    pub(crate) fn new(
        library: EngineLibrary,
        files: &EnginePaths,
        database: &str,
    ) -> io::Result<Self> {
        let path = |name: &str, path: &std::path::Path| {
            let text = path
                .to_str()
                .ok_or_else(|| io::Error::other("a path is not UTF-8"))?;
            CString::new(format!("--{name}={text}")).map_err(io::Error::other)
        };
        let mut arguments = vec![
            c"medvirk".to_owned(),
            path("path", &files.data)?,
            path("config-file", &files.config)?,
        ];
        arguments.extend(COMMON.iter().map(|argument| constant(argument)));
        Ok(Self {
            library,
            arguments,
            database: database.to_owned(),
        })
    }

    /// Opens a connection in the default database of the session; `None` when the engine refuses.
    pub(crate) fn open(&self, access: EngineAccess) -> Option<EngineConnection> {
        let mut arguments = self.arguments.clone();
        if access == EngineAccess::Reader {
            arguments.extend(LOCK.iter().map(|argument| constant(argument)));
        }
        self.library.connect(&arguments)
    }

    /// Whether a connection can be opened and a statement comes back; an error is an answer too.
    /// Blocks, for as long as the engine does.
    pub(crate) fn is_alive(&self) -> bool {
        let connection = self.open(EngineAccess::Reader);
        connection.is_some_and(|mut connection| {
            // Short of memory, say; whoever says so is alive.
            let _ = run_own(&mut connection, "SELECT 1");
            true
        })
    }

    /// Runs a job to its end; blocks. The answer's beginning goes to `begin`.
    pub(crate) fn run(&self, job: &StatementRequest, begin: oneshot::Sender<AnswerStart>) {
        let mut slot = Some(begin);
        let outcome = self.try_run(job, &mut slot);
        if let (Err(exception), Some(begin)) = (outcome, slot) {
            // Nobody waits for it when the client is gone.
            let _ = begin.send(Err(exception));
        }
    }

    fn try_run(
        &self,
        job: &StatementRequest,
        slot: &mut Option<oneshot::Sender<AnswerStart>>,
    ) -> Result<(), EngineException> {
        let mut connection = self.open(job.access).ok_or_else(|| {
            EngineException::from_engine("The engine refused a connection".to_owned())
        })?;
        self.prepare(&mut connection, job)?;
        let parameters = BoundParameters::new(&job.parameters);
        if let Some(parts) = statement::insert_with_data(&job.sql) {
            let counters = insert(&mut connection, &parts, job, &parameters)?;
            send(
                slot,
                AnswerBeginning::Whole {
                    body: Vec::new(),
                    counters,
                },
            );
            return Ok(());
        }
        if !job.data.is_empty() {
            return Err(EngineException::not_spoken(
                "data after a statement that is not an INSERT with a FORMAT",
            ));
        }
        inspect(&mut connection, job)?;
        match statement::how_to_run(&job.sql, &job.format) {
            RunMode::Streamed => stream(&mut connection, job, &parameters, slot),
            RunMode::Whole => {
                let answer = connection
                    .query(&job.sql, &job.format, &parameters)
                    .map_err(EngineException::from_engine)?;
                let (body, counters) = (answer.bytes, answer.counters);
                send(slot, AnswerBeginning::Whole { body, counters });
                Ok(())
            }
        }
    }

    /// Database and settings of the request.
    fn prepare(
        &self,
        connection: &mut EngineConnection,
        job: &StatementRequest,
    ) -> Result<(), EngineException> {
        let database = job.database.as_ref().unwrap_or(&self.database);
        if job.access == EngineAccess::Reader && database.eq_ignore_ascii_case("system") {
            return Err(EngineException::denied(
                "Not enough privileges. It is not allowed to use system here",
            ));
        }
        run_own(connection, &format!("USE {}", quoted(database, '`')))?;
        for (name, value) in &job.settings {
            run_own(connection, &format!("SET {name} = {}", quoted(value, '\'')))?;
        }
        Ok(())
    }
}

/// Runs a statement of our own and returns its text.
pub(crate) fn run_own(
    connection: &mut EngineConnection,
    sql: &str,
) -> Result<String, EngineException> {
    let answer = connection
        .query(sql, "TSV", &BoundParameters::none())
        .map_err(EngineException::from_engine)?;
    Ok(String::from_utf8_lossy(&answer.bytes).trim_end().to_owned())
}

/// Quotes a name (`` ` ``) or a text (`'`) for ClickHouse.
pub(crate) fn quoted(text: &str, quote: char) -> String {
    let mut quoted = String::from(quote);
    for c in text.chars() {
        if c == '\\' || c == quote {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push(quote);
    quoted
}

/// Refuses what must not run, by the engine's own parser.
fn inspect(
    connection: &mut EngineConnection,
    job: &StatementRequest,
) -> Result<(), EngineException> {
    if job.sql.trim().is_empty() {
        return Err(EngineException::new(62, "SYNTAX_ERROR", "Empty query"));
    }
    statement::check_class(connection.analyse(&job.sql), job.changes_allowed)?;
    let canonical = canonical(connection, &job.sql)?;
    statement::check_text(&canonical, &job.parameters, job.access)
}

/// The statement as the engine writes it from its syntax tree. It goes there as a bound value:
/// nothing of it is run.
fn canonical(connection: &mut EngineConnection, sql: &str) -> Result<String, EngineException> {
    let escaped = quoted(sql, '\\')
        .replace('\n', "\\n")
        .replace('\t', "\\t")
        .replace('\0', "\\0");
    let parameters = [("q".to_owned(), escaped[1..escaped.len() - 1].to_owned())];
    let own = "SELECT formatQuery({q:String})";
    let answer = connection.query(own, "RawBLOB", &BoundParameters::new(&parameters));
    let answer = answer.map_err(|text| EngineException::from_engine(without_own(text, own)))?;
    String::from_utf8(answer.bytes)
        .map_err(|_| EngineException::bad_request("The statement is not UTF-8"))
}

/// An error text without the mention of our own statement around the client's.
fn without_own(text: String, own: &str) -> String {
    let scope = format!(": In scope {}", own.split('{').next().unwrap_or_default());
    match (text.find(&scope), text.rfind(" (")) {
        (Some(start), Some(name)) if start < name => {
            format!("{}.{}", &text[..start], &text[name..])
        }
        _ => text,
    }
}

fn insert(
    connection: &mut EngineConnection,
    parts: &InsertParts<'_>,
    job: &StatementRequest,
    parameters: &BoundParameters<'_>,
) -> Result<QueryCounters, EngineException> {
    let statement = format!("{} FORMAT {}", parts.head, parts.format);
    let analysis = connection.analyse(&statement);
    statement::check_class(analysis, job.changes_allowed)?;
    if job.access == EngineAccess::Reader {
        return Err(EngineException::readonly(
            "Cannot execute query in readonly mode",
        ));
    }
    let mut insert = connection
        .insert(parts.head, parts.format, parameters)
        .map_err(EngineException::from_engine)?;
    for data in [parts.inline.as_bytes(), &job.data] {
        if !data.is_empty() && !insert.append(data) {
            break;
        }
    }
    insert.finish().map_err(EngineException::from_engine)
}

fn stream(
    connection: &mut EngineConnection,
    job: &StatementRequest,
    parameters: &BoundParameters<'_>,
    slot: &mut Option<oneshot::Sender<AnswerStart>>,
) -> Result<(), EngineException> {
    let mut pieces = connection
        .stream(&job.sql, &job.format, parameters)
        .map_err(EngineException::from_engine)?;
    let first = pieces
        .next()
        .map_err(EngineException::from_engine)?
        .unwrap_or_default();
    let header = header::of(&job.format, &first)?;
    let (sender, rest) = mpsc::channel(1);
    let tag: String = uuid::Uuid::new_v4().simple().to_string()[..16].to_owned();
    let beginning = AnswerBeginning::Streamed {
        first: Bytes::from(first),
        rest,
        tag: tag.clone(),
    };
    send(slot, beginning);
    loop {
        let piece = match pieces.next() {
            Ok(None) => return Ok(()),
            Ok(Some(piece)) => header.strip(piece),
            Err(text) => Err(EngineException::from_engine(text)),
        };
        match piece {
            Ok(piece) => {
                if sender.blocking_send(Ok(piece)).is_err() {
                    // The client is gone: dropping the stream cancels the query.
                    return Ok(());
                }
            }
            Err(exception) => {
                fail_midway(&sender, &exception, &tag);
                return Ok(());
            }
        }
    }
}

/// ClickHouse's block for an exception in the middle of an answer, then a broken body.
fn fail_midway(sender: &mpsc::Sender<io::Result<Bytes>>, exception: &EngineException, tag: &str) {
    let message = exception.body();
    let block = format!(
        "\r\n__exception__\r\n{tag}\r\n{message}{} {tag}\r\n__exception__\r\n",
        message.len()
    );
    // Nobody waits for it when the client is gone.
    let _ = sender.blocking_send(Ok(Bytes::from(block)));
    let _ = sender.blocking_send(Err(io::Error::other(
        "the query failed after its first rows",
    )));
}

fn send(slot: &mut Option<oneshot::Sender<AnswerStart>>, beginning: AnswerBeginning) {
    if let Some(begin) = slot.take() {
        // Nobody waits for it when the client is gone.
        let _ = begin.send(Ok(beginning));
    }
}

fn constant(argument: &str) -> CString {
    CString::new(argument).expect("a constant without NUL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_are_escaped() {
        assert_eq!(quoted("a`b\\", '`'), "`a\\`b\\\\`");
        assert_eq!(quoted("it's", '\''), "'it\\'s'");
    }
}
