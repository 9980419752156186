//! Metrics of every log. Labels are from closed lists and numbers of partitions.

use metrics::{describe_gauge, gauge};

use crate::Topic;

const DAMAGED: &str = "eventlog_damaged_records";

/// Says what each metric of the log is, on whatever it is kept.
pub fn describe() {
    #[cfg(feature = "kafka")]
    crate::kafka::describe_metrics();
    describe_gauge!(
        DAMAGED,
        "Damaged records of the embedded log of which nobody can tell whom they are about, as of the \
         last time something was erased, by topic and partition."
    );
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub(crate) fn damaged(topic: Topic, partition: u32, records: u64) {
    let partition = partition.to_string();
    gauge!(DAMAGED, "topic" => topic.name(), "partition" => partition).set(records as f64);
}
