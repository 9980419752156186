//! Every metric of this crate. The invariant: labels come from closed lists.

/// Pulls that ended. Labels: `dataset`, `outcome` (whole, cut-short, refused, invalid, changed, busy,
/// unavailable, failed).
pub const PULLS: &str = "extract_pulls_total";
/// Rows that were given out. Label: `dataset`.
pub const ROWS: &str = "extract_rows_total";

/// Tells the recorder what each metric is.
pub fn describe() {
    metrics::describe_counter!(PULLS, metrics::Unit::Count, "pulls that ended, by outcome");
    metrics::describe_counter!(ROWS, metrics::Unit::Count, "rows that were given out");
}

pub(crate) fn count_pull(dataset: &'static str, outcome: &'static str) {
    metrics::counter!(PULLS, "dataset" => dataset, "outcome" => outcome).increment(1);
}

pub(crate) fn count_rows(dataset: &'static str, rows: u64) {
    metrics::counter!(ROWS, "dataset" => dataset).increment(rows);
}
