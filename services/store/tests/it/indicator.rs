//! The tests of the indicator database.

use std::collections::BTreeMap;

use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::row::{Close, Row, RowLevel, RowParts, VariableSum};
use medvirk_domain::time::Month;
use medvirk_store::sandbox::EngineSandbox;
use medvirk_store::{Error, IndicatorReader, IndicatorWriter, RowQuery, hash_of};

const DATABASE: &str = "indicator";

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn parts(organisation: &str, of: Month) -> RowParts {
    RowParts {
        measure: "fit.outcome".parse().unwrap(),
        level: RowLevel::Unit,
        organisation: organisation.to_owned(),
        first: of,
        last: of,
        part: "clinical".to_owned(),
        persons: 12,
        new_in_year: None,
        single_therapist: true,
        single_device: false,
        variables: vec![
            VariableSum {
                variable: "first".parse().unwrap(),
                sum: -7_500_000,
                sum_sq: Some(i128::from(i64::MAX) * 1_000),
            },
            VariableSum {
                variable: "improved".parse().unwrap(),
                sum: 8_000_000,
                sum_sq: None,
            },
        ],
    }
}

fn close(of: &str, organisations: &[&str]) -> Close {
    let row = |organisation: &&str| Row::from_ledger(parts(organisation, month(of)));
    Close {
        month: month(of),
        offset: 7,
        catalogue: CatalogueHash::new([3; 32]),
        fold_version: 1,
        rows: organisations.iter().map(row).collect(),
    }
}

async fn start() -> (EngineSandbox, IndicatorWriter, IndicatorReader) {
    let engine = crate::engine();
    let writer = IndicatorWriter::new(&engine.writer(DATABASE)).unwrap();
    writer.migrate().await.unwrap();
    let reader = IndicatorReader::new(&engine.reader(DATABASE)).unwrap();
    (engine, writer, reader)
}

#[tokio::test]
async fn rows_come_back_as_they_went_in() {
    let (_engine, writer, reader) = start().await;
    writer
        .insert_close(0, 1, &close("2024-03", &["tau", "btheb"]))
        .await
        .unwrap();
    let rows = reader.rows(&RowQuery::default()).await.unwrap();
    let got: Vec<RowParts> = rows.iter().map(|row| row.row.clone()).collect();
    let of = month("2024-03");
    assert_eq!(got, [parts("btheb", of), parts("tau", of)]);
    assert_eq!(rows[0].close_month, of);
    assert_eq!(rows[0].catalogue, CatalogueHash::new([3; 32]));
}

