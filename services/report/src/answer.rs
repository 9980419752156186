//! Answers, whatever the protocol. Comes in: a token and a question. Goes out: figures, or the list
//! of indicators. The invariant: gRPC and JSON differ only in how they write what comes from here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use medvirk_domain::catalogue::{Catalogue, Identity, Indicator, Involvement};
use medvirk_domain::time::Month;
use medvirk_proto::indicator::v1::indicator_service_server::IndicatorServiceServer;
use medvirk_runtime::Clock;
use medvirk_runtime::auth::{Role, Verifier};

use crate::error::Error;
use crate::figures::{Asked, Background, ClosedRow, Figure, Query, Wanted};
use crate::question::Question;
use crate::source::{Catalogues, Failure, Rows};

/// The service. Clones share everything.
#[derive(Clone)]
pub struct Report(Arc<Inner>);

struct Inner {
    rows: Arc<dyn Rows>,
    catalogues: Arc<dyn Catalogues>,
    verifier: Verifier,
    clock: Arc<dyn Clock>,
}

/// An answer to a question.
pub(crate) struct Answer {
    pub(crate) figures: Vec<Figure>,
    pub(crate) shown_until: Option<Month>,
}

/// The list of indicators.
pub(crate) struct List(Arc<Catalogue>);

impl Report {
    /// `rows` is usually a `medvirk_store::IndicatorReader`, `catalogues` a
    /// `medvirk_eventlog::catalogue::Plans`; tokens are looked at by `verifier` and `clock`.
    pub fn new(
        rows: Arc<dyn Rows>,
        catalogues: Arc<dyn Catalogues>,
        verifier: Verifier,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Inner {
            rows,
            catalogues,
            verifier,
            clock,
        }))
    }

    /// The gRPC service.
    pub fn service(&self) -> IndicatorServiceServer<Self> {
        IndicatorServiceServer::new(self.clone())
    }

    /// The same over HTTP, and a page that says where to look. It answers every path: other
    /// routes are to be merged before its fallback, or nested beside it.
    pub fn router(&self) -> axum::Router {
        crate::http::router(self.clone())
    }

    /// Looks at the value of the header `authorization`.
    pub(crate) fn authorise(&self, header: Option<&str>) -> Result<(), Error> {
        let now_ms = self.0.clock.now_ms();
        self.0
            .verifier
            .authorise(header, Role::IndicatorRead, now_ms)?;
        Ok(())
    }

    /// The figures that are asked for.
    pub(crate) async fn figures(&self, question: Question) -> Result<Answer, Error> {
        let query = question.read()?;
        let background = self.background().await?;
        // Only rows of these months count, however many more there are by then.
        let shown_until = background.shown_until();
        let wanted = Asked::new(&query, &background)?.wanted();
        let rows = match wanted {
            Some(wanted) => self.rows(&wanted).await?,
            None => Vec::new(),
        };
        // A large answer takes long enough to keep others waiting.
        let figures = tokio::task::spawn_blocking(move || figures(&query, &background, &rows));
        let figures = figures
            .await
            .map_err(|error| failed("compute figures")(error.into()))??;
        Ok(Answer {
            figures,
            shown_until,
        })
    }

    /// The indicators of the catalogue in force.
    pub(crate) async fn list(&self) -> Result<List, Error> {
        let shown = self.shown_months().await?;
        Ok(List(self.in_force(&shown).await?))
    }

    /// What services had said about themselves before that month was closed.
    pub(crate) async fn told_before_close(&self, month: Month) -> Result<Vec<Involvement>, Error> {
        let told = self.0.catalogues.involvement(month).await;
        told.map_err(failed("read what services say"))
    }

    async fn background(&self) -> Result<Background, Error> {
        let shown = self.shown_months().await?;
        let catalogue = self.in_force(&shown).await?;
        let mut last_of_years = BTreeMap::new();
        for month in &shown {
            last_of_years.insert(month.year(), *month);
        }
        let mut of_years = BTreeMap::new();
        for (year, month) in last_of_years {
            of_years.insert(year, self.of_closed(month).await?);
        }
        Ok(Background::new(catalogue, &of_years, shown))
    }

    pub(crate) async fn rows(&self, wanted: &Wanted) -> Result<Vec<ClosedRow>, Error> {
        let rows = self.0.rows.rows(wanted).await;
        rows.map_err(failed("read rows"))
    }

    pub(crate) async fn shown_months(&self) -> Result<BTreeSet<Month>, Error> {
        let months = self.0.rows.shown_months().await;
        months.map_err(failed("read the shown months"))
    }

    /// The catalogue of the last shown month, so that an activation shows only after a close.
    pub(crate) async fn in_force(&self, shown: &BTreeSet<Month>) -> Result<Arc<Catalogue>, Error> {
        match shown.last() {
            Some(month) => self.of_closed(*month).await,
            None => {
                let first = self.0.catalogues.first().await;
                first
                    .map_err(failed("read the catalogue"))?
                    .ok_or(Error::NoCatalogue)
            }
        }
    }

    pub(crate) async fn of_closed(&self, month: Month) -> Result<Arc<Catalogue>, Error> {
        let catalogue = self.0.catalogues.of_closed(month).await;
        catalogue
            .map_err(failed("read the catalogue"))?
            .ok_or(Error::NoCatalogue)
    }
}

impl List {
    /// By measure and id, with the parts and the identity of the measure.
    pub(crate) fn indicators(&self) -> Vec<(&Indicator, Vec<String>, Identity)> {
        let mut indicators: Vec<&Indicator> = self.0.indicators.iter().collect();
        indicators.sort_by_key(|indicator| (&indicator.measure, &indicator.id));
        let mut listed = Vec::new();
        for indicator in indicators {
            let measure = self.0.measures.get(&indicator.measure);
            let measure = measure.expect("an indicator's measure is in its catalogue");
            let parts = measure.parts.iter();
            let parts = parts.flat_map(|p| [p.then.to_string(), p.otherwise.to_string()]);
            listed.push((indicator, parts.collect(), measure.identity));
        }
        listed
    }
}

fn figures(
    query: &Query,
    background: &Background,
    rows: &[crate::figures::ClosedRow],
) -> Result<Vec<Figure>, Error> {
    Ok(Asked::new(query, background)?.figures(rows))
}

fn failed(attempt: &'static str) -> impl Fn(Failure) -> Error {
    move |source| Error::Source { attempt, source }
}
