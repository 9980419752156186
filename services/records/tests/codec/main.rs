//! What the bytes of the log mean: round trips, refusals, and the fixtures of version 1.

#![allow(clippy::unwrap_used)] // Helpers of tests may, as tests may.

mod golden;
mod refusals;
mod round_trips;
mod samples;
