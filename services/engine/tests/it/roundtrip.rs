//! What the `clickhouse` crate writes comes back the same.

use clickhouse::{Client, Compression, Row};
use serde::{Deserialize, Serialize};

use crate::support::Sandbox;

#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
struct Everything {
    id: u64,
    text: String,
    wide: i128,
    texts: Vec<String>,
    sums: Vec<Option<i128>>,
    counts: Vec<i64>,
    key: [u8; 16],
    category: String,
    flag: bool,
    maybe: Option<i32>,
}

const TABLE: &str = "CREATE TABLE everything (
    id UInt64, text String, wide Int128, texts Array(String), sums Array(Nullable(Int128)),
    counts Array(Int64), key FixedString(16), category LowCardinality(String), flag Bool,
    maybe Nullable(Int32)
) ENGINE = MergeTree ORDER BY id";

fn rows() -> Vec<Everything> {
    let row = |id: u64| Everything {
        id,
        text: format!("line\n\nline {id}\0\t\\'\"æøå"),
        wide: i128::MIN + i128::from(id),
        texts: vec![String::new(), "\n\n".to_owned(), "x".repeat(300)],
        sums: vec![None, Some(i128::MAX), Some(-1)],
        counts: vec![i64::MIN, 0, i64::MAX],
        key: [b'\n'; 16],
        category: format!("c{}", id % 3),
        flag: id.is_multiple_of(2),
        maybe: (id != 1).then_some(-7),
    };
    (0..5)
        .map(row)
        .chain([row(0x0A0A), row(0x0A0A_0A0A_0A0A_0A0A)])
        .collect()
}

async fn check(client: Client) {
    client.query(TABLE).execute().await.unwrap();
    let mut insert = client.insert::<Everything>("everything").await.unwrap();
    for row in &rows() {
        insert.write(row).await.unwrap();
    }
    insert.end().await.unwrap();
    let found = client
        .query("SELECT ?fields FROM everything ORDER BY id")
        .fetch_all::<Everything>()
        .await
        .unwrap();
    assert_eq!(found, rows());
}

#[tokio::test]
async fn every_type_with_lz4() {
    let sandbox = Sandbox::start();
    check(sandbox.writer().with_compression(Compression::Lz4)).await;
}

#[tokio::test]
async fn every_type_without_compression() {
    let sandbox = Sandbox::start();
    check(sandbox.writer().with_compression(Compression::None)).await;
}

#[tokio::test]
async fn every_type_with_the_default_compression() {
    let sandbox = Sandbox::start();
    check(sandbox.writer()).await;
}

#[tokio::test]
async fn bound_parameters_come_through() {
    let sandbox = Sandbox::start();
    let text = "it's a \\ \"text\"\n\n\twith {x:UInt8} and 🦀";
    let (back, sum) = sandbox
        .writer()
        .query("SELECT {text:String}, {a:UInt64} + {a:UInt64}")
        .param("text", text)
        .param("a", 21_u64)
        .fetch_one::<(String, u64)>()
        .await
        .unwrap();
    assert_eq!((back.as_str(), sum), (text, 42));
}

#[tokio::test]
async fn client_side_binds_come_through() {
    let sandbox = Sandbox::start();
    let text = "a\n\nb'\\";
    let back: String = sandbox
        .reader()
        .query("SELECT ?")
        .bind(text)
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(back, text);
}

#[tokio::test]
async fn values_in_the_text_are_not_cut_at_a_blank_line() {
    let sandbox = Sandbox::start();
    let client = sandbox.writer();
    client
        .query("CREATE TABLE t (a UInt8, s String) ENGINE = MergeTree ORDER BY a")
        .execute()
        .await
        .unwrap();
    client
        .query("INSERT INTO t VALUES (1, 'x\n\ny')\n\n, (2, 'z')")
        .execute()
        .await
        .unwrap();
    client
        .query("INSERT INTO t (a, s) FORMAT CSV\n3,\"p\n\nq\"\n")
        .execute()
        .await
        .unwrap();
    let rows: Vec<(u8, String)> = client
        .query("SELECT a, s FROM t ORDER BY a")
        .fetch_all()
        .await
        .unwrap();
    let expected = [(1, "x\n\ny"), (2, "z"), (3, "p\n\nq")].map(|(a, s)| (a, s.to_owned()));
    assert_eq!(rows, expected);
}
