//! The web page. Comes in: the files that `web/` is built into, embedded in the program. Goes out:
//! those files. The invariant: nothing of another host is loaded, and no script but the page's own
//! runs; the page itself needs no token, since figures come from the answers beside it.

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, REFERRER_POLICY,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;
use xxhash_rust::xxh3::xxh3_128;

use super::condition::has;
use super::problem;
use crate::answer::Report;

/// Scripts, styles, pictures and answers of this host only; pictures also of the page's own making,
/// which an export as PNG needs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// A file whose name has the hash of its contents never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// What `npm run build` made; nothing but a placeholder before the first build.
#[derive(RustEmbed)]
#[folder = "web/dist"]
struct BuiltPage;

/// What stands at the root until the page is built in.
const UNBUILT: &str = include_str!("page.html");

/// True if the web page was built before this program, and is in it.
pub fn has_page() -> bool {
    BuiltPage::get("index.html").is_some()
}

pub(super) fn routes() -> Router<Report> {
    Router::new()
        .route("/", get(index))
        .route("/assets/{*file}", get(asset))
}

async fn index(headers: HeaderMap) -> Response {
    match BuiltPage::get("index.html") {
        Some(file) => send("index.html", file.data.into_owned(), "no-cache", &headers),
        None => send("index.html", UNBUILT.into(), "no-cache", &headers),
    }
}

async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let name = format!("assets/{file}");
    match BuiltPage::get(&name) {
        Some(file) => send(&name, file.data.into_owned(), FOR_EVER, &headers),
        None => problem::no_such_path().await,
    }
}

fn send(name: &str, body: Vec<u8>, caching: &'static str, headers: &HeaderMap) -> Response {
    let etag = format!("\"{:032x}\"", xxh3_128(&body));
    let unchanged = has(headers, &etag);
    let known = [(ETAG, etag), (CACHE_CONTROL, caching.to_owned())];
    if unchanged {
        return (StatusCode::NOT_MODIFIED, known).into_response();
    }
    let guards = [
        (CONTENT_TYPE, kind(name)),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (known, guards, body).into_response()
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}
