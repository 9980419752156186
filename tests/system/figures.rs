//! Figures once more: what the report shows by year equals what a program that was written from the
//! rules makes of the ledger.

use std::io::Write as _;
use std::process::{Command, Stdio};

use medvirk_domain::row::Row;
use medvirk_domain::time::Month;
use medvirk_tests::{System, root};
use serde_json::{Value, json};

/// What the report shows, and until which month.
pub(crate) struct Shown {
    figures: Value,
    until: Month,
}

/// Asks for the figures of every year.
pub(crate) async fn shown(system: &System) -> Shown {
    let ask = async |path: &str| -> Value {
        let (status, told) = system.report(path).await;
        assert_eq!(status, 200, "{told}");
        serde_json::from_str(&told).unwrap()
    };
    let organisations = ask("/v1/organisations").await;
    let until = organisations["shown_until"].as_str().unwrap();
    Shown {
        figures: ask("/v1/figures?period=year").await,
        until: until.parse().unwrap(),
    }
}

/// Compares them with the ledger of the system, which has stopped; prints how many there were.
pub(crate) async fn compare(system: &System, shown: &Shown) {
    let ledger = system.ledger().await;
    let closes = ledger.values().filter(|close| close.month <= shown.until);
    let rows: Vec<Value> = closes
        .flat_map(|close| close.rows.iter().map(|of| row(of, close.month)))
        .collect();
    assert!(rows.len() > 1_000, "{} rows", rows.len());
    let said = json!({ "rows": rows, "figures": shown.figures });
    let told = again(&said);
    assert_eq!(told["wrong"], json!([]), "{told}");
    assert!(told["values"].as_u64() > Some(1_000), "{told}");
    eprintln!("figures made again from the ledger: {told}");
}

fn row(row: &Row, closed: Month) -> Value {
    let sums = row.variables().iter();
    let sums: serde_json::Map<_, _> = sums
        .map(|it| (it.variable.to_string(), it.sum.into()))
        .collect();
    json!({
        "measure": row.measure().as_str(),
        "level": row.level().as_str(),
        "organisation": row.organisation(),
        "part": row.part(),
        "first": row.first().to_string(),
        "last": row.last().to_string(),
        "closed": closed.to_string(),
        "persons": row.persons(),
        "new": row.new_in_year(),
        "sums": sums,
    })
}

/// What the independent program says.
fn again(said: &Value) -> Value {
    let python = std::env::var("MEDVIRK_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut child = Command::new(python)
        .arg(root().join("tests/python/figures.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python 3.11 runs");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(said.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "its own words are above");
    serde_json::from_slice(&output.stdout).unwrap()
}
