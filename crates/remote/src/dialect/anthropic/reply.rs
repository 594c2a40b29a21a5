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
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Message,
    },
    ContentBlockStart {
        index: usize,
        content_block: Value,
    },
    ContentBlockDelta {
        index: usize,
        delta: Delta,
    },
    MessageDelta {
        delta: End,
        usage: Option<WireUsage>,
    },
    MessageStop {},
    Error {
        error: Value,
    },
    /// A whole message, from a service that does not stream.
    Message(Message),
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default)]
    content: Vec<Value>,
    #[serde(flatten)]
    end: End,
    usage: Option<WireUsage>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "the service's names")]
enum Delta {
    TextDelta {
        text: String,
    },
    ThinkingDelta {
        thinking: String,
    },
    SignatureDelta {
        signature: String,
    },
    InputJsonDelta {
        partial_json: String,
    },
    #[serde(other)]
    OtherDelta,
}

#[derive(Debug, Deserialize)]
struct End {
    stop_reason: Option<String>,
    stop_details: Option<StopDetails>,
}

#[derive(Debug, Deserialize)]
struct StopDetails {
    explanation: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[allow(clippy::struct_field_names, reason = "the service's names")]
struct WireUsage {
    input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

/// Puts a reply together from its events.
#[derive(Debug, Default)]
pub(crate) struct Assembling {
    blocks: Vec<Block>,
    usage: WireUsage,
    finish: Option<FinishReason>,
    /// Whether any text was said.
    spoken: bool,
}

/// A block of the content as it grows.
#[derive(Debug)]
struct Block {
    index: usize,
    value: Value,
    /// The arguments of a call, in JSON.
    arguments: String,
}

impl Assembler for Assembling {
    fn push(&mut self, data: &[u8], events: &mut VecDeque<StreamEvent>) -> Result<Progress, Fault> {
        match serde_json::from_slice(data)? {
            Event::MessageStart { message } => self.message(message, events),
            Event::ContentBlockStart { index, content_block } => self.start(index, content_block, events),
            Event::ContentBlockDelta { index, delta } => self.delta(index, delta, events),
            Event::MessageDelta { delta, usage } => {
                self.count(usage);
                self.end(delta, events);
            }
            Event::MessageStop {} => return Ok(Progress::Complete),
            Event::Error { error } => return Err(Fault::Told(Told::from_value(&error))),
            Event::Message(message) => {
                self.message(message, events);
                return Ok(Progress::Complete);
            }
            Event::Other => {}
        }
        Ok(Progress::More)
    }

    fn finish(self: Box<Self>) -> Option<Vec<StreamEvent>> {
        let reason = self.finish?;
        let signed = self.blocks.iter().any(|block| {
            block.value["type"] == "redacted_thinking" || block.value["signature"].as_str().is_some()
        });
        let content: Vec<Value> = self.blocks.into_iter().map(Block::whole).collect();
        let calls = content.iter().filter(|block| block["type"] == "tool_use").enumerate();
        let mut events: Vec<_> = calls.map(|(place, block)| call(block, place)).collect();
        let reason = match reason {
            FinishReason::Stop if !events.is_empty() => FinishReason::ToolCalls,
            reason => reason,
        };
        // Thoughts go back only with the calls that they led to.
        if !events.is_empty() && signed {
            let content = content.into_iter().map(sendable).collect();
            let verbatim = Verbatim { service: SERVICE.to_owned(), value: Value::Array(content) };
            events.push(StreamEvent::Verbatim { verbatim });
        }
        events.push(StreamEvent::Finished { reason, usage: self.usage.into() });
        Some(events)
    }
}

impl Assembling {
    fn message(&mut self, message: Message, events: &mut VecDeque<StreamEvent>) {
        self.count(message.usage);
        for (index, block) in message.content.into_iter().enumerate() {
            self.start(index, block, events);
        }
        self.end(message.end, events);
    }

    /// A block begins, sometimes with words in it already.
    fn start(&mut self, index: usize, value: Value, events: &mut VecDeque<StreamEvent>) {
        self.say(value["text"].as_str().unwrap_or_default(), events);
        think(value["thinking"].as_str().unwrap_or_default(), events);
        self.blocks.push(Block { index, value, arguments: String::new() });
    }

