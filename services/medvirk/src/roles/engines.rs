//! The embedded engines of `up`. Comes in: two data folders. Goes out: two child processes that
//! answer, one for the indicators and one for the registry, each with its own secret. The
//! invariants: a child that dies, or answers nothing any more, is started again on the same address;
//! a child outlives the process that started it only as long as it finishes what it is doing, because
//! it stops when its standard input closes; one that hangs is killed by the next process.

mod silence;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use data_encoding::HEXLOWER;
use medvirk_runtime::{StopToken, secret};
use medvirk_store::DatabaseConnection;
use medvirk_terminal::{CommandExit, error};
use metrics::{Unit, counter, describe_counter};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;

use super::engine_library::library;
use crate::config::{DatabaseLogin, MedvirkConfig};

/// How long a child may take until it listens.
const START: Duration = Duration::from_secs(30);

/// How long to wait before a child that could not be started is started again; twice as long after
/// each time, up to [`LONGEST`].
const RESTART: Duration = Duration::from_millis(200);

/// As long as that a child that cannot be started is left alone, such as on a full disk.
const LONGEST: Duration = Duration::from_secs(5);

/// How often a first start is tried.
const ATTEMPTS: u32 = 3;

/// Name of the database in both engines.
const DATABASE: &str = "medvirk";

/// How often an engine was started again, by engine and reason.
const RESTARTS: &str = "engine_restarts_total";

/// Why an engine is started again.
#[derive(Clone, Copy)]
enum RestartReason {
    /// It ended by itself, or was killed by somebody.
    Ended,
    /// It answered nothing any more.
    Silent,
    /// One of a process that is gone hung with the data.
    LeftBehind,
}

impl RestartReason {
    const ALL: [Self; 3] = [Self::Ended, Self::Silent, Self::LeftBehind];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Silent => "silent",
            Self::LeftBehind => "left-behind",
        }
    }
}

/// A user in the file that the engine reads.
#[derive(Serialize, Deserialize)]
pub(crate) struct UserEntry {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) access: AccessEntry,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AccessEntry {
    Reader,
    Writer,
}

/// A running engine and how to reach it.
pub(crate) struct EmbeddedEngine {
    pub(crate) address: SocketAddr,
    pub(crate) writer: DatabaseLogin,
    pub(crate) reader: DatabaseLogin,
    /// Ends once the child has ended after `stop`.
    pub(crate) supervisor: JoinHandle<()>,
}

/// A child process; it ends when `input` is dropped.
struct EngineProcess {
    child: Child,
    input: ChildStdin,
}

/// What a child is started with.
#[derive(Clone)]
struct EngineLaunch {
    name: &'static str,
    library: PathBuf,
    data: PathBuf,
    users: PathBuf,
    /// How long it may answer nothing.
    silence: Duration,
}

/// Starts the engine `name` on `DATA/engine/NAME` and keeps it running until `stop`.
pub(crate) async fn start(
    name: &'static str,
    config: &MedvirkConfig,
    listen: SocketAddr,
    stop: StopToken,
) -> anyhow::Result<EmbeddedEngine> {
    let file = format!("engine-{name}.json");
    let users = config.data.join("secrets").join(file);
    let entries = load_or_create_users(&users)?;
    let users_file = users.clone();
    let plan = EngineLaunch {
        name,
        library: library(config.engine.library.as_deref())?,
        data: config.data.join("engine").join(name),
        users,
        silence: config.engine.silence,
    };
    plan.describe();
    let (running, address) = plan.spawn_first(listen).await?;
    let login = |entry: &UserEntry| DatabaseLogin {
        connection: DatabaseConnection {
            url: format!("http://{address}"),
            user: entry.name.clone(),
            password: SecretString::from(entry.password.clone()),
            database: DATABASE.to_owned(),
        },
        password_file: users_file.clone(),
    };
    let [writer, reader] = &entries;
    let (writer, reader) = (login(writer), login(reader));
    let supervisor = tokio::spawn(supervise(plan, running, address, stop));
    Ok(EmbeddedEngine {
        address,
        writer,
        reader,
        supervisor,
    })
}

/// Keeps a child running until `stop`.
async fn supervise(
    plan: EngineLaunch,
    mut running: EngineProcess,
    address: SocketAddr,
    stop: StopToken,
) {
    while let Some(reason) = plan.gone(&mut running, address, &stop).await {
        plan.count(reason);
        match plan.spawn_again(address, &stop).await {
            Some(started) => running = started,
            None => return,
        }
    }
    // It finishes what it is doing and ends.
    let EngineProcess { mut child, input } = running;
    drop(input);
    if tokio::time::timeout(START, child.wait()).await.is_err() {
        tracing::warn!(engine = plan.name, "engine does not end; killing it");
        child.kill().await.ok();
    }
}

impl EngineLaunch {
    /// Every reason is there from the start, at nought.
    fn describe(&self) {
        let text = "Embedded engines that were started again, by engine and reason.";
        describe_counter!(RESTARTS, Unit::Count, text);
        for reason in RestartReason::ALL {
            counter!(RESTARTS, "engine" => self.name, "reason" => reason.as_str()).absolute(0);
        }
    }

