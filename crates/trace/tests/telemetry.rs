//! Spans as a collector gets them: over HTTP, as protobuf, in the words of the `GenAI` conventions.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

mod common;

use std::{collections::BTreeMap, sync::Arc};

use common::{ANSWER, LOOK, asked, builder, images, json_model, store, text};
use lavr_testkit::{Answer, Loopback};
use lavr_trace::{Collector, Texts, Trace};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use prost::Message as _;

const BROKEN: &str = r#"{"thought":"Try.","calls":[{"tool":"broken","args":{"panics":false}}]}"#;

async fn recorded() -> Trace {
    let folder = tempfile::tempdir().unwrap();
    let runs = store(folder.path());
    let (images, image) = images(0);
    let model = json_model(vec![text(BROKEN), text(LOOK), text(&ANSWER.replace("call_1", "call_2"))]);
    let agent = builder(&images).model(Arc::new(model)).build().unwrap();
    let (id, answer) = asked(&runs, &agent, &images, image).await;
    assert_eq!(answer.text, "There is one dog.");
    runs.trace(&id).unwrap()
}

/// Sends a trace to a collector on loopback and gives what came.
async fn sent(trace: &Trace, texts: Texts) -> (Vec<Span>, BTreeMap<String, String>) {
    let server = Loopback::start(|_, _| Answer::new(200, Vec::new())).await.unwrap();
    let collector = Collector { endpoint: Some(server.address.clone()), texts };
    collector.send(trace).await.unwrap();
    let requests = server.requests();
    let [request] = &requests[..] else { panic!("{} requests", requests.len()) };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/traces"));
    assert_eq!(request.header("content-type"), Some("application/x-protobuf"));
    let mut request = ExportTraceServiceRequest::decode(&*request.body).unwrap();
    let mut resource = request.resource_spans.remove(0);
    let scope = resource.scope_spans.remove(0);
    assert_eq!(scope.scope.unwrap().name, "lavr");
    (scope.spans, attributes(&resource.resource.unwrap().attributes))
}

fn attributes(list: &[KeyValue]) -> BTreeMap<String, String> {
    let shown = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::BoolValue(yes) => yes.to_string(),
        Value::DoubleValue(number) => number.to_string(),
        Value::ArrayValue(list) => format!("{} items", list.values.len()),
        other => format!("{other:?}"),
    };
    let value = |pair: &KeyValue| shown(pair.value.as_ref().unwrap().value.as_ref().unwrap());
    list.iter().map(|pair| (pair.key.clone(), value(pair))).collect()
}

#[tokio::test]
async fn a_run_is_a_span_with_its_turns_its_calls_and_its_verdicts() {
    let trace = recorded().await;
    let (spans, resource) = sent(&trace, Texts::Left).await;
    assert_eq!(resource["service.name"], "lavr");
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(
        names[..6],
        [
            "invoke_agent lavr",
            "chat scripted",
            "execute_tool broken",
            "chat scripted",
            "execute_tool detect",
            "chat scripted",
        ]
    );
    // What the verifier asked follows.
    assert!(names[6..].iter().all(|name| *name == "execute_tool detect"), "{names:?}");

    let run = &spans[0];
    assert!(run.parent_span_id.is_empty());
    assert_eq!(run.kind, SpanKind::Internal as i32);
    let of_run = attributes(&run.attributes);
    assert_eq!(of_run["gen_ai.operation.name"], "invoke_agent");
    assert_eq!(of_run["gen_ai.conversation.id"], trace.header.run.to_string());
    assert_eq!((of_run["gen_ai.usage.input_tokens"].as_str(), of_run["lavr.task"].as_str()), ("3", "ask"));
    for span in &spans[1..] {
        assert_eq!((&span.trace_id, &span.parent_span_id), (&run.trace_id, &run.span_id));
        assert!(span.start_time_unix_nano >= run.start_time_unix_nano);
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
    }

    let chat = attributes(&spans[1].attributes);
    assert_eq!(spans[1].kind, SpanKind::Client as i32);
    assert_eq!((chat["gen_ai.request.model"].as_str(), chat["lavr.step"].as_str()), ("scripted", "1"));
    assert_eq!(chat["gen_ai.response.finish_reasons"], "1 items");
    let broken = attributes(&spans[2].attributes);
    assert_eq!((broken["gen_ai.tool.call.id"].as_str(), broken["error.type"].as_str()), ("call_1", "failed"));
    assert_eq!(spans[2].status.as_ref().unwrap().code, StatusCode::Error as i32);
    assert_eq!(attributes(&spans[4].attributes)["gen_ai.tool.description"], "Finds objects.");

    let verdicts: Vec<_> =
        run.events.iter().map(|event| (event.name.as_str(), attributes(&event.attributes))).collect();
    let (name, count) =
        verdicts.iter().find(|(_, of)| of["gen_ai.evaluation.name"] == "lavr.claim.count").unwrap();
    assert_eq!(*name, "gen_ai.evaluation.result");
    assert_eq!(count["gen_ai.evaluation.score.label"], "contradicted");
    let score: f64 = count["gen_ai.evaluation.score.value"].parse().unwrap();
    assert!((0.0..=1.0).contains(&score));
}

#[tokio::test]
async fn texts_go_along_only_where_they_are_asked_for() {
    let trace = recorded().await;
    let (left, _) = sent(&trace, Texts::Left).await;
    let all = format!("{left:?}");
    for text in ["How many dogs", "There are three dogs", "one dog", "image1", "panics"] {
        assert!(!all.contains(text), "{text}");
    }
    let (spans, _) = sent(&trace, Texts::Sent).await;
    let run = attributes(&spans[0].attributes);
    let asked: serde_json::Value = serde_json::from_str(&run["gen_ai.input.messages"]).unwrap();
    assert_eq!(asked[0]["parts"][0]["content"], "How many dogs are there?");
    assert!(run["gen_ai.output.messages"].contains("There is one dog."));
    let tool = attributes(&spans[2].attributes);
    assert_eq!(tool["gen_ai.tool.call.arguments"], r#"{"panics":false}"#);
    assert!(
        spans[0]
            .events
            .iter()
            .all(|event| attributes(&event.attributes).contains_key("gen_ai.evaluation.explanation"))
    );
}

#[tokio::test]
async fn the_same_trace_has_the_same_ids() {
    let trace = recorded().await;
    let ids = |spans: &[Span]| {
        spans.iter().map(|span| (span.trace_id.clone(), span.span_id.clone())).collect::<Vec<_>>()
    };
    let (one, _) = sent(&trace, Texts::Left).await;
    let (other, _) = sent(&trace, Texts::Left).await;
    assert_eq!(ids(&one), ids(&other));
    assert_eq!(one[0].trace_id.len(), 16);
}

#[tokio::test]
async fn a_collector_that_refuses_is_told_without_the_password_of_its_address() {
    let trace = recorded().await;
    let server = Loopback::start(|_, _| Answer::new(403, "no")).await.unwrap();
    let endpoint = server.address.replace("http://", "http://me:planted-key@");
    let collector = Collector { endpoint: Some(endpoint), texts: Texts::Left };
    let error = collector.send(&trace).await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1") && !error.contains("planted-key"), "{error}");
}
