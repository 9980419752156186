//! A sandbox for whole-system tests: a real `medvirk up` on a data folder of its own, or many
//! processes on Kafka.
//!
//! Comes in: what a test wants to differ from the defaults. Goes out: a running system, reached as
//! a clinic or a dashboard would reach it. The invariant: nothing is shared between two sandboxes,
//! and what a test starts it ends, by its process id.

mod system;

mod clinic;

mod fhir;

mod tables;

mod program;

pub mod log;

mod disk;

mod harm;

mod network;

mod deployment;

pub mod cohort;

pub mod tally;

pub use clinic::{
    Clinic, Sent, bdi, closing, fit_ors, form, is_open, opening, session, submission,
};
pub use deployment::{Brokers, Deployment, Kind, broker_name};
pub use disk::with_small_disks;
pub use harm::is_alive;
pub use network::{Network, Weather};
pub use program::{Ran, medvirk};
pub use system::{Builder, System, binary, secrets_of};
pub use tables::{RegistryRow, registry_counts, registry_id};

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

/// How long a test waits for what must happen. Only a test that fails waits so long, so it is far
/// more than a busy machine needs; how fast something is, a benchmark says.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Asks again and again until it gets an answer.
///
/// # Panics
/// With `what` when there is none within [`PATIENCE`].
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, ask: impl Fn() -> F) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let answer = tokio::time::timeout(PATIENCE, asking).await;
    answer.unwrap_or_else(|_| panic!("did not happen within {PATIENCE:?}: {what}"))
}

/// The root of the checkout.
pub fn root() -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("tests is a folder of the checkout")
        .to_owned()
}
