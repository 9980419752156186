//! `cargo xtask mutants`: a copy of the workspace in which every rule of `tests/mutants/rules` can
//! be broken, and the tests that must notice each of them.
//!
//! The invariant: the sources that are shipped are never wrong on purpose. Each rule names a file,
//! a text that stands in it once, and the text that stands there instead. The replacement asks
//! `broken(Rule::…)`, so one build of the copy can break each rule in turn.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use crate::shell;
use crate::workspace::CargoWorkspace;

/// The crates whose tests notice a broken rule.
const CRATES: [&str; 5] = ["domain", "records", "aggregator", "ingest", "simulation"];

/// The test programs that notice one, beside the unit tests of the crates.
const TESTS: [&str; 6] = [
    "fold",
    "catalogue",
    "deployment",
    "suite",
    "interleavings",
    "mutants",
];

/// A version of their own keeps what is built of the copy apart from what is built of the workspace.
const VERSION: (&str, &str) = ("version = \"0.1.0\"", "version = \"0.1.0-mutants\"");

/// One file of rules.
#[derive(Deserialize)]
struct RuleFile {
    rule: Vec<RuleMutation>,
}

/// How one rule is broken at one place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleMutation {
    rule: String,
    file: String,
    find: String,
    replace: String,
}

/// A text that goes between two places of a file.
struct TextEdit {
    from: usize,
    to: usize,
    text: String,
}

/// Makes the copy, builds it, and runs the tests that break rules.
pub(crate) fn run(workspace: &CargoWorkspace) -> Result<()> {
    let copy = workspace.target.join("mutants");
    let mutations = read_rules(&workspace.root.join("tests/mutants/rules"))?;
    make_copy(workspace, &copy, &mutations)?;
    let mut cargo = Command::new(workspace.cargo().get_program());
    cargo
        .current_dir(&copy)
        .env("CARGO_TARGET_DIR", &workspace.target);
    cargo.args(["test", "--offline", "--lib"]);
    for name in CRATES {
        let package = format!("medvirk-{name}");
        cargo.args(["--features", &format!("{package}/mutants")]);
        cargo.args(["--package", &package]);
    }
    for test in TESTS {
        cargo.args(["--test", test]);
    }
    shell::run(cargo.args(["--", "broken_rule"]))
}

fn read_rules(folder: &Path) -> Result<Vec<RuleMutation>> {
    let mut mutations = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        let rules: RuleFile =
            toml::from_str(&text).with_context(|| format!("read {}", path.display()))?;
        mutations.extend(rules.rule);
    }
    Ok(mutations)
}

/// Writes only what differs, so that cargo builds only that again.
fn make_copy(workspace: &CargoWorkspace, copy: &Path, mutations: &[RuleMutation]) -> Result<()> {
    let mut by_file: BTreeMap<&str, Vec<&RuleMutation>> = BTreeMap::new();
    for mutation in mutations {
        by_file.entry(&mutation.file).or_default().push(mutation);
    }
    let switched: BTreeSet<String> = by_file
        .keys()
        .filter_map(|file| Some(format!("{}/Cargo.toml", file.split_once("/src/")?.0)))
        .collect();
    for file in workspace.files()? {
        let name = file.to_string_lossy();
        let mut content = fs::read(workspace.root.join(&file))?;
        if let Some(mutations) = by_file.remove(name.as_ref()) {
            let text = String::from_utf8(content)?;
            content = mutate(&text, &mutations)
                .with_context(|| format!("break rules in {name}"))?
                .into_bytes();
        } else if switched.contains(name.as_ref()) {
            let section = "[dependencies]\n";
            let needs = format!("{section}medvirk-mutants.workspace = true\n");
            content = String::from_utf8(content)?
                .replacen(section, &needs, 1)
                .into_bytes();
        } else if name == "Cargo.toml" {
            let text = String::from_utf8(content)?;
            ensure!(text.contains(VERSION.0), "Cargo.toml has another version");
            content = text.replacen(VERSION.0, VERSION.1, 1).into_bytes();
        }
        write_if_new(&copy.join(&file), &content)?;
    }
    if let Some(file) = by_file.keys().next() {
        bail!("tests/mutants/rules names {file}, which is not there");
    }
    Ok(())
}

fn write_if_new(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    let folder = path.parent().context("a file has a folder")?;
    fs::create_dir_all(folder)?;
    fs::write(path, content).with_context(|| format!("write {}", path.display()))
}

/// The text with every rule behind its switch.
fn mutate(text: &str, mutations: &[&RuleMutation]) -> Result<String> {
    let edits: Result<Vec<TextEdit>> = mutations.iter().map(|it| edit(text, it)).collect();
    let mut edits = edits?;
    edits.sort_by_key(|edit| (edit.from, edit.to));
    let mut changed = String::with_capacity(text.len() * 2);
    let mut done = 0;
    for edit in edits {
        ensure!(
            edit.from >= done,
            "two rules replace the same text: {}",
            &text[edit.from..edit.to]
        );
        changed.push_str(&text[done..edit.from]);
        changed.push_str(&edit.text);
        done = edit.to;
    }
    changed.push_str(&text[done..]);
    Ok(changed)
}

/// Where the rule changes the text. Only what differs between `find` and `replace` is exchanged, so
/// several rules may change one expression.
fn edit(text: &str, mutation: &RuleMutation) -> Result<TextEdit> {
    let (rule, find, replace) = (&mutation.rule, &mutation.find, &mutation.replace);
    let mut places = text.match_indices(find.as_str());
    let (Some((place, _)), None) = (places.next(), places.next()) else {
        bail!("the text to find for {rule} must stand once in the file:\n{find}");
    };
    let switch = format!("broken(Rule::{rule})");
    ensure!(
        replace.contains(&switch),
        "the replacement for {rule} must ask {switch}"
    );
    let (found_head, head) = common(find.char_indices(), replace.char_indices());
    let (rest_of_find, rest) = (&find[found_head..], &replace[head..]);
    let (tail_of_find, tail) = common(rest_of_find.char_indices().rev(), rest.char_indices().rev());
    let from = place + found_head;
    let replaced = rest_of_find[..rest_of_find.len() - tail_of_find].trim_end();
    let to = from + replaced.len();
    let text = &rest[..rest.len() - tail];
    let text = text.replace(
        "broken(Rule::",
        "medvirk_mutants::broken(medvirk_mutants::Rule::",
    );
    Ok(TextEdit { from, to, text })
}

/// How many bytes of each text are the same as of the other, white space aside.
fn common(
    one: impl Iterator<Item = (usize, char)> + Clone,
    other: impl Iterator<Item = (usize, char)> + Clone,
) -> (usize, usize) {
    let visible = |(_, character): &(usize, char)| !character.is_whitespace();
    let same = one
        .clone()
        .filter(visible)
        .zip(other.clone().filter(visible))
        .take_while(|(one, other)| one.1 == other.1)
        .count();
    (bytes_of(one, same), bytes_of(other, same))
}

/// The bytes that the first `visible` characters take, with the white space before each.
fn bytes_of(characters: impl Iterator<Item = (usize, char)>, visible: usize) -> usize {
    let mut left = visible;
    let mut bytes = 0;
    let mut pending = 0;
    for (_, character) in characters {
        if left == 0 {
            break;
        }
        pending += character.len_utf8();
        if !character.is_whitespace() {
            left -= 1;
            bytes += pending;
            pending = 0;
        }
    }
    bytes
}

#[cfg(test)]
mod tests;
