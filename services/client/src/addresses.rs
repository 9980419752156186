//! Where a process listens. Comes in: bound listeners. Goes out: `addresses.json` in the data
//! folder, by which the commands of this machine find a running `up`.

use std::net::SocketAddr;
use std::path::Path;

use medvirk_runtime::secret;
use serde::{Deserialize, Serialize};

/// Where a process listens; written to `addresses.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProcessAddresses {
    /// The gRPC services of the roles.
    pub grpc: SocketAddr,
    /// Report over HTTP, where this process serves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<SocketAddr>,
    /// Health, readiness and metrics.
    pub admin: SocketAddr,
    /// The embedded engine of the indicators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indicators: Option<SocketAddr>,
    /// The embedded engine of the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<SocketAddr>,
}

impl ProcessAddresses {
    /// Writes `addresses.json` into the data folder.
    pub fn write(&self, data: &Path) -> anyhow::Result<()> {
        let path = data.join("addresses.json");
        secret::replace(&path, &serde_json::to_vec_pretty(self)?)?;
        Ok(())
    }
}
