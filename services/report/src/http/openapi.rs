//! The contract for programs. Comes in: the handlers and the messages that they answer with. Goes
//! out: an OpenAPI document. The invariant: the document in the repository is the one that this
//! code gives, and every path in it is answered.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// Every path. Whoever adds a route adds it here: a test compares.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Medvirk indicators",
        version = "1",
        description = "What patients say of their treatment, as figures about services. Figures \
            appear when a month is closed and do not change until the next close. Every answer \
            has an ETag; all but this document need a bearer token with the role indicator.read. \
            Messages are those of medvirk.indicator.v1, which says what each field means.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        super::handlers::indicators,
        super::handlers::organisations,
        super::handlers::figures,
        super::handlers::series,
        super::handlers::comparison,
        super::handlers::rest,
        super::handlers::coverage,
        super::handlers::involvement,
    ),
    modifiers(&BearerScheme),
    security(("bearer" = [])),
)]
struct ApiContract;

/// Tokens go into the header `authorization`.
struct BearerScheme;

impl Modify for BearerScheme {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("bearer", scheme);
    }
}

/// The document; no token, since it says nothing of anybody.
pub(super) async fn document() -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-cache"),
    ];
    let document = ApiContract::openapi().to_pretty_json();
    let document = document.expect("texts and lists can be written as JSON");
    (headers, document).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;
    use crate::http::tests::sandbox::Sandbox;

    /// As it is in the repository.
    const DOCUMENT: &str = include_str!("../../openapi.json");

    /// Writes the document anew where this variable is set.
    const WRITE: &str = "MEDVIRK_WRITE_OPENAPI";

    #[test]
    fn the_document_is_that_of_the_code() {
        let now = ApiContract::openapi().to_pretty_json().unwrap() + "\n";
        if std::env::var_os(WRITE).is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
            std::fs::write(path, &now).unwrap();
        } else {
            assert!(
                now == DOCUMENT,
                "run this test with {WRITE}=1, and look at the change"
            );
        }
    }

    #[tokio::test]
    async fn every_path_is_in_the_document_and_answered() {
        let sandbox = Sandbox::new();
        let paths = ApiContract::openapi().paths.paths;
        for path in paths.keys() {
            let status = sandbox.get(path).await.status();
            assert_ne!(status, StatusCode::NOT_FOUND, "{path}");
        }
        let routes = include_str!("../http.rs").split(".route(\"/v1/").skip(1);
        let mut compared = 0;
        for route in routes {
            let path = format!("/v1/{}", route.split('"').next().unwrap());
            compared += 1;
            assert!(
                path == "/v1/openapi.json" || paths.contains_key(&path),
                "{path}"
            );
        }
        assert_eq!(compared, paths.len() + 1);
    }
}
