//! The glossary and the code that it names. Comes in: the files of the repository. Goes out: names
//! that the glossary says stand in code, and that do not. The invariant: a reader who looks up a
//! word finds the type or the file of the last column by that very name, in what runs and in no test.

use std::collections::BTreeSet;
use std::path::Path;

use super::SourceTree;

/// The glossary, from the top folder.
const GLOSSARY: &str = "services/GLOSSARY.md";

/// The title of the column whose names stand in code.
const COLUMN: &str = "in code";

/// Words before the name of something that a Rust or a .proto file declares.
const DECLARES: [&str; 12] = [
    "struct",
    "enum",
    "trait",
    "type",
    "fn",
    "const",
    "static",
    "mod",
    "message",
    "rpc",
    "service",
    "macro_rules!",
];

impl SourceTree {
    /// Every name of the glossary's last column that no code has.
    pub(super) fn terms_without_code(&self) -> Vec<String> {
        let Some(glossary) = self.text(GLOSSARY) else {
            return vec![format!("{GLOSSARY} is not there")];
        };
        let names: Vec<&str> = rows(glossary).flat_map(code_spans).collect();
        if names.is_empty() {
            return vec![format!("{GLOSSARY} has no column `{COLUMN}`")];
        }
        let code: Vec<String> = self.code().collect();
        let declared: BTreeSet<&str> = code.iter().flat_map(|text| declared(text)).collect();
        let is_unknown = |name: &&str| !self.has(name, &code, &declared);
        let unknown = names.into_iter().filter(is_unknown);
        unknown
            .map(|name| format!("{GLOSSARY} says that `{name}` stands in code; it does not"))
            .collect()
    }

    /// Whether there is such a file or folder, such a text in quotes, or such a declaration.
    fn has(&self, name: &str, code: &[String], declared: &BTreeSet<&str>) -> bool {
        if let Some(text) = name.strip_prefix('"') {
            let quoted = format!("\"{}\"", text.trim_end_matches('"'));
            return code.iter().any(|text| text.contains(&quoted));
        }
        if name.contains('/') || name.ends_with(".rs") {
            return self.paths.contains(Path::new(name.trim_end_matches('/')));
        }
        match name.split_once("::") {
            Some((owner, member)) => {
                let mut owners = code.iter().filter(|text| mentions(text, owner));
                declared.contains(owner) && owners.any(|text| has_member(text, member))
            }
            None => declared.contains(name),
        }
    }

    /// What the Rust and .proto files of `services/` and `proto/` say, without tests and comments.
    pub(super) fn code(&self) -> impl Iterator<Item = String> {
        let files = self.with_ending("rs").chain(self.with_ending("proto"));
        files
            .filter(|(path, _)| path.starts_with("services") || path.starts_with("proto"))
            .filter(|(path, _)| !is_test(path))
            .map(|(_, text)| without_tests(text))
    }
}

/// The cells of the column, of every table of the document that has it last.
fn rows(document: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    document.lines().filter_map(move |line| {
        let line = line.trim();
        if !line.starts_with('|') {
            inside = false;
            return None;
        }
        let cell = line.trim_end_matches('|').rsplit('|').next()?.trim();
        let header = cell == COLUMN;
        inside |= header;
        (inside && !header).then_some(cell)
    })
}

/// What stands between backticks.
fn code_spans(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Whether a file is a test as a whole.
fn is_test(path: &Path) -> bool {
    path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests")
}

/// A file without its comments and without each item behind `#[cfg(test)]`.
fn without_tests(text: &str) -> String {
    let mut lines = text.lines();
    let mut kept = String::new();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            skip_item(&mut lines, indentation(line));
        } else if !line.trim_start().starts_with("//") {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Goes behind the item that begins here: to the line that ends it, indented as it is.
fn skip_item<'a>(lines: &mut impl Iterator<Item = &'a str>, depth: usize) {
    for line in lines {
        let own = indentation(line) == depth;
        if own && (line.ends_with(';') || line.ends_with('}')) {
            return;
        }
    }
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The names that a text declares: `pub struct Row {` declares `Row`. A type that an `impl` or a
/// trait names for itself (`type Response = …`, indented) is none.
pub(super) fn declared(text: &str) -> impl Iterator<Item = &str> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with(" ") || !is_associated(line));
    lines.flat_map(|line| {
        let words: Vec<&str> = line
            .split(|letter: char| !letter.is_alphanumeric() && !"_!".contains(letter))
            .filter(|word| !word.is_empty())
            .collect();
        let pairs = words.windows(2).filter(|pair| DECLARES.contains(&pair[0]));
        pairs.map(|pair| pair[1]).collect::<Vec<_>>()
    })
}

