//! A process that appends, erases and compacts without pause is killed again and again: the log
//! stays whole, and what was named by an acknowledged tombstone is gone from every file.

#![allow(clippy::unwrap_used)] // Helpers of tests may, as tests may.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use medvirk_eventlog::contract::{EmbeddedSandbox, LogSandbox as _, PARTITIONS};
use medvirk_eventlog::{Log, NewRecord, Topic, open, verify};

const CHILD: &str = "MEDVIRK_ERASURE_CHILD";

#[tokio::test]
async fn a_kill_in_mid_compaction_leaves_a_whole_log_and_no_erased_byte() {
    let sandbox = EmbeddedSandbox::fresh();
    for (round, kill_after) in [3, 10, 21, 40, 55].into_iter().enumerate() {
        let url = sandbox.url();
        let run = tokio::task::spawn_blocking(move || run_and_kill(&url, round, kill_after));
        let (kept, buried) = run.await.unwrap();
        assert!(!kept.is_empty() && !buried.is_empty());

        let log = sandbox.open().await;
        verify(&*log).await.unwrap();
        log.compact().await.unwrap();
        let left = markers(sandbox.dir());
        assert!(left.is_superset(&kept), "what no tombstone names stays");
        assert!(left.is_disjoint(&buried), "what one names is gone");
        drop(log);
        assert!(markers(sandbox.dir()).is_disjoint(&buried));
    }
}

/// The markers `<name>` on disk.
fn markers(dir: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(dir).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for piece in bytes.split(|byte| *byte == b'<').skip(1) {
            let name = piece.split(|byte| *byte == b'>').next().unwrap_or_default();
            found.extend(String::from_utf8(name.to_vec()));
        }
    }
    found
}

/// The markers of which the child said that they are kept, and that they are buried.
fn run_and_kill(
    url: &str,
    round: usize,
    kill_after: usize,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["erasure_child", "--nocapture"])
        .env(CHILD, format!("{round} {url}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();
    let (mut kept, mut buried) = (BTreeSet::new(), BTreeSet::new());
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8(line.unwrap()).unwrap();
        let Some(line) = line.strip_suffix('.') else {
            continue;
        };
        if let Some((_, name)) = line.split_once("kept ") {
            kept.insert(name.to_owned());
        }
        if let Some((_, name)) = line.split_once("buried ") {
            buried.insert(name.to_owned());
            if buried.len() == kill_after {
                child.kill().unwrap();
            }
        }
    }
    child.wait().unwrap();
    (kept, buried)
}

#[test]
fn erasure_child() {
    let Ok(setting) = std::env::var(CHILD) else {
        return;
    };
    let (round, url) = setting.split_once(' ').unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let log = open(url, PARTITIONS).await.unwrap();
        for number in 0.. {
            let kept = format!("{round}-kept-{number}");
            let buried = format!("{round}-buried-{number}");
            put(&*log, &kept, number).await;
            say("kept", &kept);
            put(&*log, &buried, number).await;
            let tombstone = NewRecord::tombstone(buried.clone().into_bytes());
            let partition = number as u32 % PARTITIONS;
            log.append(Topic::Events, partition, tombstone)
                .await
                .unwrap();
            say("buried", &buried);
        }
    });
}

/// A value full of the marker, some on several pages.
async fn put(log: &dyn Log, name: &str, number: usize) {
    let marker = format!("<{name}>").into_bytes();
    let repeats = [3, 30, 700][number % 3];
    let record = NewRecord::new(name.as_bytes().to_vec(), marker.repeat(repeats));
    let partition = number as u32 % PARTITIONS;
    log.append(Topic::Events, partition, record).await.unwrap();
}

fn say(word: &str, name: &str) {
    let line = format!("{word} {name}.\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}
