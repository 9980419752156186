//! Errors as RFC 9457 says. Comes in: errors. Goes out: `application/problem+json`. The invariant:
//! every answer that is not a success looks like this, also for paths that do not exist.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Kind};

/// A problem as RFC 9457 has it; `type` is left out, which stands for "about:blank": the status
/// says it all.
#[derive(Serialize, ToSchema)]
pub(super) struct Problem {
    /// What the status means.
    title: &'static str,
    /// The status.
    status: u16,
    /// What is wrong with this question.
    detail: String,
}

pub(super) fn of(error: &Error) -> Response {
    error.log();
    let kind = error.kind();
    let response = write(kind.http(), error.told());
    match kind {
        Kind::Unauthenticated => ([(WWW_AUTHENTICATE, "Bearer")], response).into_response(),
        _ => response,
    }
}

pub(super) async fn no_such_path() -> Response {
    let detail = "there is / for people and /v1/openapi.json for programs";
    write(StatusCode::NOT_FOUND, detail.to_owned())
}

pub(super) async fn no_such_method() -> Response {
    let detail = "only GET and HEAD are understood here";
    write(StatusCode::METHOD_NOT_ALLOWED, detail.to_owned())
}

fn write(status: StatusCode, detail: String) -> Response {
    let problem = Problem {
        title: status.canonical_reason().unwrap_or("error"),
        status: status.as_u16(),
        detail,
    };
    let body = serde_json::to_vec(&problem).expect("texts and numbers can be written as JSON");
    let headers = [
        (CONTENT_TYPE, "application/problem+json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body).into_response()
}
