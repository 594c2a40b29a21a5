//! Fetching from the model hub, with resume.

use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use reqwest::{
    Client, Response, StatusCode, Url,
    header::{CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, LOCATION, RANGE},
};
use tokio::{
    fs::OpenOptions,
    io::{AsyncWriteExt, BufWriter},
};

use crate::{Secret, SourceFailure, cache::Fetched, error::Announced, fetch::Job, progress::ProgressEvent};

/// How long a connection may take to stand, so that a machine without the hub goes on to the mirror soon.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the hub may be silent.
const SILENCE: Duration = Duration::from_secs(30);
/// How often a download may break off, and how often a busy hub is asked, before the next source is tried.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(250);
/// The hub sends one redirect to its storage.
const REDIRECTS: u32 = 5;
/// How long a hub that could not be reached is left alone.
const FORGET_UNREACHABLE: Duration = Duration::from_secs(300);
/// Progress is told each time that so many bytes came in.
const TELL_EVERY: u64 = 1 << 20;

/// A file of the hub.
pub(crate) struct HubFile<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) token: Option<&'a Secret>,
    pub(crate) repository: &'a str,
    pub(crate) revision: &'a str,
    pub(crate) path: &'a str,
}

/// Why one try ended.
enum Stop {
    /// Trying again may help.
    Again(SourceFailure),
    /// It will not.
    Final(SourceFailure),
}

impl From<SourceFailure> for Stop {
    fn from(failure: SourceFailure) -> Self {
        Self::Final(failure)
    }
}

fn unreachable_hubs() -> &'static Mutex<HashMap<String, Instant>> {
    static HUBS: OnceLock<Mutex<HashMap<String, Instant>>> = OnceLock::new();
    HUBS.get_or_init(Mutex::default)
}

/// The HTTP client. Redirects are followed by hand: the first answer carries the file's SHA-256, and the token
/// must not travel to another host.
pub(crate) fn client() -> Result<Client, SourceFailure> {
    // Fails when the process has a provider already, which then serves as well.
    _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("lavr/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| SourceFailure::Unreachable { message: innermost(&error) })
}

/// Fetches the file into the slot's part file.
pub(crate) async fn fetch(client: &Client, hub: &HubFile<'_>, job: &Job<'_>) -> Result<(), SourceFailure> {
    if let Some(since) = unreachable_hubs().lock().unwrap_or_else(PoisonError::into_inner).get(hub.endpoint)
        && since.elapsed() < FORGET_UNREACHABLE
    {
        return Err(SourceFailure::Unreachable {
            message: "it could not be reached a moment ago".to_owned(),
        });
    }
    let mut tries = 0;
    loop {
        tries += 1;
        match once(client, hub, job).await {
            Ok(()) => return Ok(()),
            Err(Stop::Again(failure)) if tries < TRIES => {
                tracing::info!(source = %job.source, %failure, tries, "the download broke off; trying again");
                tokio::time::sleep(PAUSE * tries).await;
            }
            Err(Stop::Again(failure) | Stop::Final(failure)) => {
                if matches!(failure, SourceFailure::Unreachable { .. }) {
                    let mut hubs = unreachable_hubs().lock().unwrap_or_else(PoisonError::into_inner);
                    hubs.insert(hub.endpoint.to_owned(), Instant::now());
                }
                return Err(failure);
            }
        }
    }
}

async fn once(client: &Client, hub: &HubFile<'_>, job: &Job<'_>) -> Result<(), Stop> {
    let size = job.slot.expected.size;
    let earlier = job.slot.resumable(job.source).and_then(|fetched| fetched.etag);
    let have = if earlier.is_some() { job.slot.partial_bytes() } else { 0 };
    if have == size && earlier.is_some() {
        return Ok(());
    }
    let resume = earlier.filter(|_| have > 0 && have < size).map(|etag| (have, etag));

    let response = request(client, hub, job, resume.as_ref()).await?;
    let from = match response.status() {
        StatusCode::OK => 0,
        StatusCode::PARTIAL_CONTENT if range_start(response.headers()) == Some(have) => have,
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
            job.slot.discard();
            let message = "the hub sent another range than asked for".to_owned();
            return Err(Stop::Again(SourceFailure::Interrupted { received: 0, message }));
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            return Err(Stop::Final(SourceFailure::Forbidden { status: response.status().as_u16() }));
        }
        StatusCode::NOT_FOUND => return Err(Stop::Final(SourceFailure::NotFound)),
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            return Err(Stop::Again(SourceFailure::Status { status: status.as_u16() }));
        }
        status => return Err(Stop::Final(SourceFailure::Status { status: status.as_u16() })),
    };
    if let Some(announced) = response.content_length().map(|rest| rest.saturating_add(from))
        && announced != size
    {
        return Err(Stop::Final(other_file(job, Announced::Size(announced))));
    }
    receive(response, from, job).await
}

