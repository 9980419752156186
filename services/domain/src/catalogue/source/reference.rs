//! What the references of a trust look like, as its writer sees it: one regular expression, or one
//! for each kind of reference. The invariant: a kind that is not known is an error.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor, value::MapAccessDeserializer};

/// One regular expression for every reference, or one for each kind.
pub(in crate::catalogue) struct RawReferencePattern {
    pub(in crate::catalogue) patient: Option<String>,
    pub(in crate::catalogue) episode: Option<String>,
    pub(in crate::catalogue) therapist: Option<String>,
}

/// A table with one for each kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPatternByKind {
    patient: Option<String>,
    episode: Option<String>,
    therapist: Option<String>,
}

impl<'de> Deserialize<'de> for RawReferencePattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ReferencePatternVisitor)
    }
}

struct ReferencePatternVisitor;

impl<'de> Visitor<'de> for ReferencePatternVisitor {
    type Value = RawReferencePattern;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a regular expression, or one for each kind: { patient = …, episode = …, therapist = … }",
        )
    }

    fn visit_str<E: Error>(self, pattern: &str) -> Result<RawReferencePattern, E> {
        let pattern = || Some(pattern.to_owned());
        Ok(RawReferencePattern {
            patient: pattern(),
            episode: pattern(),
            therapist: pattern(),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawReferencePattern, A::Error> {
        let table = RawPatternByKind::deserialize(MapAccessDeserializer::new(map))?;
        Ok(RawReferencePattern {
            patient: table.patient,
            episode: table.episode,
            therapist: table.therapist,
        })
    }
}
