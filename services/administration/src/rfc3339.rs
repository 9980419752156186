//! Times as answers have them, by RFC 3339.

/// A time in milliseconds since 1970, as answers have it.
pub(crate) fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map(|at| at.to_string())
        .unwrap_or_default()
}
