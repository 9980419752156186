//! Logs and metrics. Comes in: a configuration. Goes out: log lines on standard error, and a
//! handle that renders the metrics. The invariant: histograms have fixed buckets and are drained
//! on a timer, so that they do not grow while nobody asks for them.

use std::fmt;
use std::time::Duration;

use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use serde::Deserialize;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::stop::StopToken;

/// How much is logged, and how.
///
/// ```
/// let text = "filter = \"info,medvirk_ingest=debug\"\nformat = \"json\"";
/// let config: medvirk_runtime::telemetry::TelemetryConfig =
///     medvirk_runtime::config::parse("sample.toml", text, &Default::default()).unwrap();
/// assert_eq!(config.format, medvirk_runtime::telemetry::LogFormat::Json);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TelemetryConfig {
    /// Directives such as `info` or `warn,medvirk_ingest=debug`.
    pub filter: String,
    /// Text for people, JSON for machines.
    pub format: LogFormat,
}

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line of text.
    #[default]
    Text,
    /// One JSON object for each line.
    Json,
}

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("the log filter is not a list of directives such as `info,medvirk_ingest=debug`")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    /// Somebody was here before.
    #[error("logging is already set up in this process")]
    Logging(#[source] tracing_subscriber::util::TryInitError),
    /// Somebody was here before.
    #[error("metrics are already set up in this process")]
    Metrics,
}

/// Renders the metrics; clones share them.
#[derive(Clone)]
pub struct MetricsRenderer(PrometheusHandle);

/// Logs to standard error from now on, for the whole process.
///
/// # Errors
/// When the filter is wrong, or logging is set up already.
pub fn init(config: &TelemetryConfig) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(&config.filter).map_err(TelemetryError::Filter)?;
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = layer().with_writer(std::io::stderr).with_ansi(colour);
    let registry = tracing_subscriber::registry().with(filter);
    match config.format {
        LogFormat::Text => registry.with(lines).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    }
    .map_err(TelemetryError::Logging)
}

/// A recorder with its handle. The caller installs it, for the process or for one thread.
pub fn recorder() -> (PrometheusRecorder, MetricsRenderer) {
    const SECONDS: [f64; 14] = [
        0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    ];
    const SIZES: [f64; 10] = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, &SECONDS)
        .and_then(|builder| builder.set_buckets(&SIZES))
        .expect("the lists of buckets are not empty")
        .build_recorder();
    let handle = recorder.handle();
    (recorder, MetricsRenderer(handle))
}

/// Records metrics from now on, for the whole process.
///
/// # Errors
/// When metrics are set up already.
pub fn install_metrics() -> Result<MetricsRenderer, TelemetryError> {
    let (recorder, metrics) = recorder();
    metrics::set_global_recorder(recorder).map_err(|_| TelemetryError::Metrics)?;
    Ok(metrics)
}

// === impl Config ===

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

// === impl Metrics ===

impl MetricsRenderer {
    /// Every metric, in Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Drains histograms every five seconds until `stop`; without it they grow while nobody
    /// scrapes.
    pub async fn upkeep(self, stop: StopToken) {
        let mut ticks = tokio::time::interval(Duration::from_secs(5));
        loop {
            tokio::select! {
                _ = ticks.tick() => self.0.run_upkeep(),
                () = stop.stopped() => return,
            }
        }
    }
}

impl fmt::Debug for MetricsRenderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsRenderer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_have_buckets() {
        let (recorder, handle) = recorder();
        metrics::with_local_recorder(&recorder, || {
            metrics::histogram!("ack_seconds").record(0.003);
        });
        assert!(
            handle
                .render()
                .contains("ack_seconds_bucket{le=\"0.005\"} 1")
        );
    }

    #[test]
    fn a_wrong_filter_is_an_error() {
        let config = TelemetryConfig {
            filter: "medvirk=loud".to_owned(),
            ..TelemetryConfig::default()
        };
        assert!(matches!(init(&config), Err(TelemetryError::Filter(_))));
    }
}
