//! A web service that answers questions about pictures and checks texts about them.
//!
//!     cargo run --release --example web_service            # or with an address: ... -- 127.0.0.1:8090
//!     curl --data-binary @examples/pictures/dogs.jpg 'http://127.0.0.1:8080/verify?text=Three%20dogs%20look%20out.'
//!     curl --data-binary @examples/pictures/dogs.jpg 'http://127.0.0.1:8080/ask?question=How%20many%20dogs%20are%20there%3F'
//!
//! Both give JSON: the answer (docs/json.md), and under `page` the path of a page that shows it. What a service needs
//! beside the agent is here, too: limits on the size of a request and on the runs at once, and a run ends when nobody
//! waits for it any more. Each request has its own images and its own evidence cache, so that no caller can come upon
//! the pictures of another, and they go with it; the networks are loaded once and shared.

#![allow(clippy::print_stderr, reason = "a program for the terminal")]

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use lavr::{
    infer::{EngineChoice, Sessions},
    prelude::*,
    report::{Document, run_page},
    types::{TraceEvent, Usage},
};
use serde::Deserialize;
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, SemaphorePermit},
};
use tokio_util::sync::DropGuard;

/// The most bytes of a picture.
const LARGEST_PICTURE: usize = 16 << 20;
/// The most runs at once: networks use all cores as it is. Who comes then is told to come again.
const MOST_RUNS: usize = 4;
/// The most pages that are kept.
const MOST_PAGES: usize = 100;

/// What all requests share.
pub(crate) struct Service {
    /// Makes the tools of one request.
    tools: Box<dyn Fn() -> Result<Registry, String> + Send + Sync>,
    pub(crate) places: Semaphore,
    /// The last pages by their numbers.
    pages: Mutex<BTreeMap<u64, Html<String>>>,
}

impl Service {
    /// A service over these tools.
    pub(crate) fn new(tools: impl Fn() -> Result<Registry, String> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { tools: Box::new(tools), places: Semaphore::new(MOST_RUNS), pages: Mutex::default() })
    }

    /// What the service answers to.
    pub(crate) fn routes(self: Arc<Self>) -> Router {
        Router::new()
            .route("/ask", post(ask))
            .route("/verify", post(verify))
            .route("/runs/{number}", get(page))
            .layer(DefaultBodyLimit::max(LARGEST_PICTURE))
            .with_state(self)
    }

    /// Takes a picture in, if there is a place for one more run.
    async fn begin(&self, picture: Bytes) -> Result<Request<'_>, Refusal> {
        let busy =
            |_| Refusal(StatusCode::SERVICE_UNAVAILABLE, "too many runs at once: try again later".into());
        let place = self.places.try_acquire().map_err(busy)?;
        let images = Arc::new(ImageStore::default());
        let decoding = tokio::task::spawn_blocking({
            let images = Arc::clone(&images);
            move || images.insert_encoded(&picture, "the picture")
        });
        let photo = decoding.await.map_err(failed)?.map_err(bad_request)?;
        let cancel = CancellationToken::new();
        Ok(Request {
            dispatcher: Dispatcher::new((self.tools)().map_err(failed)?, images),
            photo,
            _guard: cancel.clone().drop_guard(),
            cancel,
            start: Instant::now(),
            events: Mutex::default(),
            _place: place,
        })
    }

    /// The answer as JSON; its page is kept.
    fn end(&self, request: &Request<'_>, answer: &Answer) -> Json<serde_json::Value> {
        let images = request.dispatcher.images();
        let document = Document::new(answer, images, &[(request.photo, "picture".to_owned())]);
        let events = request.events.lock().unwrap_or_else(PoisonError::into_inner);
        let page = Html(run_page(&document, &**images, &events));

        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let number = pages.last_key_value().map_or(1, |(last, _)| last + 1);
        pages.insert(number, page);
        if pages.len() > MOST_PAGES {
            pages.pop_first();
        }
        Json(json!({ "page": format!("/runs/{number}"), "answer": document }))
    }
}

/// A run: what it works with, and what happened in it. Its images and its evidence go with it.
struct Request<'a> {
    dispatcher: Dispatcher,
    photo: ImageId,
    cancel: CancellationToken,
    /// When the caller goes away the handler is dropped, and with it this: the tools stop.
    _guard: DropGuard,
    start: Instant,
    events: Mutex<Vec<TraceEvent>>,
    _place: SemaphorePermit<'a>,
}

impl Request<'_> {
    fn tell(&self, event: &Event) {
        let at_us = self.start.elapsed().as_micros() as u64;
        let event = TraceEvent { at_us, event: event.clone() };
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}

/// Why there is no answer.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let retry = (self.0 == StatusCode::SERVICE_UNAVAILABLE).then_some([(header::RETRY_AFTER, "5")]);
        (self.0, retry, Json(json!({ "error": self.1 }))).into_response()
    }
}

fn bad_request(error: impl std::fmt::Display) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, error.to_string())
}

fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

#[derive(Deserialize)]
struct Question {
    question: String,
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

async fn ask(
    State(service): State<Arc<Service>>,
    Query(Question { question }): Query<Question>,
    picture: Bytes,
) -> Result<Json<serde_json::Value>, Refusal> {
    let request = service.begin(picture).await?;
    let verifier = Verifier::new(request.dispatcher.clone(), VerifierOptions::default());
    // Without `.model(...)` a fixed plan looks, reads and measures; examples/custom_tool.rs has a planner.
    let agent = Agent::builder(request.dispatcher.clone()).verifier(verifier).build().map_err(failed)?;
    let tell = |event: &Event| request.tell(event);
    let answer = agent.ask(&question, &[request.photo], &request.cancel, &tell).await.map_err(bad_request)?;
    Ok(service.end(&request, &answer))
}

async fn verify(
    State(service): State<Arc<Service>>,
    Query(Text { text }): Query<Text>,
    picture: Bytes,
) -> Result<Json<serde_json::Value>, Refusal> {
    let request = service.begin(picture).await?;
    let verifier = Verifier::new(request.dispatcher.clone(), VerifierOptions::default());
    let tell = |event: Event| request.tell(&event);
    let checked = verifier.verify(&text, &[request.photo], &request.cancel, &tell).await;
    let answer = Answer {
        question: None,
        draft: checked.draft,
        text: checked.text,
        claims: checked.claims,
        steps: Vec::new(),
        notes: checked.notes,
        usage: Usage { elapsed: request.start.elapsed(), ..checked.usage },
    };
    Ok(service.end(&request, &answer))
}

async fn page(State(service): State<Arc<Service>>, Path(number): Path<u64>) -> Result<Html<String>, Refusal> {
    let pages = service.pages.lock().unwrap_or_else(PoisonError::into_inner);
    let gone =
        || Refusal(StatusCode::NOT_FOUND, format!("no run {number} is kept: the last {MOST_PAGES} are"));
    pages.get(&number).cloned().ok_or_else(gone)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let store = Store::open_default()?.with_bundled(lavr::experts::BUNDLED);
    // Networks are loaded when first asked, and kept.
    let sessions = Arc::new(Sessions::new(store.clone(), EngineChoice::Auto));
    let service = Service::new(move || {
        Experts::new(Arc::clone(&sessions) as _, store.clone()).registry().map_err(|error| error.to_string())
    });
    let listener = TcpListener::bind(&address).await?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, service.routes()).await?;
    Ok(())
}
