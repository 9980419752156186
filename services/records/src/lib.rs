//! The records of the log: what its bytes mean.
//!
//! Comes in: values of the four topics. Goes out: domain records, the catalogues and plans in
//! force, and what a deployment was founded with. The invariant: everybody who reads a topic
//! decodes it with the same function, so everybody comes to the same state.

#![warn(missing_docs)]

mod error;
mod genesis_record;
mod plan_record;

// What the bytes mean.
pub mod codec;

// What is kept in the log besides events.
pub mod catalogue;
pub mod control;
pub mod dead_letters;
pub mod genesis;
pub mod ledger;

pub use error::{
    ActivationError, FoundingError, GenesisReadError, LedgerReadError, MissingPlan, PlanWriteError,
    PlansReadError, UndecodableRecord,
};
