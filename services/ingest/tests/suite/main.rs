//! Ingest, from outside: over gRPC on the loopback, in front of a real log.

// Nobody is outside of a test; and the lints' leave for tests goes by `cfg(test)`.
#![allow(unreachable_pub)]

#[cfg(test)]
mod clinic;
#[cfg(test)]
mod fhir;
#[cfg(test)]
mod instruments;
#[cfg(test)]
mod log;
#[cfg(test)]
mod malformed;
#[cfg(all(test, feature = "mutants"))]
mod mutants;
#[cfg(test)]
mod privacy;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod submissions;
#[cfg(test)]
mod surveys;
