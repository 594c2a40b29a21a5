//! A reply as the service streams it, put together to events.

use std::collections::VecDeque;

use lavr_model::{FinishReason, StreamEvent, TurnUsage, Verbatim};
use serde::Deserialize;
use serde_json::Value;

use super::SERVICE;
use crate::{
    dialect::{Assembler, Fault, Progress, tool_calls},
    failure::Told,
};

/// An event; of its many kinds, those that say something.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum Event {
    #[serde(rename = "response.output_text.delta", alias = "response.refusal.delta")]
    Text { delta: String },
    #[serde(rename = "response.reasoning_summary_text.delta", alias = "response.reasoning_text.delta")]
    Reasoning { delta: String },
    #[serde(rename = "response.refusal.done")]
    Refused {},
    #[serde(rename = "response.output_item.done")]
    Item { item: Value },
    #[serde(
        rename = "response.completed",
        alias = "response.incomplete",
        alias = "response.failed",
        alias = "response.done"
    )]
    Ended { response: Response },
    #[serde(rename = "error")]
    Error(Value),
    #[serde(other)]
    Other,
}

/// A whole response: the last event of a stream, or all that a service sends that does not stream.
#[derive(Debug, Deserialize)]
struct Response {
    status: Option<String>,
    #[serde(default)]
    output: Vec<Value>,
    usage: Option<WireUsage>,
    incomplete_details: Option<Incomplete>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Incomplete {
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[allow(clippy::struct_field_names, reason = "the service's names")]
struct WireUsage {
    #[serde(default)]
    input_tokens: u64,
    #[serde(default)]
    output_tokens: u64,
    input_tokens_details: Option<InputDetails>,
}

#[derive(Debug, Default, Deserialize)]
struct InputDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

/// Puts a reply together from its events.
#[derive(Debug, Default)]
pub(crate) struct Assembling {
    /// The items that are done.
    output: Vec<Value>,
    /// Whether any text was streamed.
    spoken: bool,
    refused: bool,
    ended: Option<(FinishReason, TurnUsage)>,
}

impl Assembler for Assembling {
    fn push(&mut self, data: &[u8], events: &mut VecDeque<StreamEvent>) -> Result<Progress, Fault> {
        // Other services that speak this protocol end with it.
        if data == b"[DONE]" {
            return Ok(Progress::Complete);
        }
        let value: Value = serde_json::from_slice(data)?;
        if value["object"] == "response" && value.get("type").is_none() {
            return self.end(serde_json::from_value(value)?, events);
        }
        if let (None, Some(error)) = (value.get("type"), value.get("error")) {
            return Err(Fault::Told(Told::from_value(error)));
        }
        match serde_json::from_value(value)? {
            Event::Text { delta } => {
                self.spoken = true;
                events.push_back(StreamEvent::Text { text: delta });
            }
            Event::Reasoning { delta } => events.push_back(StreamEvent::Reasoning { text: delta }),
            Event::Refused {} => self.refused = true,
            Event::Item { item } => self.output.push(item),
            Event::Ended { response } => return self.end(response, events),
            Event::Error(error) => {
                return Err(Fault::Told(Told::from_value(error.get("error").unwrap_or(&error))));
            }
            Event::Other => {}
        }
        Ok(Progress::More)
    }

    fn finish(self: Box<Self>) -> Option<Vec<StreamEvent>> {
        let (reason, usage) = self.ended?;
        let calls = self.output.iter().filter(|item| item["type"] == "function_call").enumerate();
        let mut events: Vec<_> = calls.map(|(place, item)| call(item, place)).collect();
        let reason = match reason {
            _ if self.refused => FinishReason::Filtered,
            FinishReason::Stop if !events.is_empty() => FinishReason::ToolCalls,
            reason => reason,
        };
        // Thoughts go back only with the calls that they led to.
        if !events.is_empty() && self.output.iter().any(|item| item["type"] == "reasoning") {
            let verbatim = Verbatim { service: SERVICE.to_owned(), value: Value::Array(self.output) };
            events.push(StreamEvent::Verbatim { verbatim });
        }
        events.push(StreamEvent::Finished { reason, usage });
        Some(events)
    }
}

impl Assembling {
    fn end(&mut self, response: Response, events: &mut VecDeque<StreamEvent>) -> Result<Progress, Fault> {
        if let Some(error) = response.error.filter(|error| !error.is_null()) {
            return Err(Fault::Told(Told::from_value(&error)));
        }
        if response.status.as_deref() == Some("failed") {
            return Err(Fault::Told(Told::new("the response failed", "")));
        }
        if self.output.is_empty() {
            self.output = response.output;
        }
        if !self.spoken {
            self.speak(events);
        }
        let reason = match response.incomplete_details.and_then(|details| details.reason).as_deref() {
            Some("content_filter") => FinishReason::Filtered,
            Some(_) => FinishReason::Length,
            None if response.status.as_deref() == Some("incomplete") => FinishReason::Length,
            None => FinishReason::Stop,
        };
        let usage = response.usage.map_or_else(TurnUsage::default, |usage| {
            let details = usage.input_tokens_details.unwrap_or_default();
            TurnUsage {
                input_tokens: usage.input_tokens,
                cached_tokens: details.cached_tokens.unwrap_or(0),
                cache_written_tokens: details.cache_write_tokens.unwrap_or(0),
                output_tokens: usage.output_tokens,
            }
        });
        self.ended = Some((reason, usage));
        Ok(Progress::Complete)
    }

    /// The text of the items, where none came in pieces.
    fn speak(&mut self, events: &mut VecDeque<StreamEvent>) {
        let messages = self.output.iter().filter(|item| item["type"] == "message");
        for content in messages.filter_map(|item| item["content"].as_array()).flatten() {
            let refusal = content["refusal"].as_str();
            self.refused |= refusal.is_some();
            let text = content["text"].as_str().or(refusal).unwrap_or_default();
            if !text.is_empty() {
                events.push_back(StreamEvent::Text { text: text.to_owned() });
            }
        }
    }
}

fn call(item: &Value, place: usize) -> StreamEvent {
    let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
    let arguments = match &item["arguments"] {
        Value::String(text) => tool_calls::arguments(text.clone()),
        Value::Null => Value::Object(serde_json::Map::new()),
        value => value.clone(),
    };
    tool_calls::event(text("call_id"), text("name"), arguments, place)
}
