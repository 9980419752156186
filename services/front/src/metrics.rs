//! Every metric of the front. The invariant: labels come from closed lists.

use metrics::{Unit, counter, describe_counter};

/// Calls that were refused by the front, by `reason`: `busy` or `deadline`. The name is older than
/// this crate, and dashboards know it.
pub const REFUSED_CALLS: &str = "ingest_refused_calls_total";

/// A call that no service answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnservedCall {
    /// Too many were under way.
    Busy,
    /// Its deadline passed before the answer.
    Deadline,
}

/// Describes them to the recorder.
pub(crate) fn describe() {
    describe_counter!(
        REFUSED_CALLS,
        Unit::Count,
        "Calls refused because the server was busy, or given up at their deadline."
    );
}

pub(crate) fn refused_call(why: UnservedCall) {
    let reason = match why {
        UnservedCall::Busy => "busy",
        UnservedCall::Deadline => "deadline",
    };
    counter!(REFUSED_CALLS, "reason" => reason).increment(1);
}
