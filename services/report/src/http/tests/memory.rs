//! What is held in memory: read once, and never older than the marks.

use super::sandbox::Sandbox;
use crate::sample;

const PATHS: [&str; 3] = [
    "/v1/figures?period=year",
    "/v1/series?measure=bdi.outcome&indicator=mean-first&organisation=tau",
    "/v1/coverage",
];

async fn ask(sandbox: &Sandbox) -> Vec<serde_json::Value> {
    let mut answers = Vec::new();
    for path in PATHS {
        answers.push(sandbox.json(path).await);
    }
    answers
}

fn read(sandbox: &Sandbox) -> Vec<i32> {
    sandbox.sources.with(|held| std::mem::take(&mut held.read))
}

#[tokio::test]
async fn rows_are_read_once_and_after_a_close_those_of_its_year_alone() {
    let sandbox = Sandbox::new();
    let close = |month| {
        let month = sample::month(month);
        sandbox.sources.with(|held| held.shown.insert(month));
    };
    close("2025-01");
    let before = ask(&sandbox).await;
    assert_eq!(ask(&sandbox).await, before);
    assert_eq!(read(&sandbox), [2024, 2025]);
    close("2025-02");
    assert_ne!(ask(&sandbox).await, before);
    assert_eq!(read(&sandbox), [2025]);
    // As after a start.
    let fresh = Sandbox::new();
    fresh
        .sources
        .with(|held| held.shown.extend(sample::months("2025-01", "2025-02")));
    assert_eq!(ask(&sandbox).await, ask(&fresh).await);
    fresh.report.warm_up().await.unwrap();
    assert_eq!(read(&fresh), [2024, 2025]);
}

#[tokio::test]
async fn what_is_published_anew_or_mended_is_shown_at_once() {
    let sandbox = Sandbox::new();
    let before = ask(&sandbox).await;
    read(&sandbox);
    // Other rows of a close have another mark.
    let lost = sandbox.sources.with(|held| held.rows.pop()).unwrap();
    let anew = ask(&sandbox).await;
    assert_ne!(anew, before);
    assert_eq!(read(&sandbox), [2024]);
    // While rows are missing nothing is kept, so that they are there as soon as they are back.
    sandbox.sources.with(|held| {
        held.rows.push(lost);
        held.torn = true;
    });
    assert_eq!(ask(&sandbox).await, before);
    assert_eq!(read(&sandbox), [2024; PATHS.len()]);
    sandbox.sources.with(|held| held.torn = false);
    assert_eq!(ask(&sandbox).await, before);
    assert_eq!(read(&sandbox), [2024]);
}
