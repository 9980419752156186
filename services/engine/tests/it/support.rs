//! An engine process of one's own: the test binary runs itself again with one test, which serves.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clickhouse::Client;
use medvirk_engine::{Engine, EngineAccess, EngineConfig, EngineUser};

const DATA: &str = "MEDVIRK_TEST_ENGINE_DATA";
const PATIENCE: Duration = Duration::from_secs(60);

/// A running engine process; killed when dropped.
pub(crate) struct Sandbox {
    child: Child,
    address: SocketAddr,
    directory: tempfile::TempDir,
}

impl Sandbox {
    /// Starts an engine on an empty directory.
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (child, address) = spawn(directory.path());
        Self {
            child,
            address,
            directory,
        }
    }

    /// `kill -9`, then the same data in a new process.
    pub(crate) fn kill_and_reopen(&mut self) {
        self.kill();
        (self.child, self.address) = spawn(self.directory.path());
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks for a graceful stop and waits; true when the process ended well.
    pub(crate) fn stop(&mut self) -> bool {
        drop(self.child.stdin.take());
        self.child.wait().unwrap().success()
    }

    /// Asks for a graceful stop without waiting.
    pub(crate) fn ask_to_stop(&mut self) {
        drop(self.child.stdin.take());
    }

    pub(crate) fn writer(&self) -> Client {
        self.client("writer", "writer-secret")
    }

    pub(crate) fn reader(&self) -> Client {
        self.client("reader", "reader-secret")
    }

    pub(crate) fn client(&self, user: &str, password: &str) -> Client {
        Client::default()
            .with_url(format!("http://{}", self.address))
            .with_user(user)
            .with_password(password)
            .with_database("medvirk")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Resident memory of the process, in MiB.
    pub(crate) fn resident(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The largest resident memory so far, in MiB.
    pub(crate) fn peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            / 1024
    }

    /// Sends a request as the writer, with a body, and returns status and answer.
    pub(crate) fn post(&self, target: &str, headers: &str, body: &[u8]) -> (u16, String) {
        let credentials = "X-ClickHouse-User: writer\r\nX-ClickHouse-Key: writer-secret\r\n";
        self.raw(
            &format!("POST {target} HTTP/1.1\r\n{credentials}{headers}"),
            body,
        )
    }

    /// Sends a request line with headers as they are, and a body.
    pub(crate) fn raw(&self, head: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        write!(
            stream,
            "{head}Host: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        )
        .unwrap();
        // A refusal may come, and the connection close, before the body is sent.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .unwrap_or(0);
        (status, answer)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(directory: &Path) -> (Child, SocketAddr) {
    let address = directory.join("address");
    let _ = std::fs::remove_file(&address);
    let mut child = command(directory).spawn().unwrap();
    let address = eventually("the engine listens", || {
        assert!(
            child.try_wait().unwrap().is_none(),
            "the engine process ended"
        );
        std::fs::read_to_string(&address)
            .ok()?
            .strip_suffix('\n')?
            .parse()
            .ok()
    });
    (child, address)
}

/// The command that serves `directory` until its standard input closes.
pub(crate) fn command(directory: &Path) -> Command {
    // Said here, where the test fails, and not in the child's output.
    library();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "support::engine_process", "--nocapture"])
        .env(DATA, directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    command
}

/// Polls until there is an answer.
pub(crate) fn eventually<T>(what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = poll() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// `libchdb.so`, from the environment or where `cargo xtask engine` puts it.
pub(crate) fn library() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/engine/libchdb.so");
    let path = std::env::var_os("MEDVIRK_CHDB").map_or_else(default, PathBuf::from);
    assert!(
        path.is_file(),
        "{} is missing: run `cargo xtask engine`, or set MEDVIRK_CHDB",
        path.display()
    );
    path
}

pub(crate) fn config(directory: &Path) -> EngineConfig {
    let user = |name: &str, access| EngineUser {
        name: name.to_owned(),
        password: format!("{name}-secret").into(),
        access,
    };
    EngineConfig {
        library: library(),
        data: directory.join("data"),
        listen: "127.0.0.1:0".parse().unwrap(),
        users: vec![
            user("writer", EngineAccess::Writer),
            user("reader", EngineAccess::Reader),
        ],
        database: "medvirk".to_owned(),
    }
}

/// The other half of [`Sandbox`]: serves when it is run as a child, else does nothing.
#[test]
fn engine_process() {
    let Some(directory) = std::env::var_os(DATA).map(PathBuf::from) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let engine = Engine::bind(config(&directory)).await.unwrap();
        let (draft, address) = (directory.join("address.draft"), directory.join("address"));
        std::fs::write(&draft, format!("{}\n", engine.local_addr())).unwrap();
        std::fs::rename(draft, address).unwrap();
        let stop = async {
            let closed =
                tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
            closed.await.unwrap().unwrap();
        };
        engine.serve(stop).await.unwrap();
    });
}
