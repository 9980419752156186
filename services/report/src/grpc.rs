//! `medvirk.indicator.v1.IndicatorService`. Comes in: requests. Goes out: messages. The invariant:
//! no decision is made here.

use medvirk_front::bearer;
use medvirk_proto::indicator::v1 as wire;
use medvirk_proto::indicator::v1::indicator_service_server::IndicatorService;
use tonic::{Request, Response, Status};

use crate::answer::Report;
use crate::error::Error;
use crate::figures::FigurePeriod;
use crate::metrics::{count_answer, outcome};
use crate::question::{IndicatorQuestion, malformed};

#[tonic::async_trait]
impl IndicatorService for Report {
    async fn list_indicators(
        &self,
        request: Request<wire::ListIndicatorsRequest>,
    ) -> Result<Response<wire::ListIndicatorsResponse>, Status> {
        let answer = match authorised(self, request) {
            Ok(_) => self.indicators().await,
            Err(error) => Err(error),
        };
        respond("list", answer)
    }

    async fn list_organisations(
        &self,
        request: Request<wire::ListOrganisationsRequest>,
    ) -> Result<Response<wire::ListOrganisationsResponse>, Status> {
        let answer = match authorised(self, request) {
            Ok(_) => self.organisations().await,
            Err(error) => Err(error),
        };
        respond("organisations", answer)
    }

    async fn query_indicators(
        &self,
        request: Request<wire::QueryIndicatorsRequest>,
    ) -> Result<Response<wire::QueryIndicatorsResponse>, Status> {
        let question = authorised(self, request).and_then(question);
        let answer = match question {
            Ok(question) => self.figures(question).await,
            Err(error) => Err(error),
        };
        respond("figures", answer)
    }

    async fn get_series(
        &self,
        request: Request<wire::GetSeriesRequest>,
    ) -> Result<Response<wire::GetSeriesResponse>, Status> {
        let answer = match authorised(self, request) {
            Ok(request) => self.series(request).await,
            Err(error) => Err(error),
        };
        respond("series", answer)
    }

    async fn compare(
        &self,
        request: Request<wire::CompareRequest>,
    ) -> Result<Response<wire::CompareResponse>, Status> {
        let answer = match authorised(self, request) {
            Ok(request) => Report::compare(self, request).await,
            Err(error) => Err(error),
        };
        respond("comparison", answer)
    }

    async fn compare_with_rest(
        &self,
        request: Request<wire::CompareWithRestRequest>,
    ) -> Result<Response<wire::CompareWithRestResponse>, Status> {
        let answer = match authorised(self, request) {
            Ok(request) => self.against_the_rest(request).await,
            Err(error) => Err(error),
        };
        respond("rest", answer)
    }

    async fn query_coverage(
        &self,
        request: Request<wire::QueryCoverageRequest>,
    ) -> Result<Response<wire::QueryCoverageResponse>, Status> {
        let answer = match authorised(self, request) {
            Ok(request) => self.coverage(&request.into()).await,
            Err(error) => Err(error),
        };
        let coverage = answer.map(|coverage| wire::QueryCoverageResponse { coverage });
        respond("coverage", coverage)
    }

    async fn query_involvement(
        &self,
        request: Request<wire::QueryInvolvementRequest>,
    ) -> Result<Response<wire::QueryInvolvementResponse>, Status> {
        let answer = match authorised(self, request) {
            Ok(request) => self.involvement(&request.into()).await,
            Err(error) => Err(error),
        };
        let said = answer.map(|involvement| wire::QueryInvolvementResponse { involvement });
        respond("involvement", said)
    }
}

/// What was asked, if its token may ask.
fn authorised<T>(report: &Report, request: Request<T>) -> Result<T, Error> {
    report.authorise(bearer(request.metadata()).unwrap_or_default())?;
    Ok(request.into_inner())
}

fn respond<T>(call: &'static str, answer: Result<T, Error>) -> Result<Response<T>, Status> {
    count_answer("grpc", call, outcome(&answer));
    answer.map(Response::new).map_err(|error| {
        error.log();
        Status::new(error.kind().grpc(), error.told())
    })
}

fn question(request: wire::QueryIndicatorsRequest) -> Result<IndicatorQuestion, Error> {
    let period = match wire::Period::try_from(request.period) {
        Ok(wire::Period::Unspecified | wire::Period::Row) => FigurePeriod::Row,
        Ok(wire::Period::Span) => FigurePeriod::Span,
        Ok(wire::Period::Year) => FigurePeriod::Year,
        Err(_) => return Err(malformed("period", &"a period is row, span or year")),
    };
    Ok(IndicatorQuestion {
        measure: request.measure,
        indicator: request.indicator,
        organisation: request.organisation,
        from: request.from,
        to: request.to,
        level: request.level,
        period,
        limit: request.limit,
        page: request.page,
    })
}
