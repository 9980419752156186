//! What is held in memory: read once, and never more than a second older than the marks.

use std::time::Duration;

use axum::http::StatusCode;
use medvirk_runtime::StopToken;

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

fn close(sandbox: &Sandbox, month: &str) {
    let month = sample::month(month);
    sandbox.sources.with(|held| held.shown.insert(month));
}

/// How often marks were looked at since this was asked last.
fn looks(sandbox: &Sandbox) -> usize {
    sandbox.sources.with(|held| std::mem::take(&mut held.looks))
}

#[tokio::test]
async fn rows_are_read_once_and_after_a_close_those_of_its_year_alone() {
    let sandbox = Sandbox::new();
    close(&sandbox, "2025-01");
    let before = ask(&sandbox).await;
    assert_eq!(ask(&sandbox).await, before);
    assert_eq!(read(&sandbox), [2024, 2025]);
    close(&sandbox, "2025-02");
    assert_ne!(ask(&sandbox).await, before);
    assert_eq!(read(&sandbox), [2025]);
    // As after a start.
    let fresh = Sandbox::new();
    fresh
        .sources
        .with(|held| held.shown.extend(sample::months("2025-01", "2025-02")));
    assert_eq!(ask(&sandbox).await, ask(&fresh).await);
    fresh.report.look().await.unwrap();
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

#[tokio::test]
async fn for_a_second_after_a_look_questions_need_none() {
    let sandbox = Sandbox::new();
    let before = ask(&sandbox).await;
    looks(&sandbox);
    assert_eq!(ask(&sandbox).await, before);
    assert_eq!(looks(&sandbox), PATHS.len(), "nobody looks beside them");
    sandbox.report.memory().refresh().await.unwrap();
    close(&sandbox, "2025-01");
    sandbox.clock.advance(Duration::from_millis(999));
    assert_eq!(ask(&sandbox).await, before);
    assert_eq!(looks(&sandbox), 1);
    sandbox.clock.advance(Duration::from_millis(1));
    let january = ask(&sandbox).await;
    assert_ne!(january, before);
    assert_eq!(
        looks(&sandbox),
        PATHS.len() + 1,
        "the new one is read alone"
    );
    // Whoever looks sees it at once, and nobody after sees less.
    sandbox.report.memory().refresh().await.unwrap();
    close(&sandbox, "2025-02");
    sandbox.report.look().await.unwrap();
    let february = ask(&sandbox).await;
    assert_ne!(february, january);
    assert_eq!(ask(&sandbox).await, february);
}

#[tokio::test]
async fn what_cannot_be_looked_at_or_is_not_whole_is_not_trusted() {
    let sandbox = Sandbox::new();
    sandbox.report.memory().refresh().await.unwrap();
    sandbox.sources.with(|held| held.broken = true);
    assert_eq!(sandbox.get(PATHS[0]).await.status(), StatusCode::OK);
    sandbox.report.memory().refresh().await.unwrap_err();
    sandbox.clock.advance(Duration::from_secs(1));
    let refused = sandbox.get(PATHS[0]).await.status();
    assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);

    let torn = Sandbox::new();
    torn.sources.with(|held| held.torn = true);
    torn.report.memory().refresh().await.unwrap();
    looks(&torn);
    ask(&torn).await;
    assert!(looks(&torn) >= PATHS.len());
}

#[tokio::test]
async fn a_close_comes_without_a_question_that_looks() {
    let sandbox = Sandbox::new();
    let stop = StopToken::new();
    let (report, until) = (sandbox.report.clone(), stop.clone());
    let keeping = tokio::spawn(async move { report.keep_fresh(&until).await });
    let before = ask(&sandbox).await;
    sandbox.report.memory().refresh().await.unwrap();
    // The clock stands still, so from here on questions trust what was looked at.
    close(&sandbox, "2025-01");
    let shown = async {
        while ask(&sandbox).await == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let shown = tokio::time::timeout(Duration::from_secs(60), shown).await;
    assert!(shown.is_ok(), "the close is never shown");
    stop.stop();
    keeping.await.unwrap();
}
