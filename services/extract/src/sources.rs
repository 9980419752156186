//! What files are made of: the two databases and the catalogues. Comes in: what a pull asks for. Goes
//! out: rows and catalogues as readers may have them. The invariant: a snapshot names its catalogue, so
//! whoever goes on with a pull reads by the same one.

use std::sync::Arc;

use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::ids::CatalogueHash;
use medvirk_proto::extract::v1::Snapshot;
use medvirk_records::catalogue::PlanFollower;
use medvirk_runtime::this_month;
use medvirk_store::registry::FormSource;
use medvirk_store::{IndicatorReader, IndicatorRow, RegistryReader};

use crate::dataset::ReceivedInstruments;
use crate::error::Error;
use crate::readable::readable;

/// What files are made of.
pub(crate) struct DatasetSources {
    pub(crate) registry: RegistryReader,
    pub(crate) indicators: IndicatorReader,
    pub(crate) plans: PlanFollower,
}

impl DatasetSources {
    /// The catalogue of a snapshot, or the one in force.
    pub(crate) async fn catalogue(
        &self,
        snapshot: Option<&Snapshot>,
        now_ms: i64,
    ) -> Result<Arc<Catalogue>, Error> {
        let find = || {
            let hash = match snapshot {
                Some(snapshot) => catalogue_of(snapshot),
                None => {
                    let month = this_month(&StandingClock(now_ms));
                    self.plans.plan_in_force(month).map(|plan| plan.catalogue)
                }
            };
            self.plans.get(&hash?)
        };
        if let Some(found) = find() {
            return Ok(found);
        }
        self.plans.refresh().await?;
        find().ok_or(Error::NoCatalogue)
    }

    /// Rows as readers may have them. Everything that is made of rows begins here.
    pub(crate) async fn readable(
        &self,
        rows: Vec<IndicatorRow>,
    ) -> Result<Vec<IndicatorRow>, Error> {
        readable(&self.plans, rows).await
    }

    /// Which instruments there are forms of.
    pub(crate) async fn received(&self) -> Result<ReceivedInstruments, Error> {
        let registry = &self.registry;
        Ok(ReceivedInstruments {
            register: registry.instruments_received(FormSource::Register).await?,
            sessions: registry.instruments_received(FormSource::Sessions).await?,
        })
    }
}

/// A clock that stands.
pub(crate) struct StandingClock(pub(crate) i64);

impl medvirk_runtime::Clock for StandingClock {
    fn now_ms(&self) -> i64 {
        self.0
    }
}

/// The hash that a snapshot names.
fn catalogue_of(snapshot: &Snapshot) -> Option<CatalogueHash> {
    let bytes: [u8; 32] = snapshot.catalogue.as_slice().try_into().ok()?;
    Some(CatalogueHash::new(bytes))
}
