//! The statements the store is built on.

use clickhouse::Row;
use serde::{Deserialize, Serialize};

use crate::support::Sandbox;

#[derive(Row, Serialize, Deserialize)]
struct Figure {
    part: u32,
    key: u64,
    version: u64,
    value: i64,
}

async fn insert(client: &clickhouse::Client, table: &str, rows: impl Iterator<Item = Figure>) {
    let mut insert = client.insert::<Figure>(table).await.unwrap();
    for row in rows {
        insert.write(&row).await.unwrap();
    }
    insert.end().await.unwrap();
}

fn table(name: &str) -> String {
    format!(
        "CREATE TABLE {name} (part UInt32, key UInt64, version UInt64, value Int64)
        ENGINE = ReplacingMergeTree(version) PARTITION BY part ORDER BY (part, key)"
    )
}

#[tokio::test]
async fn replacing_rows_are_seen_once_through_a_final_view() {
    let sandbox = Sandbox::start();
    let writer = sandbox.writer();
    writer.query(&table("figure")).execute().await.unwrap();
    writer
        .query("CREATE VIEW shown AS SELECT * FROM figure FINAL")
        .execute()
        .await
        .unwrap();
    for version in [2, 1, 3] {
        let row = |key| Figure {
            part: 1,
            key,
            version,
            value: version.cast_signed() * 10,
        };
        insert(&writer, "figure", (0..10).map(row)).await;
    }
    let sum = "SELECT sum(value) FROM shown";
    assert_eq!(writer.query(sum).fetch_one::<i64>().await.unwrap(), 300);
    assert_eq!(
        sandbox
            .reader()
            .query(sum)
            .fetch_one::<i64>()
            .await
            .unwrap(),
        300
    );
    writer
        .query("OPTIMIZE TABLE figure PARTITION 1 FINAL")
        .execute()
        .await
        .unwrap();
    let raw: u64 = writer
        .query("SELECT count() FROM figure")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(raw, 10);
}

#[tokio::test]
async fn tables_are_exchanged() {
    let sandbox = Sandbox::start();
    let writer = sandbox.writer();
    for name in ["one", "two"] {
        writer.query(&table(name)).execute().await.unwrap();
    }
    insert(
        &writer,
        "one",
        std::iter::once(Figure {
            part: 1,
            key: 1,
            version: 1,
            value: 1,
        }),
    )
    .await;
    writer
        .query("EXCHANGE TABLES one AND two")
        .execute()
        .await
        .unwrap();
    let count: u64 = sandbox
        .reader()
        .query("SELECT count() FROM two")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(count, 1);
    writer.query("DROP TABLE one").execute().await.unwrap();
    writer.query("TRUNCATE TABLE two").execute().await.unwrap();
    writer
        .query("ALTER TABLE two ADD COLUMN extra String")
        .execute()
        .await
        .unwrap();
    writer
        .query("DELETE FROM two WHERE key = 1")
        .execute()
        .await
        .unwrap();
}

#[tokio::test]
async fn one_insert_of_100_000_rows_is_one_part() {
    let sandbox = Sandbox::start();
    let writer = sandbox.writer();
    writer.query(&table("figure")).execute().await.unwrap();
    let row = |key| Figure {
        part: 1,
        key,
        version: 1,
        value: 1,
    };
    insert(&writer, "figure", (0..100_000).map(row)).await;
    let found: (u64, u64) = writer
        .query("SELECT count(), sum(rows) FROM system.parts WHERE active AND table = 'figure'")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(found, (1, 100_000));
}

#[tokio::test]
async fn clients_work_side_by_side() {
    let sandbox = Sandbox::start();
    let writer = sandbox.writer();
    writer.query(&table("figure")).execute().await.unwrap();
    let tasks = (0..24_u64).map(|task| {
        let (writer, reader) = (writer.clone(), sandbox.reader());
        tokio::spawn(async move {
            for version in 0..10_u64 {
                let row = |key| Figure {
                    part: 1,
                    key: task * 1_000 + key,
                    version,
                    value: 1,
                };
                insert(&writer, "figure", (0..50).map(row)).await;
                let count: u64 = reader
                    .query("SELECT count() FROM figure")
                    .fetch_one()
                    .await
                    .unwrap();
                assert!(count >= 50);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let count: u64 = sandbox
        .reader()
        .query("SELECT count() FROM figure")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(count, 24 * 50);
}
