//! What an append is refused for. Comes in: a topic, and records for it. Goes out: nothing, or why
//! none of them is taken. The invariant: both backends refuse the same.

use crate::error::LogAppendError;
use crate::topic::{MAX_RECORD_BYTES, NewRecord, Topic};

/// How many bytes may be appended at once.
const APPEND_BYTES: usize = 2 * MAX_RECORD_BYTES;

/// Everything that can be refused is refused before it is queued, so that a
/// batch fails for reasons of the store only.
pub(crate) fn check_append(topic: Topic, records: &[NewRecord]) -> Result<(), LogAppendError> {
    let mut all = 0;
    for record in records {
        if topic.is_compacted() && record.key.is_empty() {
            return Err(LogAppendError::Keyless { topic });
        }
        if !topic.is_compacted() && record.value.is_none() {
            return Err(LogAppendError::KeptForEver { topic });
        }
        let bytes = record.key.len() + record.value.as_ref().map_or(0, Vec::len);
        if bytes > MAX_RECORD_BYTES {
            let limit = MAX_RECORD_BYTES;
            return Err(LogAppendError::TooLarge { bytes, limit });
        }
        all += bytes;
    }
    if all > APPEND_BYTES {
        let (bytes, limit) = (all, APPEND_BYTES);
        return Err(LogAppendError::TooLarge { bytes, limit });
    }
    Ok(())
}
