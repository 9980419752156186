//! Rows of delimited text. Comes in: the lines of a file. Goes out: its rows. The invariant: every
//! line of the file is in one row, and no row swallows what may be another one: of two readings
//! the one is taken that shows an error.
//!
//! A cell in quotes may run over line ends. It is taken so only if it ends before a delimiter or a
//! line end, if the row then has no more cells than the headers, and if none of the lines within it
//! may be a row of its own: with at least as many cells as the headers, or with a cell that has
//! digits and is written as the cell of the same column in the line that begins the row. Otherwise
//! the quote is taken for a stray one: the line that begins with it is an error, and each line
//! behind it is read by itself.
//!
//! A row may have fewer cells than the headers, since spreadsheets leave out blank ones at the end.
//! But where the line behind it may be no row of its own, the two are taken for a row that a line
//! end has broken, and both are errors.

use super::split::{SplitLine, quoted, split_behind_quote, split_line};

const STRAY: &str = "has a quote that does not belong to a cell in quotes; put the cell in quotes and \
    double the quotes within it, or take the quote away";
const NOT_ENDED: &str = "has a quote that begins a cell and does not end it; end it, or double it and put \
    the cell in quotes";
const BROKEN: &str = "has fewer cells than the headers, and a line beside it is no row: a line end seems \
    to have broken a row; put it together, or put the cell with the line end in quotes";

/// A row of the file, blank ones too.
pub(super) struct TableRecord {
    /// Its number in a spreadsheet.
    pub(super) number: usize,
    /// Its first line, from 1.
    pub(super) line: usize,
    /// How many lines it has.
    pub(super) lines: usize,
    /// With the white space around them; where there is a fault, as far as they can be read.
    pub(super) cells: Vec<String>,
    pub(super) fault: Option<String>,
}

/// A reader of lines.
pub(super) struct TableRecords<'t> {
    lines: &'t [&'t str],
    /// Places of a line and of a row, both from nought.
    line: usize,
    row: usize,
    delimiter: char,
    /// How many cells the headers have.
    width: Option<usize>,
}

// === impl TableRecord ===

impl TableRecord {
    pub(super) fn is_blank(&self) -> bool {
        self.fault.is_none() && self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

// === impl TableRecords ===

impl<'t> TableRecords<'t> {
    /// Reads from a line on, which a spreadsheet shows as its first row.
    pub(super) fn new(lines: &'t [&'t str], first: usize, delimiter: char) -> Self {
        Self {
            lines,
            line: first,
            row: 0,
            delimiter,
            width: None,
        }
    }

    /// The next row before the headers, or the headers themselves.
    pub(super) fn next_header(&mut self) -> Option<TableRecord> {
        self.next_record()
    }

    /// All rows under headers of so many cells.
    pub(super) fn rows(mut self, width: usize) -> Vec<TableRecord> {
        self.width = Some(width);
        let mut rows = Vec::new();
        while let Some(record) = self.next_record() {
            rows.push(record);
        }
        mark_broken(&mut rows, width);
        rows
    }

    fn next_record(&mut self) -> Option<TableRecord> {
        let text = *self.lines.get(self.line)?;
        let mut record = TableRecord {
            number: self.row + 1,
            line: self.line + 1,
            lines: 1,
            cells: Vec::new(),
            fault: None,
        };
        match split_line(text, self.delimiter) {
            SplitLine::Whole(cells) => record.cells = cells,
            SplitLine::StrayQuote(cells) => {
                record.cells = cells;
                record.fault = Some(STRAY.to_owned());
            }
            SplitLine::Open(cells, begun) => match self.over_lines(&cells, begun) {
                Some((cells, lines)) => (record.cells, record.lines) = (cells, lines),
                None => {
                    record.cells = cells;
                    record.fault = Some(NOT_ENDED.to_owned());
                }
            },
        }
        self.line += record.lines;
        self.row += 1;
        Some(record)
    }

    /// The cells of a row with a cell that runs over line ends, and its number of lines; nothing if
    /// the quote is a stray one.
    fn over_lines(&self, first: &[String], begun: String) -> Option<(Vec<String>, usize)> {
        let (mut cells, mut cell) = (first.to_vec(), begun);
        for (count, line) in (2..).zip(&self.lines[self.line + 1..]) {
            let (content, behind) = quoted(line);
            if self.may_be_a_row(&content, first) {
                return None;
            }
            cell.push('\n');
            cell.push_str(&content);
            let Some(behind) = behind else { continue };
            cells.push(cell);
            match split_behind_quote(behind, cells, self.delimiter) {
                SplitLine::Whole(whole) => {
                    return self.fits(&whole).then_some((whole, count));
                }
                SplitLine::Open(before, begun) => (cells, cell) = (before, begun),
                SplitLine::StrayQuote(_) => return None,
            }
        }
        None
    }

    /// Headers have no width to compare with. No header has a delimiter and a line end in it.
    fn fits(&self, cells: &[String]) -> bool {
        match self.width {
            Some(width) => cells.len() <= width,
            None => !cells
                .iter()
                .any(|cell| cell.contains('\n') && cell.contains(self.delimiter)),
        }
    }

    /// True if a text within quotes may be a row that they have swallowed.
    fn may_be_a_row(&self, text: &str, first: &[String]) -> bool {
        let Some(width) = self.width else {
            return false;
        };
        let parts: Vec<&str> = text.split(self.delimiter).collect();
        parts.len() > 1 && (parts.len() >= width || is_written_like(&parts, first))
    }
}

/// Marks rows that a line end has broken.
fn mark_broken(rows: &mut [TableRecord], width: usize) {
    for place in 0..rows.len() {
        let has_digit = |cell: &String| cell.contains(|it: char| it.is_ascii_digit());
        // Without digits there is nothing to compare; there is no day either, so it is no row.
        let is_short = rows[place].cells.len() < width && rows[place].cells.iter().any(has_digit);
        if !is_short || rows[place].fault.is_some() || rows[place].is_blank() {
            continue;
        }
        let mut joined = rows[place].cells.len();
        let mut pieces = Vec::new();
        for (next, row) in rows.iter().enumerate().skip(place + 1) {
            if row.is_blank() {
                continue;
            }
            joined += row.cells.len().saturating_sub(1);
            let is_piece = row.fault.is_none()
                && joined <= width
                && !is_written_like(&row.cells, &rows[place].cells);
            if !is_piece {
                break;
            }
            pieces.push(next);
        }
        if !pieces.is_empty() {
            for piece in pieces.into_iter().chain([place]) {
                rows[piece].fault = Some(BROKEN.to_owned());
            }
        }
    }
}

/// True if a cell has digits and is written as the other's cell of the same column.
fn is_written_like<T: AsRef<str>>(cells: &[T], other: &[String]) -> bool {
    cells.iter().zip(other).any(|(one, two)| {
        let (one, two) = (shape(one.as_ref().trim()), shape(two.trim()));
        one == two && one.contains('0')
    })
}

/// How a cell is written: a nought for each run of digits, and an a for each run of letters.
fn shape(cell: &str) -> String {
    let mut shape = String::new();
    for letter in cell.chars() {
        let kind = match letter {
            letter if letter.is_ascii_digit() => '0',
            letter if letter.is_alphabetic() => 'a',
            other => other,
        };
        if !(matches!(kind, '0' | 'a') && shape.ends_with(kind)) {
            shape.push(kind);
        }
    }
    shape
}
