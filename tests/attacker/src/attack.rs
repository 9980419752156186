//! The attacks. Each says what it reads beside the rows. None is given an answer; what it claims
//! is compared with the truth by whoever runs it.

// Linear: sums are equations.
pub mod across;
pub mod constants;
pub mod contributions;

// Subtracting what one knows.
pub mod removal;
pub mod rest;
pub mod sybils;

// What sums and squares say by themselves.
pub mod multisets;

// What stands in one number with what others see.
pub mod apart;

// What the make-up of rows says.
pub mod late;
pub mod news;
pub mod presence;
pub mod twins;
