//! Answers, whatever the protocol. Comes in: a token and a question. Goes out: a message of
//! `medvirk.indicator.v1`. The invariant: gRPC and JSON differ only in how they write what comes
//! from here.

use std::sync::Arc;

use medvirk_domain::catalogue::InvolvementAnswers;
use medvirk_domain::time::Month;
use medvirk_proto::indicator::v1 as wire;
use medvirk_proto::indicator::v1::indicator_service_server::IndicatorServiceServer;
use medvirk_runtime::auth::{TokenRole, TokenVerifier};
use medvirk_runtime::{Clock, StopToken};

use crate::error::Error;
use crate::figures::process::process;
use crate::figures::{CheckedQuery, FigureQuery, RowTables};
use crate::memory::{AnswerMemory, HeldAnswers, failed};
use crate::message;
use crate::question::{IndicatorQuestion, SeriesQuestion};
use crate::source::{CatalogueSource, CloseSource};

/// The service. Clones share everything.
#[derive(Clone)]
pub struct Report(Arc<ReportState>);

struct ReportState {
    memory: AnswerMemory,
    verifier: TokenVerifier,
    clock: Arc<dyn Clock>,
}

impl Report {
    /// `rows` is usually a `medvirk_store::IndicatorReader`, `catalogues` a
    /// `medvirk_records::catalogue::Plans`; tokens are looked at by `verifier` and `clock`.
    pub fn new(
        rows: Arc<dyn CloseSource>,
        catalogues: Arc<dyn CatalogueSource>,
        verifier: TokenVerifier,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(ReportState {
            memory: AnswerMemory::new(rows, catalogues, clock.clone()),
            verifier,
            clock,
        }))
    }

    /// Reads what is shown, and looks at the closes while there are questions, so that these wait
    /// for neither; until `stop`. An answer is then at most a second older than the database.
    /// Without it each question looks by itself.
    pub async fn keep_fresh(&self, stop: &StopToken) {
        tokio::select! {
            () = stop.stopped() => {}
            never = self.0.memory.keep_fresh() => match never {},
        }
    }

    /// Looks at the closes now: whatever was published before is in every later answer.
    ///
    /// # Errors
    /// If a source fails.
    pub async fn look(&self) -> Result<(), Error> {
        self.0.memory.look().await.map(|_| ())
    }

    #[cfg(test)]
    pub(crate) fn memory(&self) -> &AnswerMemory {
        &self.0.memory
    }

    /// The service that gRPC serves.
    pub fn service(&self) -> IndicatorServiceServer<Self> {
        IndicatorServiceServer::new(self.clone())
    }

    /// Looks at the value of the header `authorization`.
    pub(crate) fn authorise(&self, header: Option<&str>) -> Result<(), Error> {
        let now_ms = self.0.clock.now_ms();
        self.0
            .verifier
            .authorise(header, TokenRole::IndicatorRead, now_ms)?;
        Ok(())
    }

    /// The figures that are asked for.
    pub(crate) async fn figures(
        &self,
        question: IndicatorQuestion,
    ) -> Result<wire::QueryIndicatorsResponse, Error> {
        let page = question.page()?;
        let answer = self.ask(question.read()?, |asked, rows| Ok(asked.figures(rows)));
        let (mut figures, until) = answer.await?;
        let next_page = page.cut(&mut figures, until)?;
        Ok(wire::QueryIndicatorsResponse {
            figures: figures.into_iter().map(message::figure).collect(),
            shown_until: message::month(until),
            next_page,
        })
    }

    /// One indicator of one organisation over time.
    pub(crate) async fn series(
        &self,
        request: wire::GetSeriesRequest,
    ) -> Result<wire::GetSeriesResponse, Error> {
        let (one, wish) = SeriesQuestion::series(request)?;
        let answer = self.ask(one.query, move |asked, rows| {
            let part = asked.part(one.part.as_deref())?;
            let points = asked.series(&part, wish.spacing, rows);
            let coverage = asked.completeness(&part, &points, rows);
            let subject = asked.subject().expect("one indicator is asked for");
            let chart = process(&points, subject, wish);
            Ok((points, coverage, chart))
        });
        let ((points, coverage, chart), until) = answer.await?;
        Ok(message::series(points, &coverage, chart, until))
    }

    /// The organisations of a level below one, beside each other.
    pub(crate) async fn compare(
        &self,
        request: wire::CompareRequest,
    ) -> Result<wire::CompareResponse, Error> {
        let (one, level) = SeriesQuestion::comparison(request)?;
        let answer = self.ask(one.query, move |asked, rows| {
            let part = asked.part(one.part.as_deref())?;
            Ok(asked.clone().or_all().compare(&part, level, rows))
        });
        let (comparison, until) = answer.await?;
        Ok(message::comparison(comparison, until))
    }

    /// An organisation against the rest of each one above it.
    pub(crate) async fn against_the_rest(
        &self,
        request: wire::CompareWithRestRequest,
    ) -> Result<wire::CompareWithRestResponse, Error> {
        let one = SeriesQuestion::rest(request)?;
        let answer = self.ask(one.query, move |asked, rows| {
            let part = asked.part(one.part.as_deref())?;
            Ok(asked.against_the_rest(&part, rows))
        });
        let (told, until) = answer.await?;
        Ok(message::against_the_rest(told, until))
    }

    /// The indicators of the catalogue in force.
    pub(crate) async fn indicators(&self) -> Result<wire::ListIndicatorsResponse, Error> {
        let held = self.held().await?;
        Ok(message::indicators(held.background.catalogue()))
    }

    /// The organisations of the catalogue in force.
    pub(crate) async fn organisations(&self) -> Result<wire::ListOrganisationsResponse, Error> {
        let held = self.held().await?;
        let organisations = &held.background.catalogue().organisations;
        Ok(message::organisations(
            organisations,
            held.background.shown(),
        ))
    }

    /// Computes an answer of what is shown; with it goes the last shown month.
    async fn ask<T: Send + 'static>(
        &self,
        query: FigureQuery,
        compute: impl FnOnce(&CheckedQuery<'_>, &RowTables) -> Result<T, Error> + Send + 'static,
    ) -> Result<(T, Option<Month>), Error> {
        let held = self.held().await?;
        let shown_until = held.background.shown_until();
        // A large answer takes long enough to keep others waiting.
        let computed = tokio::task::spawn_blocking(move || {
            compute(&CheckedQuery::new(&query, &held.background)?, &held.tables)
        });
        let computed = computed
            .await
            .map_err(|error| failed("compute figures")(error.into()))??;
        Ok((computed, shown_until))
    }

    /// What answers are made of at this moment.
    pub(crate) async fn held(&self) -> Result<Arc<HeldAnswers>, Error> {
        self.0.memory.held().await
    }

    /// What services had said about themselves before that month was closed.
    pub(crate) async fn told_before_close(
        &self,
        month: Month,
    ) -> Result<Vec<InvolvementAnswers>, Error> {
        let told = self.0.memory.catalogues().involvement(month).await;
        told.map_err(failed("read what services say"))
    }
}
