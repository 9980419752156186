//! The channel to one role. Comes in: calls. Goes out: answers of the role, or a status for what
//! answered in its place. The invariant: whatever a proxy says becomes the status that gRPC has for
//! it, so that a page of HTML is never read as a message; where a proxy says that the role is away
//! or busy, the same call is made again for some seconds.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use tonic::body::Body;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tower::{BoxError, Service, ServiceExt as _};

/// How often a call is made in all while a proxy says that the role is away.
const TRIES: u32 = 6;
/// How long to wait after the first time; then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The withdrawal counts what it erases, so that a second one would say that there was nothing.
const COUNTS_ONCE: &str = "/Withdraw";

/// A channel to one role, with whatever stands before it.
#[derive(Clone)]
pub struct RoleChannel(Channel);

impl RoleChannel {
    pub(super) const fn new(channel: Channel) -> Self {
        Self(channel)
    }
}

impl Service<Request<Body>> for RoleChannel {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The one that is ready is used; its clone gets ready for the next call.
        let waiting = self.0.clone();
        let ready = std::mem::replace(&mut self.0, waiting);
        Box::pin(call_patiently(ready, request))
    }
}

/// Every request of a client command is one message, so it can be sent again as it is.
async fn call_patiently(
    mut channel: Channel,
    request: Request<Body>,
) -> Result<Response<Body>, BoxError> {
    let (head, body) = request.into_parts();
    let message = body.collect().await?.to_bytes();
    let mut pause = FIRST_PAUSE;
    for tried in 1.. {
        let mut again = Request::new(Body::new(
            Full::new(message.clone()).map_err(|never| match never {}),
        ));
        again.method_mut().clone_from(&head.method);
        again.uri_mut().clone_from(&head.uri);
        again.headers_mut().clone_from(&head.headers);
        *again.version_mut() = head.version;
        *again.extensions_mut() = head.extensions.clone();
        let answer = channel.ready().await?.call(again).await?;
        let Some(status) = status_of_proxy(answer.status(), answer.headers()) else {
            return Ok(answer);
        };
        let counts_once = head.uri.path().ends_with(COUNTS_ONCE)
            && answer.status() == StatusCode::GATEWAY_TIMEOUT;
        if status.code() != Code::Unavailable || tried == TRIES || counts_once {
            return Ok(status.into_http());
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    unreachable!("the last try returns")
}

/// The status for an answer that is not the role's; none where it is.
fn status_of_proxy(http: StatusCode, headers: &HeaderMap) -> Option<Status> {
    if headers.contains_key("grpc-status") {
        return None;
    }
    let kind = headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes());
    let is_grpc = kind.is_some_and(|kind| kind.starts_with(b"application/grpc"));
    if http == StatusCode::OK && is_grpc {
        return None;
    }
    // As gRPC over HTTP/2 lays down, but for what can only be a wrong address.
    let (code, advice) = match http {
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => (
            Code::Unavailable,
            "the role behind it is away or busy; try again later",
        ),
        StatusCode::UNAUTHORIZED => (Code::Unauthenticated, "it wants a sign-in of its own"),
        StatusCode::FORBIDDEN => (Code::PermissionDenied, "it does not let this call through"),
        StatusCode::BAD_REQUEST => (Code::Internal, "it cannot read the call"),
        _ => (
            Code::Unimplemented,
            "no role answers there; name the gRPC address of the role (--target)",
        ),
    };
    let message = format!("what stands before the role answered HTTP {http}, not gRPC: {advice}");
    Some(Status::new(code, message))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use axum::Router;
    use axum::response::IntoResponse as _;
    use medvirk_proto::admin::v1::GetStatusRequest;
    use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
    use tonic::transport::Endpoint;

    use super::*;

    /// A proxy that answers so often with a page of that status, and then as a role that refuses.
    async fn behind_a_proxy(http: StatusCode, times: u32) -> (RoleChannel, Arc<AtomicU32>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(AtomicU32::new(0));
        let counted = calls.clone();
        let proxy = Router::new().fallback(move || {
            let page = counted.fetch_add(1, Ordering::Relaxed) < times;
            async move {
                if page {
                    let kind = [(CONTENT_TYPE, "text/html")];
                    return (http, kind, "<html>a page</html>").into_response();
                }
                let (head, _) = Status::data_loss("the role")
                    .into_http::<Body>()
                    .into_parts();
                Response::from_parts(head, axum::body::Body::empty())
            }
        });
        tokio::spawn(async move { axum::serve(listener, proxy).await });
        let endpoint = Endpoint::from_shared(address).unwrap();
        (RoleChannel::new(endpoint.connect().await.unwrap()), calls)
    }

    async fn answer(http: StatusCode, times: u32) -> (Status, u32) {
        let (channel, calls) = behind_a_proxy(http, times).await;
        let mut client = AdminServiceClient::new(channel);
        let status = client.get_status(GetStatusRequest {}).await.unwrap_err();
        (status, calls.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn what_a_proxy_says_of_a_role_that_is_away_is_tried_again() {
        for code in [502, 503, 504, 429] {
            let (status, calls) = answer(StatusCode::from_u16(code).unwrap(), 2).await;
            assert_eq!((status.code(), calls), (Code::DataLoss, 3), "{status}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_role_that_stays_away_is_unavailable() {
        let (status, calls) = answer(StatusCode::BAD_GATEWAY, u32::MAX).await;
        assert_eq!((status.code(), calls), (Code::Unavailable, TRIES));
        assert!(status.message().contains("502 Bad Gateway"), "{status}");
    }

    #[tokio::test]
    async fn a_page_is_never_read_as_a_message_and_not_asked_for_again() {
        for (http, code) in [
            (200, Code::Unimplemented),
            (301, Code::Unimplemented),
            (401, Code::Unauthenticated),
            (403, Code::PermissionDenied),
            (404, Code::Unimplemented),
            (500, Code::Unimplemented),
        ] {
            let http = StatusCode::from_u16(http).unwrap();
            let (status, calls) = answer(http, u32::MAX).await;
            assert_eq!((status.code(), calls), (code, 1), "{http}");
        }
    }
}
