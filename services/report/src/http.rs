//! The same as JSON over HTTP. Comes in: GET requests. Goes out: JSON with an ETag, problems by
//! RFC 9457, and one page that says where to look. The invariant: the ETag is a function of the
//! body alone, and the body one of the answer alone.

mod body;
mod problem;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::answer::Report;
use crate::error::Error;
use crate::figures::Period;
use crate::metrics::{count_answer, outcome};
use crate::question::{Question, malformed};

/// What a cache may do: keep it for one user, and ask each time.
const CACHING: &str = "private, no-cache";

/// What stands at the root.
const PAGE: &str = include_str!("http/page.html");

/// The parameters of a question.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Parameters {
    measure: String,
    indicator: String,
    organisation: String,
    from: String,
    to: String,
    period: String,
    level: String,
}

pub(crate) fn router(report: Report) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/v1/indicators", get(indicators))
        .route("/v1/figures", get(figures))
        .route("/v1/coverage", get(crate::coverage::get))
        .route("/v1/involvement", get(crate::involvement::get))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .with_state(report)
}

async fn page() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, PAGE).into_response()
}

async fn indicators(State(report): State<Report>, headers: HeaderMap) -> Response {
    let answer = list(&report, &headers).await;
    respond("list", answer, &headers)
}

async fn figures(State(report): State<Report>, uri: Uri, headers: HeaderMap) -> Response {
    let answer = query(&report, &uri, &headers).await;
    respond("figures", answer, &headers)
}

async fn list(report: &Report, headers: &HeaderMap) -> Result<Vec<u8>, Error> {
    report.authorise(bearer(headers))?;
    let list = report.list().await?;
    let indicators = list.indicators().into_iter();
    let indicators: Vec<_> = indicators
        .map(|(indicator, parts, identity)| body::Indicator::new(indicator, parts, identity))
        .collect();
    Ok(json(&indicators))
}

async fn query(report: &Report, uri: &Uri, headers: &HeaderMap) -> Result<Vec<u8>, Error> {
    report.authorise(bearer(headers))?;
    let Query(parameters) = Query::<Parameters>::try_from_uri(uri)
        .map_err(|rejection| malformed("query", &rejection.body_text()))?;
    let answer = report.figures(parameters.question()?).await?;
    let figures: Vec<_> = answer.figures.iter().map(body::Figure::new).collect();
    Ok(json(&figures))
}

pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()
}

pub(crate) fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("texts, numbers and lists can be written as JSON")
}

/// Writes an answer, or only that it is the one that the client has.
pub(crate) fn respond(
    call: &'static str,
    answer: Result<Vec<u8>, Error>,
    headers: &HeaderMap,
) -> Response {
    let known = outcome(&answer);
    let body = match answer {
        Ok(body) => body,
        Err(error) => {
            count_answer("http", call, known);
            return problem::of(&error);
        }
    };
    let etag = format!("\"{:032x}\"", xxh3_128(&body));
    let unchanged = has(headers, &etag);
    count_answer("http", call, if unchanged { "unchanged" } else { known });
    let caching = [(ETAG, etag), (CACHE_CONTROL, CACHING.to_owned())];
    if unchanged {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let kind = [
        (CONTENT_TYPE, "application/json"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (caching, kind, body).into_response()
}

/// True if the client says that it has this body (RFC 9110 §13.1.2, weak comparison).
fn has(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

impl Parameters {
    fn question(self) -> Result<Question, Error> {
        let period = match self.period.as_str() {
            "" | "row" => Period::Row,
            "span" => Period::Span,
            "year" => Period::Year,
            _ => return Err(malformed("period", &"a period is row, span or year")),
        };
        Ok(Question {
            measure: self.measure,
            indicator: self.indicator,
            organisation: self.organisation,
            from: self.from,
            to: self.to,
            level: self.level,
            period,
        })
    }
}

#[cfg(test)]
mod tests;