/// Whether an indented line names a type.
fn is_associated(line: &str) -> bool {
    line.trim_start().starts_with("type ")
}

/// Whether a text has this name as a whole word.
fn mentions(text: &str, name: &str) -> bool {
    let of_a_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.split(|letter: char| !of_a_name(letter))
        .any(|word| word == name)
}

/// Whether a text declares this function or constant, or has a field or a variant of this name at
/// the beginning of a line.
fn has_member(text: &str, member: &str) -> bool {
    text.lines().any(|line| {
        let field = line.trim().trim_start_matches("pub").trim_start();
        let field = field.trim_start_matches("(crate)").trim_start();
        let after = field.strip_prefix(member);
        declared(line).any(|name| name == member)
            || after.is_some_and(|after| {
                after.is_empty() || after.starts_with([',', ' ', '(', '{', ':'])
            })
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;

    const CODE: &str = "pub struct Row {\n    /// Its persons.\n    pub persons: u32,\n}\n\
        impl Row {\n    pub(crate) const fn span(&self) -> Span {}\n}\n\
        enum Scope {\n    Registry,\n    All { both: bool },\n}\n\
        const TOPIC: &str = \"feedback.events\";\nlet lost = Lost::new();\n";

    const TESTED: &str = "#[cfg(test)]\nuse a::{\n    b,\n};\nstruct Kept;\n#[cfg(test)]\n\
        impl Fake {\n    const MADE_UP: u8 = 0;\n}\nimpl Service for Row {\n    type Response = u8;\n}\n\
        // A struct Told of in words.\n#[cfg(test)]\nmod tests {\n    struct Invented;\n}\n\
        type Alias = u8;\n";

    fn missing(spans: &str) -> Vec<String> {
        let glossary = format!(
            "| en | nb | in code |\n|---|---|---|\n| row | rad | {spans} |\n\nNo `Table` here.\n"
        );
        let tree = tree(&[
            ("services/GLOSSARY.md", &glossary),
            ("services/domain/src/row.rs", CODE),
            ("services/domain/src/tested.rs", TESTED),
            ("services/domain/src/row/tests.rs", "struct Planted;\n"),
            ("services/domain/tests/it/kit.rs", "struct Kit;\n"),
            ("deploy/xtask/src/main.rs", "struct Task;\n"),
            ("proto/a.proto", "message Envelope {\n  string id = 1;\n}\n"),
        ]);
        tree.terms_without_code()
    }

    #[test]
    fn what_is_declared_stands_in_code() {
        let spans = "`Row`, `Row::persons`, `Row::span`, `Scope::Registry`, `Scope::All`, \
            `Envelope`, `TOPIC`, `\"feedback.events\"`, `services/domain/src/row.rs`, `services/domain/`";
        assert!(missing(spans).is_empty(), "{:?}", missing(spans));
    }

    #[test]
    fn what_is_only_used_or_gone_is_named() {
        let gone = "`Lost`, `Row::lost`, `Ro`, `Scope::Reg`, `\"feedback\"`, `services/gone.rs`";
        let told = missing(gone);
        assert_eq!(told.len(), 6, "{told:?}");
        assert!(told[0].contains("`Lost`"), "{told:?}");
    }

    #[test]
    fn what_tests_tools_and_associated_types_declare_does_not_count() {
        assert!(missing("`Kept`, `Alias`").is_empty());
        let spans = "`Invented`, `MADE_UP`, `Response`, `Told`, `Planted`, `Kit`, `Task`, `tests`";
        let told = missing(spans);
        assert_eq!(told.len(), 8, "{told:?}");
    }

    #[test]
    fn a_glossary_that_names_nothing_is_told() {
        let empty = tree(&[("services/GLOSSARY.md", "| en | nb |\n")]).terms_without_code();
        assert_eq!(empty, ["services/GLOSSARY.md has no column `in code`"]);
        let none = tree(&[]).terms_without_code();
        assert_eq!(none, ["services/GLOSSARY.md is not there"]);
    }
}
