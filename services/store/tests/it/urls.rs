//! What is sent to the engine, byte for byte: no value of a row, no pseudonym and no password is
//! ever part of a URL, which servers and proxies write into their logs.

use std::sync::{Arc, Mutex};

use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::record::{EpisodeKey, WithdrawalScope};
use medvirk_domain::row::{Close, Row, RowLevel, RowParts, VariableSum};
use medvirk_store::registry::{ControlAction, ControlMark, PartitionErasure, RegistryTable};
use medvirk_store::{
    DatabaseConnection, IndicatorReader, IndicatorWriter, RegistryExaminer, RegistryReader,
    RegistryWriter, RowQuery,
};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::registry::{canaries, episode};

/// Everything that was sent through it.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<u8>>>);

impl Recorder {
    /// The same connection, through the recorder.
    async fn before(&self, connection: &DatabaseConnection) -> DatabaseConnection {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let upstream = connection.url.strip_prefix("http://").unwrap().to_owned();
        let recorder = self.clone();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(&upstream).await.unwrap();
                tokio::spawn(recorder.clone().relay(client, server));
            }
        });
        DatabaseConnection {
            url: format!("http://{address}"),
            ..connection.clone()
        }
    }

    async fn relay(self, client: TcpStream, server: TcpStream) {
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        tokio::spawn(async move {
            let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
        });
        let mut bytes = vec![0; 64 << 10];
        while let Ok(read @ 1..) = from_client.read(&mut bytes).await {
            self.0.lock().unwrap().extend_from_slice(&bytes[..read]);
            if to_server.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    }

    fn all(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }

    /// The URL of each request.
    fn urls(&self) -> Vec<String> {
        let all = self.all();
        let lines = all.split(|byte| *byte == b'\n');
        let line = |line: &[u8]| {
            let line = line.strip_suffix(b"\r")?;
            // A body without a line's end comes before the next request.
            let begins = ["POST /", "GET /", "PUT /"];
            let begins = begins.iter().find_map(|begin| {
                line.windows(begin.len())
                    .position(|window| window == begin.as_bytes())
            })?;
            let line = line.strip_suffix(b" HTTP/1.1")?;
            Some(String::from_utf8_lossy(&line[begins..]).into_owned())
        };
        lines.filter_map(line).collect()
    }
}

#[tokio::test]
async fn no_value_and_no_secret_is_part_of_a_url() {
    let engine = crate::engine();
    let recorder = Recorder::default();
    let writer = engine.writer("registry");
    let (through, reader) = (
        recorder.before(&writer).await,
        recorder.before(&engine.reader("registry")).await,
    );
    registry(&through, &reader).await;
    let through = recorder.before(&engine.writer("indicators")).await;
    let reader = recorder.before(&engine.reader("indicators")).await;
    indicators(&through, &reader).await;

    let sent = recorder.all();
    let password = writer.password.expose_secret();
    let hex = "01".repeat(16);
    let value = 7_654_321_i64.to_le_bytes();
    assert!(sent.windows(8).any(|window| window == value));
    for there in [password, "fit-ors", hex.as_str()] {
        let there = there.as_bytes();
        let found = sent.windows(there.len()).any(|window| window == there);
        assert!(found, "the recorder sees everything");
    }
    let urls = recorder.urls();
    assert!(urls.len() > 30, "{} requests", urls.len());
    for url in urls {
        for value in [
            password,
            "fit-ors",
            hex.as_str(),
            "7654321",
            "tablet-1",
            "SELECT",
            "unhex",
        ] {
            assert!(!url.contains(value), "a value is part of a URL");
        }
    }
}

async fn registry(writer: &DatabaseConnection, reader: &DatabaseConnection) {
    let tables = RegistryWriter::new(writer).unwrap();
    tables.migrate().await.unwrap();
    let batch = canaries(FixedPoint::from_micros(7_654_321));
    tables.insert(&batch).await.unwrap();
    let examiner = RegistryExaminer::new(reader).unwrap();
    let held = examiner.held(1, 0..100).await.unwrap();
    assert_eq!(held.compare(&batch), []);
    let views = RegistryReader::new(reader).unwrap();
    let EpisodeKey { person, .. } = episode(1);
    assert_eq!(views.curve(&episode(1)).await.unwrap().len(), 1);
    views.units_of(&episode(1)).await.unwrap();
    views.count(RegistryTable::SessionForm).await.unwrap();
    let mark = ControlMark {
        partition: 1,
        log_offset: 90,
        subject: person,
        action: ControlAction::Withdrawn(WithdrawalScope::All),
    };
    tables.mark(&mark).await.unwrap();
    assert_eq!(examiner.marks(1).await.unwrap(), [mark]);
    let erasure = PartitionErasure {
        partition: 1,
        subject: person,
        scope: WithdrawalScope::All,
        before: 90,
    };
    tables.log_keys(&erasure).await.unwrap();
    tables.delete_rows(&[erasure]).await.unwrap();
    tables.delete_keys(&[erasure]).await.unwrap();
    let odd = examiner.held(1, 0..100).await.unwrap().compare(&batch);
    assert!(!odd.is_empty());
    let left = examiner.without_repeats(1, odd.clone()).await.unwrap();
    assert_eq!(left, odd);
    assert_eq!(examiner.beyond(&[0, 100]).await.unwrap(), 0);
}

async fn indicators(writer: &DatabaseConnection, reader: &DatabaseConnection) {
    let tables = IndicatorWriter::new(writer).unwrap();
    tables.migrate().await.unwrap();
    let row = RowParts {
        measure: "fit.outcome".parse().unwrap(),
        level: RowLevel::Unit,
        organisation: "tau".to_owned(),
        first: "2024-01".parse().unwrap(),
        last: "2024-01".parse().unwrap(),
        part: String::new(),
        persons: 7,
        new_in_year: Some(7),
        single_therapist: false,
        single_device: false,
        variables: vec![VariableSum {
            variable: "change".parse().unwrap(),
            sum: 7_654_321,
            sum_sq: None,
        }],
    };
    let close = Close {
        month: "2024-01".parse().unwrap(),
        offset: 1,
        catalogue: CatalogueHash::new([1; 32]),
        fold_version: 1,
        rows: vec![Row::from_ledger(row)],
    };
    tables.insert_close(0, 1, &close).await.unwrap();
    let views = IndicatorReader::new(reader).unwrap();
    assert_eq!(views.rows(&RowQuery::default()).await.unwrap().len(), 1);
    assert_eq!(views.places().await.unwrap().len(), 1);
    let marked = views.closes(0).await.unwrap();
    assert_eq!(marked, tables.closes(0).await.unwrap());
    let read = views.read_back_year(0, 2024).await.unwrap();
    assert_eq!(read, marked);
}
