//! One test for each rule of the design's §4, in its order. The fold and the reference agree on
//! every log told here.

mod closes;
mod persons;
mod releasable;
mod rows;
