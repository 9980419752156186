//! Frames: a record as one blob, with its checksum.
//!
//! ```text
//! checksum: u32 | kind: u8 | length of the key: u32 | key | value      (little-endian)
//! ```
//!
//! The checksum is over all that follows and over the record's place (stream and offset), so that
//! a record in the wrong place is as damaged as one with a flipped bit. An erased record is a
//! frame of the same length, all zeros after the kind: it overwrites the old one in place.

use crc32fast::Hasher;

use crate::NewRecord;

const CHECKSUM: std::ops::Range<usize> = 0..4;
const KIND: usize = 4;
const KEY_LENGTH: std::ops::Range<usize> = 5..9;
const HEADER: usize = 9;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FrameKind {
    Value = 1,
    Tombstone = 2,
    Erased = 3,
}

/// Where a record is: number of the stream, and offset.
#[derive(Debug, Clone, Copy)]
pub(super) struct FramePlace {
    pub(super) stream: i64,
    pub(super) offset: u64,
}

/// A record that is ready to be written, but for its place.
pub(super) struct RecordFrame {
    bytes: Vec<u8>,
    /// Over everything but the place; computed by whoever appends, not by the one committer.
    checksum: Hasher,
    pub(super) is_tombstone: bool,
}

impl RecordFrame {
    pub(super) fn new(record: NewRecord) -> Self {
        let is_tombstone = record.value.is_none();
        let kind = if is_tombstone {
            FrameKind::Tombstone
        } else {
            FrameKind::Value
        };
        let value = record.value.unwrap_or_default();
        let key_length = u32::try_from(record.key.len()).expect("bounded by MAX_RECORD_BYTES");
        let mut bytes = Vec::with_capacity(HEADER + record.key.len() + value.len());
        bytes.extend([0; 4]);
        bytes.push(kind as u8);
        bytes.extend(key_length.to_le_bytes());
        bytes.extend(&record.key);
        bytes.extend(&value);
        let mut checksum = Hasher::new();
        checksum.update(&bytes[KIND..]);
        Self {
            bytes,
            checksum,
            is_tombstone,
        }
    }

    /// Its length in bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes to store at that place.
    pub(super) fn at(&self, place: FramePlace) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        seal(&mut bytes, self.checksum.clone(), place);
        bytes
    }
}

/// The bytes that erase a record of that length at that place.
pub(super) fn erased(length: usize, place: FramePlace) -> Vec<u8> {
    let mut bytes = vec![0; length.max(HEADER)];
    bytes[KIND] = FrameKind::Erased as u8;
    let mut checksum = Hasher::new();
    checksum.update(&bytes[KIND..]);
    seal(&mut bytes, checksum, place);
    bytes
}

fn seal(bytes: &mut [u8], checksum: Hasher, place: FramePlace) {
    bytes[CHECKSUM].copy_from_slice(&finish(checksum, place).to_le_bytes());
}

fn finish(mut checksum: Hasher, place: FramePlace) -> u32 {
    checksum.update(&place.stream.to_le_bytes());
    checksum.update(&place.offset.to_le_bytes());
    checksum.finalize()
}

/// What a frame holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameContent<'a> {
    Value { key: &'a [u8], value: &'a [u8] },
    Tombstone { key: &'a [u8] },
    Erased,
}

/// Takes a frame apart; `None` if it is not what was written at this place.
pub(super) fn open(bytes: &[u8], place: FramePlace) -> Option<FrameContent<'_>> {
    let stored = u32::from_le_bytes(bytes.get(CHECKSUM)?.try_into().ok()?);
    let mut checksum = Hasher::new();
    checksum.update(bytes.get(KIND..)?);
    if finish(checksum, place) != stored {
        return None;
    }
    let key_length = u32::from_le_bytes(bytes.get(KEY_LENGTH)?.try_into().ok()?);
    let rest = bytes.get(HEADER..)?;
    let (key, value) = rest.split_at_checked(usize::try_from(key_length).ok()?)?;
    match bytes[KIND] {
        kind if kind == FrameKind::Value as u8 => Some(FrameContent::Value { key, value }),
        kind if kind == FrameKind::Tombstone as u8 => Some(FrameContent::Tombstone { key }),
        kind if kind == FrameKind::Erased as u8 => Some(FrameContent::Erased),
        _ => None,
    }
}

/// The key of a frame that [`open`] refuses, where it would be; what is there may be anything.
pub(super) fn key_as_found(bytes: &[u8]) -> Option<&[u8]> {
    let length = u32::from_le_bytes(bytes.get(KEY_LENGTH)?.try_into().ok()?);
    bytes.get(HEADER..)?.get(..usize::try_from(length).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: FramePlace = FramePlace {
        stream: 3,
        offset: 7,
    };

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let frame = RecordFrame::new(NewRecord::new(b"key".to_vec(), b"value".to_vec()));
        let bytes = frame.at(PLACE);
        let expected = FrameContent::Value {
            key: b"key",
            value: b"value",
        };
        assert!(open(&bytes, PLACE) == Some(expected));
        let tombstone = RecordFrame::new(NewRecord::tombstone(b"key".to_vec())).at(PLACE);
        assert!(open(&tombstone, PLACE) == Some(FrameContent::Tombstone { key: b"key" }));
        assert!(open(&erased(bytes.len(), PLACE), PLACE) == Some(FrameContent::Erased));
    }

    #[test]
    fn every_flipped_bit_and_every_other_place_is_noticed() {
        let bytes = RecordFrame::new(NewRecord::new(b"key".to_vec(), b"value".to_vec())).at(PLACE);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&flipped, PLACE).is_none(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(open(&bytes[..length], PLACE).is_none(), "cut to {length}");
        }
        assert!(open(&bytes, FramePlace { offset: 8, ..PLACE }).is_none());
        assert!(open(&bytes, FramePlace { stream: 4, ..PLACE }).is_none());
    }

    #[test]
    fn an_erased_record_keeps_its_length_and_nothing_else() {
        let bytes = erased(500, PLACE);
        assert_eq!(bytes.len(), 500);
        assert!(bytes[HEADER..].iter().all(|byte| *byte == 0));
    }
}
