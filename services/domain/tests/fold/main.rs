//! The fold against a plain reference of the design's §4 and §5: the same rows, bit for bit, on
//! random logs; and one small test for each rule.
//!
//! `reference` is to be read beside the design; `world` is what is in force; `generate` makes random
//! logs of it and `story` told ones; `task` is the loop around the fold; `mutants` breaks the fold.

#![allow(clippy::unwrap_used)]

mod reference;

mod generate;
mod story;
mod task;
mod world;

mod directed;
#[cfg(feature = "mutants")]
mod mutants;
mod properties;
