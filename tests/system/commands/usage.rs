//! Help, and what is said when something is not as it should be.

use std::process::Command;

use medvirk_tests::{System, medvirk};

const COMMANDS: [&str; 36] = [
    "",
    "up",
    "ingest",
    "aggregate",
    "registrar",
    "report",
    "extract",
    "engine",
    "submit",
    "import",
    "import openfit",
    "import norse",
    "import registry",
    "simulate",
    "catalogue",
    "catalogue list",
    "catalogue show",
    "catalogue check",
    "indicators",
    "pull",
    "coverage",
    "involvement",
    "involvement submit",
    "involvement list",
    "admin",
    "admin migrate",
    "admin topics",
    "admin catalogue activate",
    "admin close-period",
    "admin dead-letter replay",
    "admin withdraw",
    "admin withdrawal",
    "admin renew",
    "admin rebuild-indicators",
    "admin token",
    "admin doctor",
];

#[test]
fn every_command_has_help() {
    for command in COMMANDS {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let help = medvirk(&arguments, &[]).expect(0).out;
        assert!(help.contains("Usage: medvirk"), "{command}: {help}");
    }
    assert!(
        medvirk(&["--version"], &[])
            .expect(0)
            .out
            .starts_with("medvirk ")
    );
}

/// Runs every command that is in the help of another.
#[test]
fn no_command_is_missing_from_the_list() {
    let mut folders = vec![Vec::<String>::new()];
    while let Some(folder) = folders.pop() {
        let mut arguments: Vec<&str> = folder.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = medvirk(&arguments, &[]).expect(0).out;
        let Some((_, list)) = help.split_once("\nCommands:\n") else {
            continue;
        };
        let list = list.split("\n\n").next().unwrap();
        for name in list
            .lines()
            .filter_map(|line| line.split_whitespace().next())
        {
            if name != "help" {
                let found = [&folder[..], &[name.to_owned()]].concat();
                let path = found.join(" ");
                let listed = COMMANDS.iter().any(|known| known.starts_with(&path));
                let sibling = path.starts_with("admin dead-letter");
                assert!(listed || sibling, "{path}");
                folders.push(found);
            }
        }
    }
}

#[test]
fn bad_usage_is_told_with_code_2() {
    let nowhere = ["--data", "/nonexistent"];
    for arguments in [
        &[][..],
        &["nonsense"],
        &["submit"],
        &["submit", "/nonexistent.jsonl"],
        &["indicators", "--format", "xml"],
        &["indicators", "--nonsense"],
        &["catalogue", "show", "nothing"],
        &["simulate", "--from", "2026-13-01"],
        &["simulate", "--from", "2026-02-01", "--to", "2026-01-01"],
        &["admin", "withdraw"],
        &["admin", "withdraw", "--patient", "/nonexistent"],
        &["admin", "token", "--subject", "x"],
        &["admin", "doctor", "--target", "no address"],
    ] {
        let takes_data = arguments
            .first()
            .is_some_and(|first| !["nonsense", "catalogue"].contains(first));
        let data = if takes_data { &nowhere[..] } else { &[] };
        let ran = medvirk(&[arguments, data].concat(), &[]);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.err);
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{arguments:?}");
    }
}

#[test]
fn whoever_stops_reading_ends_a_command_quietly() {
    let nobody = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    for arguments in [&["catalogue", "list"][..], &["submit", "--example"]] {
        let mut command = Command::new(medvirk_tests::binary());
        let ended = command.args(arguments).stdout(nobody()).output().unwrap();
        assert!(
            ended.status.success() && ended.stderr.is_empty(),
            "{arguments:?}"
        );
    }
    // What is said on standard error may be lost; how it ended is not.
    let mut command = Command::new(medvirk_tests::binary());
    let ended = command
        .args(["submit", "/nonexistent.jsonl"])
        .stderr(nobody());
    assert_eq!(ended.status().unwrap().code(), Some(2));
}

