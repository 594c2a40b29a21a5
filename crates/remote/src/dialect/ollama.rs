//! Ollama's own chat.
//!
//! <https://github.com/ollama/ollama/blob/main/docs/api.md>, "Generate a chat completion". Lines of JSON in the place of
//! events; pictures stand beside a message's text, so those of results follow in a message of the user.

mod reply;
mod request;

use serde_json::Value;

pub(crate) use reply::Assembling;
pub(crate) use request::body;

/// The mark of turns that this dialect wants back: the reply's message, with its thoughts.
const SERVICE: &str = "ollama";

fn call_ids(message: &Value) -> Vec<Option<&str>> {
    let calls = message["tool_calls"].as_array().into_iter().flatten();
    calls.map(|call| call["id"].as_str()).collect()
}
