//! ClickHouse: schema, migrations, inserts and queries.
//!
//! Comes in: the rows of closes (for the indicators) and pseudonymous forms (for the registry).
//! Goes out: the same, once each, whatever was inserted twice. The invariant: readers reach views
//! with `FINAL` only, and a batch is never lost here, because the caller keeps it until the call
//! has succeeded.

#![warn(missing_docs)]

// In reading order.
pub mod access;
pub mod connection;
pub mod error;
pub mod indicator;
mod migration;
mod ownership;
pub mod registry;
#[cfg(feature = "test-util")]
pub mod sandbox;

pub use connection::DatabaseConnection;
pub use error::Error;
pub use indicator::{
    CloseMark, IndicatorReader, IndicatorRow, IndicatorWriter, RowQuery, RowsHash, TableRebuild,
    YearOfRows, hash_of,
};
pub use ownership::TableOwnership;
pub use registry::{RegistryBatch, RegistryExaminer, RegistryReader, RegistryWriter};
