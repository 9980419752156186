//! What a statement is, before it runs.
//!
//! Comes in: SQL text; what the engine's parser says of it (class, syntax tree). Goes out: how to
//! run it, or a refusal. Kept:
//! - the data of an `INSERT` never goes through the query call, which cuts it at a blank line;
//! - nothing reaches the host's files or a session's state by the ways that neither grants nor
//!   `readonly` close (the scalar `file()`, `INTO OUTFILE`, `FROM INFILE`, `SYSTEM`, `KILL`);
//! - a reader brings no `SETTINGS`: in a subquery they would loosen `final` and `readonly`.

use crate::access::Access;
use crate::exception::Exception;
use crate::ffi::{Analysis, Class};

mod lexer;

pub(crate) use lexer::{InsertParts, insert_with_data};

/// Formats whose pieces can be put one after the other; others are fetched whole.
const STREAMED: [&str; 8] = [
    "RowBinary",
    "RowBinaryWithNames",
    "RowBinaryWithNamesAndTypes",
    "TabSeparated",
    "TSV",
    "CSV",
    "JSONEachRow",
    "JSONCompactEachRow",
];

/// Functions that neither grants nor `readonly` keep from the host's files, from text that is
/// run as SQL, or from the network. Compared without case.
const DENIED: [&str; 11] = [
    "file",
    "catboostevaluate",
    "eval",
    "executable",
    "aiclassify",
    "aiembed",
    "aiextract",
    "aigenerate",
    "aitranslate",
    "hascolumnintable",
    "evalmlmethod",
];

/// System tables open to readers; the others tell what other users run.
const READER_SYSTEM: [&str; 5] = [
    "system.one",
    "system.numbers",
    "system.tables",
    "system.columns",
    "system.databases",
];

/// Table functions that read tables by a pattern, and so go round [`READER_SYSTEM`].
const READER_DENIED: [&str; 2] = ["merge", "viewifpermitted"];

/// How a statement without data of its own is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// Fetched piece by piece.
    Streamed,
    /// Fetched whole.
    Whole,
}

/// Says how to run a `SELECT`; everything else is [`Run::Whole`].
///
/// A text with the word FORMAT may name another format than `format`, so it is fetched whole.
pub(crate) fn how_to_run(sql: &str, format: &str) -> Run {
    let mut words = lexer::words(sql);
    let first = words.next().unwrap_or_default();
    let select = ["select", "with", "("]
        .iter()
        .any(|start| first.eq_ignore_ascii_case(start));
    let known = STREAMED.contains(&format);
    if select && known && !words.any(|word| word.eq_ignore_ascii_case("format")) {
        Run::Streamed
    } else {
        Run::Whole
    }
}

/// Refuses by what the engine's parser says of the whole text.
pub(crate) fn check_class(analysis: Analysis, changes_allowed: bool) -> Result<(), Exception> {
    if analysis.statements > 1 {
        return Err(Exception::new(
            62,
            "SYNTAX_ERROR",
            "Multi-statements are not allowed",
        ));
    }
    match analysis.class {
        Class::Mutating if !changes_allowed => Err(Exception::readonly(
            "Cannot execute query in readonly mode. By method GET everybody is a reader",
        )),
        Class::ReadOnly | Class::Mutating => Ok(()),
        Class::Control if !changes_allowed => {
            Err(Exception::readonly("Cannot execute query in readonly mode"))
        }
        Class::Control | Class::Global => Err(Exception::not_spoken(
            "statements about sessions, the server, users or the host's files",
        )),
        // What the parser cannot read is refused by the syntax tree, with the parser's words.
        Class::Unknown if analysis.statements == 0 => Ok(()),
        Class::Unknown => Err(Exception::not_spoken("this kind of statement")),
    }
}

