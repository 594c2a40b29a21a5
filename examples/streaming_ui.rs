//! A run as it happens, in a browser: thoughts, the text that the model writes, calls and verdicts come as server-sent
//! events.
//!
//!     cargo run --release --example streaming_ui -- examples/pictures/dogs.jpg "How many dogs are there?"
//!
//! Then open the address that it prints. Each visit is a run of its own; it ends when the visitor leaves. Add `--fixed` for
//! a plan without a language model.

#![allow(clippy::print_stderr, reason = "a program for the terminal")]

use std::convert::Infallible;

use axum::{
    Router,
    extract::State,
    response::{
        Html, Sse,
        sse::{Event as Message, KeepAlive},
    },
    routing::get,
};
use futures::{Stream, StreamExt as _, channel::mpsc};
use lavr::prelude::*;

/// Everything that is shown is set as text, never as HTML: models and pictures may write anything.
const PAGE: &str = r#"<!doctype html>
<meta charset="utf-8"><title>lavr, live</title>
<style>
  body { font: 16px/1.5 system-ui; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
  #draft { min-height: 3em; font: 1.1em/1.5 Georgia, serif; color: #666; white-space: pre-wrap; }
  #draft.done { color: inherit; }
  li { list-style: none; } ul { padding: 0; }
</style>
<ul id="steps"></ul><p id="draft"></p><ul id="claims"></ul>
<script>
  const add = (list, text) => document.getElementById(list).append(
    Object.assign(document.createElement("li"), { textContent: text }));
  const draft = document.getElementById("draft");
  const sign = { supported: "✓", contradicted: "✗", insufficient: "?" };
  const show = {
    planning: () => draft.textContent = "",
    delta: ({ text }) => draft.textContent += text,
    thought: ({ text }) => { draft.textContent = ""; add("steps", text); },
    call_started: ({ call }) => add("steps", `→ ${call.tool} …`),
    call_ended: ({ record }) => add("steps", `← ${record.call.tool} ${record.outcome.Ok ? "" : record.outcome.Err.message}`),
    drafted: ({ draft: { text } }) => draft.textContent = text,
    judged: ({ claim, judgement }) => add("claims", `${sign[judgement.verdict]} ${claim.surface}: ${judgement.reason}`),
    note: ({ text }) => add("steps", `note: ${text}`),
    answered: ({ answer }) => { draft.textContent = answer.text; draft.className = "done"; source.close(); },
  };
  const source = new EventSource("events");
  source.onmessage = ({ data }) => { const event = JSON.parse(data); show[event.event]?.(event); };
</script>"#;

/// What every visitor asks.
pub(crate) struct Asked {
    /// The agent.
    pub(crate) agent: Agent,
    /// The picture.
    pub(crate) photo: ImageId,
    /// The question.
    pub(crate) question: String,
}

/// The page at `/` and its events at `/events`.
pub(crate) fn routes(asked: Arc<Asked>) -> Router {
    Router::new().route("/", get(|| async { Html(PAGE) })).route("/events", get(events)).with_state(asked)
}

async fn events(State(asked): State<Arc<Asked>>) -> Sse<impl Stream<Item = Result<Message, Infallible>>> {
    let (sender, receiver) = mpsc::unbounded();
    let cancel = CancellationToken::new();
    // Dropped with the stream when the visitor leaves: the run ends.
    let guard = cancel.clone().drop_guard();
    tokio::spawn(async move {
        let tell = |event: &Event| {
            // What only a record needs (the state at the start, the planner's whole reply) is nothing to show.
            if !matches!(event, Event::Started { .. } | Event::Replied { .. }) {
                // Where nobody listens any more, the run is about to be cancelled.
                let _ = sender.unbounded_send(event.clone());
            }
        };
        if let Err(error) = asked.agent.ask(&asked.question, &[asked.photo], &cancel, &tell).await {
            tell(&Event::Note { text: error.to_string() });
        }
    });
    let messages = receiver.map(move |event| {
        let _ = &guard;
        // Told as JSON: {"event": "thought", "step": 1, "text": "..."}.
        Ok(Message::default().json_data(&event).unwrap_or_default())
    });
    Sse::new(messages).keep_alive(KeepAlive::default())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (flags, words): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let mut words = words.into_iter();
    let picture = words.next().unwrap_or_else(|| "examples/pictures/dogs.jpg".into());
    let question = words.next().unwrap_or_else(|| "How many dogs are there?".into());

    let images = Arc::new(ImageStore::default());
    let photo = images.open(picture.as_ref())?;
    let dispatcher = Dispatcher::new(Experts::open()?.registry()?, images);
    let verifier = Verifier::new(dispatcher.clone(), VerifierOptions::default());
    let mut builder = Agent::builder(dispatcher).verifier(verifier);
    if !flags.iter().any(|flag| flag == "--fixed") {
        let planner = Store::open_default()?.only_file("qwen2.5-coder-1.5b-instruct").await?;
        builder = builder.model(Arc::new(LocalModel::load(planner, LocalOptions::default())?));
    }
    let asked = Asked { agent: builder.build()?, photo, question };

    let listener = tokio::net::TcpListener::bind("127.0.0.1:8081").await?;
    eprintln!("open http://{}", listener.local_addr()?);
    axum::serve(listener, routes(Arc::new(asked))).await?;
    Ok(())
}
