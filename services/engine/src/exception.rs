//! Errors in ClickHouse's own form: a number, and `Code: N. DB::Exception: …` as the body.
//!
//! Comes in: the engine's error text, or a refusal of ours. Goes out: an HTTP answer that every
//! ClickHouse client understands. The text may quote the statement: it goes to the client that
//! sent it and is never logged.

use axum::body::Body;
use axum::http::{Response, StatusCode, header::CONTENT_TYPE};

/// A ClickHouse error. No `Debug` or `Display` of the text: it may quote data.
pub(crate) struct EngineException {
    /// The error number that ClickHouse gave.
    pub(crate) code: u32,
    text: String,
}

impl std::fmt::Debug for EngineException {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineException")
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

impl EngineException {
    /// What the engine said. A text without a code is reported as `STD_EXCEPTION` (1001).
    pub(crate) fn from_engine(text: String) -> Self {
        match code_of(&text) {
            Some(code) => Self { code, text },
            None => Self::new(1001, "STD_EXCEPTION", &text),
        }
    }

    pub(crate) fn new(code: u32, name: &str, message: &str) -> Self {
        Self {
            code,
            text: format!("Code: {code}. DB::Exception: {message}. ({name})"),
        }
    }

    /// The request asks for something that this interface does not speak.
    pub(crate) fn not_spoken(what: &str) -> Self {
        Self::new(
            48,
            "NOT_IMPLEMENTED",
            &format!("The embedded engine does not speak {what}"),
        )
    }

    pub(crate) fn bad_request(message: &str) -> Self {
        Self::new(36, "BAD_ARGUMENTS", message)
    }

    pub(crate) fn readonly(message: &str) -> Self {
        Self::new(164, "READONLY", message)
    }

    pub(crate) fn denied(message: &str) -> Self {
        Self::new(497, "ACCESS_DENIED", message)
    }

    pub(crate) fn authentication_failed() -> Self {
        Self::new(
            516,
            "AUTHENTICATION_FAILED",
            "Authentication failed: password is incorrect, or there is no user with such name",
        )
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(
            307,
            "TOO_MANY_BYTES",
            &format!("The request's body is larger than {limit} bytes"),
        )
    }

    pub(crate) fn cannot_decompress(message: &str) -> Self {
        Self::new(
            271,
            "CANNOT_DECOMPRESS",
            &format!("Cannot decompress the request's body: {message}"),
        )
    }

    pub(crate) fn checksum_mismatch() -> Self {
        Self::new(
            40,
            "CHECKSUM_DOESNT_MATCH",
            "A block of the request's body does not match its checksum",
        )
    }

    pub(crate) fn unknown_compression(method: u8) -> Self {
        let message = format!(
            "Unknown compression method 0x{method:02x}: the embedded engine takes LZ4 (0x82) and none (0x02)"
        );
        Self::new(89, "UNKNOWN_COMPRESSION_METHOD", &message)
    }

    pub(crate) fn stopped() -> Self {
        Self::new(236, "ABORTED", "The engine is stopping")
    }

    /// The text that clients read, ended by a newline as a server does.
    pub(crate) fn body(&self) -> String {
        format!("{}\n", self.text.trim_end())
    }

    fn status(&self) -> StatusCode {
        match self.code {
            516 => StatusCode::FORBIDDEN,
            164 | 497 => StatusCode::FORBIDDEN,
            46 | 47 | 50 | 56 | 60 | 73 | 81 | 115 => StatusCode::NOT_FOUND,
            6 | 26 | 27 | 33 | 36 | 38 | 40 | 41 | 53 | 62 | 72 | 89 | 117 | 130 | 131 | 271
            | 456 | 457 | 469 => StatusCode::BAD_REQUEST,
            48 | 344 => StatusCode::NOT_IMPLEMENTED,
            307 => StatusCode::PAYLOAD_TOO_LARGE,
            159 => StatusCode::REQUEST_TIMEOUT,
            236 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        Response::builder()
            .status(self.status())
            .header("X-ClickHouse-Exception-Code", self.code)
            .header(CONTENT_TYPE, "text/plain; charset=UTF-8")
            .body(Body::from(self.body()))
            .expect("fixed header names and a number")
    }
}

/// The number in `Code: N.` at the start of an engine's error text. The engine nests texts
/// (`Code: 164. DB::Exception: Code: 164. …`): the first one counts.
fn code_of(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("Code: ")?;
    let end = digits.find('.')?;
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_read_from_the_text() {
        assert_eq!(
            code_of("Code: 60. DB::Exception: no table. (UNKNOWN_TABLE)"),
            Some(60)
        );
        assert_eq!(code_of("Error: out of luck"), None);
        assert_eq!(
            EngineException::from_engine("out of luck".to_owned()).code,
            1001
        );
    }

    #[test]
    fn debug_does_not_quote_the_statement() {
        let exception =
            EngineException::from_engine("Code: 62. DB::Exception: near 'secret'".to_owned());
        assert!(!format!("{exception:?}").contains("secret"));
    }
}
