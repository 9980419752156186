//! What the bytes of the log mean: round trips, refusals, and the fixtures of version 1.

mod golden;
mod refusals;
mod round_trips;
mod samples;
