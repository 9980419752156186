//! The same as JSON over HTTP. Comes in: GET requests. Goes out: the messages of gRPC as JSON,
//! with an ETag; problems by RFC 9457; and the web page. The invariant: the ETag is a function of
//! the body alone, and the body one of the answer alone.

mod condition;
mod handlers;
mod openapi;
mod page;
mod problem;

pub use page::has_page;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::X_CONTENT_TYPE_OPTIONS;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;

use crate::answer::Report;

impl Report {
    /// The same over HTTP, and a page that says where to look. It answers every path: other
    /// routes are to be merged before its fallback, or nested beside it.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/v1/indicators", get(handlers::indicators))
            .route("/v1/organisations", get(handlers::organisations))
            .route("/v1/figures", get(handlers::figures))
            .route("/v1/series", get(handlers::series))
            .route("/v1/comparison", get(handlers::comparison))
            .route("/v1/rest", get(handlers::rest))
            .route("/v1/coverage", get(handlers::coverage))
            .route("/v1/involvement", get(handlers::involvement))
            .route("/v1/openapi.json", get(openapi::document))
            .merge(page::routes())
            .fallback(problem::no_such_path)
            .method_not_allowed_fallback(problem::no_such_method)
            .layer(map_response(keep_from_sniffing))
            .with_state(self.clone())
    }
}

/// A browser takes every answer for what it says that it is, refusals too: a text of somebody else
/// in an answer must never become a page.
async fn keep_from_sniffing(mut response: Response) -> Response {
    let nosniff = HeaderValue::from_static("nosniff");
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

#[cfg(test)]
mod tests;
