//! Every metric of the registrar. Labels are from closed lists only.

use metrics::{counter, describe_counter, describe_gauge, gauge};

const RECORDS: &str = "registrar_records_total";
const ROWS: &str = "registrar_rows_inserted_total";
const SKIPPED: &str = "registrar_records_skipped_total";
const TOMBSTONES: &str = "registrar_tombstones_total";
const ERASURES: &str = "registrar_erasures_total";
const DAMAGED_LETTERS: &str = "registrar_damaged_dead_letters";
const RETRIES: &str = "registrar_retries_total";

/// Says what each metric is.
pub fn describe() {
    describe_counter!(RECORDS, "Records of feedback.events that were dealt with.");
    describe_counter!(ROWS, "Rows inserted into the registry tables.");
    describe_counter!(
        SKIPPED,
        "Records without a row, which the aggregator sets aside, by reason."
    );
    describe_counter!(TOMBSTONES, "Tombstones appended to the log.");
    describe_counter!(
        ERASURES,
        "Withdrawals that were carried out in a partition."
    );
    describe_gauge!(
        DAMAGED_LETTERS,
        "Dead letters that cannot be read, as of the last time they were looked through."
    );
    describe_counter!(RETRIES, "Attempts that failed and were repeated, by what.");
}

pub(crate) fn dealt_with(records: usize) {
    counter!(RECORDS).increment(records as u64);
}

pub(crate) fn inserted(rows: usize) {
    counter!(ROWS).increment(rows as u64);
}

pub(crate) fn skipped(reason: &'static str) {
    counter!(SKIPPED, "reason" => reason).increment(1);
}

pub(crate) fn tombstones(appended: usize) {
    counter!(TOMBSTONES).increment(appended as u64);
}

pub(crate) fn erased() {
    counter!(ERASURES).increment(1);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub(crate) fn damaged_letters(found: u64) {
    gauge!(DAMAGED_LETTERS).set(found as f64);
}

pub(crate) fn retried(what: &'static str) {
    counter!(RETRIES, "what" => what).increment(1);
}
