//! A trace as spans: the run, and under it each turn of a model and each call of a tool.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use lavr_types::{CallId, CallRecord, CheckedClaim, Event, FinishReason, ToolCall, Verdict};
use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{Event as SpanEvent, SpanContext, SpanKind, Status, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::names;
use crate::Trace;

/// Whether texts (questions, replies, arguments, results) leave with the spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// They stay here.
    Left,
    /// They go along.
    Sent,
}

/// The spans of a trace. The same trace gives the same spans, ids included.
pub fn spans(trace: &Trace, texts: Texts) -> Vec<SpanData> {
    let mut writer = Writer::new(trace, texts);
    let mut started: BTreeMap<&CallId, u64> = BTreeMap::new();
    for line in &trace.events {
        let at = line.at_us;
        match &line.event {
            Event::Started { tools, .. } => {
                let described = tools.iter().map(|tool| (tool.name.clone(), tool.description.clone()));
                writer.described.extend(described);
            }
            Event::Replied { step, model, reply, elapsed, .. } => {
                let mut attributes = vec![
                    KeyValue::new(names::REQUEST_MODEL, model.clone()),
                    finish_reason(reply.reason),
                    number(names::INPUT_TOKENS, reply.usage.input_tokens),
                    number(names::CACHED_TOKENS, reply.usage.cached_tokens),
                    number(names::OUTPUT_TOKENS, reply.usage.output_tokens),
                    number(names::STEP, (*step).into()),
                ];
                attributes.extend(writer.text(names::OUTPUT_MESSAGES, || message("assistant", &reply.text)));
                writer.chat(model, at, *elapsed, attributes, None);
            }
            Event::ModelFailed { step, failure, elapsed, .. } => {
                let attributes = vec![
                    KeyValue::new(names::REQUEST_MODEL, failure.model.clone()),
                    number(names::STEP, (*step).into()),
                ];
                writer.chat(&failure.model, at, *elapsed, attributes, Some(word(&failure.kind)));
            }
            Event::CallStarted { call: ToolCall { id, .. } } => _ = started.insert(id, at),
            Event::CallEnded { record } => {
                // One whose start was not told ran until now.
                let elapsed = record.elapsed.as_micros() as u64;
                let start = started.remove(&record.call.id).unwrap_or(at.saturating_sub(elapsed));
                writer.tool(record, start);
            }
            Event::Verified { claims, .. } => claims.iter().for_each(|claim| writer.evaluation(claim, at)),
            _ => {}
        }
    }
    writer.finish()
}

struct Writer<'a> {
    trace: &'a Trace,
    texts: Texts,
    begin: SystemTime,
    trace_id: TraceId,
    /// What tools do, by name.
    described: BTreeMap<String, String>,
    evaluations: Vec<SpanEvent>,
    spans: Vec<SpanData>,
}

impl<'a> Writer<'a> {
    fn new(trace: &'a Trace, texts: Texts) -> Self {
        let header = &trace.header;
        let seed = Sha256::digest(format!("{} {}", header.run, header.started));
        let mut id = [0; 16];
        id.copy_from_slice(&seed[..16]);
        Self {
            trace,
            texts,
            begin: SystemTime::UNIX_EPOCH + Duration::from_millis(header.started.millis()),
            trace_id: TraceId::from_bytes(id),
            described: BTreeMap::new(),
            evaluations: Vec::new(),
            spans: Vec::new(),
        }
    }

    fn at(&self, micros: u64) -> SystemTime {
        self.begin + Duration::from_micros(micros)
    }

    /// The id of the n-th span; the run is 0.
    fn span_id(&self, number: usize) -> SpanId {
        let digest = Sha256::digest(format!("{} {number}", self.trace_id));
        let mut id = [0; 8];
        id.copy_from_slice(&digest[..8]);
        SpanId::from_bytes(id)
    }

    fn span(&self, number: usize, operation: &'static str, of: &str, kind: SpanKind) -> SpanData {
        let flags = TraceFlags::SAMPLED;
        let id = self.span_id(number);
        let parent = if number == 0 { SpanId::INVALID } else { self.span_id(0) };
        SpanData {
            span_context: SpanContext::new(self.trace_id, id, flags, false, TraceState::default()),
            parent_span_id: parent,
            parent_span_is_remote: false,
            span_kind: kind,
            name: format!("{operation} {of}").into(),
            start_time: self.begin,
            end_time: self.begin,
            attributes: vec![
                KeyValue::new(names::OPERATION, operation),
                KeyValue::new(names::PROVIDER, names::PROVIDER_LAVR),
                KeyValue::new(names::CONVERSATION, self.trace.header.run.to_string()),
            ],
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::builder(names::SCOPE)
                .with_version(self.trace.header.lavr.clone())
                .build(),
        }
    }

    /// An attribute that is a text, where texts go along.
    fn text(&self, name: &'static str, value: impl FnOnce() -> String) -> Option<KeyValue> {
        (self.texts == Texts::Sent).then(|| KeyValue::new(name, value()))
    }

