//! The admin listener: `/healthz`, `/readyz` and `/metrics`, apart from everything that patients
//! or readers reach (promise 4). Comes in: readiness and metrics. Goes out: plain text. The
//! invariant: it changes nothing.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::readiness::Readiness;
use crate::stop::StopToken;
use crate::telemetry::MetricsRenderer;

/// The router of the three routes of this module.
pub fn router(readiness: Readiness, metrics: MetricsRenderer) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .with_state(readiness)
        .route("/metrics", get(scrape).with_state(metrics))
}

/// Serves `router` until `stop`.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, router: Router, stop: StopToken) -> std::io::Result<()> {
    axum::serve(listener, router)
        .with_graceful_shutdown(stop.stopped_owned())
        .await
}

async fn readyz(State(readiness): State<Readiness>) -> (StatusCode, String) {
    let missing = readiness.missing();
    if missing.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        let body = format!("not ready: {}\n", missing.join(", "));
        (StatusCode::SERVICE_UNAVAILABLE, body)
    }
}

async fn scrape(State(metrics): State<MetricsRenderer>) -> Response {
    let text = (header::CONTENT_TYPE, "text/plain; version=0.0.4");
    ([text], metrics.render()).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::telemetry;

    async fn check(router: &Router, path: &str, status: u16, body: &str) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(bytes, body);
    }

    #[tokio::test]
    async fn readyz_names_what_is_not_ready() {
        let readiness = Readiness::of(&["engine", "log"]);
        let (_, metrics) = telemetry::recorder();
        let router = router(readiness.clone(), metrics);
        check(&router, "/healthz", 200, "ok\n").await;
        check(&router, "/readyz", 503, "not ready: engine, log\n").await;
        readiness.set("engine", true);
        check(&router, "/readyz", 503, "not ready: log\n").await;
        readiness.set("log", true);
        check(&router, "/readyz", 200, "ready\n").await;
    }

    #[tokio::test]
    async fn metrics_are_what_the_recorder_counted() {
        let (recorder, metrics) = telemetry::recorder();
        metrics::with_local_recorder(&recorder, || metrics::counter!("a_total").increment(2));
        let router = router(Readiness::of(&[]), metrics);
        check(
            &router,
            "/metrics",
            200,
            "# TYPE a_total counter\na_total 2\n\n",
        )
        .await;
    }
}
