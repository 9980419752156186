//! `multipart/form-data` as ClickHouse clients send it: a few named fields of text.
//!
//! Kept: a body that does not follow the form exactly is refused whole.

use crate::exception::EngineException;

/// The boundary, when the content type is a form.
pub(super) fn boundary(content_type: Option<&str>) -> Option<Result<&str, EngineException>> {
    let rest = content_type?.strip_prefix("multipart/form-data")?;
    let parameter = rest
        .split(';')
        .map(str::trim)
        .find_map(|part| part.strip_prefix("boundary="));
    let boundary = parameter
        .map(|value| value.trim_matches('"'))
        .filter(|value| !value.is_empty());
    Some(boundary.ok_or_else(malformed))
}

/// Names and values, in order.
pub(super) fn fields(
    body: &[u8],
    boundary: &str,
) -> Result<Vec<(String, Vec<u8>)>, EngineException> {
    let opening = format!("--{boundary}");
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = body
        .strip_prefix(opening.as_bytes())
        .ok_or_else(malformed)?;
    let mut fields = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(fields);
        }
        rest = rest.strip_prefix(b"\r\n").ok_or_else(malformed)?;
        let (head, after) = split_at(rest, b"\r\n\r\n")?;
        let (value, after) = split_at(after, delimiter.as_bytes())?;
        fields.push((name(head)?, value.to_vec()));
        rest = after;
    }
}

/// The name in `Content-Disposition: form-data; name="…"`.
fn name(head: &[u8]) -> Result<String, EngineException> {
    let head = std::str::from_utf8(head).map_err(|_| malformed())?;
    for line in head.split("\r\n") {
        let Some((header, value)) = line.split_once(':') else {
            continue;
        };
        if header.eq_ignore_ascii_case("content-disposition") {
            let quoted = value
                .split(';')
                .map(str::trim)
                .find_map(|part| part.strip_prefix("name=\""));
            let name = quoted.and_then(|part| part.strip_suffix('"'));
            return name.map(str::to_owned).ok_or_else(malformed);
        }
    }
    Err(malformed())
}

fn split_at<'a>(
    bytes: &'a [u8],
    separator: &[u8],
) -> Result<(&'a [u8], &'a [u8]), EngineException> {
    let found = bytes
        .windows(separator.len())
        .position(|window| window == separator);
    let at = found.ok_or_else(malformed)?;
    Ok((&bytes[..at], &bytes[at + separator.len()..]))
}

fn malformed() -> EngineException {
    EngineException::bad_request("The form is malformed")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nSELECT\r\n1\r\n\
        --b\r\ncontent-disposition: form-data; name=\"param_a\"\r\nContent-Type: text/plain\r\n\r\n\r\n--b--\r\n";

    #[test]
    fn fields_keep_their_line_ends() {
        let fields = fields(FORM.as_bytes(), "b").unwrap_or_default();
        assert_eq!(
            fields,
            [
                ("query".to_owned(), b"SELECT\r\n1".to_vec()),
                ("param_a".to_owned(), Vec::new())
            ]
        );
    }

    #[test]
    fn a_form_cut_anywhere_is_refused() {
        let end = FORM.len() - "--\r\n".len();
        for length in 0..end {
            assert!(
                fields(&FORM.as_bytes()[..length], "b").is_err(),
                "length {length}"
            );
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
