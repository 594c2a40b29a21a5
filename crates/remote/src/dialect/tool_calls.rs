//! Calls of tools as they come in pieces.

use lavr_model::StreamEvent;
use lavr_types::{CallId, ToolCall};
use serde_json::{Map, Value};

/// A call whose arguments arrive as pieces of JSON text.
#[derive(Debug, Default)]
pub(crate) struct PartialCall {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arguments: String,
}

impl PartialCall {
    /// The whole call. `place` counts from 0 and names calls that the service gave no id.
    pub(crate) fn event(self, place: usize) -> StreamEvent {
        event(self.id, self.name, arguments(self.arguments), place)
    }
}

/// What is no JSON is handed on as the model wrote it: whoever checks the call tells the model.
pub(crate) fn arguments(text: String) -> Value {
    if text.trim().is_empty() {
        return Value::Object(Map::new());
    }
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

pub(crate) fn event(id: String, tool: String, arguments: Value, place: usize) -> StreamEvent {
    let id = if id.is_empty() { format!("call_{}", place + 1) } else { id };
    StreamEvent::ToolCall { call: ToolCall { id: CallId(id), tool, arguments } }
}
