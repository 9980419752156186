//! What is wrong with the keys of a file. Comes in: the text of a file, and the table that it should
//! be. Goes out: every key that is needed and not there, every key that is not known, and every value
//! that cannot be, each with its place and with the table that it is in. The invariant: all of them are
//! found at once, in whatever table they are.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{KeyShape, KeyTable, TableKey};

/// A fault: at which byte of the text, and what is wrong.
pub(in crate::catalogue) struct SourceFault {
    pub(in crate::catalogue) at: usize,
    pub(in crate::catalogue) message: String,
}

/// So many letters may differ between a key and the one that was meant.
const LETTERS: usize = 2;

/// Everything that is wrong with the keys of a text; empty too where the text is not TOML at all.
pub(in crate::catalogue) fn faults(text: &str, block: &KeyTable) -> Vec<SourceFault> {
    let mut found = Vec::new();
    if let Ok(table) = DeTable::parse(text) {
        let at = table.span().start;
        look_through(table.get_ref(), at, block, "", &mut found);
    }
    found
}

fn look_through(
    table: &DeTable<'_>,
    at: usize,
    block: &KeyTable,
    place: &str,
    found: &mut Vec<SourceFault>,
) {
    let has = |name: &str| table.keys().any(|key| key.get_ref() == name);
    let mut missing: Vec<&TableKey> = block.keys.iter().collect();
    missing.retain(|key| key.needed && !has(key.name));
    for (name, value) in table {
        let known = block.keys.iter().find(|key| key.name == name.get_ref());
        let Some(key) = known else {
            let meant = meant(name.get_ref(), block, &has);
            missing.retain(|key| Some(key.name) != meant);
            found.push(SourceFault {
                at: name.span().start,
                message: unknown(name.get_ref(), block, place, meant),
            });
            continue;
        };
        look_at(value, &key.shape, &within(place, key.name), found);
    }
    for key in missing {
        let (name, about, words) = (key.name, key.about.trim(), key.shape.words());
        found.push(SourceFault {
            at,
            message: format!("{place}{name} is missing ({words}): {about}"),
        });
    }
}

fn look_at(
    value: &Spanned<DeValue<'_>>,
    shape: &KeyShape,
    place: &str,
    found: &mut Vec<SourceFault>,
) {
    let at = value.span().start;
    match (shape, value.get_ref()) {
        (KeyShape::Value(words, wrong), _) => {
            if let Some(why) = wrong(value.clone()) {
                let message = format!("{place}: {why} (allowed: {words})");
                found.push(SourceFault { at, message });
            }
        }
        (KeyShape::Table(block), DeValue::Table(table)) => {
            look_through(table, at, &block(), &format!("{place}: "), found);
        }
        (KeyShape::List(of), DeValue::Array(list)) => {
            for (number, element) in (1..).zip(list.iter()) {
                let place = format!("{place} {}", named(element.get_ref(), number));
                look_at(element, of, &place, found);
            }
        }
        (shape, _) => {
            let message = format!("{place} must be a {}", shape.words());
            found.push(SourceFault { at, message });
        }
    }
}

/// The id of an element of a list, or its number.
fn named(element: &DeValue<'_>, number: usize) -> String {
    let table = match element {
        DeValue::Table(table) => Some(table),
        _ => None,
    };
    let id = table.and_then(|table| {
        let mut keys = table.iter();
        let (_, id) = keys.find(|(key, _)| key.get_ref() == "id")?;
        match id.get_ref() {
            DeValue::String(id) => Some(id.to_string()),
            _ => None,
        }
    });
    id.unwrap_or_else(|| format!("number {number}"))
}

/// The place of a key: "items q3: values".
fn within(place: &str, key: &str) -> String {
    format!("{place}{key}")
}

fn unknown(name: &str, block: &KeyTable, place: &str, meant: Option<&str>) -> String {
    if let Some(meant) = meant {
        return format!("{place}there is no key {name}; {meant} may be meant");
    }
    let all: Vec<&str> = block.keys.iter().map(|key| key.name).collect();
    let (all, about) = (all.join(", "), block.about.trim());
    format!("{place}there is no key {name}; allowed are {all}. {about}")
}

/// The key that is meant by one that is not known: the nearest, if it is near and not there.
fn meant<'a>(name: &str, block: &'a KeyTable, has: &impl Fn(&str) -> bool) -> Option<&'a str> {
    let free = block.keys.iter().filter(|key| !has(key.name));
    let near = free.map(|key| (differ(name, key.name), key.name));
    let (letters, key) = near.min()?;
    (letters <= LETTERS && letters < key.len()).then_some(key)
}

/// How many letters have to be put in, taken out or changed to make one of the other (Levenshtein).
fn differ(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.chars().enumerate() {
        let mut next = vec![row + 1];
        for (column, against) in other.iter().enumerate() {
            let changed = last[column] + usize::from(letter != *against);
            next.push(changed.min(last[column + 1] + 1).min(next[column] + 1));
        }
        last = next;
    }
    last[other.len()]
}
