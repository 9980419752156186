//! Quality indicators out: gRPC, and the same as JSON over HTTP.
//!
//! Comes in: the rows of period closes, and the catalogues under which they were closed. Goes out:
//! figures with persons, value, 95 % interval and attainment, or a plain reason where there is
//! nothing to show. The invariant: between two closes every answer is the same, byte for byte.

#![warn(missing_docs)]

// In the direction in which an answer is made.
mod answer;
mod coverage;
mod error;
pub mod figures;
mod grpc;
mod http;
mod involvement;

mod memory;
mod message;
pub mod metrics;
mod question;
pub mod source;
pub mod statistics;

pub use answer::Report;
pub use error::Error;
pub use http::has_page;
pub use source::{CatalogueSource, CloseSource};

#[cfg(test)]
mod sample;
