//! Kafka as metrics. Comes in: librdkafka's statistics, and what the brokers say. Goes out: gauges
//! without any label but a state from a closed list.

use metrics::{describe_gauge, gauge};
use rdkafka::statistics::Statistics;

const QUEUED_RECORDS: &str = "eventlog_kafka_queued_records";
const QUEUED_BYTES: &str = "eventlog_kafka_queued_bytes";
const BROKERS: &str = "eventlog_kafka_brokers";
const UNSAFE: &str = "eventlog_kafka_unsafe_settings";
const ROUND_TRIP: &str = "eventlog_kafka_round_trip_seconds";
const SENT: &str = "eventlog_kafka_sent_records";
const REPEATS: &str = "eventlog_kafka_repeated_requests";
const TIMEOUTS: &str = "eventlog_kafka_timed_out_requests";

/// Says what each metric is.
pub fn describe() {
    describe_gauge!(
        QUEUED_RECORDS,
        "Records that wait for their delivery report."
    );
    describe_gauge!(QUEUED_BYTES, "Bytes that wait for their delivery report.");
    describe_gauge!(
        BROKERS,
        "Brokers of the cluster as it says itself, by state: up, or down though they hold a copy."
    );
    describe_gauge!(
        UNSAFE,
        "Settings of the topics with which a promise cannot be kept, as of the last look at them."
    );
    describe_gauge!(
        ROUND_TRIP,
        "Slowest broker's 99th percentile of a round trip."
    );
    describe_gauge!(SENT, "Records sent since the producer was made.");
    describe_gauge!(REPEATS, "Requests repeated since the producer was made.");
    describe_gauge!(TIMEOUTS, "Requests timed out since the producer was made.");
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub(super) fn brokers(up: usize, known: usize) {
    gauge!(BROKERS, "state" => "up").set(up as f64);
    gauge!(BROKERS, "state" => "down").set(known.saturating_sub(up) as f64);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub(super) fn unsafe_settings(settings: usize) {
    gauge!(UNSAFE).set(settings as f64);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub(super) fn producer(statistics: &Statistics) {
    // What it was told at first, it asks by another name: only those with a number count.
    let brokers = || {
        statistics
            .brokers
            .values()
            .filter(|broker| broker.nodeid >= 0)
    };
    gauge!(QUEUED_RECORDS).set(statistics.msg_cnt as f64);
    gauge!(QUEUED_BYTES).set(statistics.msg_size as f64);
    gauge!(SENT).set(statistics.txmsgs as f64);
    let slowest = brokers()
        .filter_map(|broker| broker.rtt.as_ref())
        .map(|rtt| rtt.p99);
    gauge!(ROUND_TRIP).set(slowest.max().unwrap_or_default() as f64 / 1e6);
    gauge!(REPEATS).set(brokers().map(|broker| broker.txretries).sum::<u64>() as f64);
    gauge!(TIMEOUTS).set(brokers().map(|broker| broker.req_timeouts).sum::<u64>() as f64);
}
