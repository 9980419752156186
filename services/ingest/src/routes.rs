//! What serves ingest: gRPC, and FHIR over HTTP beside it.

use medvirk_front::{HttpInterface, MAX_MESSAGE_BYTES};
use medvirk_proto::episode::v1::episode_service_server::EpisodeServiceServer;
use medvirk_proto::feedback::v1::feedback_service_server::FeedbackServiceServer;
use medvirk_proto::involvement::v1::involvement_service_server::InvolvementServiceServer;
use medvirk_proto::registry::v1::registry_service_server::RegistryServiceServer;
use medvirk_proto::survey::v1::survey_service_server::SurveyServiceServer;
use tonic::codec::CompressionEncoding;
use tonic::service::{Routes, RoutesBuilder};

use crate::fhir;
use crate::state::Ingest;

impl Ingest {
    /// Names of the gRPC services, for health checks.
    pub const SERVICES: [&'static str; 5] = [
        "medvirk.feedback.v1.FeedbackService",
        "medvirk.survey.v1.SurveyService",
        "medvirk.episode.v1.EpisodeService",
        "medvirk.registry.v1.RegistryService",
        "medvirk.involvement.v1.InvolvementService",
    ];

    /// FHIR, as the front has to know it.
    pub const FHIR: HttpInterface = fhir::INTERFACE;

    /// The services, to be served alone.
    pub fn routes(&self) -> Routes {
        let mut routes = RoutesBuilder::default();
        self.add_to(&mut routes);
        self.with_fhir(routes.routes())
    }

    /// Adds FHIR over HTTP to what is served on the same port.
    pub fn with_fhir(&self, routes: Routes) -> Routes {
        let router = routes.into_axum_router();
        router.merge(fhir::router(self.clone())).into()
    }

    /// Adds the services to others that are served on the same port.
    pub fn add_to(&self, routes: &mut RoutesBuilder) {
        macro_rules! add {
            ($($server:ident)*) => {$(
                routes.add_service(
                    $server::new(self.clone())
                        .max_decoding_message_size(MAX_MESSAGE_BYTES)
                        .accept_compressed(CompressionEncoding::Gzip),
                );
            )*};
        }
        add!(FeedbackServiceServer SurveyServiceServer EpisodeServiceServer RegistryServiceServer);
        add!(InvolvementServiceServer);
    }
}
