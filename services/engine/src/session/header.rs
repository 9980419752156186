//! The header that the engine repeats before every piece of a streamed result.
//!
//! Kept: names and types are in an answer once, at its beginning.

use bytes::Bytes;

use crate::exception::EngineException;

/// The bytes that stand before the rows of every piece; none for most formats.
pub(super) struct FormatHeader(Vec<u8>);

/// Finds the header in the first piece of a result.
pub(super) fn of(format: &str, first: &[u8]) -> Result<FormatHeader, EngineException> {
    let texts_per_column = match format {
        "RowBinaryWithNames" => 1,
        "RowBinaryWithNamesAndTypes" => 2,
        _ => return Ok(FormatHeader(Vec::new())),
    };
    let length = length(first, texts_per_column).ok_or_else(unexpected)?;
    Ok(FormatHeader(first[..length].to_vec()))
}

impl FormatHeader {
    /// A later piece without its header.
    pub(super) fn strip(&self, piece: Vec<u8>) -> Result<Bytes, EngineException> {
        if !piece.starts_with(&self.0) {
            return Err(unexpected());
        }
        Ok(Bytes::from(piece).slice(self.0.len()..))
    }
}

/// Length of a count of columns and that many texts, `texts_per_column` times.
fn length(piece: &[u8], texts_per_column: u64) -> Option<usize> {
    let mut at = 0;
    let columns = number(piece, &mut at)?;
    for _ in 0..columns.checked_mul(texts_per_column)? {
        let text = usize::try_from(number(piece, &mut at)?).ok()?;
        at = at.checked_add(text).filter(|end| *end <= piece.len())?;
    }
    Some(at)
}

/// A number of seven bits a byte, the lowest first.
fn number(piece: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let byte = *piece.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn unexpected() -> EngineException {
    EngineException::new(
        49,
        "LOGICAL_ERROR",
        "A piece of the result has another header than the first",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: &[u8] = b"\x01\x01n\x05UInt8\x07\x08";

    #[test]
    fn the_header_is_stripped_from_later_pieces() {
        let header = of("RowBinaryWithNamesAndTypes", PIECE).unwrap();
        assert_eq!(header.strip(PIECE.to_vec()).unwrap(), &b"\x07\x08"[..]);
        assert!(header.strip(b"\x01\x01m\x05UInt8\x07".to_vec()).is_err());
    }

    #[test]
    fn other_formats_have_none() {
        assert_eq!(
            of("RowBinary", PIECE)
                .unwrap()
                .strip(PIECE.to_vec())
                .unwrap(),
            PIECE
        );
    }

    #[test]
    fn a_header_cut_short_is_an_error() {
        for length in 0..9 {
            assert!(
                of("RowBinaryWithNamesAndTypes", &PIECE[..length]).is_err(),
                "length {length}"
            );
        }
    }
}
