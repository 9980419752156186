//! The store against the real engine.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test that calls them"
)]

mod access;
mod extract;
mod indicator;
mod ownership;
mod registry;
mod urls;

use medvirk_store::sandbox::{Sandbox, serve_if_asked};

/// The other half of [`Sandbox`].
#[test]
fn engine_process() {
    serve_if_asked();
}

fn engine() -> Sandbox {
    Sandbox::start("engine_process")
}
