//! Control records. Comes in: one control record. Goes out: a copy of it in every partition of
//! `feedback.events`. The invariant: success means that all partitions have acknowledged; repeats
//! are harmless, so whoever gets an error broadcasts again.

use futures::future::try_join_all;
use medvirk_domain::record::ControlRecord;
use medvirk_eventlog::{Log, LogAppendError, NewRecord, Topic};

use crate::codec::{control_key, encode_control};

/// Appends `control` to all partitions of `feedback.events`, and gives its offset in each, in the
/// order of the partitions. `at_ms` is the time now, in milliseconds since 1970, UTC; a
/// `PeriodClose` carries its own. After an error some partitions may have it: broadcast it again
/// until it succeeds.
pub async fn broadcast(
    log: &dyn Log,
    control: ControlRecord,
    at_ms: i64,
) -> Result<Vec<u64>, LogAppendError> {
    let value = encode_control(&control, at_ms);
    let append = |partition| {
        let record = NewRecord::new(control_key(), value.clone());
        log.append(Topic::Events, partition, record)
    };
    let all = 0..log.partitions(Topic::Events);
    try_join_all(all.map(append)).await
}
