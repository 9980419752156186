//! The outline of a message: what can be said of it before it is decoded.
//!
//! A newer program may have written fields that do not decode here at all, and a damaged control
//! record must not pass for a damaged event. So version and kind are taken from the top-level
//! field numbers alone.

use prost::bytes::Buf;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::undecodable::{DecodeError, Reason, SCHEMA_VERSION};

/// Field numbers of bodies of an event.
const EVENTS: std::ops::RangeInclusive<u32> = 10..=19;
/// Field numbers of bodies of a control record, those of later versions included.
const CONTROLS: std::ops::RangeInclusive<u32> = 20..=29;

/// What the top-level fields say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct RecordOutline {
    /// 0 where it is missing.
    pub(super) schema_version: u32,
    /// How many bodies of events it has.
    pub(super) events: u32,
    /// How many bodies of control records it has.
    pub(super) controls: u32,
    /// Whether it could be walked to its end.
    pub(super) whole: bool,
}

impl RecordOutline {
    /// Walks over the top-level fields.
    pub(super) fn of(value: &[u8]) -> Self {
        let mut outline = Self::default();
        outline.whole = outline.walk(value).is_some();
        outline
    }

    fn walk(&mut self, mut value: &[u8]) -> Option<()> {
        while value.has_remaining() {
            let (field, wire_type) = decode_key(&mut value).ok()?;
            if field == 1 && wire_type == WireType::Varint {
                let version = decode_varint(&mut value).ok()?;
                self.schema_version = u32::try_from(version).unwrap_or(u32::MAX);
                continue;
            }
            self.events += u32::from(EVENTS.contains(&field));
            self.controls += u32::from(CONTROLS.contains(&field));
            skip_field(wire_type, field, &mut value, DecodeContext::default()).ok()?;
        }
        Some(())
    }

    /// The first word on a record of any topic: is it of a version that we read?
    pub(super) fn check_version(&self) -> Result<(), Reason> {
        if !self.whole {
            return Err(Reason::Protobuf);
        }
        if self.schema_version == 0 {
            return Err(Reason::SchemaVersion);
        }
        Ok(())
    }

    /// Stops before what a newer program wrote.
    pub(super) fn check_newer(&self) -> Result<(), DecodeError> {
        if self.schema_version > SCHEMA_VERSION {
            return Err(DecodeError::TooNew {
                schema_version: self.schema_version,
            });
        }
        Ok(())
    }
}

/// Decodes a record of the topics whose records are all needed: ledger, catalogue, dead letter.
pub(super) fn decode<M: prost::Message + Default>(value: &[u8]) -> Result<M, DecodeError> {
    let outline = RecordOutline::of(value);
    outline.check_newer()?;
    outline.check_version().map_err(DecodeError::Malformed)?;
    M::decode(value).map_err(|_| DecodeError::Malformed(Reason::Protobuf))
}
