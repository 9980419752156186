//! The engine as its clients see it: the real library, the official `clickhouse` crate, and raw
//! HTTP where the crate does not go. Every test has an engine process of its own, because the
//! library opens one data directory per process.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test that calls them"
)]

mod support;

mod access;
mod http;
mod process;
mod roundtrip;
mod streaming;
mod tables;