#[test]
fn bad_configuration_is_told_with_code_64() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let unknown = write("unknown.toml", "[listen]\ngrpz = \"127.0.0.1:0\"\n");
    let broken = write("broken.toml", "[listen\n");
    let wrong = write("wrong.toml", "[aggregator]\ncompare_every = \"soon\"\n");
    for (config, expected) in [
        ("/nonexistent.toml", "/nonexistent.toml"),
        (&unknown, "grpz"),
        (&broken, "broken.toml"),
        (&wrong, "compare_every"),
    ] {
        let ran = medvirk(&["up", "--data", data, "--config", config], &[]).expect(64);
        assert!(ran.err.contains(expected), "{expected} in {}", ran.err);
    }
    let variables = [
        ("MEDVIRK__LOG__PARTITIONZ", "2", "partitionz"),
        ("MEDVIRK__LISTEN__GRPC", "\"nowhere\"", "grpc"),
        ("MEDVIRK__TELEMETRY__FILTER", "\"medvirk=loud\"", "filter"),
    ];
    for (key, value, expected) in variables {
        let ran = medvirk(&["up", "--data", data], &[(key, value)]).expect(64);
        assert!(ran.err.contains(expected), "{expected} in {}", ran.err);
    }
    assert!(!folder.path().join("data").exists(), "nothing was begun");
    // Who ingests needs none.
    for role in ["aggregate", "registrar", "report"] {
        let ran = medvirk(&[role], &[("MEDVIRK__DATA", &format!("\"{data}\""))]).expect(64);
        assert!(ran.err.contains("this role needs ["), "{}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_running_system_it_is_said_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.jsonl");
    std::fs::write(&path, "").unwrap();
    let system = System::builder().start().await;
    let data = system.data();
    assert_eq!(system.terminate().await, Some(0));
    let stopped = data.to_str().unwrap();
    let commands = [
        &["submit", path.to_str().unwrap()][..],
        &["indicators"],
        &["simulate"],
        &["admin", "doctor"],
        &["admin", "close-period", "2024-01"],
        &["admin", "dead-letter", "list"],
        &["admin", "rebuild-indicators"],
    ];
    for arguments in commands {
        let ran = medvirk(&[arguments, &["--data", stopped]].concat(), &[]).expect(75);
        let told = ran.err;
        assert!(
            told.contains("Is the server running there? (--target)"),
            "{told}"
        );
        let ran = medvirk(&[arguments, &["--data", "/nonexistent"]].concat(), &[]).expect(2);
        assert!(
            ran.err.contains("medvirk up`"),
            "{arguments:?}: {}",
            ran.err
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_in_the_way_is_named_at_once() {
    let system = System::builder().start().await;
    let data = system.data();
    let data = data.to_str().unwrap();
    let begun = std::time::Instant::now();
    let taken = medvirk(&["up", "--data", data], &[]).expect(75);
    assert!(taken.err.contains(data), "{}", taken.err);
    assert!(taken.err.contains("stop that one first"), "{}", taken.err);
    let topics = medvirk(
        &["admin", "topics"],
        &[("MEDVIRK__DATA", &format!("\"{data}\""))],
    );
    assert!(topics.expect(75).err.contains("stop that one first"));
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    let grpc = system.addresses().unwrap()["grpc"].to_string();
    let (other, free) = (tempfile::tempdir().unwrap(), "\"127.0.0.1:0\"");
    let variables = [
        ("MEDVIRK__LISTEN__GRPC", grpc.as_str()),
        ("MEDVIRK__ENGINE__INDICATORS", free),
        ("MEDVIRK__ENGINE__REGISTRY", free),
    ];
    let other = other.path().to_str().unwrap();
    let ran = medvirk(&["up", "--data", other], &variables).expect(75);
    assert!(
        ran.err.contains("is another `medvirk` running?"),
        "{}",
        ran.err
    );
    assert_eq!(system.health("/readyz").await.0, 200);
}
