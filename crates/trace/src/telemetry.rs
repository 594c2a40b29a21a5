//! Traces for OpenTelemetry: over OTLP/HTTP (protobuf), in the words of the `GenAI` semantic conventions.

mod names;
mod spans;

use opentelemetry_otlp::{Protocol, SpanExporter as OtlpExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, trace::SpanExporter as _};

use crate::{Trace, TraceError, secrets::without_credentials};

pub use spans::{Texts, spans};

/// Where spans go, and what goes with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collector {
    /// The address of the collector, such as `http://localhost:4318`; `None` as the environment says.
    pub endpoint: Option<String>,
    /// Whether texts go along.
    pub texts: Texts,
}

impl Collector {
    /// The collector that the environment names (`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` or
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`), if it does; texts go along where
    /// `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` is `true`.
    pub fn from_environment() -> Option<Self> {
        let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let found = names::ENDPOINTS.iter().any(is_set);
        found.then(|| Self { endpoint: None, texts: Self::texts_from_environment() })
    }

    /// Whether the environment asks for texts.
    pub fn texts_from_environment() -> Texts {
        let asks = std::env::var(names::CAPTURE_TEXTS)
            .is_ok_and(|value| value == "1" || value.eq_ignore_ascii_case("true"));
        if asks { Texts::Sent } else { Texts::Left }
    }

    /// Sends a trace. Headers, time limit and service name come from the usual variables (`OTEL_EXPORTER_OTLP_HEADERS`,
    /// `OTEL_EXPORTER_OTLP_TIMEOUT`, `OTEL_SERVICE_NAME`). Needs a tokio runtime.
    ///
    /// # Errors
    /// When the address is none, or the collector cannot be reached or refuses.
    pub async fn send(&self, trace: &Trace) -> Result<(), TraceError> {
        // A crate with a provider of its own may have been first.
        _ = rustls::crypto::ring::default_provider().install_default();
        let failed = |message: String| TraceError::Telemetry {
            endpoint: self.endpoint.as_deref().map_or_else(|| "the collector".to_owned(), shown),
            message: without_credentials(message),
        };
        let mut builder = OtlpExporter::builder().with_http().with_protocol(Protocol::HttpBinary);
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(for_traces(endpoint));
        }
        let mut exporter = builder.build().map_err(|error| failed(error.to_string()))?;
        exporter.set_resource(&resource());
        exporter.export(spans(trace, self.texts)).await.map_err(|error| failed(error.to_string()))
    }
}

fn resource() -> Resource {
    let is_named = std::env::var_os("OTEL_SERVICE_NAME").is_some_and(|name| !name.is_empty());
    let builder = Resource::builder();
    if is_named { builder.build() } else { builder.with_service_name(names::SCOPE).build() }
}

/// The path for traces behind the address of a collector.
fn for_traces(endpoint: &str) -> String {
    let endpoint = endpoint.trim_end_matches('/');
    if endpoint.ends_with("/v1/traces") { endpoint.to_owned() } else { format!("{endpoint}/v1/traces") }
}

/// An address without user, password and query.
fn shown(endpoint: &str) -> String {
    without_credentials(endpoint.split(['?', '#']).next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_is_secret_in_it() {
        for (given, shown) in [
            ("http://user:key@host:4318/v1?token=key", "http://(secret)@host:4318/v1"),
            ("https://host", "https://host"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(super::shown(given), shown);
        }
    }

    #[test]
    fn the_path_for_traces_is_added_once() {
        for given in ["http://host:4318", "http://host:4318/", "http://host:4318/v1/traces"] {
            assert_eq!(for_traces(given), "http://host:4318/v1/traces");
        }
    }
}
