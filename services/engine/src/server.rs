//! The HTTP interface: routes, authentication, concurrency, answers, graceful stop.
//!
//! Comes in: HTTP/1 requests on loopback. Goes out: answers as a ClickHouse server gives them.
//! Kept: no statement runs before its user is authenticated; engine calls run on blocking
//! threads, at most [`CONCURRENT`] at a time; stopping lets running requests end first.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Method, Request, Response, StatusCode, header};
use axum::routing::{any, get};
use axum::serve::ListenerExt;
use bytes::Bytes;
use futures::{Stream, stream};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::access::{EngineAccess, UserTable};
use crate::exception::EngineException;
use crate::ffi::{EngineConnection, EngineLibrary, QueryCounters};
use crate::session::{AnswerBeginning, SessionPool, quoted, run_own};
use crate::{EngineConfig, Error, files, guard, request};

/// Statements that run at one time; others wait.
const CONCURRENT: usize = 16;

/// The engine, open on its data and listening.
pub struct Engine {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<ServerState>,
    /// The engine shuts down with its last connection: this one is held until the end.
    anchor: EngineConnection,
}

struct ServerState {
    sessions: SessionPool,
    users: UserTable,
    running: Arc<Semaphore>,
    /// One question at a time whether the engine is alive.
    asked: Arc<Semaphore>,
}

impl Engine {
    /// Loads the library, opens the data (made when absent) and starts to listen.
    ///
    /// # Errors
    /// When `listen` is not loopback, the library or the data cannot be opened (another process
    /// has them), a lock or a durability setting does not hold, or the port is taken.
    pub async fn bind(config: EngineConfig) -> Result<Self, Error> {
        if !config.listen.ip().is_loopback() {
            return Err(Error::NotLoopback {
                address: config.listen,
            });
        }
        let listen = config.listen;
        let users = UserTable::new(&config.users);
        let opening = tokio::task::spawn_blocking(move || open(&config));
        let (sessions, anchor) = opening.await.map_err(|_| Error::Panicked)??;
        let bound = TcpListener::bind(listen).await;
        let listener = bound.map_err(|source| Error::Listen {
            address: listen,
            source,
        })?;
        let address = listener.local_addr().map_err(|source| Error::Listen {
            address: listen,
            source,
        })?;
        let shared = ServerState {
            sessions,
            users,
            running: Arc::new(Semaphore::new(CONCURRENT)),
            asked: Arc::new(Semaphore::new(1)),
        };
        Ok(Self {
            listener,
            address,
            shared: Arc::new(shared),
            anchor,
        })
    }

    /// The address that is listened on; tells the port when 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` resolves; running statements end first, then the data are closed.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let router = Router::new()
            .route("/ping", get(|| async { "Ok.\n" }))
            .route("/alive", get(alive))
            .route("/", any(answer))
            .with_state(Arc::clone(&self.shared));
        // A small answer's last piece must not wait 40 ms for an acknowledgement of the first.
        let listener = self.listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "cannot send without delay");
            }
        });
        let served = axum::serve(listener, router)
            .with_graceful_shutdown(stop)
            .await;
        // A statement whose client went away may still run.
        let every = u32::try_from(CONCURRENT).expect("a small number");
        let _all = self.shared.running.acquire_many(every).await;
        let anchor = self.anchor;
        let closing = tokio::task::spawn_blocking(move || drop(anchor));
        closing.await.map_err(|_| Error::Panicked)?;
        served.map_err(|source| Error::Serve { source })
    }
}

/// Boots the engine and proves what the rest relies on.
fn open(config: &EngineConfig) -> Result<(SessionPool, EngineConnection), Error> {
    let data = || config.data.clone();
    let files = files::write(&config.data).map_err(|source| Error::Files {
        data: data(),
        source,
    })?;
    let library = EngineLibrary::load(&config.library).map_err(|source| Error::Library {
        library: config.library.clone(),
        source,
    })?;
    if !guard::arm() {
        let what = "that a failed write ends the process";
        return Err(Error::Unsafe { what });
    }
    let sessions =
        SessionPool::new(library, &files, &config.database).map_err(|source| Error::Files {
            data: data(),
            source,
        })?;
    let mut anchor = sessions
        .open(EngineAccess::Writer)
        .ok_or_else(|| Error::Open { data: data() })?;
    let create = format!(
        "CREATE DATABASE IF NOT EXISTS {}",
        quoted(&config.database, '`')
    );
    run_own(&mut anchor, &create).map_err(|e| Error::Prepare { code: e.code })?;
    let mut reader = sessions
        .open(EngineAccess::Reader)
        .ok_or_else(|| Error::Open { data: data() })?;
    let lock = "SELECT getSetting('final') AND getSetting('readonly') = 1";
    expect(&mut reader, lock, "true", "the reader's lock")?;
    let names = files::DURABLE.map(|name| quoted(name, '\'')).join(", ");
    let wanted = format!("11{}", files::DURABLE.len());
    let durable = format!(
        "SELECT min(value) || max(value) || count() FROM system.merge_tree_settings WHERE name IN ({names})"
    );
    expect(&mut anchor, &durable, &wanted, "durability of inserts")?;
    Ok((sessions, anchor))
}

