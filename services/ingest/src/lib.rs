//! From the tablet to the log: authenticate, authorise, admit, score, pseudonymise, append, reply.
//!
//! Comes in: requests of clinics and patients, by gRPC or as FHIR. Goes out: events in the log, scores and alerts
//! in the replies. The invariants: nothing is answered with OK before the log has acknowledged it;
//! nothing of a refused submission is kept; no reference to a person leaves the process.

#![warn(missing_docs)]

// In reading order: what a submission goes through, then what serves it.
pub mod admission;
mod attempts;
pub mod code;
mod event;
mod fhir;
mod involvement;
pub mod metrics;
mod pipeline;
mod refusal;
mod reply;
mod routes;
mod services;
mod state;

pub use state::{Ingest, IngestConfig, IngestDependencies, ServerError};

/// The most submissions of one batch.
pub const MAX_BATCH: usize = 500;
