//! The engine as a process: durability, two side by side, stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clickhouse::{Client, Row};
use serde::{Deserialize, Serialize};

use crate::support::{Sandbox, command, eventually};

#[derive(Row, Serialize, Deserialize)]
struct Entry {
    task: u64,
    batch: u64,
    place: u64,
}

const BATCH: u64 = 20;

async fn insert(client: &Client, task: u64, batch: u64) -> clickhouse::error::Result<()> {
    let mut insert = client.insert::<Entry>("entry").await?;
    for place in 0..BATCH {
        insert.write(&Entry { task, batch, place }).await?;
    }
    insert.end().await
}

async fn table(client: &Client) {
    let sql = "CREATE TABLE entry (task UInt64, batch UInt64, place UInt64)
        ENGINE = MergeTree ORDER BY (task, batch, place)";
    client.query(sql).execute().await.unwrap();
}

/// Inserts until the engine dies; returns how many batches were acknowledged.
async fn load(client: Client, task: u64, total: Arc<AtomicU64>) -> u64 {
    for batch in 0.. {
        if insert(&client, task, batch).await.is_err() {
            return batch;
        }
        total.fetch_add(1, Ordering::Relaxed);
    }
    unreachable!("the engine is killed before")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_row_survives_kill_9() {
    let mut sandbox = Sandbox::start();
    table(&sandbox.writer()).await;
    for round in 0..3_u64 {
        let total = Arc::new(AtomicU64::new(0));
        let loads: Vec<_> = (0..4)
            .map(|task| {
                tokio::spawn(load(
                    sandbox.writer(),
                    round * 10 + task,
                    Arc::clone(&total),
                ))
            })
            .collect();
        let enough = 60 + 17 * round;
        eventually("there is load", || {
            (total.load(Ordering::Relaxed) >= enough).then_some(())
        });
        sandbox.kill_and_reopen();
        for (task, load) in (0..).zip(loads) {
            let acknowledged = load.await.unwrap();
            let task = round * 10 + task;
            let (rows, batches, all): (u64, u64, u64) = sandbox
                .reader()
                .query("SELECT countIf(batch < ?), uniqExactIf(batch, batch < ?), count() FROM entry WHERE task = ?")
                .bind(acknowledged)
                .bind(acknowledged)
                .bind(task)
                .fetch_one()
                .await
                .unwrap();
            assert_eq!(
                (rows, batches),
                (acknowledged * BATCH, acknowledged),
                "task {task}"
            );
            assert_eq!(all % BATCH, 0, "task {task}: half an insert");
        }
    }
}

#[tokio::test]
async fn inserts_are_synced_by_default() {
    let sandbox = Sandbox::start();
    let sql = "SELECT name FROM system.merge_tree_settings WHERE value = '1' AND name LIKE '%fsync%' ORDER BY name";
    let settings: Vec<String> = sandbox.writer().query(sql).fetch_all().await.unwrap();
    let expected = [
        "fsync_after_insert",
        "fsync_part_directory",
        "min_compressed_bytes_to_fsync_after_merge",
        "min_rows_to_fsync_after_merge",
    ];
    assert_eq!(settings, expected);
}

#[tokio::test]
async fn two_engines_run_side_by_side() {
    let (one, two) = (Sandbox::start(), Sandbox::start());
    for (sandbox, batches) in [(&one, 1), (&two, 3)] {
        table(&sandbox.writer()).await;
        for batch in 0..batches {
            insert(&sandbox.writer(), 0, batch).await.unwrap();
        }
    }
    for (sandbox, batches) in [(&one, 1), (&two, 3)] {
        let count: u64 = sandbox
            .reader()
            .query("SELECT count() FROM entry")
            .fetch_one()
            .await
            .unwrap();
        assert_eq!(count, batches * BATCH);
    }
}

#[tokio::test]
async fn a_second_process_on_the_same_data_is_refused() {
    let sandbox = Sandbox::start();
    let second = command(sandbox.directory())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let output = second.wait_with_output().unwrap();
    assert!(!output.status.success());
    let one: u8 = sandbox
        .reader()
        .query("SELECT 1")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(one, 1);
}

#[tokio::test]
async fn stopping_keeps_the_data() {
    let mut sandbox = Sandbox::start();
    table(&sandbox.writer()).await;
    insert(&sandbox.writer(), 0, 0).await.unwrap();
    assert!(sandbox.stop(), "the process ended badly");
    sandbox.kill_and_reopen();
    let count: u64 = sandbox
        .reader()
        .query("SELECT count() FROM entry")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(count, BATCH);
}

#[tokio::test]
async fn stopping_lets_a_running_query_end() {
    let mut sandbox = Sandbox::start();
    let query = sandbox
        .reader()
        .query("SELECT number, repeat('y', 200) FROM numbers(1000000)");
    let mut cursor = query.fetch::<(u64, String)>().unwrap();
    assert_eq!(cursor.next().await.unwrap().unwrap().0, 0);
    sandbox.ask_to_stop();
    let mut count = 1;
    while cursor.next().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 1_000_000);
    assert!(sandbox.stop(), "the process ended badly");
}

/// Whoever asks whether it is alive must not be told no by an engine that has much to do.
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_whose_every_place_is_taken_says_that_it_is_alive() {
    let sandbox = Sandbox::start();
    let endless = "SELECT number FROM numbers(1000000000000)";
    let mut results = Vec::new();
    for _ in 0..16 {
        let mut rows = sandbox.reader().query(endless).fetch::<u64>().unwrap();
        assert_eq!(rows.next().await.unwrap(), Some(0));
        // Nobody reads on, so the statement stays where it is.
        results.push(rows);
    }
    let (status, answer) = sandbox.raw("GET /alive HTTP/1.1\r\n", b"");
    assert!(status == 200 && answer.ends_with("Ok.\n"), "{answer}");
}
