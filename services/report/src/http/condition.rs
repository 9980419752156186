//! Conditions of a request (RFC 9110 §13): whether the client has the answer already.

use axum::http::HeaderMap;
use axum::http::header::IF_NONE_MATCH;

/// True if the client says that it has this body (RFC 9110 §13.1.2, weak comparison).
pub(super) fn has(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
