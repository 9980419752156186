//! The engine as its clients see it: the real library, the official `clickhouse` crate, and raw
//! HTTP where the crate does not go. Every test has an engine process of its own, because the
//! library opens one data directory per process.

mod support;

mod access;
mod http;
mod process;
mod roundtrip;
mod streaming;
mod tables;
