//! Lines of delimited text. Comes in: a text, or one of its lines. Goes out: lines, and the cells of
//! a line. The invariant: a quote has a meaning at the beginning of a cell only, and then it must
//! end before a delimiter or the end of the line.

/// What a line is made of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SplitLine {
    /// All of its cells.
    Whole(Vec<String>),
    /// The last cell begins with a quote that does not end in this line: the cells before it, and
    /// its text so far.
    Open(Vec<String>, String),
    /// The cells up to a quote that stands where none may stand.
    StrayQuote(Vec<String>),
}

/// The lines of a text, each ended by CR LF, LF or CR.
pub(super) fn physical_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some(end) = rest.find(['\r', '\n']) else {
            lines.push(rest);
            break;
        };
        lines.push(&rest[..end]);
        let length = if rest[end..].starts_with("\r\n") {
            2
        } else {
            1
        };
        rest = &rest[end + length..];
    }
    lines
}

/// The cells of a line, with the white space around them.
pub(super) fn split_line(line: &str, delimiter: char) -> SplitLine {
    split_on(line, Vec::new(), delimiter)
}

/// Goes on with a cell that an earlier line has begun: its text in this line, and what is behind it
/// where it ends here.
pub(super) fn quoted(text: &str) -> (String, Option<&str>) {
    let mut content = String::new();
    let mut rest = text;
    while let Some(place) = rest.find('"') {
        content.push_str(&rest[..place]);
        rest = &rest[place + 1..];
        match rest.strip_prefix('"') {
            None => return (content, Some(rest)),
            Some(behind) => {
                content.push('"');
                rest = behind;
            }
        }
    }
    content.push_str(rest);
    (content, None)
}

/// Goes on behind the quote that ends a cell.
pub(super) fn split_behind_quote(behind: &str, cells: Vec<String>, delimiter: char) -> SplitLine {
    match next_cell(behind, delimiter) {
        NextCell::None => SplitLine::Whole(cells),
        NextCell::Begins(rest) => split_on(rest, cells, delimiter),
        NextCell::Stray => SplitLine::StrayQuote(cells),
    }
}

/// What stands behind the quote that ends a cell.
enum NextCell<'a> {
    /// The end of the line.
    None,
    /// A delimiter, and behind it this.
    Begins(&'a str),
    /// Something else, where nothing may stand.
    Stray,
}

fn next_cell(behind: &str, delimiter: char) -> NextCell<'_> {
    let behind = without_blanks(behind, delimiter);
    match behind.strip_prefix(delimiter) {
        Some(rest) => NextCell::Begins(rest),
        None if behind.is_empty() => NextCell::None,
        None => NextCell::Stray,
    }
}

fn split_on(text: &str, mut cells: Vec<String>, delimiter: char) -> SplitLine {
    let mut rest = text;
    loop {
        if let Some(begun) = without_blanks(rest, delimiter).strip_prefix('"') {
            let (content, behind) = quoted(begun);
            let Some(behind) = behind else {
                return SplitLine::Open(cells, content);
            };
            cells.push(content);
            match next_cell(behind, delimiter) {
                NextCell::None => return SplitLine::Whole(cells),
                NextCell::Begins(next) => rest = next,
                NextCell::Stray => return SplitLine::StrayQuote(cells),
            }
            continue;
        }
        let (cell, next) = match rest.split_once(delimiter) {
            Some((cell, next)) => (cell, Some(next)),
            None => (rest, None),
        };
        // Words in quotes within a text are text; one quote alone belongs to another cell.
        if !cell.matches('"').count().is_multiple_of(2) {
            return SplitLine::StrayQuote(cells);
        }
        cells.push(cell.to_owned());
        match next {
            Some(next) => rest = next,
            None => return SplitLine::Whole(cells),
        }
    }
}

fn without_blanks(text: &str, delimiter: char) -> &str {
    text.trim_start_matches(|letter| matches!(letter, ' ' | '\t') && letter != delimiter)
}

// === impl SplitLine ===

impl SplitLine {
    /// How many cells there are, as far as can be seen in this line.
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Whole(cells) => cells.len(),
            Self::Open(cells, _) => cells.len() + 1,
            // Behind a quote that ends a cell stands another delimiter than this one.
            Self::StrayQuote(cells) => cells.len(),
        }
    }
}
