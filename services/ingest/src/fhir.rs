//! FHIR R4 over HTTP, on the port of gRPC and behind the same door. Comes in: a
//! QuestionnaireResponse. Goes out: scores and alerts as `QuestionParameters`, or an `OperationOutcome`. The
//! invariants: it goes the way of every submission, [`Ingest::take_read`]; no outcome holds anything
//! that was sent.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use medvirk_domain::catalogue::FormViolation;
use medvirk_fhir::json::{self, MisplacedJson};
use medvirk_fhir::reply::{OutcomeIssue, ScoredSubmission, outcome, parameters};
use medvirk_front::{HttpInterface, MAX_MESSAGE_BYTES};
use medvirk_runtime::auth;
use serde_json::Value;

use crate::Ingest;
use crate::admission::{SentSubmission, SubmissionKind};
use crate::metrics;
use crate::refusal::SubmissionRefusal;
use crate::reply::SubmissionReceipt;

/// Before every path of FHIR.
const BASE: &str = "/fhir/";
/// What the front answers for FHIR where there is no answer of FHIR itself.
pub(crate) const INTERFACE: HttpInterface = HttpInterface {
    base: BASE,
    busy: || busy().map(tonic::body::Body::new),
    too_late: || too_late().map(tonic::body::Body::new),
};
/// Where responses are sent.
const RESPONSES: &str = "/fhir/R4/QuestionnaireResponse";
/// What FHIR clients ask first.
const METADATA: &str = "/fhir/R4/metadata";
const KIND: &str = "application/fhir+json";
/// How long after "busy" or "unknown" to wait: headers know whole seconds only.
const SOON: Duration = Duration::from_secs(1);

/// Why there are no scores.
enum RefusedResponse {
    /// As over gRPC; what is wrong is named by elements.
    Admission(SubmissionRefusal),
    /// It never became a submission.
    Request(StatusCode, &'static str, String),
}

/// The paths that FHIR is served on.
pub(crate) fn router(ingest: Ingest) -> Router {
    Router::new()
        .route(RESPONSES, post(submit).fallback(no_such_method))
        .route(METADATA, get(metadata).fallback(no_such_method))
        .route("/fhir/{*rest}", any(no_such_path))
        .with_state(ingest)
}

async fn metadata() -> Response {
    write(StatusCode::OK, &medvirk_fhir::statement())
}

async fn submit(State(ingest): State<Ingest>, request: Request) -> Response {
    match ingest.submit_response(request).await {
        Ok(receipt) => {
            let scored = ScoredSubmission {
                scores: &receipt.scores,
                alerts: &receipt.alerts,
                unjudged: &receipt.unjudged,
                next: &receipt.next,
            };
            write(StatusCode::OK, &parameters(&scored))
        }
        Err(refused) => refused.into_response(),
    }
}

impl Ingest {
    /// The way of a response until it is a submission like any other.
    async fn submit_response(
        &self,
        request: Request,
    ) -> Result<SubmissionReceipt, RefusedResponse> {
        let header = bearer(request.headers())?;
        let sender = self.sender(header)?;
        let resource = read(request).await?;
        let catalogue = self.catalogue()?;
        let response = medvirk_fhir::read(&resource, &catalogue);
        let what = SubmissionKind::of(response.body.as_ref());
        let sent = SentSubmission {
            id: response.id.clone(),
            what,
            root: what.as_str(),
            body: response.body.clone(),
        };
        let taken = self.take_read(&sender, sent, response.is_readable()).await;
        taken.map_err(|refusal| {
            RefusedResponse::Admission(match refusal {
                SubmissionRefusal::Invalid { violations, kinds } => SubmissionRefusal::Invalid {
                    violations: response.violations(violations),
                    kinds,
                },
                SubmissionRefusal::Unit { field } => SubmissionRefusal::Unit {
                    field: response.element(&field),
                },
                other => other,
            })
        })
    }
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, SubmissionRefusal> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let text = value.to_str().ok();
    text.map(Some)
        .ok_or_else(|| auth::TokenError::Missing.into())
}

/// The resource, within the size of a gRPC message.
async fn read(request: Request) -> Result<Value, RefusedResponse> {
    let headers = request.headers();
    if !is_json(headers) || headers.contains_key(CONTENT_ENCODING) {
        let text = format!("must be {KIND} of FHIR 4.0, in UTF-8 and not compressed");
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(RefusedResponse::Request(status, "not-supported", text));
    }
    let whole = Limited::new(request.into_body(), MAX_MESSAGE_BYTES);
    let bytes = whole.collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            let text = format!("a request must have at most {MAX_MESSAGE_BYTES} bytes");
            return RefusedResponse::Request(StatusCode::PAYLOAD_TOO_LARGE, "too-long", text);
        }
        malformed("the request broke off".to_owned())
    })?;
    json::parse(&bytes.to_bytes()).map_err(|MisplacedJson { line, column, .. }| {
        let rule = "must be JSON that has each name once in an object";
        malformed(format!("{rule}; line {line}, column {column} is not"))
    })
}

fn malformed(text: String) -> RefusedResponse {
    metrics::submission(SubmissionKind::Nothing.as_str(), metrics::MALFORMED);
    RefusedResponse::Request(StatusCode::BAD_REQUEST, "structure", text)
}

