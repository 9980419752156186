//! The limits within which the front serves.

use std::time::Duration;

/// Within which limits the front serves. They are not to be set: they go with the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontConfig {
    /// So many calls are under way at once, over all connections; more are refused.
    pub max_concurrent: usize,
    /// So many calls are under way at once on one connection; more wait.
    pub max_concurrent_per_connection: u32,
    /// No call takes longer, whatever its client says.
    pub timeout: Duration,
    /// After a stop, what is under way has so long to come to its end.
    pub grace: Duration,
    /// A connection is asked to come back anew after this.
    pub max_connection_age: Duration,
}

impl Default for FrontConfig {
    fn default() -> Self {
        Self {
            max_concurrent: 2_048,
            max_concurrent_per_connection: 512,
            timeout: Duration::from_secs(30),
            grace: Duration::from_secs(10),
            max_connection_age: Duration::from_secs(3_600),
        }
    }
}
