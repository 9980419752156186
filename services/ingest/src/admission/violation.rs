//! Why a submission may not become an event.

use std::collections::BTreeSet;

use medvirk_domain::catalogue::FormViolation;

/// Why a submission may not become an event.
pub enum RefusedSubmission {
    /// The sender may not send for the unit that this field names.
    Unit {
        /// Path of the field.
        field: String,
    },
    /// Everything that is wrong with it.
    Invalid {
        /// What is wrong with each field; at least one.
        violations: Vec<FormViolation>,
        /// In which ways they are wrong; at least one.
        kinds: BTreeSet<ViolationKind>,
    },
}

/// In which way a field is wrong, as far as a client does something else about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ViolationKind {
    /// A value must be another one.
    Field,
    /// The survey code is not one of ours.
    WrongCode,
    /// The survey code counts no more.
    CodeIsOver,
    /// A day or a month lies in the future.
    TooEarly,
    /// The catalogue in force does not have the instrument, or has another version of it.
    OtherCatalogue,
}