/// Refuses by the syntax tree that `EXPLAIN AST` prints, one node a line, indented.
pub(crate) fn check_tree(tree: &str, sql: &str, access: Access) -> Result<(), Exception> {
    let nodes: Vec<&str> = tree.lines().map(str::trim_start).collect();
    let insert = nodes
        .first()
        .is_some_and(|node| word(node, 0) == "InsertQuery");
    if insert
        && !tree
            .lines()
            .any(|line| line.starts_with(" SelectWithUnionQuery"))
    {
        return Err(Exception::not_spoken("this form of INSERT"));
    }
    let settings = nodes.iter().any(|node| word(node, 0) == "Set");
    if settings && access == Access::Reader {
        return Err(Exception::readonly(
            "Cannot modify settings in readonly mode",
        ));
    }
    if settings && hides_an_expression(sql) {
        return Err(Exception::denied(
            "A setting that is an expression is not allowed",
        ));
    }
    nodes.iter().try_for_each(|node| check_node(node, access))
}

fn check_node(node: &str, access: Access) -> Result<(), Exception> {
    let reader = access == Access::Reader;
    let name = word(node, 1).to_ascii_lowercase();
    let denied = match word(node, 0) {
        "Function" | "Identifier" => {
            DENIED.contains(&name.as_str()) || (reader && READER_DENIED.contains(&name.as_str()))
        }
        "TableIdentifier" => {
            reader && name.starts_with("system.") && !READER_SYSTEM.contains(&name.as_str())
        }
        kind => reader && kind == "ShowProcesslistQuery",
    };
    if denied {
        return Err(Exception::denied(&format!(
            "Not enough privileges. It is not allowed to use {name} here"
        )));
    }
    Ok(())
}

/// Settings whose text is run as an expression do not show in the tree.
fn hides_an_expression(sql: &str) -> bool {
    let lower = sql.to_ascii_lowercase();
    ["additional_", "custom_key", "\\"]
        .iter()
        .any(|part| lower.contains(part))
}

fn word(node: &str, index: usize) -> &str {
    node.split(' ')
        .filter(|part| !part.is_empty())
        .nth(index)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_selects_are_streamed() {
        for (sql, format, expected) in [
            ("SELECT 1", "RowBinary", Run::Streamed),
            (" -- c\n(SELECT 1)", "RowBinary", Run::Streamed),
            (
                "/* c */ with x as (select 1) select * from x",
                "TSV",
                Run::Streamed,
            ),
            (
                "SELECT formatDateTime(now(), 'format')",
                "TSV",
                Run::Streamed,
            ),
            ("SELECT 1 FORMAT CSV", "RowBinary", Run::Whole),
            ("SELECT 1", "JSON", Run::Whole),
            ("SHOW TABLES", "TSV", Run::Whole),
            ("DESCRIBE TABLE t", "RowBinary", Run::Whole),
        ] {
            assert_eq!(how_to_run(sql, format), expected, "{sql}");
        }
    }

    #[test]
    fn a_denied_function_is_found_anywhere_in_the_tree() {
        let tree = "SelectWithUnionQuery (children 1)\n    Function file (children 1)\n";
        assert_eq!(check_tree(tree, "", Access::Writer).unwrap_err().code, 497);
        let passed_on = "SelectWithUnionQuery (children 1)\n      Identifier file\n";
        assert_eq!(
            check_tree(passed_on, "", Access::Writer).unwrap_err().code,
            497
        );
        assert!(check_tree("SelectQuery\n Literal \\'file\\'\n", "", Access::Reader).is_ok());
    }

    #[test]
    fn a_reader_brings_no_settings() {
        let tree = "SelectWithUnionQuery (children 1)\n   Set\n";
        assert_eq!(check_tree(tree, "", Access::Reader).unwrap_err().code, 164);
        assert!(check_tree(tree, "SELECT 1 SETTINGS max_threads=1", Access::Writer).is_ok());
        assert_eq!(
            check_tree(
                tree,
                "SETTINGS additional_result_filter='x'",
                Access::Writer
            )
            .unwrap_err()
            .code,
            497
        );
    }
}
