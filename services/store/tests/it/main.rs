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

use medvirk_store::sandbox::{EngineSandbox, serve_if_asked};

/// The other half of [`EngineSandbox`].
#[test]
fn engine_process() {
    serve_if_asked();
}

fn engine() -> EngineSandbox {
    EngineSandbox::start("engine_process")
}