/// Asks for the file, following redirects.
async fn request(
    client: &Client,
    hub: &HubFile<'_>,
    job: &Job<'_>,
    resume: Option<&(u64, String)>,
) -> Result<Response, Stop> {
    let address = format!("{}/{}/resolve/{}/{}", hub.endpoint, hub.repository, hub.revision, hub.path);
    let invalid = |message: String| Stop::Final(SourceFailure::Unreachable { message });
    let home =
        Url::parse(&address).map_err(|error| invalid(format!("`{address}` is no address: {error}")))?;
    let mut url = home.clone();
    for _ in 0..=REDIRECTS {
        let mut request = client.get(url.clone());
        if let Some(token) = hub.token.filter(|_| url.origin() == home.origin()) {
            request = request.bearer_auth(token.reveal());
        }
        if let Some((have, etag)) = resume {
            request = request.header(RANGE, format!("bytes={have}-")).header(IF_RANGE, etag);
        }
        let response = request.send().await.map_err(|error| {
            let message = innermost(&error);
            if error.is_connect() {
                Stop::Final(SourceFailure::Unreachable { message })
            } else {
                Stop::Again(SourceFailure::Interrupted { received: job.slot.partial_bytes(), message })
            }
        })?;
        if let Some(announced) = announced(response.headers())
            && announced != Announced::Sha256(job.slot.expected.sha256)
        {
            return Err(Stop::Final(other_file(job, announced)));
        }
        if !response.status().is_redirection() {
            return Ok(response);
        }
        let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let target = target.ok_or_else(|| invalid("it redirects to nowhere".to_owned()))?;
        let next =
            url.join(target).map_err(|error| invalid(format!("it redirects to no address: {error}")))?;
        if url.scheme() == "https" && next.scheme() != "https" {
            return Err(invalid("it redirects from https to an open connection".to_owned()));
        }
        url = next;
    }
    Err(invalid(format!("it redirects more than {REDIRECTS} times")))
}

/// Writes what comes in to the part file.
async fn receive(mut response: Response, from: u64, job: &Job<'_>) -> Result<(), Stop> {
    let (slot, size, part) = (job.slot, job.slot.expected.size, job.slot.part());
    let etag = response.headers().get(ETAG).and_then(|value| value.to_str().ok());
    // A weak name stands for any equivalent content, so a download cannot be continued under it.
    let etag = etag.filter(|etag| !etag.starts_with("W/")).map(str::to_owned);
    slot.remember(&Fetched { source: job.source.to_owned(), etag, ..Fetched::default() })?;
    let file =
        OpenOptions::new().create(true).write(true).append(from > 0).truncate(from == 0).open(&part).await;
    let mut file = BufWriter::with_capacity(1 << 20, file.map_err(SourceFailure::io("write", &part))?);
    job.report.tell(&ProgressEvent::Started { source: job.source, total: size, done: from });

    let (mut received, mut told) = (from, from);
    let broken = loop {
        match response.chunk().await {
            Ok(Some(bytes)) => {
                received += bytes.len() as u64;
                if received > size {
                    return Err(Stop::Final(other_file(job, Announced::Size(received))));
                }
                file.write_all(&bytes).await.map_err(SourceFailure::io("write", &part))?;
                if received - told >= TELL_EVERY {
                    told = received;
                    job.report.tell(&ProgressEvent::Advanced { done: received, total: size });
                }
            }
            Ok(None) => break "the connection was closed".to_owned(),
            Err(error) => break innermost(&error),
        }
    };
    file.flush().await.map_err(SourceFailure::io("write", &part))?;
    if received == size {
        job.report.tell(&ProgressEvent::Advanced { done: received, total: size });
        return Ok(());
    }
    Err(Stop::Again(SourceFailure::Interrupted { received, message: broken }))
}

fn other_file(job: &Job<'_>, actual: Announced) -> SourceFailure {
    SourceFailure::OtherFile { expected: job.slot.expected, actual }
}

/// What the hub says of a large file before it redirects to its storage.
fn announced(headers: &HeaderMap) -> Option<Announced> {
    let etag = headers.get("x-linked-etag")?.to_str().ok()?;
    etag.trim_start_matches("W/").trim_matches('"').parse().ok().map(Announced::Sha256)
}

/// Where the bytes of a partial answer start: `Content-Range: bytes 100-199/200`.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

/// The innermost cause, without the address, which may hold a signature.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if cause.is::<reqwest::Error>() {
        return if error.is_timeout() {
            "no answer in time".to_owned()
        } else {
            "the connection failed".to_owned()
        };
    }
    cause.to_string()
}