    fn count(&self, reason: RestartReason) {
        counter!(RESTARTS, "engine" => self.name, "reason" => reason.as_str()).increment(1);
    }

    /// Waits until the child has ended, by itself or killed because it answers nothing; `None` at
    /// the stop.
    async fn gone(
        &self,
        running: &mut EngineProcess,
        address: SocketAddr,
        stop: &StopToken,
    ) -> Option<RestartReason> {
        tokio::select! {
            ended = running.child.wait() => {
                let status = ended.ok();
                tracing::warn!(engine = self.name, ?status, "engine ended; starting again");
                return Some(RestartReason::Ended);
            }
            () = silence::silent(address, self.silence) => {}
            () = stop.stopped() => return None,
        }
        let (pid, silence) = (running.child.id(), self.silence);
        tracing::error!(
            engine = self.name,
            pid,
            ?silence,
            "engine does not answer; killing it and starting again"
        );
        running.child.start_kill().ok();
        tokio::select! {
            _ = running.child.wait() => Some(RestartReason::Silent),
            () = stop.stopped() => None,
        }
    }

    /// Tries until it listens; `None` at the stop.
    async fn spawn_again(&self, address: SocketAddr, stop: &StopToken) -> Option<EngineProcess> {
        let mut pause = RESTART;
        loop {
            tokio::select! {
                spawned = self.spawn(address) => match spawned {
                    Ok((started, _)) => return Some(started),
                    Err(error) => {
                        let error = format!("{error:#}");
                        tracing::warn!(engine = self.name, error, "cannot start engine");
                    }
                },
                () = stop.stopped() => return None,
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = LONGEST.min(pause * 2),
                () = stop.stopped() => return None,
            }
        }
    }

    /// The first start, which may meet a child of a predecessor that was itself just starting.
    async fn spawn_first(&self, listen: SocketAddr) -> anyhow::Result<(EngineProcess, SocketAddr)> {
        for _ in 1..ATTEMPTS {
            if let Ok(running) = self.spawn(listen).await {
                return Ok(running);
            }
            tokio::time::sleep(RESTART).await;
        }
        self.spawn(listen).await
    }

    /// After a `kill -9`, the child of a predecessor may still be finishing what it was doing. One
    /// that goes on for as long as an engine may answer nothing hangs: nobody is left who would kill
    /// it, and this process has the log, so there is no other `up` here.
    async fn wait_for_predecessor(&self) {
        let gone = async {
            while is_taken(&self.data) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(self.silence, gone).await.is_ok() {
            return;
        }
        if let Some(pid) = silence::kill_holder(&self.data) {
            tracing::error!(
                engine = self.name,
                pid,
                "an engine that was left behind does not end; killed it"
            );
            self.count(RestartReason::LeftBehind);
        }
    }

    async fn spawn(&self, listen: SocketAddr) -> anyhow::Result<(EngineProcess, SocketAddr)> {
        self.wait_for_predecessor().await;
        let program = std::env::current_exe().context("find this program")?;
        let mut child = Command::new(program)
            .arg("engine")
            .args(["--database", DATABASE, "--with-parent"])
            .arg("--data")
            .arg(&self.data)
            .arg("--library")
            .arg(&self.library)
            .arg("--users")
            .arg(&self.users)
            .args(["--listen", &listen.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start the engine of the {}", self.name))?;
        let stdout = child
            .stdout
            .take()
            .context("the engine's output is piped")?;
        let mut line = String::new();
        let mut lines = BufReader::new(stdout);
        let told = tokio::time::timeout(START, lines.read_line(&mut line)).await;
        if !matches!(told, Ok(Ok(length)) if length > 0) {
            child.kill().await.ok();
            // It has said why.
            let message = format!("the engine of the {} did not start", self.name);
            return Err(error(CommandExit::Temporary, message));
        }
        let address = line
            .trim()
            .parse()
            .context("the engine tells its address")?;
        // Waiting for a child drops an input that it still holds.
        let input = child.stdin.take().context("the engine's input is piped")?;
        Ok((EngineProcess { child, input }, address))
    }
}

/// True while a process has the engine's data. ClickHouse holds a lock on this file.
fn is_taken(data: &Path) -> bool {
    let status = std::fs::File::open(data.join("clickhouse").join("status"));
    let locked = status.map(|status| status.try_lock());
    matches!(locked, Ok(Err(std::fs::TryLockError::WouldBlock)))
}

/// The writer and the reader of one engine, with fresh passwords at the first start.
pub(crate) fn load_or_create_users(path: &Path) -> anyhow::Result<[UserEntry; 2]> {
    let fresh = || {
        let entry = |name: &str, access| {
            let password: [u8; 24] = secret::random()?;
            let password = HEXLOWER.encode(&password);
            Ok(UserEntry {
                name: name.to_owned(),
                password,
                access,
            })
        };
        let users = [
            entry("writer", AccessEntry::Writer)?,
            entry("reader", AccessEntry::Reader)?,
        ];
        Ok(zeroize::Zeroizing::new(
            serde_json::to_vec(&users).expect("texts are JSON"),
        ))
    };
    let bytes = secret::load_or_create(path, fresh).context("read the engine's users")?;
    serde_json::from_slice(&bytes).with_context(|| format!("read {}", path.display()))
}
