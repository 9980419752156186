//! Where rows and catalogues come from. Comes in: the indicator database and the topic
//! `catalogue`. Goes out: what figures are made of. The invariant: nothing else is read, and both
//! are seams, so that figures can be tested without either.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use medvirk_domain::catalogue::{Catalogue, InvolvementAnswers};
use medvirk_domain::time::Month;
use medvirk_records::catalogue::PlanFollower;
use medvirk_store::{CloseMark, IndicatorReader};

use crate::figures::ClosedRow;

/// Why a source does not answer.
pub type SourceFailure = Box<dyn std::error::Error + Send + Sync>;

/// Rows of period closes.
#[async_trait]
pub trait CloseSource: Send + Sync + 'static {
    /// The months that all partitions have closed, each with a mark: while it is the same, so are
    /// the rows of that close.
    async fn marks(&self) -> Result<BTreeMap<Month, CloseMark>, SourceFailure>;

    /// The rows that were closed in a year. Those of months that are not shown do no harm.
    async fn closed_in(&self, year: i32) -> Result<YearClosed, SourceFailure>;
}

/// The rows that were closed in a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YearClosed {
    /// The rows, in any order.
    pub rows: Vec<ClosedRow>,
    /// True if they are those of the marks; otherwise some are missing just now.
    pub whole: bool,
}

/// Catalogues, by the month in which they were in force.
#[async_trait]
pub trait CatalogueSource: Send + Sync + 'static {
    /// The catalogue under which a closed month was closed.
    async fn of_closed(&self, month: Month) -> Result<Option<Arc<Catalogue>>, SourceFailure>;

    /// The catalogue of the first month of all.
    async fn first(&self) -> Result<Option<Arc<Catalogue>>, SourceFailure>;

    /// What services had said about themselves before that shown month was closed: of each unit
    /// and year the last. It never changes.
    async fn involvement(&self, _shown: Month) -> Result<Vec<InvolvementAnswers>, SourceFailure> {
        Ok(Vec::new())
    }
}

// === impl Rows for IndicatorReader ===

#[async_trait]
impl CloseSource for IndicatorReader {
    async fn marks(&self) -> Result<BTreeMap<Month, CloseMark>, SourceFailure> {
        Ok(IndicatorReader::marks(self).await?)
    }

    async fn closed_in(&self, year: i32) -> Result<YearClosed, SourceFailure> {
        let found = IndicatorReader::closed_in(self, year).await?;
        let rows = found.rows.into_iter().map(|found| ClosedRow {
            closed: found.close_month,
            row: found.row,
        });
        Ok(YearClosed {
            rows: rows.collect(),
            whole: found.whole,
        })
    }
}

// === impl Catalogues for Plans ===

#[async_trait]
impl CatalogueSource for PlanFollower {
    async fn of_closed(&self, month: Month) -> Result<Option<Arc<Catalogue>>, SourceFailure> {
        // A closed month has a plan of its own, written before the close of the month before, or
        // it is the first. Without one this follower has not read far enough.
        if self.plan(month).is_none() {
            self.refresh().await?;
        }
        Ok(self.in_force(month))
    }

    async fn first(&self) -> Result<Option<Arc<Catalogue>>, SourceFailure> {
        if self.first_plan().is_none() {
            self.refresh().await?;
        }
        let plan = self.first_plan();
        Ok(plan.and_then(|plan| self.get(&plan.catalogue)))
    }

    async fn involvement(&self, shown: Month) -> Result<Vec<InvolvementAnswers>, SourceFailure> {
        // A month is closed after the next one has a plan, so what stands before that is fixed.
        if self.plan(shown.next()).is_none() {
            self.refresh().await?;
        }
        Ok(self.involvement_before(shown.next()))
    }
}

#[cfg(test)]
mod tests {
    use medvirk_domain::catalogue::{CatalogueLimits, shipped};
    use medvirk_domain::time::Month;
    use medvirk_records::catalogue::{activate, ensure_plan};

    use super::*;
    use crate::sample::month;

    /// The id of the nation tells one catalogue from the other.
    async fn nation(plans: &PlanFollower, closed: Option<Month>) -> Option<String> {
        let catalogue = match closed {
            Some(month) => plans.of_closed(month).await.unwrap(),
            None => plans.first().await.unwrap(),
        };
        catalogue.map(|catalogue| catalogue.organisations.nation.id.to_string())
    }

    #[tokio::test]
    async fn a_closed_month_has_its_own_catalogue_whoever_activated_it() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file:{}", folder.path().display());
        let log = medvirk_eventlog::open(&url, 2).await.unwrap();
        let reader = PlanFollower::open(log.clone(), CatalogueLimits::default())
            .await
            .unwrap();
        assert_eq!(nation(&reader, None).await, None);

        let writer = PlanFollower::open(log.clone(), CatalogueLimits::default())
            .await
            .unwrap();
        let first = month("2024-12");
        let old = activate(&*log, &writer, shipped(), first, None);
        old.await.unwrap();
        let mut files = shipped();
        // What names the nation by its old id.
        files.retain(|file| !file.path.starts_with("denominators/"));
        for file in &mut files {
            file.text = file.text.replace("id = \"norge\"", "id = \"noreg\"");
        }
        let new = activate(&*log, &writer, files, first.next(), None);
        new.await.unwrap();
        ensure_plan(&*log, &writer, first.plus(2)).await.unwrap();

        for (closed, expect) in [
            (None, "norge"),
            (Some(first), "norge"),
            (Some(first.next()), "noreg"),
            (Some(first.plus(2)), "noreg"),
        ] {
            assert_eq!(nation(&reader, closed).await.as_deref(), Some(expect));
        }
    }
}
