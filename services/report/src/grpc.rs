//! `medvirk.indicator.v1.IndicatorService`. Comes in: requests. Goes out: messages. The invariant:
//! no decision is made here.

use medvirk_domain::catalogue::{Identity, Indicator};
use medvirk_proto::indicator::v1 as wire;
use medvirk_proto::indicator::v1::indicator_service_server::IndicatorService;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use crate::answer::Report;
use crate::error::Error;
use crate::figures::{Figure, Period};
use crate::metrics::{count_answer, outcome};
use crate::question::{Question, malformed};

#[tonic::async_trait]
impl IndicatorService for Report {
    async fn list_indicators(
        &self,
        request: Request<wire::ListIndicatorsRequest>,
    ) -> Result<Response<wire::ListIndicatorsResponse>, Status> {
        let answer = self.answer_list(request.metadata()).await;
        count_answer("grpc", "list", outcome(&answer));
        answer.map(Response::new).map_err(|error| status(&error))
    }

    async fn query_indicators(
        &self,
        request: Request<wire::QueryIndicatorsRequest>,
    ) -> Result<Response<wire::QueryIndicatorsResponse>, Status> {
        let answer = self.answer_query(request).await;
        count_answer("grpc", "figures", outcome(&answer));
        answer.map(Response::new).map_err(|error| status(&error))
    }

    async fn query_coverage(
        &self,
        request: Request<wire::QueryCoverageRequest>,
    ) -> Result<Response<wire::QueryCoverageResponse>, Status> {
        let answer = self.answer_coverage(request).await;
        count_answer("grpc", "coverage", outcome(&answer));
        answer.map(Response::new).map_err(|error| status(&error))
    }

    async fn query_involvement(
        &self,
        request: Request<wire::QueryInvolvementRequest>,
    ) -> Result<Response<wire::QueryInvolvementResponse>, Status> {
        let answer = self.answer_involvement(request).await;
        count_answer("grpc", "involvement", outcome(&answer));
        answer.map(Response::new).map_err(|error| status(&error))
    }
}

impl Report {
    async fn answer_involvement(
        &self,
        request: Request<wire::QueryInvolvementRequest>,
    ) -> Result<wire::QueryInvolvementResponse, Error> {
        self.authorise(bearer(request.metadata()))?;
        let said = self.involvement(&request.into_inner().into()).await?;
        Ok(wire::QueryInvolvementResponse {
            involvement: said.into_iter().map(Into::into).collect(),
        })
    }

    async fn answer_coverage(
        &self,
        request: Request<wire::QueryCoverageRequest>,
    ) -> Result<wire::QueryCoverageResponse, Error> {
        self.authorise(bearer(request.metadata()))?;
        let covered = self.coverage(&request.into_inner().into()).await?;
        Ok(wire::QueryCoverageResponse {
            coverage: covered.into_iter().map(Into::into).collect(),
        })
    }

    async fn answer_list(
        &self,
        metadata: &MetadataMap,
    ) -> Result<wire::ListIndicatorsResponse, Error> {
        self.authorise(bearer(metadata))?;
        let list = self.list().await?;
        let indicators = list.indicators().into_iter();
        Ok(wire::ListIndicatorsResponse {
            indicators: indicators
                .map(|(i, parts, who)| indicator(i, parts, who))
                .collect(),
        })
    }

    async fn answer_query(
        &self,
        request: Request<wire::QueryIndicatorsRequest>,
    ) -> Result<wire::QueryIndicatorsResponse, Error> {
        self.authorise(bearer(request.metadata()))?;
        let answer = self.figures(question(request.into_inner())?).await?;
        let until = answer.shown_until.map(|month| month.to_string());
        Ok(wire::QueryIndicatorsResponse {
            figures: answer.figures.into_iter().map(figure).collect(),
            shown_until: until.unwrap_or_default(),
        })
    }
}

fn bearer(metadata: &MetadataMap) -> Option<&str> {
    metadata.get("authorization")?.to_str().ok()
}

fn status(error: &Error) -> Status {
    error.log();
    Status::new(error.kind().grpc(), error.told())
}

fn question(request: wire::QueryIndicatorsRequest) -> Result<Question, Error> {
    let period = match wire::Period::try_from(request.period) {
        Ok(wire::Period::Unspecified | wire::Period::Row) => Period::Row,
        Ok(wire::Period::Span) => Period::Span,
        Ok(wire::Period::Year) => Period::Year,
        Err(_) => return Err(malformed("period", &"a period is row, span or year")),
    };
    Ok(Question {
        measure: request.measure,
        indicator: request.indicator,
        organisation: request.organisation,
        from: request.from,
        to: request.to,
        level: request.level,
        period,
    })
}

fn indicator(indicator: &Indicator, parts: Vec<String>, identity: Identity) -> wire::Indicator {
    wire::Indicator {
        measure: indicator.measure.to_string(),
        indicator: indicator.id.to_string(),
        kind: indicator.kind.as_str().to_owned(),
        higher_is_better: indicator.higher_is_better,
        target: indicator.target.map(|target| target.green.to_f64()),
        title: indicator.title.clone().into_iter().collect(),
        parts,
        identity: identity.as_str().to_owned(),
    }
}

fn figure(figure: Figure) -> wire::Figure {
    let blank = wire::Figure {
        measure: figure.measure.to_string(),
        indicator: figure.indicator.to_string(),
        organisation: figure.organisation,
        level: figure.level.as_str().to_owned(),
        part: figure.part,
        from: figure.span.first.to_string(),
        to: figure.span.last.to_string(),
        target: figure.target,
        notes: figure.notes,
        ..wire::Figure::default()
    };
    let shown = match figure.shown {
        Ok(shown) => shown,
        Err(reason) => return wire::Figure { reason, ..blank },
    };
    let attainment = shown
        .attainment
        .map_or("", |attainment| attainment.as_str());
    wire::Figure {
        shown: true,
        persons: Some(shown.persons),
        value: Some(shown.value),
        lower: shown.interval.as_ref().ok().map(|ends| ends.0),
        upper: shown.interval.as_ref().ok().map(|ends| ends.1),
        attainment: attainment.to_owned(),
        reason: shown.interval.err().unwrap_or_default(),
        ..blank
    }
}