#[tokio::test]
async fn a_close_inserted_three_times_is_there_once() {
    let (_engine, writer, reader) = start().await;
    let close = close("2024-03", &["tau", "btheb"]);
    for _ in 0..3 {
        writer.insert_close(0, 1, &close).await.unwrap();
    }
    let expect = hash_of(&close);
    assert_eq!(writer.read_back(0, close.month).await.unwrap(), expect);
    let closes = writer.closes(0).await.unwrap();
    assert_eq!(closes, BTreeMap::from([(close.month, expect)]));
    assert_eq!(reader.rows(&RowQuery::default()).await.unwrap().len(), 2);
    writer.optimise(2024).await.unwrap();
    assert_eq!(writer.read_back(0, close.month).await.unwrap(), expect);
    assert_eq!(writer.closes(0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_month_is_shown_when_every_partition_has_it() {
    let (_engine, writer, reader) = start().await;
    let shown = async || reader.shown_months().await.unwrap();
    let rows = async || reader.rows(&RowQuery::default()).await.unwrap().len();
    for partition in 0..2 {
        let close = close("2024-01", &[["a", "b"][partition as usize]]);
        writer.insert_close(partition, 3, &close).await.unwrap();
        assert_eq!((shown().await, rows().await), (vec![], 0));
    }
    // An empty close counts.
    writer
        .insert_close(2, 3, &close("2024-01", &[]))
        .await
        .unwrap();
    writer
        .insert_close(0, 3, &close("2024-02", &["a"]))
        .await
        .unwrap();
    assert_eq!((shown().await, rows().await), (vec![month("2024-01")], 2));
}

#[tokio::test]
async fn a_year_is_read_back_at_once() {
    let (_engine, writer, _reader) = start().await;
    let closes = [
        close("2023-12", &["a"]),
        close("2024-01", &["a", "b"]),
        close("2024-02", &["b"]),
        close("2024-03", &[]),
    ];
    for close in &closes {
        writer.insert_close(0, 2, close).await.unwrap();
        writer.insert_close(1, 2, close).await.unwrap();
    }
    let found = writer.read_back_year(1, 2024).await.unwrap();
    let expect = closes[1..3]
        .iter()
        .map(|close| (close.month, hash_of(close)));
    assert_eq!(found, expect.collect());
}

#[tokio::test]
async fn a_query_narrows_by_measure_organisation_and_span() {
    let (_engine, writer, reader) = start().await;
    for (of, organisations) in [("2024-01", ["a", "b"]), ("2024-02", ["a", "c'; --"])] {
        let close = close(of, &organisations);
        writer.insert_close(0, 1, &close).await.unwrap();
    }
    let count = async |query: RowQuery| reader.rows(&query).await.unwrap().len();
    let organisations = |ids: &[&str]| RowQuery {
        organisations: ids.iter().map(|id| (*id).to_owned()).collect(),
        ..RowQuery::default()
    };
    assert_eq!(count(organisations(&["a"])).await, 2);
    assert_eq!(count(organisations(&["b", "c'; --"])).await, 2);
    let measures = |id: &str| RowQuery {
        measures: vec![id.parse().unwrap()],
        ..RowQuery::default()
    };
    assert_eq!(count(measures("fit.outcome")).await, 4);
    assert_eq!(count(measures("other")).await, 0);
    let february = RowQuery {
        span: Some(month("2024-02")..=month("2024-12")),
        ..organisations(&["a"])
    };
    assert_eq!(count(february).await, 1);
}

#[tokio::test]
async fn a_large_close_is_one_block() {
    let (engine, writer, _reader) = start().await;
    let names: Vec<String> = (0..120_000).map(|n| format!("unit-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let close = close("2024-03", &names);
    writer.insert_close(0, 1, &close).await.unwrap();
    // Each block makes a part; those that a merge has replaced are still listed.
    let parts = clickhouse::Client::default()
        .with_url(engine.writer(DATABASE).url)
        .with_user("writer")
        .with_password("writer-secret")
        .with_compression(clickhouse::Compression::None)
        .query(
            "SELECT count() FROM system.parts WHERE database = 'indicator' \
             AND table = 'indicator_rows'",
        )
        .fetch_one::<u64>()
        .await
        .unwrap();
    assert_eq!(parts, 1);
    let expect = hash_of(&close);
    assert_eq!(writer.read_back(0, close.month).await.unwrap(), expect);
}

#[tokio::test]
async fn a_rebuild_shows_the_same_and_repairs() {
    let (_engine, writer, reader) = start().await;
    let (first, second) = (close("2024-01", &["a"]), close("2024-02", &["a", "b"]));
    writer.insert_close(0, 1, &first).await.unwrap();
    writer.insert_close(0, 1, &second).await.unwrap();
    let before = reader.rows(&RowQuery::default()).await.unwrap();
    let mut rebuild = writer.rebuild().await.unwrap();
    rebuild.insert_close(0, 1, &first).await.unwrap();
    assert_eq!(reader.rows(&RowQuery::default()).await.unwrap(), before);
    rebuild.insert_close(0, 1, &second).await.unwrap();
    rebuild.exchange().await.unwrap();
    assert_eq!(reader.rows(&RowQuery::default()).await.unwrap(), before);

    writer.clear().await.unwrap();
    assert_eq!(reader.shown_months().await.unwrap(), []);
    let mut rebuild = writer.rebuild().await.unwrap();
    rebuild.insert_close(0, 1, &first).await.unwrap();
    rebuild.insert_close(0, 1, &second).await.unwrap();
    rebuild.exchange().await.unwrap();
    assert_eq!(reader.rows(&RowQuery::default()).await.unwrap(), before);
}

#[tokio::test]
async fn a_rebuild_that_is_given_up_changes_nothing() {
    let (_engine, writer, reader) = start().await;
    let first = close("2024-01", &["a"]);
    writer.insert_close(0, 1, &first).await.unwrap();
    drop(writer.rebuild().await.unwrap());
    assert_eq!(reader.rows(&RowQuery::default()).await.unwrap().len(), 1);
    // What was left beside is not in the way of the next one, nor is its lock.
    let mut again = writer.rebuild().await.unwrap();
    again.insert_close(0, 1, &first).await.unwrap();
    again.exchange().await.unwrap();
    assert_eq!(reader.rows(&RowQuery::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_inserted_survives_kill_9() {
    let (mut engine, writer, _reader) = start().await;
    let close = close("2024-03", &["tau", "btheb"]);
    writer.insert_close(0, 1, &close).await.unwrap();
    engine.kill_and_reopen();
    let writer = IndicatorWriter::new(&engine.writer(DATABASE)).unwrap();
    writer.migrate().await.unwrap();
    let found = writer.read_back(0, close.month).await.unwrap();
    assert_eq!(found, hash_of(&close));
    assert_eq!(writer.months_with_rows(0).await.unwrap(), [close.month]);
}

#[tokio::test]
async fn a_reader_before_the_migration_is_told_so() {
    let engine = crate::engine();
    let reader = IndicatorReader::new(&engine.reader(DATABASE)).unwrap();
    let error = reader.shown_months().await.unwrap_err();
    assert!(error.is_not_migrated(), "{error}");
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let (engine, _writer, _reader) = start().await;
    let thief = IndicatorWriter::new(&engine.reader(DATABASE)).unwrap();
    let error = thief.insert_close(0, 1, &close("2024-03", &["a"])).await;
    assert!(matches!(error, Err(Error::Failed { .. })));
}

#[tokio::test]
async fn a_mark_changes_with_its_close_alone_and_what_is_not_as_marked_is_told() {
    let (_engine, writer, reader) = start().await;
    let marks = async || reader.marks().await.unwrap();
    let year = async |year| {
        let mut found = reader.closed_in(year).await.unwrap();
        // They come in any order.
        found
            .rows
            .sort_by(|a, b| a.row.organisation.cmp(&b.row.organisation));
        found
    };
    for (partition, organisation) in (0..2).zip(["a", "b"]) {
        for of in ["2023-12", "2024-01"] {
            let close = close(of, &[organisation]);
            writer.insert_close(partition, 2, &close).await.unwrap();
        }
    }
    let before = marks().await;
    assert_eq!(
        before.keys().copied().collect::<Vec<_>>(),
        [month("2023-12"), month("2024-01")]
    );
    let read = year(2024).await;
    assert_eq!((read.rows.len(), read.whole), (2, true));
    // A month that one partition has closed is not there.
    writer
        .insert_close(0, 2, &close("2024-02", &["a"]))
        .await
        .unwrap();
    // The same once more changes nothing.
    writer
        .insert_close(0, 2, &close("2024-01", &["a"]))
        .await
        .unwrap();
    writer.optimise(2024).await.unwrap();
    assert_eq!(marks().await, before);
    assert_eq!(year(2024).await, read);
    // A mark of one row fewer than there are: the rows are not those of the close.
    writer
        .insert_close(1, 2, &close("2024-01", &[]))
        .await
        .unwrap();
    let after = marks().await;
    assert_eq!(after[&month("2023-12")], before[&month("2023-12")]);
    assert_ne!(after[&month("2024-01")], before[&month("2024-01")]);
    assert!(!year(2024).await.whole && year(2023).await.whole);
    // An empty close is as marked, too.
    writer
        .insert_close(1, 2, &close("2024-02", &[]))
        .await
        .unwrap();
    writer
        .insert_close(1, 2, &close("2024-01", &["b"]))
        .await
        .unwrap();
    assert_eq!(marks().await[&month("2024-01")], before[&month("2024-01")]);
    assert!(year(2024).await.whole);
    assert_eq!(year(2025).await.rows, []);
}
