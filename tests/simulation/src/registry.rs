//! The registry tables of the simulation. Comes in: the calls of the registrar's `Tables`. Goes
//! out: what a ClickHouse server may do, also after nobody waits for it any more. The invariant: of
//! each record there is its key before there is its row.

pub(crate) mod state;

use std::time::Duration;

use async_trait::async_trait;
use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::WithdrawalScope;
use medvirk_domain::time::Month;
use medvirk_registrar::RegistryTables;
use medvirk_store::error::FailureCause;
use medvirk_store::registry::{ControlMark, LogKey, PartitionErasure, RecordOrigin};
use medvirk_store::{Error, RegistryBatch};

use self::state::Place;
use crate::world::{Link, State};

/// What a batch puts into the tables.
struct Landing {
    keys: Vec<LogKey>,
    rows: Vec<(Place, (Pseudonym, bool))>,
    closes: Vec<(Place, Month)>,
}

impl Landing {
    fn of(batch: &RegistryBatch) -> Self {
        let mut rows = Vec::new();
        let mut row = |origin: &RecordOrigin, whose: Pseudonym, of_register: bool| {
            let place = (origin.partition, origin.log_offset);
            rows.push((place, (whose, of_register)));
        };
        let RegistryBatch {
            session_forms,
            registry_forms,
            survey_forms,
            episodes,
            invitations,
            log_keys,
            period_closes,
        } = batch;
        session_forms
            .iter()
            .for_each(|it| row(&it.origin, it.episode.person, false));
        registry_forms
            .iter()
            .for_each(|it| row(&it.origin, it.episode.person, true));
        survey_forms
            .iter()
            .for_each(|it| row(&it.origin, it.code, false));
        episodes
            .iter()
            .for_each(|it| row(&it.origin, it.episode.person, false));
        invitations
            .iter()
            .for_each(|it| row(&it.origin, it.code, false));
        let close =
            |it: &medvirk_store::registry::PeriodClosed| ((it.partition, it.log_offset), it.month);
        Self {
            keys: log_keys.clone(),
            rows,
            closes: period_closes.iter().map(close).collect(),
        }
    }
}

impl State {
    fn land_keys(&mut self, keys: &[LogKey]) {
        let placed = |key: &LogKey| ((key.partition, key.log_offset), key.clone());
        self.registry.keys.extend(keys.iter().map(placed));
    }
}

fn names(erasure: &PartitionErasure, place: Place, whose: Pseudonym, of_register: bool) -> bool {
    let (partition, offset) = place;
    let in_reach = partition == erasure.partition && offset < erasure.before;
    in_reach && whose == erasure.subject && (of_register || erasure.scope == WithdrawalScope::All)
}

fn failed(cause: FailureCause) -> Error {
    let attempt = "simulate";
    Error::Failed { attempt, cause }
}

/// The tables at the end of a link.
pub(crate) struct SimRegistry(pub(crate) Link);

impl SimRegistry {
    /// A call that may fail.
    async fn call(&self) -> Result<(), Error> {
        self.0.step().await;
        let mut state = self.0.state();
        let now = tokio::time::Instant::now();
        let refusing = !state.calm && state.refusing_until.is_some_and(|until| now < until);
        if refusing || state.fault(10) {
            Err(failed(FailureCause::Network))
        } else {
            Ok(())
        }
    }

    /// Lets the server do something, and does not always live to see it.
    async fn done_by_server(
        &self,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        self.call().await?;
        let late = self.0.state().fault(60);
        let server = tokio::spawn(work);
        if late {
            return Err(failed(FailureCause::TimedOut));
        }
        server.await.map_err(|_| failed(FailureCause::Network))?;
        self.0.step().await;
        Ok(())
    }
}

#[async_trait]
impl RegistryTables for SimRegistry {
    async fn insert(&self, batch: &RegistryBatch) -> Result<(), Error> {
        let landing = Landing::of(batch);
        let link = Link::outside(&self.0.world);
        self.done_by_server(async move {
            link.step().await;
            link.state().land_keys(&landing.keys);
            link.step().await;
            link.state().registry.closes.extend(landing.closes);
            link.step().await;
            link.state().registry.rows.extend(landing.rows);
        })
        .await
    }

    async fn newest_period_close(
        &self,
        partition: u32,
        before: u64,
    ) -> Result<Option<Month>, Error> {
        self.call().await?;
        let state = self.0.state();
        let closes = state
            .registry
            .closes
            .range((partition, 0)..(partition, before));
        Ok(closes.map(|(_, month)| *month).max())
    }

    async fn is_empty(&self, partition: u32) -> Result<bool, Error> {
        self.call().await?;
        let state = self.0.state();
        Ok(!state.registry.keys.keys().any(|(of, _)| *of == partition))
    }

    async fn mark(&self, mark: &ControlMark) -> Result<(), Error> {
        let (mark, link) = (*mark, Link::outside(&self.0.world));
        self.done_by_server(async move {
            link.step().await;
            let place = (mark.partition, mark.log_offset);
            link.state().registry.marks.insert(place, mark);
        })
        .await
    }

    async fn marks(&self, partition: u32) -> Result<Vec<ControlMark>, Error> {
        self.call().await?;
        let state = self.0.state();
        let marks = state
            .registry
            .marks
            .range((partition, 0)..(partition + 1, 0));
        Ok(marks.map(|(_, mark)| *mark).collect())
    }

    async fn log_keys(&self, erasure: &PartitionErasure) -> Result<Vec<LogKey>, Error> {
        self.call().await?;
        let state = self.0.state();
        let named = |(place, key): &(&(u32, u64), &LogKey)| {
            names(erasure, **place, key.subject, key.registry_form)
        };
        let keys = state.registry.keys.iter().filter(named);
        Ok(keys.map(|(_, key)| key.clone()).collect())
    }

    async fn delete_rows(&self, erasures: &[PartitionErasure]) -> Result<(), Error> {
        let (erasures, link) = (erasures.to_vec(), Link::outside(&self.0.world));
        self.done_by_server(async move {
            link.step().await;
            let mut state = link.state();
            state.registry.rows.retain(|place, (whose, of_register)| {
                !erasures
                    .iter()
                    .any(|it| names(it, *place, *whose, *of_register))
            });
        })
        .await
    }

    async fn delete_keys(&self, erasures: &[PartitionErasure]) -> Result<(), Error> {
        let (erasures, link) = (erasures.to_vec(), Link::outside(&self.0.world));
        self.done_by_server(async move {
            link.step().await;
            let mut state = link.state();
            state.registry.keys.retain(|place, key| {
                !erasures
                    .iter()
                    .any(|it| names(it, *place, key.subject, key.registry_form))
            });
        })
        .await
    }

    async fn tidy(&self) -> Result<(), Error> {
        self.call().await
    }
}

/// How often erasures are repeated in the simulation.
pub(crate) const ERASE_EVERY: Duration = Duration::from_secs(15);
