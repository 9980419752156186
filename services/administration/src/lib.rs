//! What an operator may ask of a running system, by AdminService.
//!
//! Comes in: calls with the role `admin`. Goes out: control records in the log, and what became of
//! them. The invariant: nothing is done here that a record in the log does not say.

// In reading order.
mod admin;

mod admin_service;

mod withdrawals;

mod withdrawal;

mod doctor;

mod status;

pub use admin::AdminCalls;
pub use doctor::DoctorCalls;
