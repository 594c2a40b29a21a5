//! A reply as the service streams it, put together to events.

use std::collections::VecDeque;

use lavr_model::{FinishReason, StreamEvent, TurnUsage};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    dialect::{Assembler, Fault, Progress, tool_calls::PartialCall},
    failure::Told,
};

/// What a service says when its reply is complete.
const LAST_WORD: &[u8] = b"[DONE]";

#[derive(Debug, Default, Deserialize)]
struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<WireUsage>,
    /// A failure on the way.
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    index: u32,
    delta: Option<Delta>,
    /// In the place of a delta where the service does not stream.
    message: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Delta {
    content: Option<Value>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<CallDelta>>,
}

#[derive(Debug, Deserialize)]
struct CallDelta {
    index: Option<usize>,
    id: Option<String>,
    function: Option<FunctionDelta>,
}

#[derive(Debug, Default, Deserialize)]
struct FunctionDelta {
    name: Option<String>,
    arguments: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[allow(clippy::struct_field_names, reason = "the service's names")]
struct WireUsage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Debug, Default, Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

/// Puts a reply together from its chunks.
#[derive(Debug, Default)]
pub(crate) struct Assembling {
    calls: Vec<(Option<usize>, PartialCall)>,
    finish: Option<FinishReason>,
    last_word: bool,
    usage: TurnUsage,
}

impl Assembler for Assembling {
    fn push(&mut self, data: &[u8], events: &mut VecDeque<StreamEvent>) -> Result<Progress, Fault> {
        if data == LAST_WORD {
            self.last_word = true;
            return Ok(Progress::Complete);
        }
        let chunk: Chunk = serde_json::from_slice(data)?;
        if let Some(told) = &chunk.error {
            return Err(Fault::Told(Told::from_value(told)));
        }
        self.chunk(chunk, events);
        Ok(Progress::More)
    }

    fn finish(self: Box<Self>) -> Option<Vec<StreamEvent>> {
        if self.finish.is_none() && !self.last_word {
            return None;
        }
        let mut events: Vec<_> =
            self.calls.into_iter().enumerate().map(|(place, (_, call))| call.event(place)).collect();
        let reason = match self.finish.unwrap_or(FinishReason::Stop) {
            // Some services say `stop` though there are calls.
            FinishReason::Stop if !events.is_empty() => FinishReason::ToolCalls,
            reason => reason,
        };
        events.push(StreamEvent::Finished { reason, usage: self.usage });
        Some(events)
    }
}

impl Assembling {
    fn chunk(&mut self, chunk: Chunk, events: &mut VecDeque<StreamEvent>) {
        if let Some(usage) = chunk.usage {
            let details = usage.prompt_tokens_details.unwrap_or_default();
            self.usage = TurnUsage {
                input_tokens: usage.prompt_tokens,
                cached_tokens: details.cached_tokens.unwrap_or(0),
                cache_written_tokens: details.cache_write_tokens.unwrap_or(0),
                output_tokens: usage.completion_tokens,
            };
        }
        for choice in chunk.choices.into_iter().flatten().filter(|choice| choice.index == 0) {
            if let Some(delta) = choice.delta.or(choice.message) {
                self.delta(delta, events);
            }
            if let Some(reason) = choice.finish_reason {
                let reason = finish_reason(&reason);
                // A refusal stays one whatever is said of it later.
                self.finish = self.finish.filter(|known| *known == FinishReason::Filtered).or(Some(reason));
            }
        }
    }

    fn delta(&mut self, delta: Delta, events: &mut VecDeque<StreamEvent>) {
        for text in
            [delta.reasoning_content, delta.reasoning].into_iter().flatten().filter(|text| !text.is_empty())
        {
            events.push_back(StreamEvent::Reasoning { text });
        }
        let mut text = delta.content.map(text_of).unwrap_or_default();
        if let Some(refusal) = delta.refusal.filter(|refusal| !refusal.is_empty()) {
            text.push_str(&refusal);
            self.finish = Some(FinishReason::Filtered);
        }
        if !text.is_empty() {
            events.push_back(StreamEvent::Text { text });
        }
        for call in delta.tool_calls.into_iter().flatten() {
            self.call(call);
        }
    }

    fn call(&mut self, delta: CallDelta) {
        let id = delta.id.filter(|id| !id.is_empty());
        let known = match (delta.index, &id) {
            (Some(index), _) => self.calls.iter().position(|(known, _)| *known == Some(index)),
            (None, Some(id)) => self.calls.iter().position(|(_, call)| call.id == *id),
            // Neither: more of the last one.
            (None, None) => self.calls.len().checked_sub(1),
        };
        let place = known.unwrap_or_else(|| {
            self.calls.push((delta.index, PartialCall::default()));
            self.calls.len() - 1
        });
        let call = &mut self.calls[place].1;
        if let Some(id) = id {
            call.id = id;
        }
        let function = delta.function.unwrap_or_default();
        if let Some(name) = function.name
            && call.name != name
        {
            call.name.push_str(&name);
        }
        match function.arguments {
            Some(Value::String(piece)) => call.arguments.push_str(&piece),
            None | Some(Value::Null) => {}
            // Some services give an object, whole.
            Some(value) => call.arguments = value.to_string(),
        }
    }
}

fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "length" | "max_tokens" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::Filtered,
        _ => FinishReason::Stop,
    }
}

