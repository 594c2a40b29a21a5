//! `examples/web_service.rs` and `examples/streaming_ui.rs` as their callers see them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::{sync::Arc, time::Duration};

use lavr::{
    infer::{EngineChoice, Sessions},
    prelude::*,
    types::{Capability, perception::Detections},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, UnboundedSender},
};

#[allow(dead_code, reason = "the tests start the service themselves")]
#[path = "../examples/web_service.rs"]
mod web_service;

#[allow(dead_code, reason = "the tests start the server themselves")]
#[path = "../examples/streaming_ui.rs"]
mod streaming_ui;

use web_service::Service;

/// Starts the service on a free port.
async fn start(service: &Arc<Service>) -> String {
    serve(Arc::clone(service).routes()).await
}

async fn serve(routes: axum::Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

fn experts() -> Arc<Service> {
    let store = Store::open_default().unwrap().with_bundled(lavr::experts::BUNDLED);
    let sessions = Arc::new(Sessions::new(store.clone(), EngineChoice::Auto));
    Service::new(move || {
        Experts::new(Arc::clone(&sessions) as _, store.clone()).registry().map_err(|error| error.to_string())
    })
}

async fn send(address: &str, method: &str, path: &str, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // A service that refuses what is too large may close before it has read all.
    let _ = stream.write_all(body).await;
    stream
}

/// The status and the body of a reply.
async fn reply(mut stream: TcpStream) -> (u16, String) {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn dogs() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pictures/dogs.jpg")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_corrected_and_its_page_can_be_had() {
    let address = start(&experts()).await;
    let (status, body) =
        reply(send(&address, "POST", "/verify?text=Three%20dogs%20look%20out.", &dogs()).await).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &answer["answer"]["text"]), (200, &Value::from("Two dogs look out.")), "{body}");

    let (status, page) = reply(send(&address, "GET", answer["page"].as_str().unwrap(), b"").await).await;
    assert_eq!(status, 200);
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Three") && page.contains("wave 1"));
    assert_eq!(reply(send(&address, "GET", "/runs/99", b"").await).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_picture_or_too_large_is_refused_with_a_reason() {
    let address = start(&experts()).await;
    let (status, body) = reply(send(&address, "POST", "/ask?question=What%3F", b"no picture").await).await;
    assert!(status == 400 && body.contains("error"), "{status} {body}");
    let (status, _) = reply(send(&address, "POST", "/ask?question=What%3F", &vec![0; 17 << 20]).await).await;
    assert_eq!(status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_told_as_it_happens() {
    let images = Arc::new(ImageStore::default());
    let photo = images.insert_encoded(&dogs(), "dogs.jpg").unwrap();
    let dispatcher = Dispatcher::new(Experts::open().unwrap().registry().unwrap(), images);
    let agent = Agent::builder(dispatcher).build().unwrap();
    let asked = streaming_ui::Asked { agent, photo, question: "How many dogs are there?".to_owned() };
    let address = serve(streaming_ui::routes(Arc::new(asked))).await;

    let mut stream = send(&address, "GET", "/events", b"").await;
    let mut told = Vec::new();
    while !String::from_utf8_lossy(&told).contains(r#""event":"answered""#) {
        assert!(stream.read_buf(&mut told).await.unwrap() > 0, "{}", String::from_utf8_lossy(&told));
    }
    let told = String::from_utf8_lossy(&told);
    let place = |event: &str| told.find(&format!(r#""event":"{event}""#)).unwrap();
    assert!(place("call_started") < place("call_ended") && place("call_ended") < place("drafted"), "{told}");
    let (status, page) = reply(send(&address, "GET", "/", b"").await).await;
    assert!(status == 200 && page.contains("EventSource"));
}

/// A detector that looks until nobody wants to know any more.
struct Endless(UnboundedSender<&'static str>);

#[derive(Deserialize, JsonSchema)]
struct EndlessArgs {
    /// The image.
    #[expect(dead_code, reason = "it never gets there")]
    image: ImageId,
    /// What to look for.
    #[serde(default)]
    #[expect(dead_code, reason = "it never gets there")]
    labels: Vec<String>,
}

impl Tool for Endless {
    const NAME: &'static str = "detect";
    const DESCRIPTION: &'static str = "Looks for ever.";
    const CAPABILITY: Capability = Capability::Detect;
    type Args = EndlessArgs;
    type Output = Detections;

    async fn call(
        &self,
        _: EndlessArgs,
        context: &ToolContext,
    ) -> Result<Observation<Detections>, ToolError> {
        self.0.send("began").unwrap();
        let _end = End(self.0.clone());
        context.cancellation().cancelled().await;
        Err(ToolError::cancelled())
    }
}

/// Tells that a call is over, however it ended.
struct End(UnboundedSender<&'static str>);

impl Drop for End {
    fn drop(&mut self) {
        let _ = self.0.send("given up");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_when_its_caller_goes_away_and_its_place_is_free_again() {
    let (sender, mut news) = mpsc::unbounded_channel();
    let tools = move || Registry::new().with(Endless(sender.clone())).map_err(|error| error.to_string());
    let service = Service::new(tools);
    let address = start(&service).await;
    let places = service.places.available_permits();

    let mut waiting = Vec::new();
    for _ in 0..places {
        waiting.push(send(&address, "POST", "/verify?text=A%20dog.", &dogs()).await);
        assert_eq!(news.recv().await, Some("began"));
    }
    let (status, body) = reply(send(&address, "POST", "/verify?text=A%20dog.", &dogs()).await).await;
    assert!(status == 503 && body.contains("try again"), "{status} {body}");

    drop(waiting);
    for _ in 0..places {
        assert_eq!(news.recv().await, Some("given up"));
    }
    while service.places.available_permits() < places {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
