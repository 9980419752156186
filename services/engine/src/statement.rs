//! What a statement is, before it runs.
//!
//! Comes in: SQL text; what the engine's parser says of it (its class, and the same statement
//! written anew from the syntax tree, where nothing is hidden by quotes, escapes or comments).
//! Goes out: how to run it, or a refusal. Kept:
//! - the data of an `INSERT` never goes through the query call, which cuts it at a blank line;
//! - nothing reaches the host's files or a session's state by the ways that neither grants nor
//!   `readonly` close (the scalar `file()`, `INTO OUTFILE`, `FROM INFILE`, `SYSTEM`, `KILL`);
//! - a reader brings no `SETTINGS`: in a subquery they would loosen `final` and `readonly`.

use crate::access::EngineAccess;
use crate::exception::EngineException;
use crate::ffi::{StatementAnalysis, StatementClass};

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

/// Names that reach the host's files or the network, or run text as SQL, and that neither grants
/// nor `readonly` close. Compared without case.
const DENIED: [&str; 12] = [
    "file",
    "infile",
    "outfile",
    "eval",
    "executable",
    "catboostevaluate",
    "evalmlmethod",
    "aiclassify",
    "aiembed",
    "aiextract",
    "aigenerate",
    "aitranslate",
];

/// Beginnings of settings whose text is run as an expression or names a file.
const DENIED_SETTINGS: [&str; 9] = [
    "additional_",
    "allow_experimental_",
    "disk",
    "format_",
    "google_protos",
    "input_format_",
    "output_format_",
    "parallel_replicas",
    "schema_inference",
];

/// System tables open to readers; the others tell what other users run.
const READER_SYSTEM: [&str; 5] = ["one", "numbers", "tables", "columns", "databases"];

/// Names closed to readers: they show other users' statements, or read tables by a pattern.
const READER_DENIED: [&str; 3] = ["merge", "processlist", "viewifpermitted"];

/// How a statement without data of its own is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunMode {
    /// Fetched piece by piece.
    Streamed,
    /// The result is fetched whole and sent at once.
    Whole,
}

/// Says how to run a `SELECT`; everything else is [`RunMode::Whole`].
///
/// A text with the word FORMAT may name another format than `format`, so it is fetched whole.
pub(crate) fn how_to_run(sql: &str, format: &str) -> RunMode {
    let mut words = lexer::words(sql);
    let first = words.next().unwrap_or_default();
    let select = ["select", "with", "("]
        .iter()
        .any(|start| first.eq_ignore_ascii_case(start));
    let known = STREAMED.contains(&format);
    if select && known && !words.any(|word| word.eq_ignore_ascii_case("format")) {
        RunMode::Streamed
    } else {
        RunMode::Whole
    }
}

/// Refuses by what the engine's parser says of the whole text.
pub(crate) fn check_class(
    analysis: StatementAnalysis,
    changes_allowed: bool,
) -> Result<(), EngineException> {
    if analysis.statements > 1 {
        return Err(EngineException::new(
            62,
            "SYNTAX_ERROR",
            "Multi-statements are not allowed",
        ));
    }
    match analysis.class {
        StatementClass::Mutating if !changes_allowed => Err(EngineException::readonly(
            "Cannot execute query in readonly mode. By method GET everybody is a reader",
        )),
        StatementClass::ReadOnly | StatementClass::Mutating => Ok(()),
        StatementClass::Control if !changes_allowed => Err(EngineException::readonly(
            "Cannot execute query in readonly mode",
        )),
        StatementClass::Control | StatementClass::Global => Err(EngineException::not_spoken(
            "statements about sessions, the server, users or the host's files",
        )),
        // What the parser cannot read fails when it is written anew, with the parser's words.
        StatementClass::Unknown if analysis.statements == 0 => Ok(()),
        StatementClass::Unknown => Err(EngineException::not_spoken("this kind of statement")),
    }
}

/// Refuses by the statement as the engine's parser writes it anew.
///
/// A parameter of the type Identifier stands for a name, so its value is looked at like one.
pub(crate) fn check_text(
    canonical: &str,
    parameters: &[(String, String)],
    access: EngineAccess,
) -> Result<(), EngineException> {
    let names: Vec<String> = lexer::canonical_names(canonical).collect();
    let has = |word: &str| names.iter().any(|name| name == word);
    if names.first().is_some_and(|name| name == "insert") && !has("select") {
        return Err(EngineException::not_spoken("this form of INSERT"));
    }
    if access == EngineAccess::Reader && has("settings") {
        return Err(EngineException::readonly(
            "Cannot modify settings in readonly mode",
        ));
    }
    let bound = parameters
        .iter()
        .map(|(_, value)| value.to_ascii_lowercase());
    let bound: Vec<String> = if has("identifier") {
        bound.collect()
    } else {
        Vec::new()
    };
    if bound.iter().any(|value| {
        value.contains('\\') || (access == EngineAccess::Reader && value.starts_with("system"))
    }) {
        return Err(EngineException::denied(
            "A bound name with an escape, or of a system table, is not allowed",
        ));
    }
    names
        .iter()
        .chain(&bound)
        .try_for_each(|name| check_name(name, access))?;
    check_settings(&names)?;
    if access == EngineAccess::Reader {
        check_system(&names)
    } else {
        Ok(())
    }
}

