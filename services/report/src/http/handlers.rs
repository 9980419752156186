//! What answers each path: reads the question, asks the report, and writes the answer as JSON with
//! an ETag.

use axum::extract::{Query, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, LINK};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{AppendHeaders, IntoResponse, Response};
use medvirk_proto::indicator::v1 as wire;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use xxhash_rust::xxh3::xxh3_128;

use super::condition::has;
use super::problem;
use crate::answer::Report;
use crate::error::Error;
use crate::figures::FigurePeriod;
use crate::metrics::{count_answer, outcome};
use crate::question::{IndicatorQuestion, malformed};

/// What a cache may do: keep it for one user, and ask each time.
const CACHING: &str = "private, no-cache";

/// The parameters of a question. What is left out means all.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct QuestionParameters {
    /// Id of a measure.
    measure: String,
    /// Id of an indicator.
    indicator: String,
    /// Id of an organisation at any level.
    organisation: String,
    /// The first month as YYYY-MM.
    from: String,
    /// The last month as YYYY-MM.
    to: String,
    /// "row" (left out: this), "span" or "year".
    period: String,
    /// "unit", "institution", "trust", "region" or "nation".
    level: String,
    /// At most so many figures.
    limit: u32,
    /// The page token of the header `Link` of the answer before.
    page: String,
}

/// An answer before it is sent.
struct HttpAnswer {
    body: Vec<u8>,
    /// Where the next page is.
    next: Option<String>,
}

/// The indicators of the catalogue in force, by measure and id.
#[utoipa::path(get, path = "/v1/indicators", tag = "indicators",
    responses((status = 200, body = Vec<wire::Indicator>), (status = "default", body = problem::Problem)))]
pub(super) async fn indicators(State(report): State<Report>, headers: HeaderMap) -> Response {
    let answer = async {
        report.authorise(bearer(&headers))?;
        Ok(json(&report.indicators().await?.indicators))
    };
    respond("list", answer.await, &headers)
}

/// The organisations of the catalogue in force, and which months are shown.
#[utoipa::path(get, path = "/v1/organisations", tag = "indicators",
    responses((status = 200, body = wire::ListOrganisationsResponse), (status = "default", body = problem::Problem)))]
pub(super) async fn organisations(State(report): State<Report>, headers: HeaderMap) -> Response {
    let answer = async {
        report.authorise(bearer(&headers))?;
        Ok(json(&report.organisations().await?))
    };
    respond("organisations", answer.await, &headers)
}

/// Figures, by measure, indicator, organisation, part and first month. With `limit`, the header
/// `Link` (rel "next") leads to what comes next.
#[utoipa::path(get, path = "/v1/figures", tag = "figures", params(QuestionParameters),
    responses((status = 200, body = Vec<wire::Figure>), (status = "default", body = problem::Problem)))]
pub(super) async fn figures(
    State(report): State<Report>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        report.authorise(bearer(&headers))?;
        let answer = report
            .figures(asked::<QuestionParameters>(&uri)?.question()?)
            .await?;
        let next = (!answer.next_page.is_empty()).then(|| next_page(&uri, &answer.next_page));
        Ok(HttpAnswer {
            next,
            ..json(&answer.figures)
        })
    };
    respond("figures", answer.await, &headers)
}

/// One indicator of one organisation over time, with its control chart.
#[utoipa::path(get, path = "/v1/series", tag = "figures", params(wire::GetSeriesRequest),
    responses((status = 200, body = wire::GetSeriesResponse), (status = "default", body = problem::Problem)))]
pub(super) async fn series(State(report): State<Report>, uri: Uri, headers: HeaderMap) -> Response {
    let answer = async {
        report.authorise(bearer(&headers))?;
        Ok(json(&report.series(asked(&uri)?).await?))
    };
    respond("series", answer.await, &headers)
}

/// The organisations of a level below one, over the same months, with funnel limits.
#[utoipa::path(get, path = "/v1/comparison", tag = "figures", params(wire::CompareRequest),
    responses((status = 200, body = wire::CompareResponse), (status = "default", body = problem::Problem)))]
