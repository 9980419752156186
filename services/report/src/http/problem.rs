//! Errors as RFC 9457 says. Comes in: errors. Goes out: `application/problem+json`. The invariant:
//! every answer that is not a success looks like this, also for paths that do not exist.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use medvirk_runtime::auth::TokenRefusal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, ErrorKind};
use crate::figures::QueryRefusal;

/// A problem as RFC 9457 has it; `type` is left out, which stands for "about:blank": the status
/// says it all.
#[derive(Serialize, ToSchema)]
pub(super) struct Problem {
    /// What the status means.
    title: &'static str,
    /// The HTTP status code of the answer.
    status: u16,
    /// What is wrong with this question, in English, for who writes a client.
    detail: String,
    /// What is wrong with this question: a code with arguments, as reasons have.
    #[serde(flatten)]
    code: ProblemCode,
}

/// What is wrong with a question. The client has the texts, in its own languages.
#[derive(Serialize, ToSchema)]
#[serde(tag = "code", content = "arguments", rename_all = "kebab-case")]
enum ProblemCode {
    /// The token is missing, has expired or does not count.
    Unauthenticated {},
    /// The token lacks the role.
    Denied {},
    /// A parameter is not well formed.
    Malformed {
        /// Name of the parameter.
        field: &'static str,
    },
    /// There is no such measure.
    UnknownMeasure {
        /// As it was asked for.
        measure: String,
    },
    /// There is no such indicator among those asked for.
    UnknownIndicator {
        /// As it was asked for.
        indicator: String,
    },
    /// The indicator has no such part.
    UnknownPart {
        /// As it was asked for.
        part: String,
    },
    /// There is no such organisation, now or in any year that is shown.
    UnknownOrganisation {
        /// As it was asked for.
        organisation: String,
    },
    /// The organisation is of another level than the one asked for.
    OtherLevel {
        /// Id of the organisation.
        organisation: String,
        /// The level of the organisation.
        level: &'static str,
        /// The level asked for.
        asked: &'static str,
    },
    /// The last month is before the first.
    EmptySpan {
        /// The first month, YYYY-MM.
        from: String,
        /// The last month, YYYY-MM.
        to: String,
    },
    /// More months than one question may ask for.
    SpanTooLong {},
    /// No catalogue is in force yet.
    NoCatalogue {},
    /// The figures cannot be read now; the same question may be asked again.
    Unavailable {},
    /// There is no such path.
    NoSuchPath {},
    /// Only GET and HEAD are understood.
    NoSuchMethod {},
}

pub(super) fn of(error: &Error) -> Response {
    error.log();
    let kind = error.kind();
    let response = write(kind.http(), error.told(), code_of(error));
    match kind {
        ErrorKind::Unauthenticated => ([(WWW_AUTHENTICATE, "Bearer")], response).into_response(),
        _ => response,
    }
}

pub(super) async fn no_such_path() -> Response {
    let detail = "there is / for people and /v1/openapi.json for programs";
    write(
        StatusCode::NOT_FOUND,
        detail.to_owned(),
        ProblemCode::NoSuchPath {},
    )
}

pub(super) async fn no_such_method() -> Response {
    let detail = "only GET and HEAD are understood here";
    write(
        StatusCode::METHOD_NOT_ALLOWED,
        detail.to_owned(),
        ProblemCode::NoSuchMethod {},
    )
}

fn code_of(error: &Error) -> ProblemCode {
    match error {
        Error::Token(TokenRefusal::Unauthenticated(_)) => ProblemCode::Unauthenticated {},
        Error::Token(TokenRefusal::Denied(_)) => ProblemCode::Denied {},
        Error::Malformed { field, .. } => ProblemCode::Malformed { field },
        Error::Refused(refusal) => code_of_refusal(refusal.clone()),
        Error::NoCatalogue => ProblemCode::NoCatalogue {},
        Error::Source { .. } => ProblemCode::Unavailable {},
    }
}

fn code_of_refusal(refusal: QueryRefusal) -> ProblemCode {
    match refusal {
        QueryRefusal::UnknownMeasure(measure) => ProblemCode::UnknownMeasure { measure },
        QueryRefusal::UnknownIndicator(indicator) => ProblemCode::UnknownIndicator { indicator },
        QueryRefusal::UnknownPart(part) => ProblemCode::UnknownPart { part },
        QueryRefusal::UnknownOrganisation(organisation) => {
            ProblemCode::UnknownOrganisation { organisation }
        }
        QueryRefusal::OtherLevel {
            organisation,
            is,
            asked,
        } => ProblemCode::OtherLevel {
            organisation,
            level: is.as_str(),
            asked: asked.as_str(),
        },
        QueryRefusal::EmptySpan { first, last } => ProblemCode::EmptySpan {
            from: first.to_string(),
            to: last.to_string(),
        },
        QueryRefusal::LongSpan => ProblemCode::SpanTooLong {},
    }
}

fn write(status: StatusCode, detail: String, code: ProblemCode) -> Response {
    let problem = Problem {
        title: status.canonical_reason().unwrap_or("error"),
        status: status.as_u16(),
        detail,
        code,
    };
    let body = serde_json::to_vec(&problem).expect("texts and numbers can be written as JSON");
    let headers = [
        (CONTENT_TYPE, "application/problem+json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body).into_response()
}
