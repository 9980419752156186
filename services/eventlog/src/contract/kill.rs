//! What is left when a writer is killed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::sandbox::{LogSandbox, PARTITIONS, read_all};
use crate::{Log, NewRecord, Topic};

/// Says to the test binary that it is the one to be killed, and where the log is.
const CHILD: &str = "MEDVIRK_CONTRACT_CHILD";
/// How many tasks the child appends from.
const WRITERS: u64 = 8;

/// Three times, a process that appends without pause is killed at another moment; all that it was
/// told to be stored is there, once.
pub async fn what_was_acknowledged_survives_a_kill(sandbox: &dyn LogSandbox) {
    drop(sandbox.open().await);
    let mut acknowledged = Vec::new();
    for (round, kill_after) in [40, 333, 800].into_iter().enumerate() {
        let url = sandbox.url();
        let lines = tokio::task::spawn_blocking(move || run_and_kill(&url, round, kill_after));
        acknowledged.extend(lines.await.expect("the child runs"));

        let log = sandbox.open().await;
        let mut times: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
        for partition in 0..PARTITIONS {
            for stored in read_all(&*log, Topic::Events, partition).await {
                *times.entry(stored.key).or_default() += 1;
            }
        }
        for key in &acknowledged {
            let key: &String = key;
            assert_eq!(times.get(key.as_bytes()), Some(&1), "{key}");
        }
        assert!(times.values().all(|times| *times == 1));
    }
}

/// Starts this test binary as a writer and kills it after so many acknowledgements; returns the
/// keys that were acknowledged.
fn run_and_kill(url: &str, round: usize, kill_after: usize) -> Vec<String> {
    let binary = std::env::current_exe().expect("a test knows its binary");
    let mut child = Command::new(binary)
        .args(["contract_child", "--nocapture"])
        .env(CHILD, format!("{round} {url}"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test binary starts");
    let output = child.stdout.take().expect("it is piped");
    let mut acknowledged = Vec::new();
    let mut lines = BufReader::new(output).split(b'\n');
    let mut killed = false;
    // What was written before the kill is read to its end.
    while let Some(Ok(line)) = lines.next() {
        let line = String::from_utf8_lossy(&line);
        let key = line.split_once("acknowledged ").map(|(_, key)| key);
        if let Some(key) = key.and_then(|key| key.strip_suffix('.')) {
            acknowledged.push(key.to_owned());
        }
        if acknowledged.len() >= kill_after && !killed {
            child.kill().expect("the child is killed");
            killed = true;
        }
    }
    child.wait().expect("the child ends");
    assert!(killed, "the child ended by itself");
    acknowledged
}

/// The body of the child: appends without pause and says what was acknowledged. Does nothing in
/// an ordinary run of the tests.
pub fn child() {
    let Ok(setting) = std::env::var(CHILD) else {
        return;
    };
    let (round, url) = setting.split_once(' ').expect("round and address");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    runtime.block_on(async {
        let log = crate::open(url, PARTITIONS).await.expect("the log opens");
        let writers = (0..WRITERS).map(|writer| {
            let name = format!("{round}-{writer}");
            tokio::spawn(write_for_ever(Arc::clone(&log), name))
        });
        futures::future::join_all(writers).await;
    });
}

async fn write_for_ever(log: Arc<dyn Log>, name: String) {
    for number in 0.. {
        let key = format!("{name}-{number}");
        let record = NewRecord::new(key.clone().into_bytes(), vec![7; 300]);
        let partition = number % PARTITIONS;
        let stored = log.append(Topic::Events, partition, record).await;
        stored.expect("the record is appended");
        let line = format!("acknowledged {key}.\n");
        // A closed pipe means that the parent is gone.
        if std::io::stdout().write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}
