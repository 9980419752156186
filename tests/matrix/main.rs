//! Many processes on real Kafka: several of each role, brokers, engines, and a network between them
//! that breaks.
//!
//! The invariant of every test here: what was acknowledged is in the registry once and in the rows
//! once, and the rows are those of the same log folded by one process that nothing happens to.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

// In reading order.
mod together;

mod judge;
