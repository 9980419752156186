//! The commands of those who use a running system. Comes in: a command line. Goes out: calls of
//! the public gRPC interface. The invariant: nothing here reads the data folder but for addresses
//! and tokens.

// In reading order.
mod connect;

mod submit;

mod import;

mod simulate;

mod indicators;

mod coverage;

mod involvement;

mod pull;

mod admin;

mod catalogue;

mod token;

pub(crate) use admin::admin;
pub(crate) use catalogue::{catalogue, read_dir};
pub(crate) use coverage::coverage;
pub(crate) use import::import;
pub(crate) use indicators::indicators;
pub(crate) use involvement::involvement;
pub(crate) use pull::pull;
pub(crate) use simulate::{Simulation, history, live, simulate};
pub(crate) use submit::submit;
pub(crate) use token::token;
