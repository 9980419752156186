//! What Medvirk measures and what it may release: pure, with no I/O, no clock and no async.
//!
//! Comes in: catalogues, forms and the records of the log. Goes out: scores, alerts and the rows
//! of period closes. The invariant: everything here is a function of its arguments, in
//! fixed-point integers, so that the same log gives the same rows, bit for bit.

#![warn(missing_docs)]

// In reading order.
pub mod catalogue;
pub mod fixed;
pub mod form;
pub mod ids;
pub mod record;
pub mod row;
pub mod time;