    fn delta(&mut self, index: usize, delta: Delta, events: &mut VecDeque<StreamEvent>) {
        match delta {
            Delta::TextDelta { text } => {
                self.say(&text, events);
                self.grow(index, "text", &text);
            }
            Delta::ThinkingDelta { thinking } => {
                think(&thinking, events);
                self.grow(index, "thinking", &thinking);
            }
            Delta::SignatureDelta { signature } => self.grow(index, "signature", &signature),
            Delta::InputJsonDelta { partial_json } => {
                if let Some(block) = self.block(index) {
                    block.arguments.push_str(&partial_json);
                }
            }
            Delta::OtherDelta => {}
        }
    }

    fn block(&mut self, index: usize) -> Option<&mut Block> {
        self.blocks.iter_mut().find(|block| block.index == index)
    }

    fn grow(&mut self, index: usize, field: &str, more: &str) {
        match self.block(index).map(|block| &mut block.value[field]) {
            Some(Value::String(text)) => text.push_str(more),
            Some(value) => *value = Value::from(more),
            None => {}
        }
    }

    fn say(&mut self, text: &str, events: &mut VecDeque<StreamEvent>) {
        if !text.is_empty() {
            self.spoken = true;
            events.push_back(StreamEvent::Text { text: text.to_owned() });
        }
    }

    /// Counts are of the whole reply so far; the last one stands.
    fn count(&mut self, usage: Option<WireUsage>) {
        let Some(usage) = usage else { return };
        let known = &mut self.usage;
        known.input_tokens = usage.input_tokens.or(known.input_tokens);
        known.cache_read_input_tokens = usage.cache_read_input_tokens.or(known.cache_read_input_tokens);
        known.cache_creation_input_tokens =
            usage.cache_creation_input_tokens.or(known.cache_creation_input_tokens);
        known.output_tokens = usage.output_tokens.or(known.output_tokens);
    }

    fn end(&mut self, end: End, events: &mut VecDeque<StreamEvent>) {
        let Some(reason) = end.stop_reason else { return };
        let reason = match reason.as_str() {
            "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
            "tool_use" => FinishReason::ToolCalls,
            "refusal" => FinishReason::Filtered,
            _ => FinishReason::Stop,
        };
        // A refusal without a word says why at its end.
        if reason == FinishReason::Filtered && !self.spoken {
            let explanation = end.stop_details.and_then(|details| details.explanation).unwrap_or_default();
            self.say(&explanation, events);
        }
        self.finish = Some(reason);
    }
}

fn think(text: &str, events: &mut VecDeque<StreamEvent>) {
    if !text.is_empty() {
        events.push_back(StreamEvent::Reasoning { text: text.to_owned() });
    }
}

impl Block {
    fn whole(mut self) -> Value {
        if self.value["type"] == "tool_use" && !self.arguments.trim().is_empty() {
            self.value["input"] = tool_calls::arguments(self.arguments);
        }
        self.value
    }
}

fn call(block: &Value, place: usize) -> StreamEvent {
    let text = |name: &str| block[name].as_str().unwrap_or_default().to_owned();
    let arguments = match &block["input"] {
        Value::Null => json!({}),
        value => value.clone(),
    };
    tool_calls::event(text("id"), text("name"), arguments, place)
}

/// A call with arguments that are no object would be refused when it goes back.
fn sendable(mut block: Value) -> Value {
    if block["type"] == "tool_use" && !block["input"].is_object() {
        block["input"] = json!({ "arguments": block["input"].take() });
    }
    block
}

impl From<WireUsage> for TurnUsage {
    /// The service counts what it had in its cache, and what it put there, apart from the rest.
    fn from(usage: WireUsage) -> Self {
        let cached_tokens = usage.cache_read_input_tokens.unwrap_or(0);
        let cache_written_tokens = usage.cache_creation_input_tokens.unwrap_or(0);
        Self {
            input_tokens: usage.input_tokens.unwrap_or(0) + cached_tokens + cache_written_tokens,
            cached_tokens,
            cache_written_tokens,
            output_tokens: usage.output_tokens.unwrap_or(0),
        }
    }
}
