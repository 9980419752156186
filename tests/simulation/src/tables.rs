//! The indicator tables of the simulation. Comes in: the calls of `Tables`. Goes out: what a
//! ClickHouse server may do, also after nobody waits for it any more. The invariants that are
//! watched at every change: a row in the tables is in the ledger; a marked close is whole.

pub(crate) mod state;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use medvirk_aggregator::{IndicatorTables, ReplacementTables};
use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use medvirk_store::error::FailureCause;
use medvirk_store::{Error, RowsHash, hash_of};
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};

use self::state::{Place, Shown, TablesState, keyed};
use crate::world::{Link, State};

impl State {
    fn land_rows(&mut self, partition: u32, close: &Close) {
        let place = (partition, close.month);
        self.tables
            .rows
            .entry(place)
            .or_default()
            .extend(keyed(close));
        self.check_place(place);
    }

    fn land_mark(&mut self, partition: u32, close: &Close) {
        let place = (partition, close.month);
        self.tables.marks.insert(place, hash_of(close));
        self.check_place(place);
    }

    fn check_place(&mut self, place: Place) {
        let (partition, month) = place;
        let close = self.closes[partition as usize].get(&month);
        let shown = self.tables.compare(place, close);
        let is_marked = self.tables.marks.contains_key(&place);
        let is_disturbed = self.tables.disturbed;
        let what = match (shown, close.is_some()) {
            (Shown::More, _) => "has rows that the ledger has not",
            (_, false) if is_marked => "is marked and the ledger has it not",
            (Shown::Less, _) if is_marked && !is_disturbed => "is marked and not whole",
            _ => return,
        };
        self.broken(|| format!("{place:?} in the view {what}"));
    }

    /// The rows of a close are gone, as when a disk loses a part; its mark is still there.
    pub(crate) fn lose_a_part(&mut self) {
        let places: Vec<_> = self.tables.rows.keys().copied().collect();
        if !places.is_empty() {
            let place = self.random.pick(&places);
            self.tables.disturbed = true;
            self.tables.rows.remove(place);
        }
    }

    pub(crate) fn check_tables(&mut self) {
        let mut places: Vec<_> = self.tables.rows.keys().copied().collect();
        places.extend(self.tables.marks.keys());
        places.into_iter().for_each(|place| self.check_place(place));
    }

    /// True if the view has every close of the ledger, whole.
    pub(crate) fn tables_are_complete(&self) -> bool {
        let closes = (0..).zip(&self.closes);
        let mut places = closes.flat_map(|(p, closes)| closes.values().map(move |c| (p, c)));
        places.all(|(partition, close)| {
            let place = (partition, close.month);
            self.tables.compare(place, Some(close)) == Shown::Equal
                && self.tables.marks.get(&place) == Some(&hash_of(close))
        })
    }
}

fn failed(cause: FailureCause) -> Error {
    let attempt = "simulate";
    Error::Failed { attempt, cause }
}

/// The tables at the end of a link; clones share the lock of their process.
#[derive(Clone)]
pub(crate) struct SimTables {
    link: Link,
    lock: Arc<RwLock<()>>,
}

impl SimTables {
    pub(crate) fn new(link: Link) -> Self {
        let lock = Arc::default();
        Self { link, lock }
    }

    /// A call that may fail.
    async fn call(&self) -> Result<(), Error> {
        self.link.step().await;
        let mut state = self.link.state();
        let now = tokio::time::Instant::now();
        if state.fault(3) {
            state.refusing_until = Some(now + Duration::from_secs(20));
        }
        let refusing = !state.calm && state.refusing_until.is_some_and(|until| now < until);
        if refusing {
            Err(failed(FailureCause::Network))
        } else {
            Ok(())
        }
    }
}

/// The server does it, whether or not somebody waits for the answer.
async fn insert(link: Link, partition: u32, close: Close) {
    link.step().await;
    link.state().land_rows(partition, &close);
    link.step().await;
    link.state().land_mark(partition, &close);
    link.step().await;
}

#[async_trait]
impl IndicatorTables for SimTables {
    async fn closes(&self, partition: u32) -> Result<BTreeMap<Month, RowsHash>, Error> {
        self.call().await?;
        let state = self.link.state();
        let marks = state.tables.marks.iter();
        let here = marks.filter(|((of, _), _)| *of == partition);
        Ok(here.map(|((_, month), hash)| (*month, *hash)).collect())
    }

    async fn months_with_rows(&self, partition: u32) -> Result<Vec<Month>, Error> {
        self.call().await?;
        let state = self.link.state();
        let rows = state.tables.rows.iter();
        let here = rows.filter(|((of, _), rows)| *of == partition && !rows.is_empty());
        Ok(here.map(|((_, month), _)| *month).collect())
    }

    async fn read_back_year(
        &self,
        partition: u32,
        year: i32,
    ) -> Result<BTreeMap<Month, RowsHash>, Error> {
        self.call().await?;
        let state = self.link.state();
        let months = state.tables.rows.keys();
        let here = months.filter(|(of, month)| *of == partition && month.year() == year);
        let hash = |place: &Place| Some((place.1, state.tables.hash(*place)?));
        Ok(here.filter_map(hash).collect())
    }

    async fn insert_close(
        &self,
        partition: u32,
        _partitions: u32,
        close: &Close,
    ) -> Result<(), Error> {
        let _shared = self.lock.read().await;
        self.call().await?;
        if self.link.state().fault(50) {
            return Err(failed(FailureCause::Network));
        }
        // A crash of the caller does not stop the server.
        let server = Link::outside(&self.link.world);
        let landing = tokio::spawn(insert(server, partition, close.clone()));
        if self.link.state().fault(80) {
            return Err(failed(FailureCause::TimedOut));
        }
        landing.await.map_err(|_| failed(FailureCause::Network))?;
        self.link.step().await;
        Ok(())
    }

    async fn optimise(&self, _year: i32) -> Result<(), Error> {
        let _shared = self.lock.read().await;
        self.call().await
    }

    async fn tidy(&self) -> Result<(), Error> {
        let _shared = self.lock.read().await;
        self.call().await
    }

    async fn rebuild(&self) -> Result<Box<dyn ReplacementTables>, Error> {
        let alone = self.lock.clone().write_owned().await;
        self.call().await?;
        Ok(Box::new(SimBeside {
            tables: self.clone(),
            beside: TablesState::default(),
            _alone: alone,
        }))
    }
}

/// New tables beside the old ones.
struct SimBeside {
    tables: SimTables,
    beside: TablesState,
    _alone: OwnedRwLockWriteGuard<()>,
}

#[async_trait]
impl ReplacementTables for SimBeside {
    async fn insert_close(
        &mut self,
        partition: u32,
        _partitions: u32,
        close: &Close,
    ) -> Result<(), Error> {
        self.tables.call().await?;
        let place = (partition, close.month);
        self.beside.rows.insert(place, keyed(close));
        self.beside.marks.insert(place, hash_of(close));
        Ok(())
    }

    async fn exchange(mut self: Box<Self>) -> Result<(), Error> {
        let link = self.tables.link.clone();
        self.tables.call().await?;
        {
            let mut state = link.state();
            state.tables.disturbed = true;
            std::mem::swap(&mut state.tables.rows, &mut self.beside.rows);
            state.check_tables();
        }
        self.tables.call().await?;
        let mut state = link.state();
        std::mem::swap(&mut state.tables.marks, &mut self.beside.marks);
        state.check_tables();
        Ok(())
    }
}
