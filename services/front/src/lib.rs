//! The gRPC front of every role: one port for all services of a process.
//!
//! Comes in: a listener and services. Goes out: answers, within limits. The invariants: too much
//! work is refused at once with `RESOURCE_EXHAUSTED`, a deadline is answered with
//! `DEADLINE_EXCEEDED`, and a stop lets what is under way come to its end.

#![warn(missing_docs)]

// In reading order: the server, what every call passes, and who calls.
mod config;

mod server;

mod limits;

mod bearer;

pub mod metrics;

pub use bearer::{authorised, bearer, refused};
pub use config::FrontConfig;
pub use limits::{HttpInterface, MAX_MESSAGE_BYTES};
pub use server::{FrontError, FrontServices, serve};