/// Content is a text, or a list of blocks that have one.
fn text_of(content: Value) -> String {
    match content {
        Value::String(text) => text,
        Value::Array(blocks) => {
            let texts: Vec<_> = blocks.iter().filter_map(|block| block.get("text")?.as_str()).collect();
            texts.concat()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use lavr_types::{CallId, ToolCall};
    use serde_json::json;

    use super::*;

    fn assemble(chunks: &[Value], last_word: bool) -> Option<Vec<StreamEvent>> {
        let (mut assembler, mut events) = (Box::new(Assembling::default()), VecDeque::new());
        for chunk in chunks {
            assembler.push(chunk.to_string().as_bytes(), &mut events).unwrap();
        }
        if last_word {
            assert_eq!(assembler.push(b"[DONE]", &mut events).unwrap(), Progress::Complete);
        }
        let last = assembler.finish()?;
        Some(events.into_iter().chain(last).collect())
    }

    fn delta(delta: &Value) -> Value {
        json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] })
    }

    fn finished(reason: FinishReason) -> StreamEvent {
        StreamEvent::Finished { reason, usage: TurnUsage::default() }
    }

    fn call(id: &str, tool: &str, arguments: Value) -> StreamEvent {
        StreamEvent::ToolCall { call: ToolCall { id: CallId(id.into()), tool: tool.into(), arguments } }
    }

    #[test]
    fn calls_are_put_together_by_index_from_pieces() {
        let pieces = [
            json!({ "index": 0, "id": "a", "function": { "name": "detect", "arguments": "" } }),
            json!({ "index": 1, "id": "b", "function": { "name": "crop", "arguments": "{\"x\"" } }),
            json!({ "index": 0, "function": { "arguments": "{\"labels\":" } }),
            json!({ "index": 1, "function": { "arguments": ":1}" } }),
            json!({ "index": 0, "function": { "arguments": "[\"dog\"]}" } }),
        ];
        let mut chunks: Vec<_> =
            pieces.iter().map(|piece| delta(&json!({ "tool_calls": [piece] }))).collect();
        chunks.push(json!({ "choices": [{ "delta": {}, "finish_reason": "tool_calls" }] }));
        let expected = [
            call("a", "detect", json!({ "labels": ["dog"] })),
            call("b", "crop", json!({ "x": 1 })),
            finished(FinishReason::ToolCalls),
        ];
        assert_eq!(assemble(&chunks, true).unwrap(), expected);
    }

    #[test]
    fn services_that_leave_out_index_or_id_are_understood() {
        let chunks = [
            delta(
                &json!({ "tool_calls": [{ "id": "a", "function": { "name": "one", "arguments": { "x": 1 } } }] }),
            ),
            delta(&json!({ "tool_calls": [{ "id": "b", "function": { "name": "two" } }] })),
            delta(&json!({ "tool_calls": [{ "function": { "arguments": "{" } }] })),
        ];
        let expected = [
            call("a", "one", json!({ "x": 1 })),
            call("b", "two", json!("{")),
            finished(FinishReason::ToolCalls),
        ];
        assert_eq!(assemble(&chunks, true).unwrap(), expected);
        let nameless = [delta(&json!({ "tool_calls": [{ "index": 0, "function": { "name": "one" } }] }))];
        assert_eq!(assemble(&nameless, true).unwrap()[0], call("call_1", "one", json!({})));
    }

    #[test]
    fn usage_comes_after_the_reason_and_counts() {
        let chunks = [
            delta(&json!({ "role": "assistant", "content": "" })),
            delta(&json!({ "content": "Hi", "reasoning_content": "hm" })),
            json!({ "choices": [{ "delta": {}, "finish_reason": "length" }] }),
            json!({ "choices": [], "usage": { "prompt_tokens": 9, "completion_tokens": 2,
                                              "prompt_tokens_details": { "cached_tokens": 4 } } }),
        ];
        let usage = TurnUsage { input_tokens: 9, cached_tokens: 4, output_tokens: 2, ..TurnUsage::default() };
        let expected = [
            StreamEvent::Reasoning { text: "hm".into() },
            StreamEvent::Text { text: "Hi".into() },
            StreamEvent::Finished { reason: FinishReason::Length, usage },
        ];
        assert_eq!(assemble(&chunks, false).unwrap(), expected);
    }

    #[test]
    fn a_refusal_is_told_as_withheld() {
        let chunks = [
            delta(&json!({ "refusal": "I can't." })),
            json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] }),
        ];
        let expected = [StreamEvent::Text { text: "I can't.".into() }, finished(FinishReason::Filtered)];
        assert_eq!(assemble(&chunks, true).unwrap(), expected);
    }

    #[test]
    fn a_reply_without_reason_or_last_word_broke_off() {
        let chunks = [delta(&json!({ "content": "Half a" }))];
        assert_eq!(assemble(&chunks, false), None);
        assert_eq!(assemble(&chunks, true).unwrap().last(), Some(&finished(FinishReason::Stop)));
    }
}
