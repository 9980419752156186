use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

/// Set for the process that [`a_first_signal_stops_and_a_second_one_ends`] starts.
const CHILD: &str = "MEDVIRK_TEST_OF_SIGNALS";

#[test]
fn a_child_stops_with_its_parent_and_not_the_other_way_round() {
    let parent = StopToken::new();
    let (one, other) = (parent.child(), parent.child());
    one.stop();
    assert!(one.is_stopped() && !other.is_stopped() && !parent.is_stopped());
    parent.stop();
    assert!(other.is_stopped());
}

/// What the other process does: it hears the first signal, and then hangs.
#[tokio::test]
async fn in_the_other_process() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let stop = signals().unwrap();
    eprintln!("ready");
    stop.stopped().await;
    eprintln!("stopped");
    std::future::pending::<()>().await;
}

#[test]
fn a_first_signal_stops_and_a_second_one_ends() {
    for (first, second, number) in [("TERM", "INT", 2), ("INT", "TERM", 15)] {
        let mut child = start();
        let stderr = child.stderr.take().unwrap();
        let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.ends_with("ready")));
        send(first, &child);
        assert!(lines.any(|line| line.ends_with("stopped")));
        send(second, &child);
        assert_eq!(child.wait().unwrap().code(), Some(128 + number));
    }
}

/// This test program again, with that one test only.
fn start() -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "stop::tests::in_the_other_process",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn send(signal: &str, to: &Child) {
    let mut kill = Command::new("kill");
    let sent = kill
        .args([format!("-{signal}"), to.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}
