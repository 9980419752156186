//! Results that are larger than one chunk of the answer.

use crate::support::Sandbox;

#[tokio::test]
async fn a_large_result_is_whole() {
    let sandbox = Sandbox::start();
    let query = sandbox
        .reader()
        .query("SELECT number, toString(number) FROM numbers(1000000)");
    let mut cursor = query.fetch::<(u64, String)>().unwrap();
    let mut count = 0;
    while let Some((number, text)) = cursor.next().await.unwrap() {
        assert!(number == count && text == count.to_string(), "row {count}");
        count += 1;
    }
    assert_eq!(count, 1_000_000);
}

#[tokio::test]
async fn a_large_result_streams_in_bounded_memory() {
    let sandbox = Sandbox::start();
    let before = sandbox.resident();
    // Four million rows of 400 bytes and a length of two bytes.
    let query = sandbox
        .reader()
        .query("SELECT repeat('x', 400) FROM numbers(4000000)");
    let mut cursor = query.fetch_bytes("RowBinary").unwrap();
    let mut bytes = 0;
    while let Some(piece) = cursor.next().await.unwrap() {
        bytes += piece.len();
    }
    assert_eq!(bytes, 4_000_000 * 402);
    let grown = sandbox.peak() - before;
    assert!(grown < 500, "the engine grew by {grown} MiB for 1,600");
}

#[tokio::test]
async fn sparse_rows_do_not_end_a_result_early() {
    let sandbox = Sandbox::start();
    let rows: Vec<u64> = sandbox
        .reader()
        .query("SELECT number FROM numbers(20000000) WHERE number IN (3, 9000000, 19999999)")
        .fetch_all()
        .await
        .unwrap();
    assert_eq!(rows, [3, 9_000_000, 19_999_999]);
}

#[tokio::test]
async fn an_empty_result_is_empty() {
    let sandbox = Sandbox::start();
    let rows: Vec<u64> = sandbox
        .reader()
        .query("SELECT number FROM numbers(0)")
        .fetch_all()
        .await
        .unwrap();
    assert!(rows.is_empty());
}

#[tokio::test]
async fn a_failure_in_the_middle_is_an_error() {
    let sandbox = Sandbox::start();
    let sql = "SELECT number + throwIf(number = 900000) AS n FROM numbers(1000000)";
    let outcome = sandbox.reader().query(sql).fetch_all::<u64>().await;
    let error = outcome
        .expect_err("the rows before the failure are not the result")
        .to_string();
    assert!(error.contains("Code: 395."), "{error}");
}

#[tokio::test]
async fn a_dropped_cursor_frees_its_place() {
    let sandbox = Sandbox::start();
    for _ in 0..40 {
        let query = sandbox
            .reader()
            .query("SELECT number FROM numbers(1000000000)");
        let mut cursor = query.fetch::<u64>().unwrap();
        assert_eq!(cursor.next().await.unwrap(), Some(0));
    }
    let one: u8 = sandbox
        .reader()
        .query("SELECT 1")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(one, 1);
}

#[tokio::test]
async fn a_document_format_is_one_document() {
    let sandbox = Sandbox::start();
    for (format, start, end) in [
        ("JSON", "{", "}\n"),
        ("CSVWithNames", "\"number\"\n0\n", "\n199999\n"),
    ] {
        let query = sandbox.reader().query("SELECT number FROM numbers(200000)");
        let bytes = query.fetch_bytes(format).unwrap().collect().await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.starts_with(start) && text.ends_with(end), "{format}");
        assert_eq!(
            text.matches("UInt64\"").count() + text.matches("number\"\n").count(),
            1,
            "{format}"
        );
    }
}
