//! One server: started when needed, started again when it died, watched for changes of its tools.

use std::{
    collections::BTreeMap,
    process::Stdio,
    sync::{
        Arc, Mutex as StdMutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use lavr_image::ImageFiles;
use lavr_tool::ToolError;
use lavr_types::Secret;
use reqwest::header::{HeaderName, HeaderValue};
use rmcp::{
    ClientHandler, ClientLifecycleMode, RoleClient, ServiceError,
    model::{ClientCapabilities, Implementation, ProtocolVersion, SubscriptionFilter, Tool},
    serve_client_with_lifecycle,
    service::{ClientInitializeError, NotificationContext, RunningService},
    transport::{
        StreamableHttpClientTransport, TokioChildProcess,
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::ChildStderr,
    sync::Mutex,
};

use super::{ClientConfig, ConnectError, Reach};

/// A server that dies so often in a row is left alone for a while.
const MOST_DEATHS: u32 = 3;
/// How long.
const REST: Duration = Duration::from_secs(30);
/// How long the last words of a program that ended are waited for.
const MOMENT: Duration = Duration::from_secs(1);
/// The most characters of them that are kept.
const MOST_WORDS: usize = 300;
/// The most bytes of one answer over HTTP.
const MOST_ANSWER_BYTES: usize = 48 << 20;
/// The most bytes of files of images that are left for the server, beside those of calls that go on.
const MOST_FILE_BYTES: u64 = 256 << 20;

/// A server and what is known of it.
pub(super) struct Connection {
    pub(super) config: ClientConfig,
    pub(super) files: ImageFiles,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: Option<Arc<Running>>,
    /// Its tools as they were accepted: another description or schema later is another tool.
    accepted: BTreeMap<String, Tool>,
    deaths: u32,
    died: Option<Instant>,
}

/// A session.
pub(super) struct Running {
    pub(super) service: RunningService<RoleClient, Watcher>,
    changed: Arc<AtomicBool>,
    last_words: LastWords,
    listener: Option<tokio::task::AbortHandle>,
}

impl Running {
    fn is_gone(&self) -> bool {
        self.service.is_closed() || self.service.is_transport_closed()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

/// Hears when the server's tools change.
pub(super) struct Watcher(Arc<AtomicBool>);

impl ClientHandler for Watcher {
    fn get_info(&self) -> rmcp::model::ClientConfig {
        let name = Implementation::new("lavr", env!("CARGO_PKG_VERSION"));
        rmcp::model::ClientConfig::new(ClientCapabilities::default(), name)
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.0.store(true, Ordering::Release);
    }
}

impl Connection {
    /// Starts the server and asks for its tools.
    pub(super) async fn open(config: ClientConfig) -> Result<(Self, Vec<Tool>), ConnectError> {
        let files = ImageFiles::new().map_err(|source| ConnectError::Start {
            server: config.name.clone(),
            program: "a folder for images".into(),
            source,
        })?;
        let files = files.keeping_at_most(MOST_FILE_BYTES);
        let running = start(&config).await?;
        let tools = list(&config, &running).await?;
        let accepted = tools.iter().map(|tool| (tool.name.to_string(), tool.clone())).collect();
        let state = State { running: Some(Arc::new(running)), accepted, ..State::default() };
        Ok((Self { config, files, state: Mutex::new(state) }, tools))
    }

    /// The session, begun anew if the server died; refused for a tool that is not what was accepted.
    pub(super) async fn session(&self, tool: &str) -> Result<Arc<Running>, ToolError> {
        let mut state = self.state.lock().await;
        let alive = state.running.as_ref().filter(|running| !running.is_gone()).cloned();
        let restarted = alive.is_none();
        let running = match alive {
            Some(running) => running,
            None => self.restart(&mut state).await?,
        };
        if restarted || running.changed.swap(false, Ordering::AcqRel) {
            match list(&self.config, &running).await {
                Ok(offered) => state.compare(&self.config.name, &offered),
                Err(error) => {
                    running.changed.store(true, Ordering::Release);
                    return Err(self.unavailable("did not list its tools").caused_by(error));
                }
            }
        }
        if state.accepted.contains_key(tool) {
            return Ok(running);
        }
        Err(self.unavailable(&format!(
            "no longer offers `{tool}` as it was when this run began; start again to take what it offers now"
        )))
    }

    async fn restart(&self, state: &mut State) -> Result<Arc<Running>, ToolError> {
        let recently = state.died.is_some_and(|died| died.elapsed() < REST);
        if state.deaths >= MOST_DEATHS && recently {
            return Err(self.unavailable(
                "ended several times in a row and is left alone for a while; use another tool",
            ));
        }
        state.running = None;
        state.deaths += 1;
        state.died = Some(Instant::now());
        tracing::info!(server = self.config.name, "the MCP server ended; starting it again");
        let running = start(&self.config).await.map_err(|error| {
            self.unavailable("ended and could not be started again; use another tool").caused_by(error)
        })?;
        let running = Arc::new(running);
        state.running = Some(Arc::clone(&running));
        Ok(running)
    }

    /// A call came back: the server is well.
    pub(super) async fn is_well(&self) {
        self.state.lock().await.deaths = 0;
    }

    /// What a call's error means.
    pub(super) fn failed(&self, running: &Running, error: ServiceError) -> ToolError {
        match &error {
            ServiceError::McpError(told) => {
                let message =
                    format!("the MCP server `{}` refused the call: {}", self.config.name, told.message);
                ToolError::failed(message).caused_by(error)
            }
            ServiceError::TransportClosed | ServiceError::TransportSend(_) => {
                if let Some(words) = running.last_words.get() {
                    tracing::warn!(server = self.config.name, "the MCP server ended; it said: {words}");
                }
                self.unavailable("ended during the call; it is started again for the next one")
                    .caused_by(error)
            }
            ServiceError::Cancelled { .. } => ToolError::cancelled(),
            _ => ToolError::failed(format!("the MCP server `{}` gave no usable answer", self.config.name))
                .caused_by(error),
        }
    }

    fn unavailable(&self, what: &str) -> ToolError {
        ToolError::unavailable(format!("the MCP server `{}` {what}", self.config.name))
    }
}

impl State {
    /// Keeps of the accepted tools those that are offered as they were.
    fn compare(&mut self, server: &str, offered: &[Tool]) {
        self.accepted.retain(|name, accepted| {
            let same = offered.iter().any(|tool| {
                tool.name == *name
                    && tool.description == accepted.description
                    && tool.input_schema == accepted.input_schema
            });
            if !same {
                tracing::warn!(
                    server,
                    tool = name,
                    "the MCP server changed or withdrew a tool; it is not called any more"
                );
            }
            same
        });
    }
}

async fn list(config: &ClientConfig, running: &Running) -> Result<Vec<Tool>, ConnectError> {
    let listed = tokio::time::timeout(config.start_timeout, running.service.list_all_tools()).await;
    let slow = || ConnectError::Slow { server: config.name.clone(), last_words: running.last_words.get() };
    listed
        .map_err(|_| slow())?
        .map_err(|source| ConnectError::List { server: config.name.clone(), source: Box::new(source) })
}

async fn start(config: &ClientConfig) -> Result<Running, ConnectError> {
    let changed = Arc::new(AtomicBool::new(false));
    let last_words = LastWords::default();
    let begin = async {
        // The current revision first; a server that does not know it is spoken to as the one before wants it.
        let either = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            legacy_version: Some(ProtocolVersion::LATEST_WITH_INITIALIZE),
        };
        match begin(config, &changed, &last_words, either).await? {
            // There are servers that answer whatever they do not know with an empty result.
            Err(ClientInitializeError::ExpectedInitResult(_)) => {
                begin(config, &changed, &last_words, ClientLifecycleMode::Initialize).await
            }
            begun => Ok(begun),
        }
    };
    let begun = tokio::time::timeout(config.start_timeout, begin).await;
    let begun = begun
        .map_err(|_| ConnectError::Slow { server: config.name.clone(), last_words: last_words.get() })?;
    let service = match begun? {
        Ok(service) => service,
        Err(source) => {
            last_words.to_the_end().await;
            let (server, last_words) = (config.name.clone(), last_words.get());
            return Err(ConnectError::Begin { server, last_words, source: Box::new(source) });
        }
    };
    let listener = listen(&service, &changed);
    Ok(Running { service, changed, last_words, listener })
}

/// One try to begin a session; a program is started for it.
async fn begin(
    config: &ClientConfig,
    changed: &Arc<AtomicBool>,
    last_words: &LastWords,
    lifecycle: ClientLifecycleMode,
) -> Result<Result<RunningService<RoleClient, Watcher>, ClientInitializeError>, ConnectError> {
    let watcher = Watcher(Arc::clone(changed));
    Ok(match &config.reach {
        Reach::Command(program) => {
            let process = TokioChildProcess::builder(program.command()).stderr(Stdio::piped()).spawn();
            let (process, stderr) = process.map_err(|source| ConnectError::Start {
                server: config.name.clone(),
                program: program.program.clone(),
                source,
            })?;
            if let Some(stderr) = stderr {
                last_words.listen(config.name.clone(), stderr);
            }
            serve_client_with_lifecycle(watcher, process, lifecycle).await
        }
        Reach::Http { url, headers } => {
            let transport = http(url, headers)
                .map_err(|message| ConnectError::Address { server: config.name.clone(), message })?;
            serve_client_with_lifecycle(watcher, transport, lifecycle).await
        }
    })
}

/// Since 2026-07-28 a server tells of changes only to those who subscribed.
fn listen(
    service: &RunningService<RoleClient, Watcher>,
    changed: &Arc<AtomicBool>,
) -> Option<tokio::task::AbortHandle> {
    let info = service.peer_info()?;
    let tells = info.capabilities.tools.as_ref().is_some_and(|tools| tools.list_changed == Some(true));
    if !tells || info.protocol_version.has_initialize() {
        return None;
    }
    let (peer, changed) = (service.peer().clone(), Arc::clone(changed));
    let listening = tokio::spawn(async move {
        let filter = SubscriptionFilter::builder().tools_list_changed().build();
        let Ok(mut subscription) = peer.listen(filter).await else { return };
        while let Ok(Some(_)) = subscription.next().await {
            changed.store(true, Ordering::Release);
        }
    });
    Some(listening.abort_handle())
}

fn http(
    url: &str,
    headers: &BTreeMap<String, Secret>,
) -> Result<StreamableHttpClientTransport<reqwest::Client>, String> {
    // Fails when the process has a provider already, which then serves as well.
    _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .build()
        .map_err(|error| format!("no HTTP client could be made: {error}"))?;
    let address = reqwest::Url::parse(url).map_err(|error| format!("`{url}` is no address: {error}"))?;
    if !matches!(address.scheme(), "http" | "https") {
        return Err(format!("`{url}` is neither http nor https"));
    }
    let headers = headers
        .iter()
        .map(|(name, value)| {
            let known = HeaderName::try_from(name).map_err(|_| format!("`{name}` is no name of a header"))?;
            let mut value = HeaderValue::try_from(value.reveal()).map_err(|_| {
                format!("the value of the header `{name}` has characters that no header may have")
            })?;
            value.set_sensitive(true);
            Ok((known, value))
        })
        .collect::<Result<_, String>>()?;
    let config = StreamableHttpClientTransportConfig::with_uri(url)
        .custom_headers(headers)
        .max_json_response_size(MOST_ANSWER_BYTES)
        .max_sse_event_size(MOST_ANSWER_BYTES);
    Ok(StreamableHttpClientTransport::with_client(client, config))
}

/// The last line that a program wrote to its standard error.
#[derive(Debug, Default)]
struct LastWords {
    line: Arc<StdMutex<Option<String>>>,
    reading: StdMutex<Option<tokio::task::JoinHandle<()>>>,
}

impl LastWords {
    /// Reads to the end, so that the program never waits for us.
    fn listen(&self, server: String, stderr: ChildStderr) {
        let last = Arc::clone(&self.line);
        let reading = tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                tracing::debug!(server, "{line}");
                if !line.trim().is_empty() {
                    let line = line.chars().take(MOST_WORDS).collect();
                    *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
                }
            }
        });
        *self.reading.lock().unwrap_or_else(PoisonError::into_inner) = Some(reading);
    }

    /// Waits a moment for what a program that ended has still to say.
    async fn to_the_end(&self) {
        let reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(reading) = reading {
            _ = tokio::time::timeout(MOMENT, reading).await;
        }
    }

    fn get(&self) -> Option<String> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
