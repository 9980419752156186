//! No record shows itself, whatever goes wrong.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use medvirk_eventlog::contract::{KafkaSandbox, PARTITIONS};
use medvirk_eventlog::kafka::KafkaConfig;
use medvirk_eventlog::{LogAppendError, MAX_RECORD_BYTES, NewRecord, Topic, open_kafka};
use medvirk_kafka::{BrokerCluster, ClusterOptions};
use tracing_subscriber::fmt::MakeWriter;

const CANARY: &str = "canary-4711";

/// Everything that is logged, at every level.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut all = self.0.lock().expect("nobody panicked with it");
        all.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn canary() -> NewRecord {
    NewRecord::new(CANARY.into(), CANARY.repeat(100).into())
}

/// The library's own threads log too, so the subscriber is that of the whole process; the other
/// tests only add lines to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payload_is_in_no_log_line_and_in_no_error() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(lines.clone());
    subscriber.init();
    let mut cluster = BrokerCluster::for_test(&ClusterOptions::default()).unwrap();
    let sandbox = KafkaSandbox::fresh(&cluster.bootstrap()).await;
    let config = KafkaConfig {
        delivery_timeout: Duration::from_secs(1),
        queue_records: 2,
        ..sandbox.config()
    };
    let log = open_kafka(config, PARTITIONS).await.unwrap();
    let mut told = Vec::new();
    let mut tell = |error: LogAppendError| told.push(format!("{error} {error:?} {error:#?}"));

    // The client may need longer than that to find its broker.
    while log.append(Topic::Events, 0, canary()).await.is_err() {}
    let keyless = NewRecord::new(Vec::new(), CANARY.into());
    tell(log.append(Topic::Events, 0, keyless).await.unwrap_err());
    let large = NewRecord::new(CANARY.into(), CANARY.repeat(MAX_RECORD_BYTES / 10).into());
    tell(log.append(Topic::Ledger, 0, large).await.unwrap_err());
    tell(
        log.append_all(Topic::Events, 0, vec![canary(); 50])
            .await
            .unwrap_err(),
    );
    cluster.broker(0).kill();
    tell(log.append(Topic::Events, 0, canary()).await.unwrap_err());
    drop(log);

    assert_eq!(told.len(), 4);
    assert!(!told.join(" ").contains("canary"), "{told:?}");
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("kafka client"), "the library's log is ours");
    let shown = logged.lines().find(|line| line.contains("canary"));
    assert_eq!(shown, None);
    // Bytes as numbers, which is how `Debug` shows them.
    let numbers = format!("{:?}", CANARY.as_bytes());
    assert!(!logged.contains(numbers.trim_matches(['[', ']'])));
}
