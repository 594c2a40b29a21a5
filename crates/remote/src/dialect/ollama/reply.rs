//! A reply as the service streams it, put together to events.

use std::collections::VecDeque;

use lavr_model::{FinishReason, StreamEvent, TurnUsage, Verbatim};
use serde::Deserialize;
use serde_json::{Value, json};

use super::SERVICE;
use crate::{
    dialect::{Assembler, Fault, Progress, tool_calls},
    failure::Told,
};

#[derive(Debug, Deserialize)]
struct Chunk {
    message: Option<Message>,
    #[serde(default)]
    done: bool,
    done_reason: Option<String>,
    #[serde(default)]
    prompt_eval_count: u64,
    #[serde(default)]
    eval_count: u64,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Message {
    content: Option<String>,
    thinking: Option<String>,
    tool_calls: Option<Vec<Value>>,
}

/// Puts a reply together from its lines.
#[derive(Debug, Default)]
pub(crate) struct Assembling {
    text: String,
    thinking: String,
    calls: Vec<Value>,
    finish: Option<(FinishReason, TurnUsage)>,
}

impl Assembler for Assembling {
    fn push(&mut self, data: &[u8], events: &mut VecDeque<StreamEvent>) -> Result<Progress, Fault> {
        let chunk: Chunk = serde_json::from_slice(data)?;
        if let Some(error) = &chunk.error {
            return Err(Fault::Told(Told::from_value(error)));
        }
        if let Some(message) = chunk.message {
            self.message(message, events);
        }
        if !chunk.done {
            return Ok(Progress::More);
        }
        let reason = match chunk.done_reason.as_deref() {
            Some("length") => FinishReason::Length,
            _ => FinishReason::Stop,
        };
        let usage = TurnUsage {
            input_tokens: chunk.prompt_eval_count,
            output_tokens: chunk.eval_count,
            ..TurnUsage::default()
        };
        self.finish = Some((reason, usage));
        Ok(Progress::Complete)
    }

    fn finish(self: Box<Self>) -> Option<Vec<StreamEvent>> {
        let (reason, usage) = self.finish?;
        let calls = self.calls.iter().enumerate();
        let mut events: Vec<_> = calls.map(|(place, call)| call_event(call, place)).collect();
        let reason = match reason {
            FinishReason::Stop if !events.is_empty() => FinishReason::ToolCalls,
            reason => reason,
        };
        // Thoughts go back only with the calls that they led to.
        if !events.is_empty() && !self.thinking.is_empty() {
            let value = json!({ "role": "assistant", "content": self.text, "thinking": self.thinking,
                                "tool_calls": self.calls });
            events.push(StreamEvent::Verbatim { verbatim: Verbatim { service: SERVICE.to_owned(), value } });
        }
        events.push(StreamEvent::Finished { reason, usage });
        Some(events)
    }
}

impl Assembling {
    fn message(&mut self, message: Message, events: &mut VecDeque<StreamEvent>) {
        if let Some(text) = message.thinking.filter(|text| !text.is_empty()) {
            self.thinking.push_str(&text);
            events.push_back(StreamEvent::Reasoning { text });
        }
        if let Some(text) = message.content.filter(|text| !text.is_empty()) {
            self.text.push_str(&text);
            events.push_back(StreamEvent::Text { text });
        }
        self.calls.extend(message.tool_calls.into_iter().flatten());
    }
}

fn call_event(call: &Value, place: usize) -> StreamEvent {
    let function = &call["function"];
    let arguments = match &function["arguments"] {
        Value::Null => json!({}),
        Value::String(text) => tool_calls::arguments(text.clone()),
        value => value.clone(),
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    tool_calls::event(text(&call["id"]), text(&function["name"]), arguments, place)
}
