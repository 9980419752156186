//! One port for all gRPC services of a process, and for FHIR over HTTP. Comes in: a listener and the
//! services. Goes out: answers, within limits. The invariants: too much work is refused at once with
//! `RESOURCE_EXHAUSTED`, a deadline is answered with `DEADLINE_EXCEEDED`, and a stop lets what is
//! under way come to its end.

use std::time::Duration;

use medvirk_proto::DESCRIPTORS;
use medvirk_runtime::StopToken;
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tonic_reflection::server::Builder as Reflection;

use crate::config::FrontConfig;
use crate::limits::{CallLimits, HttpInterface};
use crate::metrics;

/// Why the server ended.
#[derive(Debug, thiserror::Error)]
pub enum FrontError {
    /// The server itself failed.
    #[error("the gRPC server failed")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors of the services cannot be read.
    #[error("the descriptors for reflection cannot be read")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// What is served on the port, beside health and reflection.
pub struct FrontServices {
    /// The gRPC and HTTP services themselves.
    pub routes: Routes,
    /// Names of the gRPC services, for health checks.
    pub names: Vec<&'static str>,
    /// What is served over plain HTTP on the same port.
    pub http: HttpInterface,
}

/// Serves the services, health and reflection until `stop`, then lets what is under way come to
/// its end.
///
/// # Errors
/// When the server fails.
pub async fn serve(
    config: &FrontConfig,
    listener: TcpListener,
    services: FrontServices,
    stop: StopToken,
) -> Result<(), FrontError> {
    metrics::describe();
    let FrontServices {
        routes,
        names,
        http,
    } = services;
    let (health, health_server) = tonic_health::server::health_reporter();
    say(&health, &names, ServingStatus::Serving).await;
    let routes = routes
        .add_service(health_server)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let serving = Server::builder()
        .layer(CallLimits::new(config, http))
        // For FHIR. Who is slow with the head of a request is cut off by the library's own limit.
        .accept_http1(true)
        .max_concurrent_streams(config.max_concurrent_per_connection)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(8 << 20)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        // A client that opens and resets streams in a loop is cut off (CVE-2023-44487).
        .http2_max_pending_accept_reset_streams(Some(20))
        .http2_max_header_list_size(16 << 10)
        .max_connection_age(config.max_connection_age)
        .max_connection_age_grace(config.grace)
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, stop.clone().stopped_owned());
    let patience = async {
        stop.stopped().await;
        say(&health, &names, ServingStatus::NotServing).await;
        tokio::time::sleep(config.grace).await;
    };
    tokio::select! {
        served = serving => Ok(served?),
        () = patience => {
            tracing::warn!(grace = ?config.grace, "connections were still open after the grace period");
            Ok(())
        }
    }
}

fn reflection() -> Reflection<'static> {
    Reflection::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

async fn say(health: &HealthReporter, services: &[&'static str], status: ServingStatus) {
    for service in services.iter().chain(&[""]) {
        health.set_service_status(*service, status).await;
    }
}