/// True if it says that it is JSON of R4.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(kind)) = headers.get(CONTENT_TYPE).map(HeaderValue::to_str) else {
        return false;
    };
    let mut words = kind.split(';').map(|word| word.trim().to_ascii_lowercase());
    let is_kind = |word: String| word == KIND || word == "application/json";
    words.next().is_some_and(is_kind)
        && words.all(|word| match word.split_once('=') {
            Some(("charset", value)) => value.trim_matches('"') == "utf-8",
            Some(("fhirversion", value)) => value.trim_matches('"') == "4.0",
            _ => true,
        })
}

async fn no_such_path() -> Response {
    let text = format!("there are POST {RESPONSES} and GET {METADATA}");
    RefusedResponse::Request(StatusCode::NOT_FOUND, "not-found", text).into_response()
}

async fn no_such_method(uri: Uri) -> Response {
    let allowed = if uri.path() == METADATA {
        "GET, HEAD"
    } else {
        "POST"
    };
    let text = format!("only {allowed} is understood here; nothing is given out again");
    let refused = RefusedResponse::Request(StatusCode::METHOD_NOT_ALLOWED, "not-supported", text);
    ([(ALLOW, allowed)], refused.into_response()).into_response()
}

/// Too much is under way.
fn busy() -> Response {
    refuse(
        StatusCode::TOO_MANY_REQUESTS,
        Some(SOON),
        &[issue(
            "throttled",
            "not taken: the server is busy; send it again later",
        )],
    )
}

/// The time is over; nobody knows what became of it.
fn too_late() -> Response {
    let text = "the deadline has passed; it is not known whether it was taken: send it again with \
                the same identifier, it counts once";
    refuse(
        StatusCode::SERVICE_UNAVAILABLE,
        Some(SOON),
        &[issue("timeout", text)],
    )
}

impl From<SubmissionRefusal> for RefusedResponse {
    fn from(refusal: SubmissionRefusal) -> Self {
        Self::Admission(refusal)
    }
}

impl IntoResponse for RefusedResponse {
    fn into_response(self) -> Response {
        let refusal = match self {
            Self::Request(status, code, text) => {
                return refuse(status, None, &[issue(code, &text)]);
            }
            Self::Admission(refusal) => refusal,
        };
        let (status, code) = told_as(&refusal);
        let issues: Vec<_> = match refusal.violations() {
            none if none.is_empty() => vec![issue(code, &told(&refusal))],
            violations => violations.into_iter().map(|it| about(code, it)).collect(),
        };
        let response = refuse(status, refusal.retry(), &issues);
        match refusal {
            SubmissionRefusal::Unauthenticated(_) => {
                ([(WWW_AUTHENTICATE, "Bearer")], response).into_response()
            }
            _ => response,
        }
    }
}

/// The status, and R4's code of the issue. 503 always means: send it again, it counts once.
const fn told_as(refusal: &SubmissionRefusal) -> (StatusCode, &'static str) {
    match refusal {
        SubmissionRefusal::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "login"),
        SubmissionRefusal::Role(_) | SubmissionRefusal::Unit { .. } => {
            (StatusCode::FORBIDDEN, "forbidden")
        }
        SubmissionRefusal::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "value"),
        SubmissionRefusal::Attempts | SubmissionRefusal::LogFull => {
            (StatusCode::TOO_MANY_REQUESTS, "throttled")
        }
        SubmissionRefusal::LogUnknown
        | SubmissionRefusal::LogUnavailable
        | SubmissionRefusal::NoCatalogue => (StatusCode::SERVICE_UNAVAILABLE, "transient"),
        SubmissionRefusal::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "exception"),
    }
}

/// What gRPC says, in the words of FHIR: the id of a submission is an identifier here.
fn told(refusal: &SubmissionRefusal) -> String {
    match refusal {
        SubmissionRefusal::LogUnknown => {
            "it is not known whether it was taken; send it again with the same \
                                identifier, it counts once"
                .to_owned()
        }
        other => other.message(),
    }
}

fn about(code: &'static str, violation: FormViolation) -> OutcomeIssue {
    OutcomeIssue {
        code,
        text: violation.rule,
        expression: Some(violation.field),
    }
}

fn issue(code: &'static str, text: &str) -> OutcomeIssue {
    OutcomeIssue {
        code,
        text: text.to_owned(),
        expression: None,
    }
}

fn refuse(status: StatusCode, retry: Option<Duration>, issues: &[OutcomeIssue]) -> Response {
    let mut response = write(status, &outcome(issues));
    if let Some(after) = retry {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

fn write(status: StatusCode, resource: &Value) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/fhir+json; fhirVersion=4.0"),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, headers, resource.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_of_r4_is_read() {
        let check = |kind: &str, expect: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, kind.parse().unwrap());
            assert_eq!(is_json(&headers), expect, "{kind}");
        };
        check("application/fhir+json", true);
        check(
            "Application/FHIR+JSON; charset=UTF-8; fhirVersion=4.0",
            true,
        );
        check("application/json", true);
        check("application/fhir+json; fhirVersion=5.0", false);
        check("application/json; charset=latin1", false);
        check("application/fhir+xml", false);
        check("application/grpc", false);
        assert!(!is_json(&HeaderMap::new()));
    }
}
