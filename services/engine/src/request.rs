//! A request of the ClickHouse HTTP interface, taken apart.
//!
//! Comes in: the URL's parameters, headers and the whole body. Goes out: [`StatementRequest`], or a refusal
//! that names what is not spoken. Kept: nothing unknown is ignored, and no setting outside
//! [`SETTINGS`] reaches the engine.

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, Request};
use data_encoding::BASE64;

use crate::access::{EngineAccess, UserTable};
use crate::compression;
use crate::exception::EngineException;

mod multipart;

/// Largest body of a request, as sent and as unpacked, in bytes.
pub const MAX_BODY: usize = 256 << 20;

/// Settings that a writer may send with a request.
const SETTINGS: [&str; 17] = [
    "alter_sync",
    "describe_include_subcolumns",
    "final",
    "insert_deduplicate",
    "lightweight_deletes_sync",
    "log_comment",
    "max_block_size",
    "max_execution_time",
    "max_insert_block_size",
    "max_memory_usage",
    "max_partitions_per_insert_block",
    "max_threads",
    "min_insert_block_size_bytes",
    "min_insert_block_size_rows",
    "mutations_sync",
    "optimize_on_insert",
    "optimize_throw_if_noop",
];

/// What one request asks for. No `Debug`: it holds data.
pub(crate) struct StatementRequest {
    pub(crate) access: EngineAccess,
    /// Whether the statement may change data; false for a GET request.
    pub(crate) changes_allowed: bool,
    pub(crate) sql: String,
    /// What follows the statement in the body.
    pub(crate) data: Vec<u8>,
    pub(crate) database: Option<String>,
    pub(crate) format: String,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) settings: Vec<(String, String)>,
}

/// Reads a whole request of an authenticated user.
pub(crate) async fn read(
    request: Request<Body>,
    access: EngineAccess,
) -> Result<StatementRequest, EngineException> {
    let (head, body) = request.into_parts();
    let mut url = UrlParameters::parse(head.uri.query().unwrap_or_default(), access)?;
    refuse_encodings(&head.headers)?;
    let announced =
        text(&head.headers, CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok());
    if announced.is_some_and(|length: usize| length > MAX_BODY) {
        return Err(EngineException::too_large(MAX_BODY));
    }
    let body = axum::body::to_bytes(body, MAX_BODY)
        .await
        .map_err(|_| EngineException::too_large(MAX_BODY))?;
    let mut data = if url.decompress {
        compression::unpack(&body, MAX_BODY)?
    } else {
        body.into()
    };
    if let Some(boundary) = multipart::boundary(text(&head.headers, CONTENT_TYPE.as_str())) {
        let form = std::mem::take(&mut data);
        for (name, value) in multipart::fields(form, boundary?).await? {
            url.form_field(&name, value)?;
        }
    }
    let sql = match url.query {
        Some(sql) => sql,
        None => utf8(std::mem::take(&mut data))?,
    };
    Ok(StatementRequest {
        access,
        changes_allowed: head.method == Method::POST,
        sql,
        data,
        database: url.database,
        format: url.format.unwrap_or_else(|| "TabSeparated".to_owned()),
        parameters: url.parameters,
        settings: url.settings,
    })
}

/// The access of the user whom the headers name.
pub(crate) fn authenticate(
    headers: &HeaderMap,
    users: &UserTable,
) -> Result<EngineAccess, EngineException> {
    let found = match text(headers, AUTHORIZATION.as_str()) {
        Some(value) => {
            basic(value).and_then(|(name, password)| users.authenticate(&name, &password))
        }
        None => {
            let name = text(headers, "X-ClickHouse-User").unwrap_or("default");
            users.authenticate(name, text(headers, "X-ClickHouse-Key").unwrap_or_default())
        }
    };
    found.ok_or_else(EngineException::authentication_failed)
}

fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64.decode(encoded.trim().as_bytes()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

fn refuse_encodings(headers: &HeaderMap) -> Result<(), EngineException> {
    match text(headers, CONTENT_ENCODING.as_str()) {
        None | Some("identity") => Ok(()),
        Some(_) => Err(EngineException::not_spoken(
            "Content-Encoding; send blocks with decompress=1",
        )),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn utf8(bytes: Vec<u8>) -> Result<String, EngineException> {
    String::from_utf8(bytes).map_err(|_| EngineException::bad_request("The statement is not UTF-8"))
}

/// The parameters of the URL.
struct UrlParameters {
    access: EngineAccess,
    query: Option<String>,
    database: Option<String>,
    format: Option<String>,
    decompress: bool,
    parameters: Vec<(String, String)>,
    settings: Vec<(String, String)>,
}

impl UrlParameters {
    fn parse(query: &str, access: EngineAccess) -> Result<Self, EngineException> {
        let mut url = Self {
            access,
            query: None,
            database: None,
            format: None,
            decompress: false,
            parameters: Vec::new(),
            settings: Vec::new(),
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            url.field(&name, value.into_owned())?;
        }
        Ok(url)
    }

    fn field(&mut self, name: &str, value: String) -> Result<(), EngineException> {
        match name {
            "query" => self.query = Some(value),
            "database" => self.database = (!value.is_empty()).then_some(value),
            "default_format" => self.format = Some(value),
            "decompress" => self.decompress = flag(name, &value)?,
            // Answers are never compressed, which any client that asks for it must accept.
            "enable_http_compression" | "query_id" => {}
            "async_insert" | "compress" | "wait_end_of_query" | "client_protocol_version"
                if value == "0" => {}
            "user" | "password" => {
                return Err(EngineException::not_spoken(
                    "credentials in the URL; send them as headers",
                ));
            }
            _ => match name.strip_prefix("param_") {
                Some(parameter) => self.parameters.push((parameter.to_owned(), value)),
                None => self.setting(name, value)?,
            },
        }
        Ok(())
    }

    fn form_field(&mut self, name: &str, value: Vec<u8>) -> Result<(), EngineException> {
        let value = utf8(value)?;
        match name.strip_prefix("param_") {
            Some(parameter) => self.parameters.push((parameter.to_owned(), value)),
            None if name == "query" => {
                self.query = Some(self.query.take().unwrap_or_default() + &value)
            }
            None => return Err(EngineException::not_spoken("external tables in a form")),
        }
        Ok(())
    }

    fn setting(&mut self, name: &str, value: String) -> Result<(), EngineException> {
        if self.access == EngineAccess::Reader {
            return Err(EngineException::readonly(&format!(
                "Cannot modify '{name}' setting in readonly mode"
            )));
        }
        if !SETTINGS.contains(&name) {
            return Err(EngineException::not_spoken(&format!(
                "'{name}' as a parameter or setting of a request"
            )));
        }
        self.settings.push((name.to_owned(), value));
        Ok(())
    }
}

fn flag(name: &str, value: &str) -> Result<bool, EngineException> {
    match value {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(EngineException::bad_request(&format!("'{name}' is 0 or 1"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &str, access: EngineAccess) -> u32 {
        UrlParameters::parse(query, access)
            .err()
            .expect("must be refused")
            .code
    }

    #[test]
    fn known_parameters_are_taken_apart() {
        let url = UrlParameters::parse(
            "query=SELECT+%7Ba:String%7D&database=d&param_a=x%26y&max_threads=1",
            EngineAccess::Writer,
        )
        .unwrap_or_else(|_| panic!("refused"));
        assert_eq!(url.query.as_deref(), Some("SELECT {a:String}"));
        assert_eq!(url.parameters, [("a".to_owned(), "x&y".to_owned())]);
        assert_eq!(url.settings, [("max_threads".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn what_is_not_spoken_is_refused() {
        for query in [
            "compress=1",
            "session_id=a",
            "role=x",
            "async_insert=1",
            "user=x",
            "additional_result_filter=1",
        ] {
            assert_eq!(refused(query, EngineAccess::Writer), 48, "{query}");
        }
        assert_eq!(refused("decompress=yes", EngineAccess::Writer), 36);
    }

    #[test]
    fn a_reader_sends_no_settings() {
        for query in ["final=0", "readonly=0", "max_threads=1", "session_id=a"] {
            assert_eq!(refused(query, EngineAccess::Reader), 164, "{query}");
        }
    }
}