pub(super) async fn comparison(
    State(report): State<Report>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        report.authorise(bearer(&headers))?;
        Ok(json(&report.compare(asked(&uri)?).await?))
    };
    respond("comparison", answer.await, &headers)
}

/// An organisation, and the rest of each one above it.
#[utoipa::path(get, path = "/v1/rest", tag = "figures", params(wire::CompareWithRestRequest),
    responses((status = 200, body = wire::CompareWithRestResponse), (status = "default", body = problem::Problem)))]
pub(super) async fn rest(State(report): State<Report>, uri: Uri, headers: HeaderMap) -> Response {
    let answer = async {
        report.authorise(bearer(&headers))?;
        Ok(json(&report.against_the_rest(asked(&uri)?).await?))
    };
    respond("rest", answer.await, &headers)
}

/// Shares of what others count: each with its source, its date and a note on its quality.
#[utoipa::path(get, path = "/v1/coverage", tag = "figures", params(crate::coverage::CoverageQuestion),
    responses((status = 200, body = Vec<wire::Coverage>), (status = "default", body = problem::Problem)))]
pub(super) async fn coverage(
    State(report): State<Report>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        report.authorise(bearer(&headers))?;
        Ok(json(&report.coverage(&asked(&uri)?).await?))
    };
    respond("coverage", answer.await, &headers)
}

/// What services say of how patients take part in them.
#[utoipa::path(get, path = "/v1/involvement", tag = "involvement", params(crate::involvement::InvolvementQuery),
    responses((status = 200, body = Vec<wire::Involvement>), (status = "default", body = problem::Problem)))]
pub(super) async fn involvement(
    State(report): State<Report>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        report.authorise(bearer(&headers))?;
        Ok(json(&report.involvement(&asked(&uri)?).await?))
    };
    respond("involvement", answer.await, &headers)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()
}

/// What the query of a URL asks.
fn asked<T: DeserializeOwned>(uri: &Uri) -> Result<T, Error> {
    let Query(asked) = Query::<T>::try_from_uri(uri)
        .map_err(|rejection| malformed("query", &rejection.body_text()))?;
    Ok(asked)
}

/// The same question for the next page (RFC 8288). Tokens need no escaping.
fn next_page(uri: &Uri, token: &str) -> String {
    let query = uri.query().unwrap_or_default().split('&');
    let mut words: Vec<&str> = query.filter(|word| !word.starts_with("page=")).collect();
    let page = format!("page={token}");
    words.push(&page);
    format!("<{}?{}>; rel=\"next\"", uri.path(), words.join("&"))
}

fn json<T: Serialize>(value: &T) -> HttpAnswer {
    let body = serde_json::to_vec(value).expect("texts, numbers and lists can be written as JSON");
    HttpAnswer { body, next: None }
}

/// Writes an answer, or only that it is the one that the client has.
fn respond(call: &'static str, answer: Result<HttpAnswer, Error>, headers: &HeaderMap) -> Response {
    let known = outcome(&answer);
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            count_answer("http", call, known);
            return problem::of(&error);
        }
    };
    let etag = format!("\"{:032x}\"", xxh3_128(&answer.body));
    let unchanged = has(headers, &etag);
    count_answer("http", call, if unchanged { "unchanged" } else { known });
    let caching = [(ETAG, etag), (CACHE_CONTROL, CACHING.to_owned())];
    let link = AppendHeaders(answer.next.map(|next| (LINK, next)));
    if unchanged {
        return (StatusCode::NOT_MODIFIED, caching, link).into_response();
    }
    let kind = [(CONTENT_TYPE, "application/json")];
    (caching, link, kind, answer.body).into_response()
}

impl QuestionParameters {
    fn question(self) -> Result<IndicatorQuestion, Error> {
        let period = match self.period.as_str() {
            "" | "row" => FigurePeriod::Row,
            "span" => FigurePeriod::Span,
            "year" => FigurePeriod::Year,
            _ => return Err(malformed("period", &"a period is row, span or year")),
        };
        Ok(IndicatorQuestion {
            measure: self.measure,
            indicator: self.indicator,
            organisation: self.organisation,
            from: self.from,
            to: self.to,
            level: self.level,
            period,
            limit: self.limit,
            page: self.page,
        })
    }
}
