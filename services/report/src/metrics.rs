//! Every metric of this crate. The invariant: labels come from closed lists, and nothing here says
//! what was asked for.

use crate::error::Error;

/// Answers given. Labels: `protocol` (grpc, http), `call` (list, organisations, figures, series,
/// comparison, rest, coverage, involvement), `outcome` (ok, unchanged, unauthenticated, denied, invalid, not_found,
/// unavailable).
pub const ANSWERS: &str = "report_answers_total";

/// Tells the recorder what each metric is.
pub fn describe() {
    metrics::describe_counter!(ANSWERS, metrics::Unit::Count, "answers given, by outcome");
}

pub(crate) fn count_answer(protocol: &'static str, call: &'static str, outcome: &'static str) {
    metrics::counter!(ANSWERS, "protocol" => protocol, "call" => call, "outcome" => outcome)
        .increment(1);
}

pub(crate) fn outcome<T>(answer: &Result<T, Error>) -> &'static str {
    match answer {
        Ok(_) => "ok",
        Err(error) => error.kind().as_str(),
    }
}
