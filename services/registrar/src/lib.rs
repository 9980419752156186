//! The registrar: from the event log to the pseudonymous registry tables, and out of both when
//! somebody withdraws (design §5); and the patient's own curve.
//!
//! Comes in: `feedback.events`, and requests of tablets. Goes out: registry rows, tombstones,
//! curves. The invariants: an offset is committed only after its rows are in the tables; what the
//! aggregator sets aside has no row; a withdrawal is committed only when nothing of the person is
//! left in tables and log; every step may be repeated.
//!
//! [`Registrar::run`] goes in rounds, over all partitions at once. A partition that meets a
//! withdrawal stands still there until the erasure is done; the others go on.

// In reading order.
mod handle;

mod adoption;

mod round;

pub mod registry_rows;

mod withdrawn;

pub mod erasure;

pub mod dead_letters;

mod ledger;

mod upkeep;

mod tables;

pub mod curve;

mod error;

mod metrics;

use std::sync::Arc;

use medvirk_eventlog::Topic;
use medvirk_proto::curve::v1::curve_service_server::CurveServiceServer;
use medvirk_runtime::StopToken;
use tokio::sync::watch;

pub use adoption::adopt;
pub use curve::CurveReader;
pub use error::RegistrarError;
pub use handle::{GROUP, RegistrarConfig, RegistrarDependencies, RegistrarHandle};
pub use metrics::describe;
pub use tables::RegistryTables;
pub use withdrawn::erasures;

/// The registrar, ready to run. The tables must have been migrated.
pub struct Registrar {
    config: RegistrarConfig,
    deps: RegistrarDependencies,
    handle: RegistrarHandle,
}

impl Registrar {
    /// A registrar of its share of the log's partitions.
    pub fn new(config: RegistrarConfig, deps: RegistrarDependencies) -> Self {
        let partitions = deps.log.partitions(Topic::Events);
        let next = vec![0; partitions as usize];
        Self {
            config,
            deps,
            handle: RegistrarHandle(Arc::new(watch::Sender::new(next))),
        }
    }

    /// A handle on it.
    pub fn handle(&self) -> RegistrarHandle {
        self.handle.clone()
    }

    /// The gRPC service of curves.
    pub fn service(&self) -> CurveServiceServer<CurveReader> {
        CurveServiceServer::new(CurveReader::new(&self.deps))
    }

    /// Keeps the registry until `stop`, or until something is wrong that only a human can mend.
    /// Tables or a log that do not answer are waited for.
    ///
    /// # Errors
    /// When a record must not be skipped and cannot be read, or the log is damaged.
    pub async fn run(self, stop: StopToken) -> Result<(), RegistrarError> {
        round::run(self.config, self.deps, self.handle, stop).await
    }
}
