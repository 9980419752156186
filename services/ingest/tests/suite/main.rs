//! Ingest, from outside: over gRPC on the loopback, in front of a real log.

#![allow(unreachable_pub)] // nobody is outside of a test

mod clinic;
mod log;
mod malformed;
mod privacy;
mod requests;
mod serving;
mod submissions;
mod surveys;
