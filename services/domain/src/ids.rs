//! Identifiers. Comes in: text from catalogues, bytes from pseudonymisation. Goes out: types that
//! cannot be mistaken for one another. The invariant: an id is never empty, and what stands for a
//! person never shows itself in `Debug`.

use std::fmt;
use std::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};

use crate::limits::MAX_ID_LENGTH;

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 64 characters of a-z, 0-9, '-', '_' and '.'")]
pub struct InvalidId;

/// A text that is not the id of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the id of a deployment is 32 hexadecimal digits")]
pub struct InvalidDeploymentId;

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(Box<str>);

            impl $name {
                /// The id as text.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }

            impl FromStr for $name {
                type Err = InvalidId;

                fn from_str(text: &str) -> Result<Self, InvalidId> {
                    check(text).map(|text| Self(text.into()))
                }
            }

            impl TryFrom<String> for $name {
                type Error = InvalidId;

                /// Takes a text over, without a copy of it.
                fn try_from(text: String) -> Result<Self, InvalidId> {
                    check(&text)?;
                    Ok(Self(text.into_boxed_str()))
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(&self.0)
                }
            }

            impl std::borrow::Borrow<str> for $name {
                fn borrow(&self) -> &str {
                    &self.0
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                    let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
                    text.parse().map_err(serde::de::Error::custom)
                }
            }
        )*
    };
}

// Keep this list in alphabetical order.
text_ids! {
    /// An indicator, within its measure.
    IndicatorId,
    /// An institution of a trust.
    InstitutionId,
    /// An instrument of the catalogue.
    InstrumentId,
    /// An item, within its instrument.
    ItemId,
    /// A measure of the catalogue.
    MeasureId,
    /// The nation of all regions.
    NationId,
    /// A part of a measure.
    PartId,
    /// A region of the nation.
    RegionId,
    /// A rule, such as an alert, within its instrument.
    RuleId,
    /// A scale, within its instrument.
    ScaleId,
    /// A hospital trust of a region.
    TrustId,
    /// A unit of an institution.
    UnitId,
    /// A variable, within its measure.
    VariableId,
}

fn check(text: &str) -> Result<&str, InvalidId> {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    match text.len() {
        1..=MAX_ID_LENGTH if text.bytes().all(allowed) => Ok(text),
        _ => Err(InvalidId),
    }
}

/// A keyed pseudonym of a patient, an episode, a therapist or a survey code: HMAC-SHA-256 cut to
/// 16 bytes (RFC 2104 §5 allows half of the hash).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pseudonym([u8; 16]);

impl Pseudonym {
    /// Takes the bytes that a keyed hash gave.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes that it is made of.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonym(redacted)")
    }
}

/// A deployment: random bytes that its log begins with, and that its tables and keys name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeploymentId([u8; 16]);

impl DeploymentId {
    /// Takes the 16 random bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes that it is made of.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl FromStr for DeploymentId {
    type Err = InvalidDeploymentId;

    fn from_str(text: &str) -> Result<Self, InvalidDeploymentId> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes());
        let bytes = bytes.map_err(|_| InvalidDeploymentId)?;
        bytes.try_into().map(Self).map_err(|_| InvalidDeploymentId)
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeploymentId({self})")
    }
}

/// SHA-256 of a catalogue's content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CatalogueHash([u8; 32]);

impl CatalogueHash {
    /// Takes the 32 bytes of the hash.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes that it is made of.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for CatalogueHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for CatalogueHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CatalogueHash({self})")
    }
}
