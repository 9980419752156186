//! The embedded ClickHouse engine behind ClickHouse's own HTTP interface.
//!
//! Comes in: HTTP requests of the official `clickhouse` crate, on loopback. Goes out: what a
//! ClickHouse server would answer. So production and embedded use the same client and the same
//! SQL. One process serves one data directory; the indicators and the registry have one each.
//!
//! Kept: an acknowledged insert is on disk; a reader only reads, and reads merged rows; nobody
//! reaches the host's files or the network through SQL. The README says how, and what is
//! absent: compressed answers, sessions, roles, external tables.

mod access;
mod compression;
mod exception;
mod ffi;
mod files;
#[cfg(target_os = "linux")]
mod guard;
#[cfg(not(target_os = "linux"))]
mod guard {
    /// The library is for Linux.
    pub(crate) fn arm() -> bool {
        false
    }
}
mod request;
mod server;
mod session;
mod statement;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use access::{EngineAccess, EngineUser};
pub use files::GRANTS;
pub use request::MAX_BODY;
pub use server::Engine;

/// What an engine needs to start.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The path of the file `libchdb.so`.
    pub library: PathBuf,
    /// Directory of the data; made when absent. One process at a time.
    pub data: PathBuf,
    /// A loopback address; port 0 chooses a free one.
    pub listen: SocketAddr,
    /// Everybody who may connect.
    pub users: Vec<EngineUser>,
    /// The database of requests that name none; made when absent.
    pub database: String,
}

/// Why an engine does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine is for this machine only.
    #[error("listen on {address}: the embedded engine listens on loopback only")]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
    },
    /// `libchdb.so` is absent or not the expected version.
    #[error("load the engine {}; `cargo xtask engine` brings it", library.display())]
    Library {
        /// The path of the file that was tried.
        library: PathBuf,
        /// What the loader said.
        #[source]
        source: libloading::Error,
    },
    /// The data directory cannot be prepared.
    #[error("prepare the data directory {}", data.display())]
    Files {
        /// The directory of the data.
        data: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The engine does not open the data; it says why on standard error.
    #[error("open the data in {}: another process may have them, or this process another directory", data.display())]
    Open {
        /// The directory of the data.
        data: PathBuf,
    },
    /// A statement of the start-up failed.
    #[error("prepare the database: ClickHouse error {code}")]
    Prepare {
        /// The error number that ClickHouse gave.
        code: u32,
    },
    /// Something the promises rest on does not hold in this engine.
    #[error("check the engine: {what} does not hold")]
    Unsafe {
        /// The setting or the file that was checked.
        what: &'static str,
    },
    /// The port is taken or not allowed.
    #[error("listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The listener failed, and the server has stopped.
    #[error("serve HTTP")]
    Serve {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A thread of the engine panicked.
    #[error("an engine thread panicked")]
    Panicked,
}