    fn chat(
        &mut self,
        model: &str,
        end: u64,
        elapsed: Duration,
        attributes: Vec<KeyValue>,
        failure: Option<String>,
    ) {
        let mut span = self.span(self.spans.len() + 1, names::CHAT, model, SpanKind::Client);
        span.start_time = self.at(end.saturating_sub(elapsed.as_micros() as u64));
        span.end_time = self.at(end);
        span.attributes.extend(attributes);
        failed(&mut span, failure);
        self.spans.push(span);
    }

    fn tool(&mut self, record: &CallRecord, start: u64) {
        let CallRecord { call, outcome, cached, elapsed, models, .. } = record;
        let mut span = self.span(self.spans.len() + 1, names::EXECUTE_TOOL, &call.tool, SpanKind::Internal);
        span.start_time = self.at(start);
        span.end_time = self.at(start) + *elapsed;
        span.attributes.extend([
            KeyValue::new(names::TOOL_NAME, call.tool.clone()),
            KeyValue::new(names::TOOL_CALL, call.id.to_string()),
            KeyValue::new(names::TOOL_TYPE, names::FUNCTION),
            KeyValue::new(names::CACHED, *cached),
        ]);
        if models.model_calls > 0 {
            span.attributes.extend([
                number(names::INPUT_TOKENS, models.input_tokens),
                number(names::CACHED_TOKENS, models.cached_tokens),
                number(names::OUTPUT_TOKENS, models.output_tokens),
            ]);
        }
        let description = self.described.get(&call.tool);
        span.attributes.extend(description.map(|text| KeyValue::new(names::TOOL_DESCRIPTION, text.clone())));
        span.attributes.extend(self.text(names::TOOL_ARGUMENTS, || call.arguments.to_string()));
        match outcome {
            Ok(observation) => {
                span.attributes.extend(self.text(names::TOOL_RESULT, || observation.value.to_string()));
            }
            Err(failure) => failed(&mut span, Some(word(&failure.kind))),
        }
        self.spans.push(span);
    }

    fn evaluation(&mut self, checked: &CheckedClaim, at: u64) {
        let judgement = &checked.judgement;
        let label = match judgement.verdict {
            Verdict::Supported => "supported",
            Verdict::Contradicted => "contradicted",
            Verdict::Insufficient => "insufficient",
        };
        let kind = word(&checked.claim.kind());
        let mut attributes = vec![
            KeyValue::new(names::EVALUATION_NAME, format!("{}{kind}", names::CLAIM_PREFIX)),
            KeyValue::new(names::EVALUATION_LABEL, label),
            KeyValue::new(names::EVALUATION_SCORE, f64::from(judgement.confidence)),
        ];
        attributes.extend(self.text(names::EVALUATION_EXPLANATION, || judgement.reason.clone()));
        attributes.extend(self.text(names::CLAIM, || checked.claim.surface.clone()));
        self.evaluations.push(SpanEvent::new(names::EVALUATION, self.at(at), attributes, 0));
    }

    /// The run, then what happened in it.
    fn finish(mut self) -> Vec<SpanData> {
        let (header, answer) = (&self.trace.header, self.trace.answer());
        let mut run = self.span(0, names::INVOKE_AGENT, names::SCOPE, SpanKind::Internal);
        run.end_time = self.at(self.trace.events.last().map_or(0, |line| line.at_us));
        run.attributes.extend([
            KeyValue::new(names::AGENT_NAME, names::SCOPE),
            KeyValue::new(names::AGENT_VERSION, header.lavr.clone()),
            KeyValue::new(names::TASK, header.task.to_string()),
        ]);
        match &answer {
            Some(answer) => run.attributes.extend([
                number(names::INPUT_TOKENS, answer.usage.input_tokens),
                number(names::CACHED_TOKENS, answer.usage.cached_tokens),
                number(names::OUTPUT_TOKENS, answer.usage.output_tokens),
            ]),
            None => failed(&mut run, Some(names::OTHER_ERROR.to_owned())),
        }
        let question = header.question.as_ref();
        run.attributes.extend(
            question.and_then(|question| self.text(names::INPUT_MESSAGES, || message("user", question))),
        );
        run.attributes.extend(
            answer
                .and_then(|answer| self.text(names::OUTPUT_MESSAGES, || message("assistant", &answer.text))),
        );
        run.events.events = std::mem::take(&mut self.evaluations);
        std::iter::once(run).chain(self.spans).collect()
    }
}

fn failed(span: &mut SpanData, kind: Option<String>) {
    if let Some(kind) = kind {
        span.status = Status::error(kind.clone());
        span.attributes.push(KeyValue::new(names::ERROR_TYPE, kind));
    }
}

fn number(name: &'static str, value: u64) -> KeyValue {
    KeyValue::new(name, value.min(i64::MAX as u64) as i64)
}

fn finish_reason(reason: FinishReason) -> KeyValue {
    let word = opentelemetry::StringValue::from(word(&reason));
    KeyValue::new(names::FINISH_REASONS, opentelemetry::Value::Array(vec![word].into()))
}

/// The word that an enum is written with.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or(names::OTHER_ERROR).to_owned()
}

/// One message in the form of the conventions.
fn message(role: &str, text: &str) -> String {
    json!([{ "role": role, "parts": [{ "type": "text", "content": text }] }]).to_string()
}
