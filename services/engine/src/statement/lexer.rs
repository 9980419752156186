//! Just enough of ClickHouse's lexer to find where the data of an `INSERT` begin.
//!
//! It decides how a statement is run, never whether it may run: what it does not recognise goes
//! to the engine's parser, and an `INSERT` with data that it missed is refused there.

/// An `INSERT` whose data follow its text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InsertParts<'a> {
    /// `INSERT INTO t (a, b) SETTINGS …`, without FORMAT clause and data.
    pub(crate) head: &'a str,
    /// The format of the data.
    pub(crate) format: &'a str,
    /// Data that came with the text.
    pub(crate) inline: &'a str,
}

/// Takes an `INSERT` with data apart; `None` for everything else (`INSERT … SELECT` too).
pub(crate) fn insert_with_data(sql: &str) -> Option<InsertParts<'_>> {
    let mut tokens = TokenIterator::new(sql);
    if !tokens.next()?.is("insert") || !tokens.next()?.is("into") {
        return None;
    }
    let mut token = tokens.next()?;
    if token.is("table") {
        token = tokens.next()?;
    }
    if token.is("function") {
        return None;
    }
    // The target: name, or database . name. Then columns, settings and the clause we look for.
    token = tokens.after_name(&token)?;
    if token.is(".") {
        let name = tokens.next()?;
        token = tokens.after_name(&name)?;
    }
    let mut depth = 0_u32;
    loop {
        match token.text {
            "(" => depth += 1,
            ")" => depth = depth.checked_sub(1)?,
            _ if depth > 0 => {}
            _ if token.is("values") => return Some(parts(sql, &token, "Values", tokens.at)),
            _ if token.is("format") => return format_parts(sql, &token, &mut tokens),
            _ if ["select", "with", "from", "watch", "partition"]
                .iter()
                .any(|word| token.is(word)) =>
            {
                return None;
            }
            _ => {}
        }
        token = tokens.next()?;
    }
}

fn format_parts<'a>(
    sql: &'a str,
    keyword: &LexerToken<'a>,
    tokens: &mut TokenIterator<'a>,
) -> Option<InsertParts<'a>> {
    let format = tokens.next()?.text;
    let rest = sql[tokens.at..].trim_start_matches([' ', '\t', '\r', ';']);
    let rest = rest.strip_prefix('\n').unwrap_or(rest);
    Some(parts(sql, keyword, format, sql.len() - rest.len()))
}

fn parts<'a>(
    sql: &'a str,
    keyword: &LexerToken<'a>,
    format: &'a str,
    data: usize,
) -> InsertParts<'a> {
    InsertParts {
        head: &sql[..keyword.start],
        format,
        inline: &sql[data..],
    }
}

/// The words, names and signs of a statement written by the engine, in lower case, names without
/// their quotes, texts left out. Such a statement has no comments.
pub(super) fn canonical_names(sql: &str) -> impl Iterator<Item = String> {
    let tokens = TokenIterator {
        comments: false,
        ..TokenIterator::new(sql)
    };
    tokens
        .filter(|token| !token.text.starts_with('\''))
        .map(|token| token.text.trim_matches(['`', '"']).to_ascii_lowercase())
}

/// The words and signs of a text, without comments.
pub(super) fn words(sql: &str) -> impl Iterator<Item = &str> {
    TokenIterator::new(sql).map(|token| token.text)
}

struct LexerToken<'a> {
    text: &'a str,
    start: usize,
}

impl LexerToken<'_> {
    fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }
}

struct TokenIterator<'a> {
    sql: &'a str,
    at: usize,
    comments: bool,
}

impl<'a> TokenIterator<'a> {
    fn new(sql: &'a str) -> Self {
        Self {
            sql,
            at: 0,
            comments: true,
        }
    }
}

impl<'a> Iterator for TokenIterator<'a> {
    type Item = LexerToken<'a>;

    fn next(&mut self) -> Option<LexerToken<'a>> {
        self.skip_blanks();
        let start = self.at;
        let rest = &self.sql[start..];
        let first = rest.chars().next()?;
        let length = match first {
            '\'' | '"' | '`' => quoted_length(rest, first),
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        self.at = start + length;
        Some(LexerToken {
            text: &rest[..length],
            start,
        })
    }
}

impl<'a> TokenIterator<'a> {
    /// The token after a name, which may be a parameter in braces.
    fn after_name(&mut self, name: &LexerToken<'a>) -> Option<LexerToken<'a>> {
        if name.is("{") {
            self.find(|token| token.is("}"))?;
        }
        self.next()
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = &self.sql[self.at..];
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            let comment = if !self.comments {
                return;
            } else if trimmed.starts_with("--")
                || trimmed.starts_with("# ")
                || trimmed.starts_with("#!")
            {
                trimmed.find('\n').unwrap_or(trimmed.len())
            } else if let Some(body) = trimmed.strip_prefix("/*") {
                body.find("*/").map_or(trimmed.len(), |end| end + 4)
            } else {
                return;
            };
            self.at += comment;
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Length of a quoted text with its quotes. A doubled quote gives two texts side by side,
/// which is the same to us.
fn quoted_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_of_an_insert_are_found() {
        for (sql, head, format, inline) in [
            (
                "INSERT INTO t FORMAT RowBinary",
                "INSERT INTO t ",
                "RowBinary",
                "",
            ),
            (
                "insert into `d b`.t(a, `values`) format CSV\n\n1",
                "insert into `d b`.t(a, `values`) ",
                "CSV",
                "\n1",
            ),
            (
                "INSERT INTO t VALUES (1)\n\n,(2)",
                "INSERT INTO t ",
                "Values",
                " (1)\n\n,(2)",
            ),
            (
                "INSERT INTO values VALUES (1)",
                "INSERT INTO values ",
                "Values",
                " (1)",
            ),
            (
                "INSERT INTO t /* format */ SETTINGS a=1 FORMAT TSV 1",
                "INSERT INTO t /* format */ SETTINGS a=1 ",
                "TSV",
                "1",
            ),
            (
                "-- x\nINSERT INTO TABLE d.t -- format\nFORMAT TSV;\n1",
                "-- x\nINSERT INTO TABLE d.t -- format\n",
                "TSV",
                "1",
            ),
            (
                "INSERT INTO {t:Identifier} VALUES (1)",
                "INSERT INTO {t:Identifier} ",
                "Values",
                " (1)",
            ),
        ] {
            assert_eq!(
                insert_with_data(sql),
                Some(InsertParts {
                    head,
                    format,
                    inline
                }),
                "{sql}"
            );
        }
    }

    #[test]
    fn other_statements_have_no_data() {
        for sql in [
            "",
            "SELECT 1 FORMAT CSV",
            "INSERT INTO t SELECT 1 FORMAT CSV",
            "INSERT INTO t (a) WITH x AS (SELECT 1) SELECT * FROM x",
            "INSERT INTO t (a) (SELECT 'x FORMAT CSV')",
            "INSERT INTO t FROM INFILE '/x' FORMAT CSV",
            "INSERT INTO FUNCTION file('x') VALUES (1)",
            "INSERT INTO t",
            "INSERT INTO t ) VALUES (1)",
        ] {
            assert_eq!(insert_with_data(sql), None, "{sql}");
        }
    }
}
