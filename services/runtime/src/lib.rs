//! What every role needs and none should invent twice: time, stopping, configuration, telemetry,
//! the admin listener, tokens and pseudonyms.
//!
//! Comes in: the process's surroundings (files, environment, signals, the clock), each handed over
//! explicitly. Goes out: typed values. The invariant: nothing here is ambient. There is no global
//! of ours, the clock is an argument, and a secret never shows itself in `Debug`.

#![warn(missing_docs)]

// In reading order.
pub mod admin_http;
pub mod auth;
pub mod clock;
pub mod config;
pub mod pseudonym;
pub mod readiness;
pub mod secret;
pub mod stop;
pub mod telemetry;

pub use clock::{Clock, ManualClock, SystemClock, rfc3339, this_month, today};
pub use readiness::Readiness;
pub use stop::{StopToken, signals};