fn check_name(name: &str, access: EngineAccess) -> Result<(), EngineException> {
    let denied =
        DENIED.contains(&name) || (access == EngineAccess::Reader && READER_DENIED.contains(&name));
    if denied {
        Err(not_allowed(name))
    } else {
        Ok(())
    }
}

fn check_settings(names: &[String]) -> Result<(), EngineException> {
    let settings = names.iter().skip_while(|name| *name != "settings");
    for name in settings {
        if DENIED_SETTINGS.iter().any(|start| name.starts_with(start)) {
            return Err(not_allowed(name));
        }
    }
    Ok(())
}

/// A reader names `system` only before `.` and a table that is open to readers.
fn check_system(names: &[String]) -> Result<(), EngineException> {
    for (index, name) in names.iter().enumerate() {
        let table = names.get(index + 2).map_or("", String::as_str);
        if name == "system" && !READER_SYSTEM.contains(&table) {
            return Err(not_allowed("this table of system"));
        }
    }
    Ok(())
}

fn not_allowed(what: &str) -> EngineException {
    EngineException::denied(&format!(
        "Not enough privileges. It is not allowed to use {what} here"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_selects_are_streamed() {
        for (sql, format, expected) in [
            ("SELECT 1", "RowBinary", RunMode::Streamed),
            (" -- c\n(SELECT 1)", "RowBinary", RunMode::Streamed),
            (
                "/* c */ with x as (select 1) select * from x",
                "TSV",
                RunMode::Streamed,
            ),
            (
                "SELECT formatDateTime(now(), 'format')",
                "TSV",
                RunMode::Streamed,
            ),
            ("SELECT 1 FORMAT CSV", "RowBinary", RunMode::Whole),
            ("SELECT 1", "JSON", RunMode::Whole),
            ("SHOW TABLES", "TSV", RunMode::Whole),
            ("DESCRIBE TABLE t", "RowBinary", RunMode::Whole),
        ] {
            assert_eq!(how_to_run(sql, format), expected, "{sql}");
        }
    }

    fn code(canonical: &str, parameter: &str, access: EngineAccess) -> u32 {
        let parameters = [("p".to_owned(), parameter.to_owned())];
        check_text(canonical, &parameters, access).map_or_else(|exception| exception.code, |()| 0)
    }

    #[test]
    fn a_denied_name_is_found_anywhere_outside_texts() {
        for sql in [
            "SELECT file('x')",
            "SELECT * APPLY(x -> File(x))",
            "SELECT `file`('x')",
            "INSERT INTO t SELECT file",
        ] {
            assert_eq!(code(sql, "", EngineAccess::Writer), 497, "{sql}");
        }
        for sql in [
            "SELECT 'it\\'s a file'",
            "SELECT profile, file_name FROM files",
            "SELECT 'infile'",
        ] {
            assert_eq!(code(sql, "file", EngineAccess::Reader), 0, "{sql}");
        }
    }

    #[test]
    fn a_bound_name_is_looked_at_like_a_name() {
        let sql = "SELECT arrayMap({p:Identifier}, ['x'])";
        assert_eq!(code(sql, "file", EngineAccess::Writer), 497);
        assert_eq!(code(sql, "fil\\x65", EngineAccess::Writer), 497);
        assert_eq!(code(sql, "length", EngineAccess::Writer), 0);
        assert_eq!(code(sql, "system.processes", EngineAccess::Reader), 497);
        assert_eq!(code("SELECT {p:String}", "file", EngineAccess::Writer), 0);
    }

    #[test]
    fn a_reader_brings_no_settings() {
        let sql = "SELECT * FROM (SELECT 1 SETTINGS final = 0)";
        assert_eq!(code(sql, "", EngineAccess::Reader), 164);
        assert_eq!(code(sql, "", EngineAccess::Writer), 0);
        assert_eq!(
            code(
                "SELECT 1 SETTINGS additional_result_filter = 'x'",
                "",
                EngineAccess::Writer
            ),
            497
        );
        assert_eq!(
            code("SELECT additional_result_filter", "", EngineAccess::Writer),
            0
        );
    }

    #[test]
    fn a_reader_sees_few_system_tables() {
        assert_eq!(
            code("SELECT * FROM system.tables", "", EngineAccess::Reader),
            0
        );
        for sql in [
            "SELECT * FROM system.processes",
            "SHOW PROCESSLIST",
            "SHOW TABLES FROM system",
        ] {
            assert_eq!(code(sql, "", EngineAccess::Reader), 497, "{sql}");
        }
        assert_eq!(
            code("SELECT * FROM system.processes", "", EngineAccess::Writer),
            0
        );
    }
}
