//! What a stranger tries at every listener of a running system, by a program in another language
//! that knows only what is public (`tests/outsider`).

use std::process::Command;

use medvirk_tests::{System, root};

/// At least so many attempts: fewer would mean that a part was not tried at all.
const FEWEST: usize = 300;

#[tokio::test(flavor = "multi_thread")]
async fn every_attempt_of_a_stranger_is_refused_or_harmless() {
    let system = System::builder().start().await;
    let python = std::env::var("MEDVIRK_PYTHON");
    let python = python.expect("MEDVIRK_PYTHON is set by cargo, in .cargo/config.toml");
    let ran = Command::new(&python)
        .arg(root().join("tests/outsider/main.py"))
        .arg("--data")
        .arg(system.data())
        .output();
    let ran = ran.unwrap_or_else(|why| panic!("{python}: {why}; `cargo xtask test` sets it up"));
    let said = String::from_utf8_lossy(&ran.stdout);
    let errors = String::from_utf8_lossy(&ran.stderr);
    eprintln!("{said}{errors}");
    assert!(ran.status.success(), "something fell");
    assert!(attempts(&said).is_some_and(|count| count >= FEWEST));
}

/// How many were tried, as the last line but those of what fell says.
fn attempts(said: &str) -> Option<usize> {
    let line = said.lines().find(|line| line.contains(" attempts, "))?;
    line.split(' ').next()?.parse().ok()
}
