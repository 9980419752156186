//! An engine process of a test's own. The engine opens one data path per process, so a test runs
//! its own executable again, with one test that does nothing else than serve.
//!
//! A test crate has the other half once:
//!
//! ```text
//! #[test]
//! fn engine_process() {
//!     medvirk_store::sandbox::serve_if_asked();
//! }
//! ```
//!
//! and its tests call `Sandbox::start("engine_process")` with the full name of that test.

use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clickhouse::{Client, Compression};
use medvirk_engine::{Engine, EngineAccess, EngineConfig, EngineUser};
use secrecy::ExposeSecret as _;

use crate::DatabaseConnection;

const DATA: &str = "MEDVIRK_STORE_SANDBOX";
const READY: &str = "address";

/// An engine process on an empty directory; both are gone when it is dropped.
pub struct EngineSandbox {
    child: Child,
    address: SocketAddr,
    directory: tempfile::TempDir,
    test: &'static str,
}

impl EngineSandbox {
    /// Starts an engine. `test` is the full name of the test that calls [`serve_if_asked`].
    pub fn start(test: &'static str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let (child, address) = spawn(directory.path(), test);
        Self {
            child,
            address,
            directory,
            test,
        }
    }

    /// `kill -9`, and a new process on the same data. Its port is another one.
    pub fn kill_and_reopen(&mut self) {
        self.kill();
        (self.child, self.address) = spawn(self.directory.path(), self.test);
    }

    /// Ends the server as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().expect("the engine can be killed");
        self.child.wait().expect("a killed process ends");
    }

    /// As a user who may write.
    pub fn writer(&self, database: &str) -> DatabaseConnection {
        self.connection("writer", database)
    }

    /// As a user who may only read.
    pub fn reader(&self, database: &str) -> DatabaseConnection {
        self.connection("reader", database)
    }

    /// Where its data is.
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn connection(&self, user: &str, database: &str) -> DatabaseConnection {
        DatabaseConnection {
            url: format!("http://{}", self.address),
            user: user.to_owned(),
            password: format!("{user}-secret").into(),
            database: database.to_owned(),
        }
    }
}

impl Drop for EngineSandbox {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A plain client of the engine, for statements of a test's own.
pub fn client(connection: &DatabaseConnection) -> Client {
    Client::default()
        .with_url(&connection.url)
        .with_user(&connection.user)
        .with_password(connection.password.expose_secret())
        .with_database(&connection.database)
        .with_compression(Compression::None)
}

/// Serves until standard input closes if this process was started by a [`EngineSandbox`], and says
/// whether it was; otherwise does nothing.
pub fn serve_if_asked() -> bool {
    let Some(directory) = std::env::var_os(DATA).map(PathBuf::from) else {
        return false;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be made");
    runtime.block_on(serve(&directory));
    true
}

async fn serve(directory: &Path) {
    let user = |name: &str, access| EngineUser {
        name: name.to_owned(),
        password: format!("{name}-secret").into(),
        access,
    };
    let engine = Engine::bind(EngineConfig {
        library: library(),
        data: directory.join("data"),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        users: vec![
            user("writer", EngineAccess::Writer),
            user("reader", EngineAccess::Reader),
        ],
        database: "default".to_owned(),
    })
    .await
    .expect("the engine opens");
    let draft = directory.join("draft");
    std::fs::write(&draft, engine.local_addr().to_string()).expect("the directory is writable");
    std::fs::rename(draft, directory.join(READY)).expect("the directory is writable");
    let stop = async {
        let end = || std::io::stdin().read_to_end(&mut Vec::new());
        // However it ends, nobody is there any more.
        let _ = tokio::task::spawn_blocking(end).await;
    };
    engine.serve(stop).await.expect("the engine serves");
}

fn spawn(directory: &Path, test: &str) -> (Child, SocketAddr) {
    let ready = directory.join(READY);
    // There is none the first time.
    let _ = std::fs::remove_file(&ready);
    let executable = std::env::current_exe().expect("a test knows its executable");
    let mut child = Command::new(executable)
        .args(["--exact", test, "--nocapture"])
        .env(DATA, directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the test can be run again");
    for _ in 0..12_000 {
        let address = std::fs::read_to_string(&ready).ok();
        if let Some(address) = address.and_then(|address| address.parse().ok()) {
            return (child, address);
        }
        let ended = child.try_wait().expect("the child is ours");
        assert!(ended.is_none(), "the engine process ended");
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the engine does not start");
}

/// From the environment, or where `cargo xtask engine` puts it.
fn library() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/engine/libchdb.so");
    let path = std::env::var_os("MEDVIRK_CHDB").map_or_else(default, PathBuf::from);
    assert!(
        path.is_file(),
        "{} is missing: run `cargo xtask engine`, or set MEDVIRK_CHDB",
        path.display()
    );
    path
}
