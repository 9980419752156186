//! What the picture in the README says of the code, held against the code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use medvirk_tests::root;
use serde_json::Value;

#[test]
fn domain_depends_on_no_runtime_network_or_database_crate() {
    let reached = reached("medvirk-domain");
    for outside in [
        "tokio",
        "tonic",
        "prost",
        "rusqlite",
        "clickhouse",
        "hyper",
        "jiff",
        "async-trait",
    ] {
        assert!(!reached.contains(outside), "domain reaches {outside}");
    }
}

#[test]
fn stages_do_not_depend_on_one_another() {
    let stages = ["ingest", "aggregator", "registrar", "report", "extract"];
    for stage in stages {
        let direct = direct(&format!("medvirk-{stage}"));
        for other in stages {
            assert!(
                !direct.contains(&format!("medvirk-{other}")),
                "{stage} depends on {other}"
            );
        }
    }
}

#[test]
fn each_part_is_known_to_one_crate() {
    let knows = |part: &str| -> BTreeSet<String> {
        let crates = dependencies()
            .into_iter()
            .filter(|(_, direct)| direct.contains(part));
        crates.map(|(name, _)| name).collect()
    };
    let only = |part: &str, crates: &[&str]| {
        let allowed: BTreeSet<String> = crates
            .iter()
            .map(|name| format!("medvirk-{name}"))
            .collect();
        // The program wires everything; it may name what it wires.
        let mut found = knows(part);
        found.remove("medvirk");
        assert!(found.is_subset(&allowed), "{part} is known to {found:?}");
    };
    only("rusqlite", &["eventlog"]);
    only("rdkafka", &["eventlog"]);
    only("clickhouse", &["store"]);
    only("libloading", &["engine"]);
    only("clap", &["client", "importers", "simulator"]);
    only(
        "tonic",
        &[
            "proto",
            "front",
            "ingest",
            "registrar",
            "report",
            "extract",
            "administration",
            "client",
            "simulator",
        ],
    );
}

#[test]
fn the_front_knows_no_stage() {
    let known = direct("medvirk-front");
    let known: Vec<_> = known
        .iter()
        .filter(|it| it.starts_with("medvirk"))
        .collect();
    assert_eq!(known, ["medvirk-proto", "medvirk-runtime"]);
}

#[test]
fn commands_know_nothing_behind_the_public_interface() {
    let behind = [
        "administration",
        "aggregator",
        "doctor",
        "engine",
        "registrar",
        "report",
        "store",
    ];
    for command in ["client", "importers", "simulator", "terminal"] {
        let direct = direct(&format!("medvirk-{command}"));
        for one in behind {
            let known = direct.contains(&format!("medvirk-{one}"));
            assert!(!known, "{command} depends on {one}");
        }
    }
}

#[test]
fn the_program_alone_puts_its_parts_together() {
    for part in ["administration", "importers", "simulator"] {
        for (name, direct) in dependencies() {
            let known = direct.contains(&format!("medvirk-{part}"));
            assert!(!known || name == "medvirk", "{name} depends on {part}");
        }
    }
}

#[test]
fn only_the_engine_has_unsafe_code() {
    for path in sources("services").into_iter().chain(sources("proto")) {
        let code = code_of(&path);
        let engine = path.starts_with(root().join("services/engine"));
        assert!(engine || !code.contains("unsafe "), "{}", path.display());
    }
}

#[test]
fn domain_types_are_serialised_by_those_who_own_a_format() {
    // The fold's own state, and the plain values in it, are the exception: a checkpoint is read by
    // the fold alone.
    let allowed = [
        "partition_fold.rs",
        "state.rs",
        "withdrawal.rs",
        "ids.rs",
        "fixed.rs",
        "time.rs",
        "form.rs",
        "record.rs",
    ];
    for path in sources("services/domain/src") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let serialises =
            code_of(&path).contains("Serialize,") || code_of(&path).contains("Serialize)");
        assert!(!serialises || allowed.contains(&name), "{}", path.display());
    }
}

#[test]
fn a_row_is_made_by_the_close_and_read_by_the_codec_and_by_nobody_else() {
    let makers = [
        ("Row::released(", "services/domain/src/fold/release.rs"),
        ("Row::from_ledger", "services/records/src/codec/ledger.rs"),
    ];
    let files: Vec<PathBuf> = sources("services")
        .into_iter()
        .chain(sources("proto"))
        .collect();
    for (call, maker) in makers {
        let found = files.iter().filter(|path| code_of(path).contains(call));
        let found: Vec<_> = found
            .map(|path| path.strip_prefix(root()).unwrap())
            .collect();
        assert_eq!(found, [Path::new(maker)], "who calls {call}");
    }
    let row = code_of(&root().join("services/domain/src/row.rs"));
    assert!(
        row.contains("pub struct Row(RowParts);"),
        "the fields are private"
    );
}

#[test]
fn there_is_no_mutable_global() {
    for path in sources("services") {
        for line in code_of(&path).lines().map(str::trim_start) {
            // The C library's functions, which the engine's guard replaces, belong to everybody in
            // the process, so whether it is armed does too.
            let guard = path.ends_with("engine/src/guard.rs") && line.contains("ARMED");
            let global = line.starts_with("static ") || line.starts_with("pub static ");
            let mutable = [
                "Mutex",
                "Atomic",
                "OnceLock",
                "LazyLock",
                "RwLock",
                "static mut",
            ];
            let mutable = mutable.iter().any(|word| line.contains(word));
            assert!(guard || !(global && mutable), "{}: {line}", path.display());
        }
    }
}

#[test]
fn every_hop_of_the_readme_exists() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let table = readme
        .split("## Follow one answer")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let mut hops = 0;
    for line in table.lines().filter(|line| line.contains(".rs`")) {
        let cells: Vec<&str> = line.split('`').collect();
        let (file, function) = (cells[1], cells[3]);
        let code = std::fs::read_to_string(root().join(file));
        let code = code.unwrap_or_else(|_| panic!("{file} does not exist"));
        assert!(
            code.contains(&format!("fn {function}")),
            "{file} has no fn {function}"
        );
        hops += 1;
    }
    assert!(hops >= 10, "the table has {hops} hops");
}

/// Every Rust source below a folder, tests left out.
pub(crate) fn sources(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "tests" {
                folders.push(path);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty());
    files
}

/// A file without its comments and its tests.
pub(crate) fn code_of(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let cut = [
        "#[cfg(test)]\nmod tests {",
        "#[cfg(test)]\npub(crate) mod tests {",
    ];
    let end = cut.iter().filter_map(|start| text.find(start)).min();
    let text = &text[..end.unwrap_or(text.len())];
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The normal dependencies of each member of the workspace, by package name.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata(&["--no-deps"]);
    let packages = metadata["packages"].as_array().unwrap().iter();
    let of = |package: &Value| {
        let normal = |one: &&Value| one["kind"].is_null();
        let name = |one: &Value| one["name"].as_str().unwrap().to_owned();
        let direct = package["dependencies"].as_array().unwrap().iter();
        (name(package), direct.filter(normal).map(name).collect())
    };
    packages
        .map(of)
        .filter(|(name, _): &(String, _)| name.starts_with("medvirk"))
        .filter(|(name, _)| name != "medvirk-tests")
        .collect()
}

fn direct(package: &str) -> BTreeSet<String> {
    dependencies().remove(package).unwrap()
}

/// Everything that a package reaches by normal dependencies.
fn reached(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "tree",
            "--package",
            package,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--offline",
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

fn metadata(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["metadata", "--format-version", "1", "--offline"])
        .args(arguments)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}
