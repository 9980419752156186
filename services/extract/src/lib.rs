//! Files out: datasets for registry teams, with a manifest each.
//!
//! Comes in: the register's forms through its views, the rows of period closes, and catalogues. Goes
//! out: files, chunk by chunk. The invariants: a pull is in the audit log before its first byte
//! leaves; everything aggregate is made of rows of period closes, never of forms; memory is bounded
//! by chunks, whatever the dataset's size.

#![warn(missing_docs)]

// In the direction in which a file is made.
mod audit;
mod content;
mod dataset;
mod error;
mod grpc;
pub mod join;
mod manifest;
pub mod metrics;
mod pull;
mod readable;
mod service;
mod sources;
mod table;
mod write;

pub use audit::{AuditError, AuditFile};
pub use content::codebook::COLUMNS as CODEBOOK_COLUMNS;
pub use dataset::{Dataset, DatasetFormat};
pub use error::Error;
pub use service::{Extract, ExtractDependencies};
