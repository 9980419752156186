//! One test for each rule of the design's §4, in its order. The fold and the reference agree on
//! every log told here.

pub(crate) mod closes;
pub(crate) mod persons;
pub(crate) mod register;
pub(crate) mod releasable;
pub(crate) mod rows;
