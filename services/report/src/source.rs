//! Where rows and catalogues come from. Comes in: the indicator database and the topic
//! `catalogue`. Goes out: what figures are made of. The invariant: nothing else is read, and both
//! are seams, so that figures can be tested without either.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::time::Month;
use medvirk_eventlog::catalogue::Plans;
use medvirk_store::{IndicatorReader, Query};

use crate::figures::{ClosedRow, Wanted};

/// Why a source does not answer.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Rows of period closes.
#[async_trait]
pub trait Rows: Send + Sync + 'static {
    /// The months that all partitions have closed.
    async fn shown_months(&self) -> Result<BTreeSet<Month>, Failure>;

    /// At least the wanted rows that were closed in a shown month; others do no harm.
    async fn rows(&self, wanted: &Wanted) -> Result<Vec<ClosedRow>, Failure>;
}

/// Catalogues, by the month in which they were in force.
#[async_trait]
pub trait Catalogues: Send + Sync + 'static {
    /// The catalogue under which a closed month was closed.
    async fn of_closed(&self, month: Month) -> Result<Option<Arc<Catalogue>>, Failure>;

    /// The catalogue of the first month of all.
    async fn first(&self) -> Result<Option<Arc<Catalogue>>, Failure>;
}

// === impl Rows for IndicatorReader ===

#[async_trait]
impl Rows for IndicatorReader {
    async fn shown_months(&self) -> Result<BTreeSet<Month>, Failure> {
        let months = IndicatorReader::shown_months(self).await?;
        Ok(months.into_iter().collect())
    }

    async fn rows(&self, wanted: &Wanted) -> Result<Vec<ClosedRow>, Failure> {
        let query = Query {
            measures: wanted.measures.clone(),
            organisations: Vec::new(),
            span: Some(wanted.span.first..=wanted.span.last),
        };
        let rows = IndicatorReader::rows(self, &query).await?;
        let closed = rows.into_iter().map(|found| ClosedRow {
            closed: found.close_month,
            row: found.row,
        });
        Ok(closed.collect())
    }
}

// === impl Catalogues for Plans ===

#[async_trait]
impl Catalogues for Plans {
    async fn of_closed(&self, month: Month) -> Result<Option<Arc<Catalogue>>, Failure> {
        // A closed month has a plan of its own, written before the close of the month before, or
        // it is the first. Without one this follower has not read far enough.
        if self.plan(month).is_none() {
            self.refresh().await?;
        }
        Ok(self.in_force(month))
    }

    async fn first(&self) -> Result<Option<Arc<Catalogue>>, Failure> {
        if self.first_plan().is_none() {
            self.refresh().await?;
        }
        let plan = self.first_plan();
        Ok(plan.and_then(|plan| self.get(&plan.catalogue)))
    }
}
