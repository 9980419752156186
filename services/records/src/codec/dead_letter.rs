//! The records of the topic `feedback.dead-letter`.

use std::fmt;

use medvirk_eventlog::Topic;
use medvirk_proto::log::v1 as wire;
use prost::Message as _;

use super::undecodable::{DecodeError, Reason};

/// A record that could not be folded, whole, with its place and the reason. In the topic its key
/// is the key of that record, so that a tombstone for the one erases the other.
#[derive(Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Topic of the record.
    pub topic: Topic,
    /// The partition of the log.
    pub partition: u32,
    /// The offset in the partition.
    pub offset: u64,
    /// Why: a word from a closed list, the codec's or the fold's.
    pub reason: String,
    /// The bytes of the key.
    pub key: Vec<u8>,
    /// The bytes of the value.
    pub value: Vec<u8>,
    /// When it was set aside, in milliseconds since 1970, UTC.
    pub set_aside_at: i64,
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            topic,
            partition,
            offset,
            reason,
            ..
        } = self;
        write!(f, "DeadLetter({topic}/{partition}/{offset}, {reason})")
    }
}

/// The value of a dead letter. Not versioned: all of its fields are plain.
pub fn encode_dead_letter(letter: &DeadLetter) -> Vec<u8> {
    let letter = wire::DeadLetter {
        topic: letter.topic.name().to_owned(),
        partition: letter.partition,
        offset: letter.offset,
        reason: letter.reason.clone(),
        key: letter.key.clone(),
        value: letter.value.clone(),
        set_aside_at: letter.set_aside_at,
    };
    letter.encode_to_vec()
}

/// Decodes a value of the topic `feedback.dead-letter`.
pub fn decode_dead_letter(value: &[u8]) -> Result<DeadLetter, DecodeError> {
    let letter =
        wire::DeadLetter::decode(value).map_err(|_| DecodeError::Malformed(Reason::Protobuf))?;
    Ok(DeadLetter {
        topic: Topic::parse(&letter.topic).ok_or(DecodeError::Malformed(Reason::Topic))?,
        partition: letter.partition,
        offset: letter.offset,
        reason: letter.reason,
        key: letter.key,
        value: letter.value,
        set_aside_at: letter.set_aside_at,
    })
}
