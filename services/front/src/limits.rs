//! What every call passes at the front. Comes in: calls. Goes out: their answers, or at once the
//! reason why there is none.
//! The invariant: a call holds its place until it is answered, and is answered before its deadline.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use medvirk_proto::codec::UnreadableMessage;
use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use tower::{Layer, Service};

use crate::config::FrontConfig;
use crate::metrics::{self, UnservedCall};

/// The largest request, in bytes, compressed and not.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// When to try again after "busy".
const RETRY: Duration = Duration::from_millis(200);
/// The answer must leave before the deadline in order to be there at the deadline; a tenth of the
/// time, but not more than this.
const MARGIN: Duration = Duration::from_millis(50);

/// Puts the limits of the front before services.
#[derive(Clone)]
pub(crate) struct CallLimits {
    places: Arc<Semaphore>,
    timeout: Duration,
    http: HttpInterface,
}

/// An interface over plain HTTP on the same port, which says in its own format why there is no
/// answer.
#[derive(Clone, Copy)]
pub struct HttpInterface {
    /// What its paths begin with.
    pub base: &'static str,
    /// The answer while too many calls are under way.
    pub busy: fn() -> Response<Body>,
    /// The answer when the deadline has passed.
    pub too_late: fn() -> Response<Body>,
}

/// A service behind the front.
#[derive(Clone)]
pub(crate) struct LimitedService<S> {
    inner: S,
    limits: CallLimits,
}

impl CallLimits {
    pub(crate) fn new(config: &FrontConfig, http: HttpInterface) -> Self {
        let places = config.max_concurrent.min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(places)),
            timeout: config.timeout,
            http,
        }
    }
}

impl<S> Layer<S> for CallLimits {
    type Service = LimitedService<S>;

    fn layer(&self, inner: S) -> LimitedService<S> {
        let limits = self.clone();
        LimitedService { inner, limits }
    }
}

impl<S> Service<Request<Body>> for LimitedService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // Health and reflection answer also when the rest is busy.
        let path = request.uri().path();
        let http = self.limits.http;
        let of_http = path.starts_with(http.base);
        let of_ours = of_http || path.starts_with("/medvirk.");
        let place = match self.limits.places.clone().try_acquire_owned() {
            Ok(place) => Some(place),
            Err(_) if !of_ours => None,
            Err(_) => {
                metrics::refused_call(UnservedCall::Busy);
                return Box::pin(async move {
                    Ok(if of_http {
                        (http.busy)()
                    } else {
                        busy().into_http()
                    })
                });
            }
        };
        let patience = patience(request.headers(), self.limits.timeout);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answered = tokio::time::timeout(patience, answer).await;
            drop(place);
            match answered {
                Ok(answer) => answer.map(explain),
                Err(_) => {
                    metrics::refused_call(UnservedCall::Deadline);
                    Ok(if of_http {
                        (http.too_late)()
                    } else {
                        too_late().into_http()
                    })
                }
            }
        })
    }
}

fn busy() -> Status {
    let details = ErrorDetails::with_retry_info(Some(RETRY));
    let message = "not taken: the server is busy; send it again later";
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

fn too_late() -> Status {
    let message = "the deadline has passed; it is not known whether it was taken: send it again \
                   with the same id";
    Status::deadline_exceeded(message)
}

/// How long this call may take: what the client says, but not longer than we say.
fn patience(headers: &HeaderMap, timeout: Duration) -> Duration {
    let header = headers.get("grpc-timeout");
    let asked = header.and_then(|value| grpc_timeout(value.to_str().ok()?));
    let patience = asked.map_or(timeout, |asked| asked.min(timeout));
    patience - MARGIN.min(patience / 10)
}

/// At most eight digits and a unit, as gRPC over HTTP/2 says.
fn grpc_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// Turns what the library says of unreadable requests into what we say of wrong ones: the fault
/// is the client's, and final.
fn explain(response: Response<Body>) -> Response<Body> {
    let Some(status) = response.extensions().get::<Status>() else {
        return response;
    };
    // What cannot be unpacked fails before our codec is asked, and only the library's text says so.
    let is_unpacking = status.message().starts_with("Error decompressing");
    let is_too_large = match status.code() {
        // No service of ours answers so.
        Code::OutOfRange => true,
        Code::ResourceExhausted => is_unpacking,
        _ => false,
    };
    if is_too_large {
        let message = format!("a request must have at most {MAX_MESSAGE_BYTES} bytes");
        return Status::invalid_argument(message).into_http();
    }
    if is_unpacking {
        return Status::invalid_argument("the request cannot be unpacked").into_http();
    }
    match UnreadableMessage::of(status) {
        Some(unreadable) => {
            let rule = "must be well-formed: the bytes are not what the schema says, or text is \
                        not UTF-8";
            let field = unreadable.field.as_str();
            let details = ErrorDetails::with_bad_request_violation(field, rule);
            let message = format!("{field}: {rule}");
            Status::with_error_details(Code::InvalidArgument, message, details).into_http()
        }
        None => response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_grpc_says() {
        let check =
            |text: &str, expect: Option<Duration>| assert_eq!(grpc_timeout(text), expect, "{text}");
        check("1H", Some(Duration::from_secs(3_600)));
        check("2M", Some(Duration::from_secs(120)));
        check("3S", Some(Duration::from_secs(3)));
        check("250m", Some(Duration::from_millis(250)));
        check("99999999n", Some(Duration::from_nanos(99_999_999)));
        for wrong in ["", "S", "1", "999999999S", "-1S", "1s", "1é", "é"] {
            // "S" alone has no digits and is read by nobody.
            check(wrong, None);
        }
    }

    #[test]
    fn the_shorter_of_both_times_counts() {
        let mut headers = HeaderMap::new();
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        assert_eq!(patience(&headers, second), second - MARGIN);
        headers.insert("grpc-timeout", "5S".parse().unwrap());
        assert_eq!(patience(&headers, second), second - MARGIN);
        assert_eq!(patience(&headers, minute), 5 * second - MARGIN);
        headers.insert("grpc-timeout", "0m".parse().unwrap());
        assert_eq!(patience(&headers, minute), Duration::ZERO);
    }
}
