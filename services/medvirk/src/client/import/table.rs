//! Tables. Comes in: the bytes of a delimited file. Goes out: headers and rows of text. The
//! invariant: text that was decoded wrongly on its way is refused, never imported; no message
//! quotes a cell, nor a header, since the first line may be a row.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;

use crate::cli::Encoding;
use crate::exit::{Code, error};

/// A file's rows under its headers.
pub(super) struct Table {
    headers: Vec<String>,
    rows: Vec<Line>,
}

/// One row.
pub(super) struct Line {
    /// As a spreadsheet shows it: the first row below the headers is 2.
    pub(super) number: usize,
    /// As many as there are headers, or the reason why the row cannot be read.
    cells: Result<Vec<String>, String>,
}

// === impl Table ===

impl Table {
    /// Reads a file; without a delimiter, the one that parts the headers best.
    pub(super) fn read(
        bytes: &[u8],
        encoding: Option<Encoding>,
        delimiter: Option<u8>,
    ) -> anyhow::Result<Self> {
        let text = decode(bytes, encoding)?;
        let delimiter = delimiter.unwrap_or_else(|| delimiter_of(&text));
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut records = reader.records();
        let unreadable = || error(Code::Usage, "the file is no table of delimited text");
        let first = records.next().ok_or_else(unreadable)?;
        let first = first.map_err(|_| unreadable())?;
        let mut headers: Vec<String> = first.iter().map(normal).collect();
        while headers.last().is_some_and(String::is_empty) {
            headers.pop();
        }
        let mut rows = Vec::new();
        for (number, record) in (2..).zip(records) {
            let record = record.map_err(|_| unreadable())?;
            let cells: Vec<String> = record.iter().map(|cell| cell.trim().to_owned()).collect();
            if cells.iter().any(|cell| !cell.is_empty()) {
                let cells = fit(cells, headers.len());
                rows.push(Line { number, cells });
            }
        }
        Ok(Self { headers, rows })
    }

    pub(super) fn rows(&self) -> &[Line] {
        &self.rows
    }

    /// Headers as they are compared: lower case, and anything but letters, digits and points is
    /// an underscore.
    pub(super) fn headers(&self) -> &[String] {
        &self.headers
    }

    /// The place of a header; `Err` if there are several of that name.
    pub(super) fn place(&self, header: &str) -> Result<Option<usize>, ()> {
        let wanted = normal(header);
        if wanted.is_empty() {
            return Ok(None);
        }
        let places = self.headers.iter().enumerate();
        let mut same = places.filter(|(_, header)| **header == wanted);
        match (same.next(), same.next()) {
            (Some(_), Some(_)) => Err(()),
            (found, _) => Ok(found.map(|(place, _)| place)),
        }
    }
}

// === impl Line ===

impl Line {
    /// A cell that is not blank.
    pub(super) fn cell(&self, place: usize) -> Option<&str> {
        let cell = self.cells.as_ref().ok()?.get(place)?;
        Some(cell.as_str()).filter(|cell| !cell.is_empty())
    }

    /// Why it cannot be read.
    pub(super) fn fault(&self) -> Option<&str> {
        self.cells.as_ref().err().map(String::as_str)
    }
}

/// A header as it is compared.
pub(super) fn normal(header: &str) -> String {
    let known = |letter: char| letter.is_alphanumeric() || letter == '.';
    let letters = header.trim().chars();
    let replaced = letters.map(|letter| if known(letter) { letter } else { '_' });
    replaced.flat_map(char::to_lowercase).collect()
}

/// As many cells as there are headers; blank ones more are no harm.
fn fit(mut cells: Vec<String>, headers: usize) -> Result<Vec<String>, String> {
    while cells.len() > headers && cells.last().is_some_and(String::is_empty) {
        cells.pop();
    }
    if cells.len() == headers {
        return Ok(cells);
    }
    Err(format!(
        "has {} cells where the headers have {headers}",
        cells.len()
    ))
}

fn delimiter_of(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let count = |delimiter: u8| first.bytes().filter(|byte| *byte == delimiter).count();
    // The last of equals wins.
    [b'\t', b',', b';']
        .into_iter()
        .max_by_key(|it| count(*it))
        .unwrap_or(b';')
}

/// Unicode with or without a byte order mark; or what the user says that it is.
pub(super) fn decode(bytes: &[u8], encoding: Option<Encoding>) -> anyhow::Result<Cow<'_, str>> {
    let text = match encoding_rs::Encoding::for_bom(bytes) {
        Some((unicode, length)) => unicode
            .decode_without_bom_handling_and_without_replacement(&bytes[length..])
            .ok_or_else(|| error(Code::Usage, "the file is not the Unicode that it begins as"))?,
        None => match (std::str::from_utf8(bytes), encoding) {
            (Ok(text), None) => Cow::Borrowed(text),
            (_, Some(Encoding::Windows1252)) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
            (Err(_), None) => {
                let message = "the file is not UTF-8; export it as UTF-8, or, if a Windows program \
                     wrote it, give --encoding windows-1252";
                return Err(error(Code::Usage, message));
            }
        },
    };
    for (number, line) in (1..).zip(text.lines()) {
        if is_mojibake(line) {
            let message = format!(
                "line {number} has text that was decoded wrongly before it came here (two odd \
                 characters in the place of one letter, or a replacement character); export the \
                 file again as UTF-8"
            );
            return Err(error(Code::Usage, message));
        }
    }
    Ok(text)
}

/// UTF-8 that somebody took for one byte a character, or what is left where a byte was no
/// character at all.
fn is_mojibake(line: &str) -> bool {
    let mut pairs = line.chars().zip(line.chars().skip(1));
    let lead = |letter: char| matches!(letter, 'Ã' | 'Â' | 'â');
    line.contains('\u{fffd}') || pairs.any(|(one, two)| lead(one) && is_continuation(one, two))
}

/// The second half of a letter in UTF-8, read as one byte a character.
fn is_continuation(lead: char, letter: char) -> bool {
    if lead == 'â' {
        return matches!(letter, '€' | '\u{80}' | '„');
    }
    let mut text = [0; 4];
    let (bytes, _, unknown) = WINDOWS_1252.encode(letter.encode_utf8(&mut text));
    let latin1 = matches!(letter, '\u{80}'..='\u{bf}');
    latin1 || (!unknown && matches!(bytes[..], [0x80..=0xbf]))
}

#[cfg(test)]
mod tests;
