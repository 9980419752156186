use std::sync::Arc;
use std::sync::Mutex;

use async_trait::async_trait;
use medvirk_domain::catalogue::CatalogueLimits;
use medvirk_domain::ids::CatalogueHash;
use medvirk_eventlog::{Log, NewRecord};
use medvirk_records::catalogue::PlanFollower;
use medvirk_records::codec;
use medvirk_runtime::ManualClock;
use medvirk_store::Error as StoreError;
use medvirk_store::error::FailureCause;

use super::*;
use crate::{
    Aggregator, AggregatorDependencies, CheckpointFolder, IndicatorTables, ReplacementTables,
};

/// Tables that lose what the first inserts bring, have a row that nobody knows, or have no room
/// until they are tidied.
#[derive(Default)]
pub(crate) struct Odd {
    marks: Mutex<BTreeMap<Month, RowsHash>>,
    losing: Mutex<usize>,
    foreign: bool,
    full: Mutex<bool>,
}

#[async_trait]
impl IndicatorTables for Odd {
    async fn closes(&self, _: u32) -> Result<BTreeMap<Month, RowsHash>, StoreError> {
        Ok(self.marks.lock().unwrap().clone())
    }

    async fn months_with_rows(&self, _: u32) -> Result<Vec<Month>, StoreError> {
        Ok(Vec::new())
    }

    async fn read_back_year(
        &self,
        _: u32,
        _: i32,
    ) -> Result<BTreeMap<Month, RowsHash>, StoreError> {
        let odd = RowsHash { rows: 1, hash: 1 };
        let months = self.marks.lock().unwrap();
        Ok(months
            .keys()
            .filter(|_| self.foreign)
            .map(|month| (*month, odd))
            .collect())
    }

    async fn insert_close(&self, _: u32, _: u32, close: &Close) -> Result<(), StoreError> {
        if *self.full.lock().unwrap() {
            return Err(no_room());
        }
        let mut losing = self.losing.lock().unwrap();
        if *losing > 0 {
            *losing -= 1;
        } else {
            self.marks
                .lock()
                .unwrap()
                .insert(close.month, hash_of(close));
        }
        Ok(())
    }

    async fn optimise(&self, _: i32) -> Result<(), StoreError> {
        Ok(())
    }

    async fn tidy(&self) -> Result<(), StoreError> {
        *self.full.lock().unwrap() = false;
        Ok(())
    }

    async fn rebuild(&self) -> Result<Box<dyn ReplacementTables>, StoreError> {
        Err(StoreError::DatabaseName)
    }
}

/// What ClickHouse says on a full disk.
fn no_room() -> StoreError {
    StoreError::Failed {
        attempt: "insert",
        cause: FailureCause::Refused(243),
    }
}

/// Publishes a ledger of one close without rows.
async fn publish_to(tables: Arc<Odd>) -> Result<Option<Month>, AggregatorError> {
    let (_dir, _, handle) = ledger_of_one(tables).await;
    let mut ledger = LedgerView::new(handle.deps.log.clone(), 0);
    publish(0, &handle, &mut ledger).await
}

async fn ledger_of_one(
    tables: Arc<Odd>,
) -> (tempfile::TempDir, AggregatorConfig, AggregatorHandle) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file:{}", dir.path().display());
    let log: Arc<dyn Log> = medvirk_eventlog::open(&url, 1).await.unwrap();
    let month = "2024-01".parse().unwrap();
    let close = Close {
        month,
        offset: 0,
        catalogue: CatalogueHash::new([7; 32]),
        fold_version: 1,
        rows: Vec::new(),
    };
    let record = NewRecord::new(b"close".to_vec(), codec::encode_close(&close));
    log.append(Topic::Ledger, 0, record).await.unwrap();
    let deps = AggregatorDependencies {
        plans: PlanFollower::open(log.clone(), CatalogueLimits::default())
            .await
            .unwrap(),
        log: log.clone(),
        writer: tables,
        checkpoints: Arc::new(CheckpointFolder::new(dir.path().join("checkpoints"))),
        clock: Arc::new(ManualClock::default()),
    };
    let config = AggregatorConfig {
        first_month: month,
        compare_every: Duration::from_secs(60),
    };
    let handle = Aggregator::new(config.clone(), deps).handle();
    (dir, config, handle)
}

#[tokio::test]
pub(crate) async fn rows_that_vanish_after_an_insert_are_inserted_again() {
    let tables = Arc::new(Odd {
        losing: Mutex::new(2),
        ..Odd::default()
    });
    let published = publish_to(tables.clone()).await.unwrap().unwrap();
    assert_eq!(published.to_string(), "2024-01");
    assert!(tables.marks.lock().unwrap().contains_key(&published));
}

#[tokio::test]
pub(crate) async fn tables_without_room_are_tidied_and_filled() {
    let tables = Arc::new(Odd {
        full: Mutex::new(true),
        ..Odd::default()
    });
    let (_dir, config, handle) = ledger_of_one(tables).await;
    let published = handle
        .progress
        .wait_for(0, |progress| progress.published.is_some());
    let stop = StopToken::new();
    let publisher = run(0, config, handle.clone(), stop);
    tokio::select! {
        ended = publisher => panic!("it ended: {ended:?}"),
        () = published => {}
    }
}

#[tokio::test]
pub(crate) async fn a_row_that_no_insert_makes_right_is_a_stop() {
    let tables = Odd {
        foreign: true,
        ..Odd::default()
    };
    let refused = publish_to(Arc::new(tables)).await;
    assert!(matches!(refused, Err(AggregatorError::NotInLedger { .. })));
}
