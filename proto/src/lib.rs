//! The wire types of Medvirk: what clients send and what the log holds.
//!
//! Comes in: the .proto files beside this crate. Goes out: one module per package. The invariant:
//! a message that can hold an answer, a reference or a code prints its name in `Debug` and
//! nothing else.

// Generated code: its documentation is in the .proto files, its shape is not ours.
#![allow(unreachable_pub, clippy::large_enum_variant, clippy::too_many_lines)]

/// The serialised descriptors of all files, for reflection and for protobuf JSON.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

macro_rules! package {
    ($($(#[$doc:meta])* $name:ident = $package:literal;)*) => {
        $($(#[$doc])* pub mod $name {
            /// Version 1 of this package.
            pub mod v1 {
                tonic::include_proto!($package);
            }
        })*
    };
}

package! {
    /// Forms, sessions, submissions: what clinics send.
    feedback = "medvirk.feedback.v1";
    /// Sending forms of discharge surveys.
    survey = "medvirk.survey.v1";
    /// Opening and closing episodes of care.
    episode = "medvirk.episode.v1";
    /// Forms of the quality register.
    registry = "medvirk.registry.v1";
    /// The patient's own curve.
    curve = "medvirk.curve.v1";
    /// Reading quality indicators and control charts.
    indicator = "medvirk.indicator.v1";
    /// What services say about themselves.
    involvement = "medvirk.involvement.v1";
    /// Files for registry teams.
    extract = "medvirk.extract.v1";
    /// Running and watching the system.
    admin = "medvirk.admin.v1";
    /// What the log holds.
    log = "medvirk.log.v1";
}

pub mod codec;
mod words;

mod redacted {
    include!(concat!(env!("OUT_DIR"), "/redacted.rs"));
}

/// Writes an empty text as null.
#[cfg(feature = "json")]
fn null_if_empty<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match text {
        "" => serializer.serialize_none(),
        text => serializer.serialize_some(text),
    }
}
