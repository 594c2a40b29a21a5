//! The dispatcher's promises: checked arguments, siblings kept, panics and hangs contained, nothing paid twice.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use lavr_tool::{CancellationToken, Dispatcher, Registry, RegistryError, Tool, ToolContext, ToolError};
use lavr_types::{CallId, Capability, Concurrency, FailureKind, Observation, ToolCall, Usage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Deserialize, JsonSchema)]
struct Text {
    /// What to say.
    text: String,
    /// How often.
    times: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
struct Said {
    said: String,
}

/// Defines a tool of one async expression.
macro_rules! tool {
    ($type:ident, $name:literal, $(const $constant:ident: $of:ty = $value:expr;)* |$self:ident, $args:ident, $context:ident| $body:expr) => {
        impl Tool for $type {
            const NAME: &'static str = $name;
            const DESCRIPTION: &'static str = "For tests.";
            $(const $constant: $of = $value;)*
            type Args = Text;
            type Output = Said;
            async fn call(&$self, $args: Text, $context: &ToolContext) -> Result<Observation<Said>, ToolError> {
                $body
            }
        }
    };
}

#[derive(Default, Clone)]
struct Echo(Arc<AtomicU32>);
tool! {Echo, "echo", const CAPABILITY: Capability = Capability::Caption; |self, args, _context| {
    self.0.fetch_add(1, Ordering::SeqCst);
    Ok(Observation::new(Said { said: args.text.repeat(args.times.unwrap_or(1) as usize) }))
}}

struct Panics;
tool! {Panics, "panics", |self, _args, _context| panic!("on purpose")}

struct Hangs;
tool! {Hangs, "hangs", const TIMEOUT: Duration = Duration::from_secs(5); |self, _args, _context| {
    std::future::pending::<()>().await;
    unreachable!()
}}

struct Sleeps;
tool! {Sleeps, "sleeps", const CACHEABLE: bool = false; |self, args, _context| {
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok(Observation::new(Said { said: args.text }))
}}

struct Alone(Arc<AtomicU32>);
tool! {
    Alone,
    "alone",
    const CONCURRENCY: Concurrency = Concurrency::Exclusive;
    const CACHEABLE: bool = false;
    |self, args, _context| {
        assert_eq!(self.0.fetch_add(1, Ordering::SeqCst), 0, "two at once");
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.0.fetch_sub(1, Ordering::SeqCst);
        Ok(Observation::new(Said { said: args.text }))
    }
}

struct Asks;
tool! {Asks, "asks", |self, args, context| {
    let observation = context.call(Capability::Caption, json!({ "text": args.text })).await?;
    Ok(Observation::new(Said { said: observation.value["said"].as_str().unwrap_or_default().to_owned() }))
}}

fn turn() -> Usage {
    Usage { model_calls: 1, input_tokens: 9, output_tokens: 1, cost: Some(0.5), ..Usage::default() }
}

/// Asks a model of its own, once more with each attempt, and fails where the model says nothing.
struct Thinks;
tool! {
    Thinks,
    "thinks",
    const CAPABILITY: Capability = Capability::Answer;
    const ASKS_MODEL: bool = true;
    |self, args, context| {
        context.spent(turn());
        if args.text.is_empty() {
            return Err(ToolError::failed("the model said nothing"));
        }
        Ok(Observation::new(Said { said: args.text }))
    }
}

/// Has a model asked, too, by another tool.
struct Ponders;
tool! {Ponders, "ponders", |self, args, context| {
    context.spent(turn());
    let thought = context.call(Capability::Answer, json!({ "text": args.text })).await?;
    Ok(Observation::new(Said { said: thought.value["said"].as_str().unwrap_or_default().to_owned() }))
}}

fn call(id: u32, tool: &str, arguments: serde_json::Value) -> ToolCall {
    ToolCall { id: CallId(format!("call_{id}")), tool: tool.into(), arguments }
}

fn dispatcher() -> (Dispatcher, Echo) {
    let echo = Echo::default();
    let registry = Registry::new()
        .with(echo.clone())
        .and_then(|registry| registry.with(Panics))
        .and_then(|registry| registry.with(Hangs))
        .and_then(|registry| registry.with(Sleeps))
        .and_then(|registry| registry.with(Alone(Arc::default())))
        .and_then(|registry| registry.with(Asks))
        .and_then(|registry| registry.with(Thinks))
        .and_then(|registry| registry.with(Ponders))
        .unwrap();
    (Dispatcher::new(registry, Arc::default()), echo)
}

#[tokio::test(start_paused = true)]
async fn failures_lose_no_sibling() {
    let (dispatcher, _) = dispatcher();
    let calls = vec![
        call(1, "panics", json!({ "text": "a" })),
        call(2, "echo", json!({ "text": "b" })),
        call(3, "hangs", json!({ "text": "c" })),
        call(4, "nothing", json!({})),
        call(5, "echo", json!({ "text": "e" })),
    ];
    let records = dispatcher.dispatch(calls, &CancellationToken::new()).await;
    let kinds: Vec<_> = records.iter().map(|record| record.outcome.as_ref().err().map(|f| f.kind)).collect();
    assert_eq!(
        kinds,
        [
            Some(FailureKind::Panicked),
            None,
            Some(FailureKind::TimedOut),
            Some(FailureKind::UnknownTool),
            None
        ]
    );
    assert_eq!(records[4].outcome.as_ref().unwrap().value["said"], "e");
}

#[tokio::test(start_paused = true)]
async fn independent_calls_run_side_by_side() {
    let (dispatcher, _) = dispatcher();
    let calls = (0..16).map(|id| call(id, "sleeps", json!({ "text": id.to_string() }))).collect();
    let start = tokio::time::Instant::now();
    let records = dispatcher.dispatch(calls, &CancellationToken::new()).await;
    assert_eq!(records.iter().filter(|record| record.outcome.is_ok()).count(), 16);
    // The clock of this test moves only when every task waits.
    assert!(start.elapsed() < Duration::from_millis(110), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_exclusive_tool_runs_one_call_at_a_time() {
    let (dispatcher, _) = dispatcher();
    let calls = (0..5).map(|id| call(id, "alone", json!({ "text": "x" }))).collect();
    let records = dispatcher.dispatch(calls, &CancellationToken::new()).await;
    assert!(records.iter().all(|record| record.outcome.is_ok()), "{records:?}");
}

#[tokio::test]
async fn what_was_seen_once_is_not_paid_twice() {
    let (dispatcher, echo) = dispatcher();
    let cancel = CancellationToken::new();
    let first = json!({ "text": "a", "times": 2 });
    let reordered = json!({ "times": 2, "text": "a" });
    let records =
        dispatcher.dispatch(vec![call(1, "echo", first), call(2, "echo", reordered)], &cancel).await;
    assert_eq!((records[0].cached, records[1].cached), (false, true));
    assert_eq!(echo.0.load(Ordering::SeqCst), 1);
    let counts = dispatcher.counts();
    assert_eq!((counts.ran, counts.cached), (1, 1));
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    let (dispatcher, _) = dispatcher();
    let cancel = CancellationToken::new();
    for id in 0..2 {
        let records = dispatcher.dispatch(vec![call(id, "panics", json!({ "text": "a" }))], &cancel).await;
        assert!(records[0].outcome.is_err() && !records[0].cached);
    }
    assert_eq!(dispatcher.counts().ran, 2);
}

#[tokio::test]
async fn tools_reach_tools_by_capability_through_the_same_cache() {
    let (dispatcher, echo) = dispatcher();
    let cancel = CancellationToken::new();
    dispatcher.dispatch(vec![call(1, "echo", json!({ "text": "a" }))], &cancel).await;
    let records = dispatcher.dispatch(vec![call(2, "asks", json!({ "text": "a" }))], &cancel).await;
    assert_eq!(records[0].outcome.as_ref().unwrap().value["said"], "a");
    assert_eq!(echo.0.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_models_cost_stands_in_the_record_of_the_call_that_paid() {
    let (dispatcher, _) = dispatcher();
    let mut models = Vec::new();
    for (id, tool, text) in [
        (1, "thinks", "a"),
        // From the cache: nobody is asked again.
        (2, "thinks", "a"),
        // Its own turn, and that of the tool that it calls.
        (3, "ponders", "b"),
        // Its own alone: the other is known.
        (4, "ponders", "a"),
        (5, "ponders", "b"),
        // What failed was paid, too.
        (6, "thinks", ""),
    ] {
        let calls = vec![call(id, tool, json!({ "text": text }))];
        models.push(dispatcher.dispatch(calls, &CancellationToken::new()).await.remove(0).models);
    }
    assert_eq!(models.iter().map(|usage| usage.model_calls).collect::<Vec<_>>(), [1, 0, 2, 1, 0, 1]);
    assert_eq!((models[0], models[1]), (turn(), Usage::default()));
    // And the calls that it had other tools make: one that ran, one that was known.
    let made: Vec<_> = models.iter().map(|usage| (usage.tool_calls, usage.cached_calls)).collect();
    assert_eq!(made, [(0, 0), (0, 0), (1, 0), (0, 1), (0, 0), (0, 0)]);
    let sum: Usage = models.into_iter().sum();
    assert_eq!((sum.model_calls, sum.input_tokens, sum.cost), (5, 45, Some(2.5)));
}

#[tokio::test]
async fn messages_help_a_planner_to_mend_its_call() {
    let (dispatcher, _) = dispatcher();
    let calls = vec![
        call(1, "echo_all", json!({ "text": "a" })),
        call(2, "echo", json!({ "texture": "a" })),
        call(3, "echo", json!({ "text": 3 })),
        call(4, "echo", json!("a")),
        call(5, "echo", json!({ "text": "x".repeat(100_000) })),
    ];
    let records = dispatcher.dispatch(calls, &CancellationToken::new()).await;
    let message = |index: usize| records[index].outcome.as_ref().unwrap_err().message.clone();
    assert!(message(0).contains("Did you mean `echo`?"), "{}", message(0));
    assert!(message(1).contains("did you mean `text`?"), "{}", message(1));
    assert!(message(2).contains("/text"), "{}", message(2));
    assert!(message(3).contains("object"), "{}", message(3));
    assert!(message(4).contains("images by name"), "{}", message(4));
}

#[tokio::test]
async fn cancelling_ends_every_call_with_a_record() {
    let (dispatcher, _) = dispatcher();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let calls = vec![call(1, "hangs", json!({ "text": "a" })), call(2, "hangs", json!({ "text": "b" }))];
    let records = dispatcher.dispatch(calls, &cancel).await;
    let kinds: Vec<_> = records.iter().map(|record| record.outcome.as_ref().unwrap_err().kind).collect();
    assert_eq!(kinds, [FailureKind::Cancelled; 2]);
}

#[test]
fn a_name_is_given_once() {
    let error = Registry::new().with(Panics).unwrap().with(Panics).unwrap_err();
    assert!(matches!(error, RegistryError::DuplicateName(name) if name == "panics"));
}

#[test]
fn the_schema_carries_the_doc_comments_and_is_closed() {
    let registry = Registry::new().with(Panics).unwrap();
    let schema = &registry.spec("panics").unwrap().arguments;
    assert_eq!(schema["properties"]["text"]["description"], "What to say.");
    assert_eq!(schema["additionalProperties"], false);
}
