//! What a file is before it is a table. Comes in: its bytes or its lines. Goes out: its text, its
//! delimiter, and where its rows begin. The invariants: what is no table is named for what it is;
//! text that was decoded wrongly on its way is refused.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;
use medvirk_terminal::{CommandExit, error};

use super::split::{SplitLine, physical_lines, split_line};
use crate::arguments::FileEncoding;

/// As many lines are looked at to find out what stands above the headers.
const LOOKED_AT: usize = 50;

/// Delimiters that are found without being named; the last of equals wins.
const DELIMITERS: [char; 3] = ['\t', ',', ';'];

/// What the first bytes of other files are, and what to do with such a file.
const OTHER_FILES: [(&[u8], &str); 6] = [
    (
        b"PK\x03\x04",
        "a workbook (.xlsx, .xlsm or .ods) or another archive: open it and save its sheet as CSV, \
         in UTF-8",
    ),
    (
        &[0xd0, 0xcf, 0x11, 0xe0],
        "a workbook of an older kind (.xls), or one with a password: open it and save its sheet as \
         CSV, in UTF-8",
    ),
    (&[0x1f, 0x8b], "compressed (gzip): unpack it"),
    (b"%PDF", "a PDF: ask for the same as CSV"),
    (b"$FL", "a file of SPSS (.sav): save it as CSV, in UTF-8"),
    (
        b"<",
        "a web page or XML, whatever its name says: open it in a spreadsheet and save it as CSV, in \
         UTF-8",
    ),
];

/// Refuses what is no delimited text.
pub(super) fn refuse_other_files(bytes: &[u8], which: &str) -> anyhow::Result<()> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = text.trim_ascii_start();
    let other = OTHER_FILES
        .iter()
        .find(|(start, _)| text.starts_with(start));
    match other {
        Some((_, what)) => Err(error(CommandExit::Usage, format!("{which} is {what}"))),
        None => Ok(()),
    }
}

/// Unicode with or without a byte order mark; or what the user says that it is.
pub(super) fn decode(bytes: &[u8], encoding: Option<FileEncoding>) -> anyhow::Result<Cow<'_, str>> {
    let text = match encoding_rs::Encoding::for_bom(bytes) {
        Some((unicode, length)) => unicode
            .decode_without_bom_handling_and_without_replacement(&bytes[length..])
            .ok_or_else(|| {
                error(
                    CommandExit::Usage,
                    "the file is not the Unicode that it begins as",
                )
            })?,
        None => match (std::str::from_utf8(bytes), encoding) {
            (Ok(text), None) => Cow::Borrowed(text),
            (_, Some(FileEncoding::Windows1252)) => {
                WINDOWS_1252.decode_without_bom_handling(bytes).0
            }
            (Err(_), None) => {
                let message = "the file is not UTF-8; export it as UTF-8, or, if a Windows program \
                     wrote it, give --encoding windows-1252";
                return Err(error(CommandExit::Usage, message));
            }
        },
    };
    if text.contains('\0') {
        let message = "the file has zero bytes: it is UTF-16 without its byte order mark, or no \
             text; export it as UTF-8";
        return Err(error(CommandExit::Usage, message));
    }
    for (number, line) in (1..).zip(physical_lines(&text)) {
        if is_mojibake(line) {
            let message = format!(
                "line {number} has text that was decoded wrongly before it came here (two odd \
                 characters in the place of one letter, or a replacement character); export the \
                 file again as UTF-8"
            );
            return Err(error(CommandExit::Usage, message));
        }
    }
    Ok(text)
}

/// The delimiter that a first line `sep=;` names. A spreadsheet obeys such a line and does not
/// show it.
pub(super) fn named_delimiter(line: &str) -> anyhow::Result<Option<char>> {
    let line = line.strip_prefix('"').unwrap_or(line);
    let named = line
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("sep="));
    if named.is_none() {
        return Ok(None);
    }
    let mut rest = line[4..].chars();
    let named = rest.next();
    let named = named.filter(|it| it.is_ascii() && !it.is_ascii_alphanumeric() && *it != '"');
    // A program that wrote it as a row has put delimiters behind it.
    let behind = |it: char| Some(it) == named || matches!(it, '"' | ' ' | ',' | ';' | '\t');
    match named {
        Some(delimiter) if rest.all(behind) => Ok(Some(delimiter)),
        _ => {
            let message = "the first line begins with sep= and names no delimiter: it must be sep= \
                 and one character, such as sep=; or be taken away";
            Err(error(CommandExit::Usage, message))
        }
    }
}

/// The delimiter that parts the first row with text best.
pub(super) fn likely_delimiter(lines: &[&str]) -> char {
    let mut rest = lines.iter().skip_while(|line| line.trim().is_empty());
    let mut first = rest
        .next()
        .map_or_else(String::new, |line| (*line).to_owned());
    // A header may run over line ends.
    for line in rest.take(LOOKED_AT) {
        if first.matches('"').count().is_multiple_of(2) {
            break;
        }
        first.push('\n');
        first.push_str(line);
    }
    let width = |delimiter: &char| split_line(&first, *delimiter).width();
    DELIMITERS.into_iter().max_by_key(width).unwrap_or(';')
}

/// Refuses a file that has a title or the like above its headers. `lines` begins with the first
/// row that a spreadsheet shows.
pub(super) fn refuse_title(lines: &[&str], named: Option<char>) -> anyhow::Result<()> {
    let delimiter = named.unwrap_or_else(|| likely_delimiter(lines));
    let with_text = |line: &&(usize, &str)| filled(line.1, delimiter) > 0;
    let numbered: Vec<(usize, &str)> = (1..).zip(lines.iter().copied()).take(LOOKED_AT).collect();
    let mut with_text = numbered.iter().filter(with_text);
    let Some((number, first)) = with_text.next() else {
        return Ok(());
    };
    // A header may run over line ends, and then this line has not all of them.
    if matches!(split_line(first, delimiter), SplitLine::Open(..)) {
        return Ok(());
    }
    let below: Vec<&(usize, &str)> = with_text.collect();
    let headers = match filled(first, delimiter) {
        // Another delimiter parts what is below, where none was in the title.
        1 => below.iter().find(|(_, line)| match named {
            Some(delimiter) => filled(line, delimiter) > 1,
            None => DELIMITERS.iter().any(|it| filled(line, *it) > 1),
        }),
        wide => {
            let is_wider = |line: &&&(usize, &str)| filled(line.1, delimiter) >= wide * 2;
            let wider = below.iter().filter(is_wider).count();
            below
                .iter()
                .find(is_wider)
                .filter(|_| wider * 2 > below.len())
        }
    };
    match headers {
        None => Ok(()),
        Some((row, _)) => Err(error(CommandExit::Usage, title_message(*number, *row))),
    }
}

/// What to do about a title.
pub(super) fn title_message(title: usize, headers: usize) -> String {
    format!(
        "row {title} has a title or the like and no headers, which seem to be in row {headers}: \
         take away what stands above them"
    )
}

/// How many cells of a line have text; none where its quotes do not end in it.
fn filled(line: &str, delimiter: char) -> usize {
    let filled = |cell: &str| !cell.trim().is_empty();
    match split_line(line, delimiter) {
        SplitLine::Whole(cells) => cells.iter().filter(|cell| filled(cell)).count(),
        _ => 0,
    }
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
