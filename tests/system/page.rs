//! The web page in a real Chromium: every view in three languages, its accessibility, its figures
//! against those of the report, its downloads, and paper. `services/report/web/test` says what is
//! looked at. The test of the demo calls it, since the demo has figures of everything.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use medvirk_runtime::auth::{TokenRole, TokenUnits};
use medvirk_tests::{System, root};

fn web() -> PathBuf {
    root().join("services/report/web")
}

fn node(script: &str, arguments: &[&str]) -> Output {
    let modules = web().join("node_modules");
    let fetched = modules.is_dir();
    assert!(
        fetched,
        "run `cargo xtask test` once, which fetches what the page is tested with"
    );
    let mut node = Command::new("node");
    node.arg(Path::new("test").join(script)).args(arguments);
    node.current_dir(web()).output().expect("node runs")
}

fn check(output: &Output) {
    let (told, why) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{told}\n{why}");
    eprint!("{told}");
}

#[test]
fn every_word_of_the_page_is_in_every_language() {
    check(&node("words.mjs", &[]));
}

/// Looks at the page of a system that has figures. `MEDVIRK_PICTURES` names a folder for pictures
/// of every view, for people to look at.
pub(crate) async fn look(system: &System) {
    let token = system.token("dashboard", &[TokenRole::IndicatorRead], TokenUnits::All);
    let addresses = system.addresses().unwrap();
    let address = format!("http://{}/", addresses["http"].as_str().unwrap());
    let pictures = std::env::var("MEDVIRK_PICTURES").unwrap_or_default();
    let looked = tokio::task::spawn_blocking(move || {
        let mut arguments = vec![address.as_str(), token.as_str()];
        if !pictures.is_empty() {
            arguments.push(&pictures);
        }
        node("page.mjs", &arguments)
    });
    check(&looked.await.unwrap());
}
