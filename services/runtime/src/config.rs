//! Configuration. Comes in: a TOML file and overrides such as `MEDVIRK__INGEST__MAX_BATCH=200`.
//! Goes out: a value of the caller's type, or every problem at once, each with its line and key.
//! The invariant: a key that nothing reads is a problem, never ignored.

mod place;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use toml::de::DeTable;
use toml::{Table, Value};

/// How an environment variable begins that overrides a key.
pub const PREFIX: &str = "MEDVIRK__";

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// `file:line`, or the name of the environment variable.
    pub place: String,
    /// Path of the key, such as `ingest.max_batch`; empty for the whole file.
    pub key: String,
    /// What is wrong with it.
    pub message: String,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The path of the file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// Everything that is wrong with it, one line each.
    #[error("{}", lines(.0))]
    Problems(Vec<ConfigProblem>),
}

/// The environment variables that override something, out of all.
pub fn overrides(
    variables: impl IntoIterator<Item = (String, String)>,
) -> BTreeMap<String, String> {
    let ours = |(name, _): &(String, String)| name.starts_with(PREFIX);
    variables.into_iter().filter(ours).collect()
}

/// Reads a file (without one, only defaults and overrides count).
///
/// # Errors
/// When the file cannot be read, or with everything that is wrong in it.
pub fn load<T: DeserializeOwned>(
    path: Option<&Path>,
    overrides: &BTreeMap<String, String>,
) -> Result<T, ConfigError> {
    let Some(path) = path else {
        return parse("configuration", "", overrides);
    };
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(&path.display().to_string(), &text, overrides)
}

/// Reads a text; `name` is the file's name in problems.
///
/// # Errors
/// With everything that is wrong in it.
pub fn parse<T: DeserializeOwned>(
    name: &str,
    text: &str,
    overrides: &BTreeMap<String, String>,
) -> Result<T, ConfigError> {
    let (spans, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let problem = |error: toml::de::Error| ConfigProblem {
            place: place::at(name, text, error.span().map_or(0, |span| span.start)),
            key: String::new(),
            message: error.message().to_owned(),
        };
        return Err(ConfigError::Problems(
            errors.into_iter().map(problem).collect(),
        ));
    }
    let mut table: Table = toml::from_str(text).expect("the text was parsed a moment ago");
    let mut variables = BTreeMap::new();
    for (variable, value) in overrides {
        let path = path_of(variable);
        set(&mut table, &path, literal(value));
        variables.insert(path, (variable.as_str(), value.as_str()));
    }
    let place = |path: &[String]| match variables.iter().find(|(of, _)| path.starts_with(of)) {
        Some((_, (variable, _))) => (*variable).to_owned(),
        None => place::at(name, text, place::find(spans.get_ref(), path)),
    };
    let mut reading = ConfigReading {
        table,
        texts: variables
            .iter()
            .map(|(path, (_, text))| (path.clone(), *text))
            .collect(),
        place: &place,
        problems: Vec::new(),
    };
    reading.run()
}

/// The path of a variable's setting: `MEDVIRK__INGEST__MAX_BATCH` is `ingest.max_batch`.
fn path_of(variable: &str) -> Vec<String> {
    let path = variable.strip_prefix(PREFIX).unwrap_or(variable);
    path.split("__").map(str::to_lowercase).collect()
}

/// A number, a truth value, a list; otherwise a text.
fn literal(text: &str) -> Value {
    let parsed = toml::from_str(&format!("value = {text}"));
    let one = |mut table: Table| (table.len() == 1).then(|| table.remove("value")).flatten();
    let text = || Value::String(text.to_owned());
    parsed.ok().and_then(one).unwrap_or_else(text)
}

fn set(table: &mut Table, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        table.insert(first.clone(), value);
        return;
    }
    let inner = table
        .entry(first.clone())
        .or_insert(Value::Table(Table::new()));
    if !inner.is_table() {
        *inner = Value::Table(Table::new());
    }
    if let Value::Table(inner) = inner {
        set(inner, rest, value);
    }
}

/// Reads the table again and again: what is wrong is noted and taken out, until it can be read.
struct ConfigReading<'a> {
    table: Table,
    /// What the overrides said, word for word.
    texts: BTreeMap<Vec<String>, &'a str>,
    place: &'a dyn Fn(&[String]) -> String,
    problems: Vec<ConfigProblem>,
}

impl ConfigReading<'_> {
    fn run<T: DeserializeOwned>(&mut self) -> Result<T, ConfigError> {
        loop {
            let mut unread = Vec::new();
            let note = |path: serde_ignored::Path<'_>| unread.push(place::keys(&path));
            let mut track = serde_path_to_error::Track::new();
            let table = Value::Table(self.table.clone());
            let tracked = serde_path_to_error::Deserializer::new(table, &mut track);
            match serde_ignored::deserialize::<_, _, T>(tracked, note) {
                Ok(value) => {
                    for path in unread {
                        self.problem(&path, "nothing reads this key".to_owned());
                    }
                    let problems = std::mem::take(&mut self.problems);
                    return if problems.is_empty() {
                        Ok(value)
                    } else {
                        Err(ConfigError::Problems(problems))
                    };
                }
                Err(error) => {
                    let path = segments(&track.path());
                    if !self.take_out(path, error.message()) {
                        return Err(ConfigError::Problems(std::mem::take(&mut self.problems)));
                    }
                }
            }
        }
    }

    /// Notes what is wrong at `path` and takes it out; false if nothing is left to take out.
    fn take_out(&mut self, mut path: Vec<String>, message: &str) -> bool {
        // An override that looks like a number may be meant as a text.
        if let Some(text) = self.texts.remove(&path) {
            let as_text = Value::String(text.to_owned());
            let before = place::value(&mut self.table, &path);
            if let Some(before) = before.filter(|before| **before != as_text) {
                *before = as_text;
                return true;
            }
        }
        self.problem(&path, message.to_owned());
        while !path.is_empty() {
            if place::remove(&mut self.table, &path) {
                return true;
            }
            path.pop();
        }
        false
    }

    fn problem(&mut self, path: &[String], message: String) {
        let message = without_text(&message);
        let (place, key) = ((self.place)(path), path.join("."));
        // A broken value that was taken out is missing afterwards; that is told already.
        let taken_out = |known: &ConfigProblem| {
            let missing = known.key.strip_prefix(&key).unwrap_or_default();
            message == format!("missing field `{}`", missing.trim_start_matches('.'))
        };
        if !self.problems.iter().any(taken_out) {
            self.problems.push(ConfigProblem {
                place,
                key,
                message,
            });
        }
    }
}

/// A text that stands where it does not belong may be a secret: `invalid type: string "…",
/// expected a path` says no more than that it is a text.
fn without_text(message: &str) -> String {
    let quoted = message.split_once("string \"");
    match quoted.and_then(|(before, rest)| Some((before, rest.rsplit_once("\", expected ")?))) {
        Some((before, (_, expected))) => format!("{before}a text, expected {expected}"),
        None => message.to_owned(),
    }
}

fn segments(path: &serde_path_to_error::Path) -> Vec<String> {
    let name = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    };
    path.iter().filter_map(name).collect()
}

fn lines(problems: &[ConfigProblem]) -> String {
    let lines: Vec<_> = problems.iter().map(ConfigProblem::to_string).collect();
    lines.join("\n")
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.place, self.message),
            key => write!(f, "{}: {key}: {}", self.place, self.message),
        }
    }
}

#[cfg(test)]
mod tests;
