//! The repair ladder: made again, mended, made by another; and what the record says of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use lavr_tool::{
    Approval, Approver, Breaker, CancellationToken, Dispatcher, DispatcherOptions, DynTool, Fault, Faults,
    Faulty, Registry, Retry, ToolContext, ToolError,
};
use lavr_types::{
    CallId, CallRecord, Capability, Concurrency, FailureKind, Observation, Repair, ToolCall, ToolSpec,
};
use serde_json::{Value, json};

type Answer = Result<Observation<Value>, ToolError>;

/// A tool that answers its n-th call as a script says.
struct Scripted {
    spec: ToolSpec,
    calls: AtomicU32,
    seen: Mutex<Vec<Value>>,
    script: Box<dyn Fn(u32) -> Answer + Send + Sync>,
}

impl Scripted {
    fn new(spec: ToolSpec, script: impl Fn(u32) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        let script = Box::new(script);
        Arc::new(Self { spec, calls: AtomicU32::new(0), seen: Mutex::default(), script })
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl DynTool for Scripted {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: Value, _: &ToolContext) -> Answer {
        self.seen.lock().unwrap().push(arguments);
        (self.script)(self.calls.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

fn spec(name: &str) -> ToolSpec {
    let arguments = json!({
        "type": "object",
        "properties": {
            "question": { "type": "string" },
            "labels": { "type": "array", "items": { "type": "string" } },
        },
        "additionalProperties": false,
    });
    let output = json!({ "type": "object", "required": ["by"] });
    ToolSpec { output, capability: Capability::Answer, ..ToolSpec::new(name, "For tests.", arguments) }
}

#[expect(clippy::unnecessary_wraps, reason = "what a tool gives")]
fn by(name: &str) -> Answer {
    Ok(Observation::new(json!({ "by": name })))
}

fn dispatcher(tools: &[&Arc<Scripted>]) -> Dispatcher {
    with_options(tools, DispatcherOptions::default())
}

fn with_options(tools: &[&Arc<Scripted>], options: DispatcherOptions) -> Dispatcher {
    let registry = tools
        .iter()
        .try_fold(Registry::new(), |registry, tool| registry.with_dyn(Arc::clone(tool) as Arc<dyn DynTool>));
    Dispatcher::with_options(registry.unwrap(), Arc::default(), options)
}

async fn call(dispatcher: &Dispatcher, tool: &str, arguments: Value) -> CallRecord {
    let call = ToolCall { id: CallId("call_1".into()), tool: tool.into(), arguments };
    dispatcher.dispatch(vec![call], &CancellationToken::new()).await.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_passes_is_tried_again_and_the_receipt_counts_the_attempts() {
    let tool =
        Scripted::new(spec("vqa"), |n| if n < 3 { Err(ToolError::transient("busy")) } else { by("vqa") });
    let record = call(&dispatcher(&[&tool]), "vqa", json!({})).await;
    assert_eq!(record.outcome.unwrap().value["by"], "vqa");
    assert_eq!((record.attempts, tool.calls(), record.cached), (3, 3, false));
    assert!(matches!(&record.repairs[..], [Repair::Retried { .. }, Repair::Retried { failure, .. }]
        if failure.kind == FailureKind::Transient));
}

#[tokio::test(start_paused = true)]
async fn a_tool_whose_calls_change_something_is_not_called_again_after_a_timeout() {
    for (idempotent, attempts) in [(true, 2), (false, 1)] {
        let spec = ToolSpec { idempotent, timeout: Duration::from_secs(1), ..spec("vqa") };
        let tool = Scripted::new(spec, |_| by("vqa"));
        let faults = Faults { hang: 1.0, ..Faults::none(1) };
        let registry = Registry::new().with_dyn(tool).unwrap();
        let registry = registry.wrapped(|tool| Arc::new(Faulty::new(tool, faults))).unwrap();
        let record = call(&Dispatcher::new(registry, Arc::default()), "vqa", json!({})).await;
        assert_eq!(record.outcome.unwrap_err().kind, FailureKind::TimedOut);
        assert_eq!(record.attempts, attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn another_expert_of_the_capability_stands_in_where_it_takes_the_arguments() {
    let first = Scripted::new(spec("vqa"), |_| Err(ToolError::failed("out of order")));
    let stranger = Scripted::new(
        ToolSpec { arguments: json!({ "type": "object", "required": ["url"] }), ..spec("vqa_web") },
        |_| by("vqa_web"),
    );
    let other =
        Scripted::new(ToolSpec { capability: Capability::Detect, ..spec("detect") }, |_| by("detect"));
    let second = Scripted::new(spec("vqa_small"), |_| by("vqa_small"));
    let dispatcher = dispatcher(&[&first, &stranger, &other, &second]);
    let record = call(&dispatcher, "vqa", json!({ "question": "Why?" })).await;
    assert_eq!((record.call.tool.as_str(), record.attempts), ("vqa_small", 2));
    assert_eq!(record.outcome.unwrap().value["by"], "vqa_small");
    let [Repair::StoodIn { from, to, failure }] = &record.repairs[..] else { panic!("{:?}", record.repairs) };
    assert_eq!((from.as_str(), to.as_str(), failure.message.as_str()), ("vqa", "vqa_small", "out of order"));
    assert_eq!((stranger.calls(), other.calls()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn where_nobody_can_stand_in_the_planner_is_told_of_the_last_failure() {
    let first = Scripted::new(spec("vqa"), |_| Err(ToolError::failed("out of order")));
    let second = Scripted::new(spec("vqa_small"), |_| Err(ToolError::unavailable("no network file")));
    let record = call(&dispatcher(&[&first, &second]), "vqa", json!({})).await;
    assert_eq!(record.outcome.unwrap_err().message, "no network file");
    assert_eq!((record.call.tool.as_str(), record.attempts), ("vqa_small", 2));
}

#[tokio::test]
async fn a_mended_call_runs_as_mended_and_its_record_tells_both() {
    let tool = Scripted::new(spec("vqa"), |_| by("vqa"));
    let dispatcher = dispatcher(&[&tool]);
    let record = call(&dispatcher, "VQA", json!({ "label": "dog", "verbose": null })).await;
    assert_eq!(record.outcome.unwrap().value["by"], "vqa");
    assert_eq!(*tool.seen.lock().unwrap(), [json!({ "labels": ["dog"] })]);
    assert_eq!((record.call.tool.as_str(), &record.call.arguments), ("vqa", &json!({ "labels": ["dog"] })));
    let told: Vec<String> = record.repairs.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "tool `VQA` read as `vqa`",
            "argument `label` read as `labels`",
            "argument `verbose` left out: it was null",
            "\"dog\" at `/labels` read as [\"dog\"]",
        ]
    );
    // Mended, it is the same call as the right one.
    let again = call(&dispatcher, "vqa", json!({ "labels": ["dog"] })).await;
    assert!(again.cached && again.attempts == 0 && again.repairs.is_empty(), "{again:?}");

    let options = DispatcherOptions { mend: false, ..DispatcherOptions::default() };
    let record = call(&with_options(&[&tool], options), "vqa", json!({ "label": "dog" })).await;
    assert_eq!(record.outcome.unwrap_err().kind, FailureKind::InvalidArguments);
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_keeps_failing_rests_and_comes_back() {
    let tool = Scripted::new(ToolSpec { cacheable: false, ..spec("vqa") }, |n| {
        if n <= 4 { Err(ToolError::failed("out of order")) } else { by("vqa") }
    });
    let breaker = Breaker { failures: 4, rest: Duration::from_secs(30) };
    let options = DispatcherOptions { breaker, ..DispatcherOptions::default() };
    let dispatcher = with_options(&[&tool], options);
    for _ in 0..4 {
        assert_eq!(call(&dispatcher, "vqa", json!({})).await.outcome.unwrap_err().kind, FailureKind::Failed);
    }
    let record = call(&dispatcher, "vqa", json!({})).await;
    let failure = record.outcome.unwrap_err();
    assert_eq!((failure.kind, record.attempts, tool.calls()), (FailureKind::CircuitOpen, 0, 4));
    assert!(failure.message.contains("use another tool"), "{}", failure.message);
    tokio::time::advance(breaker.rest).await;
    assert!(call(&dispatcher, "vqa", json!({})).await.outcome.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_bounds_its_calls_never_runs_more_at_once() {
    struct Counting(ToolSpec, AtomicU32, AtomicU32);
    #[async_trait]
    impl DynTool for Counting {
        fn spec(&self) -> &ToolSpec {
            &self.0
        }
        async fn call(&self, _: Value, _: &ToolContext) -> Answer {
            let now = self.1.fetch_add(1, Ordering::SeqCst) + 1;
            self.2.fetch_max(now, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.1.fetch_sub(1, Ordering::SeqCst);
            by("counting")
        }
    }
    for (concurrency, most) in
        [(Concurrency::AtMost(3), 3), (Concurrency::Exclusive, 1), (Concurrency::Shared, 12)]
    {
        let spec = ToolSpec { concurrency, cacheable: false, ..spec("counting") };
        let tool = Arc::new(Counting(spec, AtomicU32::new(0), AtomicU32::new(0)));
        let registry = Registry::new().with_dyn(Arc::clone(&tool) as Arc<dyn DynTool>).unwrap();
        let dispatcher = Dispatcher::new(registry, Arc::default());
        let calls = (0..12).map(|n| ToolCall {
            id: CallId(format!("call_{n}")),
            tool: "counting".into(),
            arguments: json!({}),
        });
        let records = dispatcher.dispatch(calls.collect(), &CancellationToken::new()).await;
        assert!(records.iter().all(|record| record.outcome.is_ok()));
        assert_eq!(tool.2.load(Ordering::SeqCst), most, "{concurrency:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_fault_is_contained_and_told_for_what_it_is() {
    let none = Faults::none(3);
    for (faults, fault, kind) in [
        (Faults { error: 1.0, ..none }, Fault::Error, FailureKind::Transient),
        (Faults { garbage: 1.0, ..none }, Fault::Garbage, FailureKind::Transient),
        (Faults { flap: 1.0, ..none }, Fault::Flap, FailureKind::Transient),
        (Faults { hang: 1.0, ..none }, Fault::Hang, FailureKind::TimedOut),
        (Faults { panic: 1.0, ..none }, Fault::Panic, FailureKind::Panicked),
    ] {
        let tool = Scripted::new(spec("vqa"), |_| by("vqa"));
        let faulty = Arc::new(Faulty::new(tool, faults));
        let registry = Registry::new().with_dyn(Arc::clone(&faulty) as Arc<dyn DynTool>).unwrap();
        let options = DispatcherOptions { retry: Retry::never(), ..DispatcherOptions::default() };
        let dispatcher = Dispatcher::with_options(registry, Arc::default(), options);
        let record = call(&dispatcher, "vqa", json!({})).await;
        assert_eq!(record.outcome.unwrap_err().kind, kind, "{fault:?}");
        assert_eq!(faulty.met()[&fault], 1);
    }
    let tool = Scripted::new(spec("vqa"), |_| by("vqa"));
    let faulty = Arc::new(Faulty::new(tool, Faults { slow: 1.0, ..none }));
    let registry = Registry::new().with_dyn(faulty).unwrap();
    assert!(call(&Dispatcher::new(registry, Arc::default()), "vqa", json!({})).await.outcome.is_ok());
}

/// Approves by the tool's name.
struct ByName(&'static [(&'static str, Approval)]);

#[async_trait]
impl Approver for ByName {
    fn asks_about(&self, spec: &ToolSpec) -> bool {
        spec.name == "watched"
    }

    async fn approve(&self, call: &ToolCall, _: &ToolSpec) -> Approval {
        self.0.iter().find(|(name, _)| *name == call.tool).unwrap().1.clone()
    }
}

#[tokio::test]
async fn a_tool_that_needs_approval_runs_only_once_somebody_has_approved() {
    let needs = |name: &str| ToolSpec { needs_approval: true, ..spec(name) };
    let sends = Scripted::new(needs("send_mail"), |_| by("send_mail"));
    let broken = Scripted::new(spec("vqa"), |_| Err(ToolError::failed("out of order")));
    let watched = Scripted::new(spec("watched"), |_| by("watched"));
    let dispatcher = dispatcher(&[&sends, &broken, &watched]);

    let record = call(&dispatcher, "send_mail", json!({})).await;
    assert_eq!(record.outcome.unwrap_err().kind, FailureKind::Refused, "nobody can approve");
    // A misspelt name is no way around.
    let record = call(&dispatcher, "send_mial", json!({})).await;
    assert_eq!(record.outcome.unwrap_err().kind, FailureKind::Refused);

    let approver = |decisions| dispatcher.clone().with_approver(Arc::new(ByName(decisions)));
    let open = approver(&[("send_mail", Approval::NotNow), ("watched", Approval::NotNow)]);
    for tool in ["send_mail", "watched"] {
        let record = call(&open, tool, json!({})).await;
        assert_eq!(record.outcome.unwrap_err().kind, FailureKind::AwaitingApproval);
    }
    assert_eq!(sends.calls() + watched.calls(), 0);
    // Neither stands in for another tool.
    assert_eq!(call(&open, "vqa", json!({})).await.outcome.unwrap_err().message, "out of order");
    assert_eq!(sends.calls() + watched.calls(), 0);

    let yes = approver(&[("send_mail", Approval::Approved)]);
    assert!(call(&yes, "send_mail", json!({})).await.outcome.is_ok());
    assert_eq!(sends.calls(), 1);
}

#[tokio::test]
async fn arguments_that_nobody_can_have_meant_are_refused_and_not_kept() {
    let tool = Scripted::new(spec("vqa"), |_| by("vqa"));
    let deep = (0..50_000).fold(json!(1), |inner, _| Value::Array(vec![inner]));
    for arguments in [deep, json!({ "question": "x".repeat(100_000) })] {
        let record = call(&dispatcher(&[&tool]), "vqa", arguments).await;
        assert_eq!(record.outcome.unwrap_err().kind, FailureKind::InvalidArguments);
        assert_eq!(record.call.arguments, json!("(left out: too large)"));
    }
    assert_eq!(tool.calls(), 0);
}
