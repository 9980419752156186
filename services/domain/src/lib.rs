//! What Medvirk measures and what it may release: pure, with no I/O, no clock and no async.
//!
//! Comes in: catalogues, forms and the records of the log. Goes out: scores, alerts and the rows
//! of period closes. The invariant: everything here is a function of its arguments, in
//! fixed-point integers, so that the same log gives the same rows, bit for bit.

#![warn(missing_docs)]

// The vocabulary.
pub mod fixed;
pub mod ids;
pub mod limits;
pub mod reference;
pub mod time;

// What is measured.
pub mod catalogue;
pub mod form;

// What happened, and where in the log it goes.
pub mod partition;
pub mod record;
pub mod withdrawal;

// What it is worth.
pub mod admission;

// What may be shown of it.
pub mod fold;
pub mod row;

// For tests of tests.
