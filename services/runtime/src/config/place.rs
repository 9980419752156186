//! Where a key stands. Comes in: the path of a key. Goes out: its line in the text, or its value
//! in a table. The invariant: a path that does not exist has the place of what exists of it.

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// `name:line` of a byte in a text.
pub(super) fn at(name: &str, text: &str, byte: usize) -> String {
    let before = text.as_bytes().iter().take(byte);
    let line = before.filter(|byte| **byte == b'\n').count() + 1;
    format!("{name}:{line}")
}

/// The first byte of the key at `path`, or of as much of it as there is.
pub(super) fn find(table: &DeTable<'_>, path: &[String]) -> usize {
    let mut byte = 0;
    let mut inner = Some(table);
    let mut path = path.iter();
    while let (Some(table), Some(key)) = (inner, path.next()) {
        let Some((name, value)) = table.iter().find(|(name, _)| name.get_ref() == key) else {
            break;
        };
        byte = name.span().start;
        inner = value.get_ref().as_table();
        if let DeValue::Array(list) = value.get_ref() {
            let index = path.next().and_then(|index| index.parse::<usize>().ok());
            let Some(entry) = index.and_then(|index| list.get(index)) else {
                break;
            };
            byte = entry.span().start;
            inner = entry.get_ref().as_table();
        }
    }
    byte
}

/// The value at `path`.
pub(super) fn value<'a>(table: &'a mut Table, path: &[String]) -> Option<&'a mut Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(table.get_mut(first)?, step)
}

fn step<'a>(value: &'a mut Value, key: &String) -> Option<&'a mut Value> {
    match value {
        Value::Table(table) => table.get_mut(key),
        Value::Array(list) => list.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    }
}

/// Takes out what is at `path`; false if there is nothing.
pub(super) fn remove(table: &mut Table, path: &[String]) -> bool {
    let Some((last, before)) = path.split_last() else {
        return false;
    };
    if before.is_empty() {
        return table.remove(last).is_some();
    }
    match (value(table, before), last.parse::<usize>()) {
        (Some(Value::Table(table)), _) => table.remove(last).is_some(),
        (Some(Value::Array(list)), Ok(index)) if index < list.len() => {
            list.remove(index);
            true
        }
        _ => false,
    }
}

/// The keys of a path that nothing reads.
pub(super) fn keys(path: &serde_ignored::Path<'_>) -> Vec<String> {
    use serde_ignored::Path;
    let (parent, key) = match path {
        Path::Root => return Vec::new(),
        Path::Seq { parent, index } => (parent, Some(index.to_string())),
        Path::Map { parent, key } => (parent, Some(key.clone())),
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => (parent, None),
    };
    let mut keys = keys(parent);
    keys.extend(key);
    keys
}
