//! `medvirk.extract.v1.ExtractService`. Comes in: requests. Goes out: messages. The invariant: no
//! decision is made here.

use medvirk_front::bearer;
use medvirk_proto::extract::v1 as wire;
use medvirk_proto::extract::v1::extract_service_server::ExtractService;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::dataset::Dataset;
use crate::error::Error;
use crate::metrics::count_pull;
use crate::service::Extract;

#[tonic::async_trait]
impl ExtractService for Extract {
    async fn list_datasets(
        &self,
        request: Request<wire::ListDatasetsRequest>,
    ) -> Result<Response<wire::ListDatasetsResponse>, Status> {
        let authorised = self.authorise(bearer(request.metadata()).unwrap_or_default());
        authorised.map_err(|error| error.status())?;
        let datasets = Self::datasets(self).await;
        let datasets = datasets.map_err(|error| error.status())?;
        Ok(Response::new(wire::ListDatasetsResponse { datasets }))
    }

    type PullStream = ReceiverStream<Result<wire::PullResponse, Status>>;

    async fn pull(
        &self,
        request: Request<wire::PullRequest>,
    ) -> Result<Response<Self::PullStream>, Status> {
        let token = self.authorise(bearer(request.metadata()).unwrap_or_default());
        let label = Dataset::label(&request.get_ref().dataset);
        let begun = match token {
            Ok(token) => Extract::pull(self, request.into_inner(), token).await,
            Err(error) => Err(error),
        };
        let told = |error: Error| {
            count_pull(label, error.as_str());
            error.status()
        };
        Ok(Response::new(ReceiverStream::new(begun.map_err(told)?)))
    }
}
