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
}

#[test]
fn the_table_of_crates_says_what_each_crate_knows() {
    assert_eq!(untrue_rows(&design()), [""; 0]);
}

#[test]
fn a_row_that_is_not_true_is_named() {
    let design = design();
    let changed = |from: &str, to: &str| {
        assert!(design.contains(from), "{from}");
        untrue_rows(&design.replace(from, to))
    };
    assert_eq!(
        changed("| domain; SQL |", "| eventlog; SQL |"),
        ["store knows domain; the table says eventlog"]
    );
    assert_eq!(
        changed("| rusqlite, rdkafka |", "| rusqlite |"),
        ["eventlog knows rdkafka, and the table says no rdkafka"]
    );
    assert_eq!(
        changed("| domain; SQL |", "| domain; SQL, tonic |"),
        ["store knows no tonic, and the table says tonic"]
    );
    assert_eq!(
        changed("| `services/terminal` |", "| `services/console` |"),
        ["terminal has no row", "console is no crate"]
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

fn design() -> String {
    std::fs::read_to_string(root().join("services/DESIGN.md")).unwrap()
}

/// What the table of crates in the design says that the graph of crates does not.
fn untrue_rows(design: &str) -> Vec<String> {
    // What a row calls it, and the crate that it is.
    let outside = [
        ("tonic", "tonic"),
        ("rusqlite", "rusqlite"),
        ("rdkafka", "rdkafka"),
        ("SQL", "clickhouse"),
        ("the library's C functions", "libloading"),
    ];
    let graph = graph_of_services();
    let rows = table_of_crates(design);
    let mut untrue: Vec<String> = graph
        .keys()
        .filter(|name| !rows.contains_key(*name))
        .map(|name| format!("{name} has no row"))
        .collect();
    for (name, knows) in &rows {
        let Some(direct) = graph.get(name) else {
            untrue.push(format!("{name} is no crate"));
            continue;
        };
        let known = direct.iter().filter(|it| graph.contains_key(*it)).cloned();
        let (known, said) = (known.collect(), crates_said(name, knows, &graph));
        if known != said {
            let (known, said) = (list(known), list(said));
            untrue.push(format!("{name} knows {known}; the table says {said}"));
        }
        // The program wires everything; it may name what it wires.
        for (word, part) in outside.iter().filter(|_| name != "medvirk") {
            match (direct.contains(*part), knows.contains(word)) {
                (true, false) => {
                    untrue.push(format!("{name} knows {part}, and the table says no {word}"))
                }
                (false, true) => {
                    untrue.push(format!("{name} knows no {part}, and the table says {word}"))
                }
                _ => {}
            }
        }
    }
    untrue
}

/// The crates of the table of crates, each with what its row says that it knows.
fn table_of_crates(design: &str) -> BTreeMap<String, String> {
    let table = design.split("| folder | what it is | knows |").nth(1);
    let table = table.unwrap().split("\n\n").next().unwrap();
    let mut rows = BTreeMap::new();
    for line in table.lines() {
        let cells: Vec<&str> = line.split(" | ").collect();
        let folder = cells[0]
            .trim_start_matches("| `")
            .trim_end_matches(['`', '/']);
        let name = folder.strip_prefix("services/").unwrap_or(folder);
        if folder == "proto" || folder.starts_with("services/") {
            rows.insert(name.to_owned(), cells[2].trim_end_matches(" |").to_owned());
        }
    }
    rows
}

/// The crates that a row names; of "all but" some, the others.
fn crates_said(
    name: &str,
    knows: &str,
    graph: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeSet<String> {
    let words: BTreeSet<&str> = knows
        .split(|letter: char| !letter.is_alphanumeric())
        .collect();
    let but = knows.starts_with("all but");
    let named = |one: &&String| words.contains(one.as_str()) != but && *one != name;
    graph.keys().filter(named).cloned().collect()
}

fn list(names: BTreeSet<String>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// The crates of the table by their names there, each with what it depends on. What a crate has for
/// the tests of others is behind a feature, and none.
fn graph_of_services() -> BTreeMap<String, BTreeSet<String>> {
    let short = |name: &String| name.strip_prefix("medvirk-").unwrap_or(name).to_owned();
    let crates = dependencies().into_iter().filter(|(name, _)| {
        let folder = short(name);
        folder == "proto" || root().join("services").join(folder).is_dir()
    });
    crates
        .map(|(name, direct)| (short(&name), direct.iter().map(short).collect()))
        .collect()
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
        // A part of the workspace that is optional is for the tests of others.
        let for_tests = |one: &Value| one["optional"] == true && !one["path"].is_null();
        let normal = |one: &&Value| one["kind"].is_null() && !for_tests(one);
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
