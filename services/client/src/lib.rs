//! The commands of those who use a running system. Comes in: a command line. Goes out: calls of
//! the public gRPC interface. The invariant: nothing here reads the data folder but for addresses
//! and tokens.

// In reading order.
pub mod arguments;

mod addresses;

pub mod connect;

pub mod submit;

mod reason;

mod indicators;

mod csv_text;

mod coverage;

mod involvement;

mod pull;

mod admin;

pub mod catalogue;

mod token;

pub use addresses::ProcessAddresses;
pub use admin::admin;
pub use catalogue::catalogue;
pub use coverage::coverage;
pub use indicators::indicators;
pub use involvement::involvement;
pub use pull::pull;
pub use submit::submit;
