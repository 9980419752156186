//! The attacker: reads what is public, adds what somebody near the clinics may know, and tries to
//! find single persons. Comes in: [`public::Public`] rows and, for each attack, the knowledge that
//! it names. Goes out: how many persons it finds. The invariant: no attack knows the code that
//! makes the rows; [`victim`] alone does, and a test reads the sources to see that it stays so.

#![warn(missing_docs)]

// What is public, and what else may be known.
pub mod calendar;
pub mod public;

// Whom it is done to.
pub mod clinic;
pub mod victim;

// How.
pub mod algebra;
pub mod attack;
pub mod rng;
pub mod table;
