//! `multipart/form-data` as ClickHouse clients send it: a few named fields of text.
//!
//! The invariant: a body that cannot be read as such a form is refused whole.

use std::convert::Infallible;

use futures::stream;
use multer::{Error, Multipart};

use crate::exception::EngineException;

/// The boundary, when the content type is a form.
pub(super) fn boundary(content_type: Option<&str>) -> Option<Result<String, EngineException>> {
    match multer::parse_boundary(content_type?) {
        Err(Error::NoMultipart | Error::DecodeContentType(_)) => None,
        found => Some(found.map_err(malformed)),
    }
}

/// Names and values, in order.
pub(super) async fn fields(
    body: Vec<u8>,
    boundary: String,
) -> Result<Vec<(String, Vec<u8>)>, EngineException> {
    let body = stream::iter([Ok::<_, Infallible>(body)]);
    let mut form = Multipart::new(body, boundary);
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await.map_err(malformed)? {
        let name = field.name().map(str::to_owned);
        let name = name.ok_or_else(|| malformed(()))?;
        let value = field.bytes().await.map_err(malformed)?;
        fields.push((name, value.into()));
    }
    Ok(fields)
}

/// What the library says may quote the form, and is not repeated.
fn malformed<E>(_: E) -> EngineException {
    EngineException::bad_request("The form is malformed")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nSELECT\r\n1\r\n\
        --b\r\ncontent-disposition: form-data; name=\"param_a\"\r\nContent-Type: text/plain\r\n\r\n\r\n--b--\r\n";

    async fn read(form: &str) -> Result<Vec<(String, Vec<u8>)>, EngineException> {
        fields(form.as_bytes().to_vec(), "b".to_owned()).await
    }

    #[tokio::test]
    async fn fields_keep_their_line_ends() {
        assert_eq!(
            read(FORM).await.unwrap_or_default(),
            [
                ("query".to_owned(), b"SELECT\r\n1".to_vec()),
                ("param_a".to_owned(), Vec::new())
            ]
        );
    }

    #[tokio::test]
    async fn a_form_cut_anywhere_is_refused() {
        let end = FORM.len() - "--\r\n".len();
        for length in 0..end {
            assert!(read(&FORM[..length]).await.is_err(), "length {length}");
        }
    }

    #[test]
    fn the_boundary_is_in_the_content_type() {
        assert!(boundary(Some("text/plain")).is_none());
        assert!(boundary(None).is_none());
        assert!(boundary(Some("multipart/form-data")).is_some_and(|found| found.is_err()));
        let quoted = boundary(Some("multipart/form-data; charset=x; boundary=\"b\""));
        assert!(quoted.is_some_and(|found| found.is_ok_and(|text| text == "b")));
    }
}
