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
#[serde(rename_all = "camelCase")]
struct Chunk {
    #[serde(default)]
    candidates: Vec<Candidate>,
    usage_metadata: Option<WireUsage>,
    prompt_feedback: Option<Feedback>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    content: Option<Content>,
    finish_reason: Option<String>,
    finish_message: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Content {
    #[serde(default)]
    parts: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the service's names")]
struct WireUsage {
    #[serde(default)]
    prompt_token_count: u64,
    #[serde(default)]
    tool_use_prompt_token_count: u64,
    #[serde(default)]
    cached_content_token_count: u64,
    #[serde(default)]
    candidates_token_count: u64,
    #[serde(default)]
    thoughts_token_count: u64,
}

/// Puts a reply together from its chunks.
#[derive(Debug, Default)]
pub(crate) struct Assembling {
    parts: Vec<Value>,
    usage: TurnUsage,
    finish: Option<FinishReason>,
}

impl Assembler for Assembling {
    fn push(&mut self, data: &[u8], events: &mut VecDeque<StreamEvent>) -> Result<Progress, Fault> {
        // Without `alt=sse` the chunks come as one list.
        if data.first() == Some(&b'[') {
            let chunks: Vec<Chunk> = serde_json::from_slice(data)?;
            for chunk in chunks {
                self.chunk(chunk, events)?;
            }
        } else {
            self.chunk(serde_json::from_slice(data)?, events)?;
        }
        // There is no last word: counts may come after the reason to finish.
        Ok(Progress::More)
    }

    fn finish(self: Box<Self>) -> Option<Vec<StreamEvent>> {
        let reason = self.finish?;
        let signed = self.parts.iter().any(|part| part.get("thoughtSignature").is_some());
        let calls = self.parts.iter().filter_map(|part| part.get("functionCall")).enumerate();
        let mut events: Vec<_> = calls.map(|(place, call)| call_event(call, place)).collect();
        let reason = match reason {
            FinishReason::Stop if !events.is_empty() => FinishReason::ToolCalls,
            reason => reason,
        };
        // Signatures go back only with the calls that they belong to.
        if !events.is_empty() && signed {
            let verbatim = Verbatim { service: SERVICE.to_owned(), value: Value::Array(self.parts) };
            events.push(StreamEvent::Verbatim { verbatim });
        }
        events.push(StreamEvent::Finished { reason, usage: self.usage });
        Some(events)
    }
}

impl Assembling {
    fn chunk(&mut self, chunk: Chunk, events: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        if let Some(error) = &chunk.error {
            return Err(Fault::Told(Told::from_value(error)));
        }
        if let Some(usage) = chunk.usage_metadata {
            self.usage = TurnUsage {
                input_tokens: usage.prompt_token_count + usage.tool_use_prompt_token_count,
                cached_tokens: usage.cached_content_token_count,
                output_tokens: usage.candidates_token_count + usage.thoughts_token_count,
                ..TurnUsage::default()
            };
        }
        // The question itself was refused.
        if chunk.prompt_feedback.is_some_and(|feedback| feedback.block_reason.is_some()) {
            self.finish = Some(FinishReason::Filtered);
        }
        // One candidate is asked for.
        let Some(candidate) = chunk.candidates.into_iter().next() else { return Ok(()) };
        for part in candidate.content.map(|content| content.parts).unwrap_or_default() {
            self.part(part, events);
        }
        match candidate.finish_reason.as_deref() {
            None | Some("FINISH_REASON_UNSPECIFIED") => {}
            Some("MISSING_THOUGHT_SIGNATURE" | "PUP_LIMITED_DISABLED") => {
                let message = candidate.finish_message.unwrap_or_default();
                return Err(Fault::Told(Told::new(
                    &message,
                    candidate.finish_reason.as_deref().unwrap_or_default(),
                )));
            }
            Some(reason) => self.finish = Some(finish_reason(reason)),
        }
        Ok(())
    }

    fn part(&mut self, part: Value, events: &mut VecDeque<StreamEvent>) {
        let text = part["text"].as_str().unwrap_or_default().to_owned();
        let is_thought = part["thought"] == true;
        if !text.is_empty() {
            events.push_back(if is_thought {
                StreamEvent::Reasoning { text: text.clone() }
            } else {
                StreamEvent::Text { text: text.clone() }
            });
        }
        let plain = |part: &Value| {
            part.get("text").is_some()
                && part.get("thoughtSignature").is_none()
                && part.get("functionCall").is_none()
        };
        // More of the same text: one part when it goes back. A signed part stays as it came.
        if plain(&part)
            && let Some(last) = self.parts.last_mut()
            && plain(last)
            && (last["thought"] == true) == is_thought
        {
            let before = last["text"].as_str().unwrap_or_default();
            last["text"] = Value::from(format!("{before}{text}"));
            return;
        }
        self.parts.push(part);
    }
}

/// A call that the model wrote wrongly leaves an empty reply, which the planner asks again for.
fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "MAX_TOKENS" => FinishReason::Length,
        "STOP"
        | "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MALFORMED_RESPONSE"
        | "OTHER" => FinishReason::Stop,
        // SAFETY, RECITATION, BLOCKLIST, PROHIBITED_CONTENT, SPII, LANGUAGE, IMAGE_SAFETY ...
        _ => FinishReason::Filtered,
    }
}

fn call_event(call: &Value, place: usize) -> StreamEvent {
    let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
    let arguments = call.get("args").filter(|args| !args.is_null()).cloned().unwrap_or_else(|| json!({}));
    tool_calls::event(text("id"), text("name"), arguments, place)
}
