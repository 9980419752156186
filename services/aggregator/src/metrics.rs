//! Every metric of the aggregator. Labels are partition numbers and closed lists only.

use metrics::{counter, describe_counter, describe_gauge, gauge};

const RECORDS: &str = "aggregator_records_folded_total";
const DEAD_LETTERS: &str = "aggregator_dead_letters_total";
const WAITING: &str = "aggregator_dead_letters_waiting";
const CLOSES: &str = "aggregator_closes_total";
const EPISODES: &str = "aggregator_episodes_held";
const INSERTS: &str = "aggregator_close_inserts_total";

/// Says what each metric is.
pub fn describe() {
    describe_counter!(RECORDS, "Records of feedback.events that were folded.");
    describe_counter!(
        DEAD_LETTERS,
        "Records that this process has set aside since it was started, by reason."
    );
    describe_gauge!(
        WAITING,
        "Dead letters that nobody has dealt with, by reason; the same in every process."
    );
    describe_counter!(
        CLOSES,
        "Period closes that were obeyed, by who computed them."
    );
    describe_gauge!(
        EPISODES,
        "Episodes that the fold of a partition holds in this process; 0 where another folds it."
    );
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

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub(crate) fn dead_letters_waiting(reason: &str, letters: u64) {
    gauge!(WAITING, "reason" => reason.to_owned()).set(letters as f64);
}

pub(crate) fn closed(computed: bool) {
    let by = if computed { "this-task" } else { "ledger" };
    counter!(CLOSES, "by" => by).increment(1);
}

/// 0 for a partition that this process does not fold, or not any more.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub(crate) fn episodes_held(partition: u32, episodes: usize) {
    gauge!(EPISODES, "partition" => partition.to_string()).set(episodes as f64);
}

pub(crate) fn inserted(outcome: &'static str) {
    counter!(INSERTS, "outcome" => outcome).increment(1);
}
