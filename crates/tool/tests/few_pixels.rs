//! Answers about pictures that were shown smaller for want of pixels.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use lavr_image::ImageStore;
use lavr_tool::{CancellationToken, Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_types::{CallId, CallRecord, Observation, Size, ToolCall, perception::VisualAnswer};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

/// Has few pixels left the first time.
struct Look(AtomicU32);

impl Tool for Look {
    const NAME: &'static str = "look";
    const DESCRIPTION: &'static str = "For tests.";
    type Args = Nothing;
    type Output = VisualAnswer;

    async fn call(&self, _: Nothing, _: &ToolContext) -> Result<Observation<VisualAnswer>, ToolError> {
        let first = self.0.fetch_add(1, Ordering::Relaxed) == 0;
        tokio::task::yield_now().await;
        let (answer, shown_at) = if first { ("a blur", Some(Size::new(224, 168))) } else { ("a bus", None) };
        Ok(Observation::new(VisualAnswer { answer: answer.into(), model: "eyes".into(), shown_at }))
    }
}

fn dispatcher() -> Dispatcher {
    let registry = Registry::new().with(Look(AtomicU32::new(0))).unwrap();
    Dispatcher::new(registry, Arc::new(ImageStore::default()))
}

fn call(id: &str) -> ToolCall {
    ToolCall { id: CallId(id.into()), tool: "look".into(), arguments: json!({}) }
}

fn told(record: &CallRecord) -> (String, bool) {
    (record.outcome.as_ref().unwrap().value["answer"].as_str().unwrap().to_owned(), record.cached)
}

#[tokio::test]
async fn they_are_not_kept_for_others() {
    let dispatcher = dispatcher();
    let mut seen = Vec::new();
    for id in ["call_1", "call_2", "call_3"] {
        seen.extend(dispatcher.dispatch(vec![call(id)], &CancellationToken::new()).await);
    }
    let expected = [("a blur", false), ("a bus", false), ("a bus", true)];
    let told: Vec<_> = seen.iter().map(told).collect();
    assert_eq!(told, expected.map(|(answer, cached)| (answer.to_owned(), cached)));
}

#[tokio::test]
async fn nor_given_to_those_that_wait_for_one() {
    let (dispatcher, cancel) = (dispatcher(), CancellationToken::new());
    let (one, other) = tokio::join!(
        dispatcher.dispatch(vec![call("call_1")], &cancel),
        dispatcher.dispatch(vec![call("call_2")], &cancel),
    );
    assert_eq!(
        [told(&one[0]), told(&other[0])],
        [("a blur", false), ("a bus", false)].map(|(answer, cached)| (answer.to_owned(), cached))
    );
}
