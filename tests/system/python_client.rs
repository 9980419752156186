//! The client of another language, as the README shows it, against a running system.

use std::process::{Command, Output};

use medvirk_tests::{System, eventually, root};

const UNIT: &str = "fjord-poliklinikk";

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_prints_scores_and_alerts() {
    let system = System::builder().start().await;
    let ran = client(&system, UNIT);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    // 3.1 + 4.0 + 2.5 + 3.4 is 13, which is below the cut-off of 25.
    let expected = "score fit-ors total 13 of 40\nalert fit-ors below-cutoff\n";
    assert_eq!(text(&ran.stdout), expected);
    // It sends its session twice and is stored once.
    let stored = || async {
        let counts = system.registry_counts().await?;
        (counts.len() == 2).then_some(counts)
    };
    let counts = eventually("the episode and the session are stored", stored).await;
    assert!(counts.values().all(|times| *times == 1));
    assert_eq!(system.registry_sessions().await[0].unit, UNIT);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_says_why_it_was_refused() {
    let system = System::builder().start().await;
    let ran = client(&system, "nowhere");
    assert_eq!(ran.status.code(), Some(1));
    let told = text(&ran.stderr);
    assert!(
        told.starts_with("refused: INVALID_ARGUMENT: opening.unit"),
        "{told}"
    );
}

fn client(system: &System, unit: &str) -> Output {
    let python = std::env::var("MEDVIRK_PYTHON");
    let python = python.expect("MEDVIRK_PYTHON is set by cargo, in .cargo/config.toml");
    let ran = Command::new(&python)
        .arg(root().join("tests/python/client.py"))
        .arg("--data")
        .arg(system.data())
        .args(["--unit", unit])
        .output();
    ran.unwrap_or_else(|why| panic!("{python}: {why}; `cargo xtask test` sets it up"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
