//! The registrar between a real log and a real engine.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test that calls them"
)]

mod curve;
mod keeping;
mod room;
mod withdrawal;
mod world;

/// The other half of the engine's sandbox.
#[test]
fn engine_process() {
    medvirk_store::sandbox::serve_if_asked();
}
