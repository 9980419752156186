//! Forms as FHIR R4, both ways: the `Questionnaire` that is given out, and the
//! `QuestionnaireResponse` that answers it. Comes in: instruments, and resources as they were sent.
//! Goes out: resources, and submissions as the gRPC services take them. The invariants: pure; there
//! is one mapping between items and elements, [`question`], for both ways; nothing that was sent is
//! in what is said of it.

#![warn(missing_docs)]

// In reading order.
pub mod systems;

pub mod question;

mod questionnaire;

pub mod json;

mod response;

pub mod reply;

mod capability;

#[cfg(any(test, feature = "test-util"))]
pub mod schema;
#[cfg(any(test, feature = "test-util"))]
pub mod tablet;

pub use capability::statement;
pub use questionnaire::questionnaires;
pub use response::{ResponseReading, read};
