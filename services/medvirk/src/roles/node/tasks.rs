//! The tasks of a process.

use tokio::task::JoinSet;

/// Everything that runs until it is stopped.
pub(super) type NodeTasks = JoinSet<anyhow::Result<()>>;
