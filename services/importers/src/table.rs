//! Tables. Comes in: the bytes of a delimited file. Goes out: headers and rows of text. The
//! invariants: every line of the file is accounted for, as headers, row, blank or error; no message
//! quotes a cell, nor a header, since the first line may be a row.

// In the order of the flow: what the file is, its lines, its rows.
mod kind;

mod split;

mod records;

use std::borrow::Cow;

use medvirk_terminal::{CommandExit, error};

use crate::arguments::FileEncoding;
use records::{TableRecord, TableRecords};

/// Rows in which headers are looked for that are not in the first one.
const LOOKED_AT: usize = 50;

/// A file's rows under its headers.
pub(super) struct ImportTable {
    headers: Vec<String>,
    /// The row of the headers in a spreadsheet.
    header_row: usize,
    rows: Vec<TableLine>,
    /// Lines of the file, and those of them that are blank.
    lines: usize,
    blank: usize,
}

/// One row of the table.
pub(super) struct TableLine {
    /// As a spreadsheet shows it.
    pub(super) number: usize,
    /// With the white space around them; where there is a fault, as far as they can be read.
    cells: Vec<String>,
    /// Why the row cannot be read.
    fault: Option<String>,
}

// === impl ImportTable ===

impl ImportTable {
    /// Reads a file; without a delimiter, the one that parts the headers best. A first line `sep=;`
    /// decides before both.
    pub(super) fn read(
        bytes: &[u8],
        encoding: Option<FileEncoding>,
        delimiter: Option<char>,
    ) -> anyhow::Result<Self> {
        refuse_other_files(bytes, "the file")?;
        let text = decode(bytes, encoding)?;
        let lines = split::physical_lines(&text);
        let named = match lines.first() {
            Some(line) => kind::named_delimiter(line)?,
            None => None,
        };
        let first = usize::from(named.is_some());
        let delimiter = named.or(delimiter);
        kind::refuse_title(&lines[first..], delimiter)?;
        let delimiter = delimiter.unwrap_or_else(|| kind::likely_delimiter(&lines[first..]));
        let mut records = TableRecords::new(&lines, first, delimiter);
        let mut above = 0;
        let record = loop {
            let no_rows = || error(CommandExit::Usage, "the file has no headers: it is empty");
            let record = records.next_header().ok_or_else(no_rows)?;
            if !record.is_blank() {
                break record;
            }
            above += record.lines;
        };
        if let Some(fault) = record.fault {
            let message = format!("the headers, in row {}: the line {fault}", record.number);
            return Err(error(CommandExit::Usage, message));
        }
        let mut table = Self {
            headers: record.cells.iter().map(|cell| normal(cell)).collect(),
            header_row: record.number,
            rows: Vec::new(),
            lines: lines.len(),
            blank: above,
        };
        while table.headers.last().is_some_and(String::is_empty) {
            table.headers.pop();
        }
        let width = record.cells.len();
        for row in records.rows(width) {
            if row.is_blank() {
                table.blank += row.lines;
            } else {
                table
                    .rows
                    .push(TableLine::new(row, table.headers.len(), width));
            }
        }
        Ok(table)
    }

    pub(super) fn rows(&self) -> &[TableLine] {
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

    /// What became of all lines, in a sentence.
    pub(super) fn account(&self) -> String {
        let unreadable = self.rows.iter().filter(|row| row.fault.is_some()).count();
        format!(
            "the file has {} lines: headers in row {}, {} rows, of which {unreadable} cannot be \
             read as rows, and {} blank lines",
            self.lines,
            self.header_row,
            self.rows.len(),
            self.blank
        )
    }

    /// Says that these headers are in a row below the first one, if two of them are.
    pub(super) fn headers_below(&self, wanted: &[&str]) -> Option<String> {
        let wanted: Vec<String> = wanted.iter().map(|header| normal(header)).collect();
        let has_headers = |line: &&TableLine| {
            let cells = line.cells.iter().map(|cell| normal(cell));
            cells
                .filter(|cell| !cell.is_empty() && wanted.contains(cell))
                .count()
                > 1
        };
        let found = self.rows.iter().take(LOOKED_AT).find(has_headers)?;
        Some(kind::title_message(self.header_row, found.number))
    }
}

/// Unicode with or without a byte order mark; or what the user says that it is.
pub(super) fn decode(bytes: &[u8], encoding: Option<FileEncoding>) -> anyhow::Result<Cow<'_, str>> {
    kind::decode(bytes, encoding)
}

/// Refuses what is no delimited text, such as a workbook; `which` is the file's name in a message.
pub(super) fn refuse_other_files(bytes: &[u8], which: &str) -> anyhow::Result<()> {
    kind::refuse_other_files(bytes, which)
}

// === impl TableLine ===

impl TableLine {
    /// A row under `headers` that have names, of `width` cells with those that have none.
    fn new(record: TableRecord, headers: usize, width: usize) -> Self {
        let TableRecord {
            number,
            line,
            lines,
            mut cells,
            fault,
        } = record;
        let filled = |cell: &String| !cell.trim().is_empty();
        let fault = fault.or_else(|| {
            if cells.len() > width {
                Some(format!(
                    "has {} cells where the headers have {width}: if a cell has a delimiter in its \
                     text, put the cell in quotes",
                    cells.len()
                ))
            } else if cells.iter().skip(headers).any(filled) {
                Some("has text behind the last column that has a header".to_owned())
            } else {
                None
            }
        });
        if fault.is_none() {
            // A spreadsheet leaves out blank cells at the end.
            cells.resize(headers, String::new());
        }
        let fault = fault.map(|fault| match (line == number, lines) {
            (true, 1) => fault,
            (_, 1) => format!("{fault} (line {line} of the file)"),
            _ => format!("{fault} (lines {line} to {} of the file)", line + lines - 1),
        });
        Self {
            number,
            cells,
            fault,
        }
    }

    /// A cell that is not blank; nothing where the row cannot be read.
    pub(super) fn cell(&self, place: usize) -> Option<&str> {
        match self.fault {
            None => self.legible_cell(place),
            Some(_) => None,
        }
    }

    /// A cell as it stands in the file, with the white space around it.
    pub(super) fn raw_cell(&self, place: usize) -> Option<&str> {
        self.cells.get(place).map(String::as_str)
    }

    /// A cell that is not blank, also of a row that cannot be read: whose row it may be.
    pub(super) fn legible_cell(&self, place: usize) -> Option<&str> {
        let cell = self.cells.get(place)?.trim();
        Some(cell).filter(|cell| !cell.is_empty())
    }

    /// Why it cannot be read.
    pub(super) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }
}

/// A header as it is compared.
pub(super) fn normal(header: &str) -> String {
    let known = |letter: char| letter.is_alphanumeric() || letter == '.';
    let letters = header.trim().chars();
    let replaced = letters.map(|letter| if known(letter) { letter } else { '_' });
    replaced.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
