//! Every metric of the aggregator. Labels are partition numbers and closed lists only.

use metrics::{counter, describe_counter, describe_gauge, gauge};

const RECORDS: &str = "aggregator_records_folded_total";
const DEAD_LETTERS: &str = "aggregator_dead_letters_total";
const CLOSES: &str = "aggregator_closes_total";
const EPISODES: &str = "aggregator_episodes_held";
const INSERTS: &str = "aggregator_close_inserts_total";

/// Says what each metric is.
pub fn describe() {
    describe_counter!(RECORDS, "Records of feedback.events that were folded.");
    describe_counter!(DEAD_LETTERS, "Records that were set aside, by reason.");
    describe_counter!(
        CLOSES,
        "Period closes that were obeyed, by who computed them."
    );
    describe_gauge!(EPISODES, "Episodes that the fold of a partition holds.");
    describe_counter!(
        INSERTS,
        "Closes inserted into the indicator tables, by outcome."
    );
}

pub(crate) fn folded(records: u64) {
    counter!(RECORDS).increment(records);
}

pub(crate) fn dead_letter(reason: &'static str) {
    counter!(DEAD_LETTERS, "reason" => reason).increment(1);
}

pub(crate) fn closed(partition: u32, computed: bool, episodes: usize) {
    let by = if computed { "this-task" } else { "ledger" };
    counter!(CLOSES, "by" => by).increment(1);
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    gauge!(EPISODES, "partition" => partition.to_string()).set(episodes as f64);
}

pub(crate) fn inserted(outcome: &'static str) {
    counter!(INSERTS, "outcome" => outcome).increment(1);
}
