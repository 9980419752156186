//! Every metric of ingest. The invariant: labels come from closed lists; no unit, device or
//! instrument is one.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

/// Submissions, by `kind` and `outcome`.
pub const SUBMISSIONS: &str = "ingest_submissions_total";
/// From the append to the log's acknowledgement.
pub const ACKNOWLEDGEMENT: &str = "ingest_acknowledgement_seconds";

/// The outcome of what was taken; what was refused has its refusal's label.
pub(crate) const TAKEN: &str = "taken";
/// The outcome of what could not be read at all.
pub(crate) const MALFORMED: &str = "malformed";
/// The kind of what services say about themselves.
pub(crate) const INVOLVEMENT: &str = "involvement";

/// Describes them to the recorder.
pub(crate) fn describe() {
    describe_counter!(SUBMISSIONS, Unit::Count, "Submissions by kind and outcome.");
    describe_histogram!(
        ACKNOWLEDGEMENT,
        Unit::Seconds,
        "From the append to the log's acknowledgement."
    );
}

pub(crate) fn submission(kind: &'static str, outcome: &'static str) {
    counter!(SUBMISSIONS, "kind" => kind, "outcome" => outcome).increment(1);
}

pub(crate) fn acknowledged(after: Duration) {
    histogram!(ACKNOWLEDGEMENT).record(after);
}
