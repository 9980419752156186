//! What every command of the program has in common: exit codes, lines of output, and hints that
//! name commands.
//!
//! Comes in: what a command found or what went wrong. Goes out: lines on standard output and
//! standard error. The invariant: a command in a hint works in the shell that shows it.

// In reading order.
mod exit;
pub mod hint;
pub mod output;

pub use exit::{CodedError, CommandExit, error};