fn expect(
    connection: &mut EngineConnection,
    sql: &str,
    wanted: &str,
    what: &'static str,
) -> Result<(), Error> {
    let found = run_own(connection, sql).map_err(|e| Error::Prepare { code: e.code })?;
    if found == wanted || (wanted == "true" && found == "1") {
        return Ok(());
    }
    Err(Error::Unsafe { what })
}

/// Whether the engine itself still answers, also while every place is taken by a long statement:
/// on a connection of its own, one at a time, so that questions without an answer do not pile up.
async fn alive(State(shared): State<Arc<ServerState>>) -> Response<Body> {
    let asked = Arc::clone(&shared.asked).acquire_owned().await;
    let sessions = shared.sessions.clone();
    let asking = tokio::task::spawn_blocking(move || {
        let _asked = asked;
        sessions.is_alive()
    });
    match asking.await {
        Ok(true) => plain(StatusCode::OK, "Ok.\n"),
        _ => plain(StatusCode::SERVICE_UNAVAILABLE, "No connection\n"),
    }
}

async fn answer(
    State(shared): State<Arc<ServerState>>,
    request: Request<Body>,
) -> Result<Response<Body>, Infallible> {
    Ok(match try_answer(&shared, request).await {
        Ok(response) => response,
        Err(exception) => exception.into_response(),
    })
}

async fn try_answer(
    shared: &Arc<ServerState>,
    request: Request<Body>,
) -> Result<Response<Body>, EngineException> {
    match *request.method() {
        Method::GET if request.uri().query().is_none() => {
            return Ok(plain(StatusCode::OK, "Ok.\n"));
        }
        Method::GET | Method::POST => {}
        _ => return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "Use GET or POST\n")),
    }
    let access = request::authenticate(request.headers(), &shared.users)?;
    let job = request::read(request, access).await?;
    let running = Arc::clone(&shared.running);
    let permit = running
        .acquire_owned()
        .await
        .map_err(|_| EngineException::stopped())?;
    let (begin, beginning) = oneshot::channel();
    let sessions = shared.sessions.clone();
    let format = job.format.clone();
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        sessions.run(&job, begin);
    });
    // The sender is dropped without an answer only when the thread panicked.
    let beginning = beginning
        .await
        .unwrap_or_else(|_| Err(EngineException::stopped()))?;
    Ok(respond(beginning, &format))
}

fn respond(beginning: AnswerBeginning, format: &str) -> Response<Body> {
    let response = Response::builder()
        .header("X-ClickHouse-Format", format)
        .header(header::CONTENT_TYPE, "application/octet-stream");
    let response = match beginning {
        AnswerBeginning::Whole { body, counters } => response
            .header("X-ClickHouse-Summary", summary(counters))
            .body(Body::from(body)),
        AnswerBeginning::Streamed { first, rest, tag } => response
            .header("X-ClickHouse-Summary", summary(QueryCounters::default()))
            .header("X-ClickHouse-Exception-Tag", tag)
            .body(Body::from_stream(pieces(first, rest))),
    };
    // Only the format comes from outside; one that is no header value is not an answer's either.
    response.unwrap_or_else(|_| {
        EngineException::bad_request("The format's name is not text").into_response()
    })
}

/// The pieces of a result. Before it breaks off, what was sent before gets its turn to leave.
fn pieces(
    first: Bytes,
    rest: mpsc::Receiver<io::Result<Bytes>>,
) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold((Some(first), rest), |(first, mut rest)| async move {
        let piece = match first {
            Some(first) => Ok(first),
            None => rest.recv().await?,
        };
        if piece.is_err() {
            tokio::task::yield_now().await;
        }
        Some((piece, (None, rest)))
    })
}

fn summary(counters: QueryCounters) -> String {
    format!(
        r#"{{"read_rows":"{}","read_bytes":"{}","written_rows":"{}","written_bytes":"{}"}}"#,
        counters.read_rows, counters.read_bytes, counters.written_rows, counters.written_bytes
    )
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}
