//! Cassettes: exchanges with a service, recorded once and played back on loopback.
//!
//! A cassette is a JSON file: `{"exchanges": [{"request": {"method", "path", "body"}, "response": {"status",
//! "headers", "body"}}]}`. Request headers are not kept, so no key gets into a file. The [`Player`] compares each
//! request with the recorded one as a whole, in order.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Answer, Loopback, Request};

/// Recorded exchanges, in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cassette {
    /// The exchanges.
    pub exchanges: Vec<Exchange>,
}

/// A request and what came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// What was asked.
    pub request: RecordedRequest,
    /// What came back.
    pub response: RecordedResponse,
}

/// What was asked, without headers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedRequest {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The body as JSON; null if it was none.
    #[serde(default)]
    pub body: Value,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers that matter: content type and retry hints.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

/// A cassette could not be read, recorded or played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CassetteError {
    /// The file cannot be read or written.
    #[error("cassette {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no cassette.
    #[error("cassette {}: {source}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// What was asked is not what was recorded.
    #[error("the cassette was not played as recorded:\n{}", faults.join("\n"))]
    Mismatch {
        /// One line a fault.
        faults: Vec<String>,
    },
    /// No server could be started.
    #[error("no server on loopback: {0}")]
    Server(io::Error),
}

impl Cassette {
    /// Reads a cassette.
    ///
    /// # Errors
    /// When the file cannot be read or is no cassette.
    pub fn load(path: &Path) -> Result<Self, CassetteError> {
        let text = fs::read(path).map_err(|source| CassetteError::Io { path: path.into(), source })?;
        serde_json::from_slice(&text).map_err(|source| CassetteError::Format { path: path.into(), source })
    }

    /// Writes a cassette.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), CassetteError> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|source| CassetteError::Format { path: path.into(), source })?;
        fs::write(path, text + "\n").map_err(|source| CassetteError::Io { path: path.into(), source })
    }
}

impl RecordedRequest {
    fn of(request: &Request) -> Self {
        Self { method: request.method.clone(), path: request.path.clone(), body: request.json() }
    }
}

/// The answer that plays it.
impl From<&RecordedResponse> for Answer {
    fn from(recorded: &RecordedResponse) -> Self {
        let start = Self::new(recorded.status, recorded.body.clone());
        recorded.headers.iter().fold(start, |answer, (name, value)| answer.header(name, value))
    }
}

/// Plays a cassette on loopback.
#[derive(Debug)]
pub struct Player {
    server: Loopback,
    cassette: Arc<Cassette>,
    faults: Arc<Mutex<Vec<String>>>,
}

impl Player {
    /// Starts playing.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(cassette: Cassette) -> Result<Self, CassetteError> {
        let (cassette, faults) = (Arc::new(cassette), Arc::<Mutex<Vec<String>>>::default());
        let (played, told) = (Arc::clone(&cassette), Arc::clone(&faults));
        let server = Loopback::start(move |request, before| {
            let asked = RecordedRequest::of(request);
            let fault = match played.exchanges.get(before) {
                Some(exchange) if exchange.request == asked => return Answer::from(&exchange.response),
                Some(exchange) => {
                    let show = |request: &RecordedRequest| serde_json::to_string(request).unwrap_or_default();
                    format!(
                        "request {}: recorded {}\nbut asked {}",
                        before + 1,
                        show(&exchange.request),
                        show(&asked)
                    )
                }
                None => format!("request {}: only {} were recorded", before + 1, played.exchanges.len()),
            };
            told.lock().unwrap_or_else(PoisonError::into_inner).push(fault.clone());
            // A status that no client asks again on.
            Answer::new(400, fault)
        });
        Ok(Self { server: server.await.map_err(CassetteError::Server)?, cassette, faults })
    }

    /// Its address, such as `http://127.0.0.1:34567`.
    pub fn address(&self) -> &str {
        &self.server.address
    }

    /// Ends the play.
    ///
    /// # Errors
    /// When a request was not the recorded one, or not all were made.
    pub fn finish(self) -> Result<(), CassetteError> {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (asked, recorded) = (self.server.requests().len(), self.cassette.exchanges.len());
        if asked < recorded {
            faults.push(format!("{asked} of {recorded} recorded requests were made"));
        }
        if faults.is_empty() { Ok(()) } else { Err(CassetteError::Mismatch { faults }) }
    }
}

/// Passes requests on to a service and records what comes back.
#[derive(Debug)]
pub struct Recorder {
    server: Loopback,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
}

impl Recorder {
    /// Starts to record what goes to `upstream`, such as `https://service.example/v1`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(upstream: &str) -> Result<Self, CassetteError> {
        // Fails when the process has a provider already, which then serves as well.
        _ = rustls::crypto::ring::default_provider().install_default();
        let (upstream, client) = (upstream.trim_end_matches('/').to_owned(), reqwest::Client::new());
        let exchanges: Arc<Mutex<Vec<Exchange>>> = Arc::default();
        let kept = Arc::clone(&exchanges);
        let server = Loopback::start_async(move |request, _| {
            let (upstream, client, kept) = (upstream.clone(), client.clone(), Arc::clone(&kept));
            async move {
                match pass_on(&client, &upstream, &request).await {
                    Ok(response) => {
                        let answer = Answer::from(&response);
                        let exchange = Exchange { request: RecordedRequest::of(&request), response };
                        kept.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
                        answer
                    }
                    Err(error) => Answer::new(502, error.to_string()),
                }
            }
        });
        Ok(Self { server: server.await.map_err(CassetteError::Server)?, exchanges })
    }

    /// Its address, such as `http://127.0.0.1:34567`.
    pub fn address(&self) -> &str {
        &self.server.address
    }

    /// What was recorded.
    pub fn finish(self) -> Cassette {
        Cassette { exchanges: self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).clone() }
    }
}

async fn pass_on(
    client: &reqwest::Client,
    upstream: &str,
    request: &Request,
) -> Result<RecordedResponse, Box<dyn std::error::Error + Send + Sync>> {
    let method = reqwest::Method::from_bytes(request.method.as_bytes())?;
    let mut asked = client.request(method, format!("{upstream}{}", request.path)).body(request.body.clone());
    for (name, value) in &request.headers {
        if matches!(name.as_str(), "authorization" | "content-type" | "accept") {
            asked = asked.header(name, value);
        }
    }
    let response = asked.send().await?;
    let status = response.status().as_u16();
    let kept = |name: &str| matches!(name, "content-type" | "retry-after" | "retry-after-ms");
    let headers = response.headers().iter().filter(|(name, _)| kept(name.as_str()));
    let headers = headers
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Ok(RecordedResponse { status, headers: headers.collect(), body: response.text().await? })
}
