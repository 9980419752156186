//! Keys of records: a tombstone names exactly one copy by its key.

/// Id of the key under which pseudonyms are made. There is one until keys can be changed.
pub const KEY_ID: u32 = 1;

/// Length of a key of the topics `feedback.events` and `feedback.dead-letter`, in bytes.
pub const KEY_BYTES: usize = 32;

/// A fresh key for an event: its submission id and 16 random bytes. Made anew for every append
/// and every retry, so that a tombstone names exactly one copy.
pub fn event_key(submission_id: [u8; 16]) -> Vec<u8> {
    let nonce: [u8; 16] = rand::random();
    [submission_id, nonce].concat()
}

/// A fresh key for a control record: 16 zeros and 16 random bytes.
pub fn control_key() -> Vec<u8> {
    event_key([0; 16])
}
